"""The documentation is true: its examples run, its links lead somewhere, both READMEs say the same.

Blocks of a page run in order, in one directory with the files of `tests/stand_ins.py`:
python   is executed; the blocks of a page share their names
bash     every `glassbert` line is executed and has to succeed, `torchrun` in processes of its own; `make`
         has to name a target, `python` a script
console  every line after `$ ` is executed and has to print exactly what follows it; `$ cat FILE` makes the
         file from what follows it
Other languages are not run, nor is a block after a line `<!-- not run: reason -->`.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glassbert.cli.main import main
from tests.cli.golden.write import commands as every_command
from tests.markdown import Block, anchors, blocks, headings, links, prose, read
from tests.stand_ins import make_stand_ins

ROOT = Path(__file__).parent.parent
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")])
# the Chinese README holds the same commands, which a test of its own says
RUN = [page for page in PAGES if page != CHINESE and any(block.run for block in blocks(read(page)))]
CODE = ("python", "bash", "console")
Shell = Callable[[list[str]], tuple[int, str]]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run one command of ours in this process; its exit code, and what it said and printed."""

    def run(words: list[str]) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", words)
        code: Any = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code or 0
        said = capsys.readouterr()
        return code, said.err + said.out

    return run


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_examples_of_the_page_run(page: Path, shell: Shell, tmp_path: Path) -> None:
    make_stand_ins(tmp_path)
    names: dict[str, Any] = {"__name__": page.stem}
    with contextlib.chdir(tmp_path):
        for block in blocks(read(page)):
            if block.run and block.language == "python":
                exec(compile("\n" * block.line + block.text, page, "exec"), names)
            elif block.run and block.language == "bash":
                run_script(block, shell)
            elif block.run and block.language == "console":
                run_session(block, shell)


def run_script(block: Block, shell: Shell) -> None:
    for line in commands(block.text):
        words = shlex.split(line, comments=True)
        if words[0] == "glassbert":
            code, output = shell(words)
            assert code == 0, f"line {block.line}: {line}\n{output}"
        elif words[0] == "torchrun":
            launch(words[1:])
        elif words[0] == "make":
            targets = re.findall(r"^(\w+):", read(ROOT / "Makefile"), re.MULTILINE)
            assert set(words[1:]) <= set(targets), line
        else:
            assert words[0] == "python" and (ROOT / words[1]).is_file(), (
                f"line {block.line} is not run: {line}"
            )


def launch(words: list[str]) -> None:
    """Processes on this machine alone, which meet at any free port."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", *words]
    env = {**os.environ, "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr


def commands(script: str) -> Iterator[str]:
    """The lines of a script, continued ones joined, without comments and blank lines."""
    for line in script.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line


def run_session(block: Block, shell: Shell) -> None:
    code = 0
    for step in block.text.removeprefix("$ ").split("\n$ "):
        line, _, expected = step.rstrip("\n").partition("\n")
        words = shlex.split(line)
        if words[0] == "cat":
            Path(words[1]).write_text(expected + "\n", encoding="utf-8")
        elif words == ["echo", "$?"]:
            assert expected == str(code), f"line {block.line}: the command left with {code}"
        else:
            assert words[0] == "glassbert", f"line {block.line} is not run: {line}"
            code, output = shell(words)
            assert output.strip("\n") == expected, f"line {block.line}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_of_the_page_resolve(page: Path) -> None:
    for link in links(read(page)):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(read(target)), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_name_no_network_address_as_a_picture(page: Path) -> None:
    assert not [
        line for line in prose(read(page)) if re.search(r'!\[[^]]*\]\(https?:|src(set)?="https?:', line)
    ]


def test_readmes_have_the_same_headings() -> None:
    levels = [[level for level, _ in headings(read(page))] for page in (ENGLISH, CHINESE)]
    assert levels[0] == levels[1]


def test_readmes_hold_the_same_code() -> None:
    english, chinese = ([code_of(block) for block in blocks(read(page))] for page in (ENGLISH, CHINESE))
    assert english == chinese


def code_of(block: Block) -> tuple[str, str, bool]:
    """A block without its comments, which are translated."""
    if block.language == "python":
        return block.language, ast.dump(ast.parse(block.text)), block.run
    if block.language == "bash":
        words = [shlex.join(shlex.split(line, comments=True)) for line in commands(block.text)]
        return block.language, "\n".join(words), block.run
    return block.language, block.text if block.language in CODE else "", block.run


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=name_of)
def test_the_table_of_commands_names_every_verb(page: Path) -> None:
    words = r"\| `glassbert ([a-z]+(?:[ -][a-z]+)?)"
    rows = {match[1] for line in prose(read(page)) if (match := re.match(words, line))}
    assert rows == {verb for verb, command in every_command() if not hasattr(command, "commands")}
