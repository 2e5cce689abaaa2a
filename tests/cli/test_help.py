"""The help of every verb is the one that was agreed on, fits its screen, and names every option."""

from __future__ import annotations

import re

import pytest

from tests.cli.golden.write import HERE, commands, help_of, path_of

COMMANDS = dict(commands())


def test_every_verb_has_its_golden_text_and_nothing_else_has() -> None:
    assert {path.name for path in HERE.glob("*.txt")} == {path_of(verb).name for verb in COMMANDS}


@pytest.mark.parametrize("verb", COMMANDS)
def test_help_is_the_golden_text(verb: str) -> None:
    """After a change that is meant: `python -m tests.cli.golden.write`."""
    assert help_of(verb) == path_of(verb).read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", COMMANDS)
def test_the_golden_text_is_plain_and_fits(verb: str) -> None:
    text = path_of(verb).read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_option_has_a_sentence(verb: str) -> None:
    text = path_of(verb).read_text(encoding="utf-8")
    for parameter in COMMANDS[verb].params:
        if parameter.name == "help":
            continue
        assert parameter.help and parameter.help[-1] in '.")', (verb, parameter.name)
        if parameter.opts[0].startswith("--"):
            shown = parameter.opts[0][:12]  # a narrow column may cut a long one
            assert re.search(re.escape(shown), text), (verb, parameter.opts)
