"""Markdown as far as our pages use it: headings, fenced blocks with the marker that exempts them, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(`{3,})(\w*)$")
HEADING = re.compile(r"^(#{1,6}) (.+)$")
NOT_RUN = re.compile(r"^<!-- not run: \S.* -->$")
LINKS = (re.compile(r"\]\(([^()\s]+)\)"), re.compile(r'(?:src|srcset|href)="([^"]+)"'))
ELSEWHERE = re.compile(r"^[a-z]+:")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: its language, its text, the line of its opening fence, and whether it is to be run."""

    language: str
    text: str
    line: int
    run: bool


def blocks(markdown: str) -> list[Block]:
    """All fenced blocks in order; `<!-- not run: reason -->` on the line before exempts one from running."""
    found, fence, lines, before = [], None, [], ""
    for number, line in enumerate(markdown.splitlines(), start=1):
        match = FENCE.match(line)
        if fence is None and match:
            fence, lines = (match, number, not NOT_RUN.match(before)), []
        elif fence is not None and line == fence[0][1]:
            text = "".join(f"{inner}\n" for inner in lines)
            found.append(Block(language=fence[0][2], text=text, line=fence[1], run=fence[2]))
            fence = None
        else:
            lines.append(line)
        before = line or before
    assert fence is None, "a fence is not closed"
    return found


def prose(markdown: str) -> Iterator[str]:
    """The lines outside fenced blocks."""
    fence = None
    for line in markdown.splitlines():
        match = FENCE.match(line)
        if fence is None and not match:
            yield line
        fence = match[1] if fence is None and match else None if line == fence else fence


def headings(markdown: str) -> list[tuple[int, str]]:
    """(level, title) of every heading."""
    return [(len(match[1]), match[2]) for line in prose(markdown) if (match := HEADING.match(line))]


def anchors(markdown: str) -> set[str]:
    """What GitHub calls the headings in links: lower case, words joined by dashes, no punctuation."""
    titles = (re.sub(r"[^\w\- ]", "", title.lower()) for _, title in headings(markdown))
    return {title.replace(" ", "-") for title in titles}


def links(markdown: str) -> list[str]:
    """Targets of links and pictures within the repository, as written."""
    found = [target for line in prose(markdown) for link in LINKS for target in link.findall(line)]
    return [target for target in found if not ELSEWHERE.match(target)]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
