"""Remedies that fit the verb: what reads a file for several verbs may name an option that only some have."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from glassbert.errors import GlassbertError

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
# a whole command that is to be typed next: its options are its own
COMMAND = re.compile(r"`\w+ [^`]*`")
# what separates the ways out of which a person may take one
NEXT = re.compile(r"(, or |; )")


def fitting(fix: str, options: Collection[str]) -> str:
    """The remedy without those of its ways out that name an option which is not among `options`; unchanged
    where none would be left. Options of a whole command, `glassbert finetune --task T` or
    `pip install --no-deps P`, are its own.
    """
    ways = NEXT.split(fix)
    named = [set(OPTION.findall(COMMAND.sub("", way))) for way in ways]
    kept = [number for number in range(0, len(ways), 2) if named[number] <= set(options)]
    if not kept or len(kept) == len(ways[::2]):
        return fix
    return "".join(ways[number - 1] * (number > kept[0]) + ways[number] for number in kept)


def fit(error: GlassbertError, options: Collection[str]) -> None:
    """Let every problem of an error name only ways out that the verb has, in place."""
    error.problems = tuple(replace(each, fix=fitting(each.fix, options)) for each in error.problems)


def options_of(command: Any, words: Sequence[str]) -> set[str]:
    """Every way to write an option of the verb that a command line names."""
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    return {written for each in command.params for written in (*each.opts, *each.secondary_opts)}
