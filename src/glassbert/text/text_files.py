"""Which files a person means who names files, folders and patterns of plain text."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from glassbert.errors import MissingInputError, Problem, UsageError
from glassbert.text.sources import COMPRESSIONS, open_regular

TEXT_SUFFIXES = {".txt": "text", ".text": "text", ".jsonl": "jsonl", ".ndjson": "jsonl"}
PARQUET_SUFFIXES = {".parquet": "parquet", ".pq": "parquet"}
SUFFIXES = {**TEXT_SUFFIXES, **PARQUET_SUFFIXES}


@dataclass(frozen=True)
class TextGroup:
    """The files behind one word of the command line, in the order of their names.

    `others`: how many files of a folder were left out, because their names promise no text.
    """

    name: str
    files: tuple[Path, ...]
    others: int = 0


def find_texts(named: Sequence[str | Path]) -> list[TextGroup]:
    """Files, folders (with all below them) and patterns as groups of files.

    A file that is named, or fits a pattern, is read whatever its name is; of folders that are named, or fit
    one, those that end in .txt, .jsonl (plain, .gz or .xz) or .parquet and are not hidden, nor in a hidden
    folder.
    Errors: MissingInputError when a word leads to no file, UsageError when two lead to the same.
    """
    groups = [_group(os.fspath(each)) for each in named]
    seen: dict[str, str] = {}
    for group in groups:
        for file in group.files:
            real = os.path.realpath(file)
            if real in seen:
                what = f"this file is named twice, by '{seen[real]}' and by '{group.name}'"
                problem = Problem(code="named-twice", what=what, fix="name it once", file=str(file))
                raise UsageError(problem)
            seen[real] = group.name
    return groups


def kind_of(path: Path) -> str:
    """text, jsonl or parquet; by the name, and text where it says nothing."""
    name = path.name.casefold()
    stem, suffix = os.path.splitext(name)
    return SUFFIXES.get(os.path.splitext(stem)[1] if suffix in COMPRESSIONS else suffix, "text")


def folders_of(name: str | Path) -> list[Path]:
    """The folders that are read for a word of the command line."""
    return [path for path in _fitting(os.fspath(name)) if path.is_dir()]


def _group(name: str) -> TextGroup:
    fitting = _fitting(name)
    folders = [path for path in fitting if path.is_dir()]
    found = {file for folder in folders for file in _below(folder)}
    fit = {path for path in fitting if not path.is_dir()}
    files = fit | {file for file in found if _promises_text(file)}
    if files:
        return TextGroup(name, tuple(sorted(files, key=os.fspath)), len(found - files))
    if folders:
        fix = f"put text there; names that are read end in {', '.join(SUFFIXES)}"
        what = f"none of the {len(found):,} files of this directory has a name of text"
        raise MissingInputError(Problem(code="no-text-files", what=what, fix=fix, file=name))
    problem = Problem(code="no-such-file", what="no file fits this pattern", fix="check it", file=name)
    raise MissingInputError(problem)


def _fitting(name: str) -> list[Path]:
    """The file or folder of this name, else what fits it as a pattern. Errors: those of `open_regular`."""
    path = Path(name)
    if path.is_dir():
        return [path]
    if not os.path.lexists(path) and glob.has_magic(name):
        return [Path(each) for each in glob.glob(name, recursive=True)]
    os.close(open_regular(name))  # what is wrong with it is said now, before hours of work
    return [path]


def _below(folder: Path) -> Iterator[Path]:
    """Every file below a folder; links to folders are not followed, for they may lead round in a circle."""
    for place, folders, names in os.walk(folder):
        # an editor's copies and a repository's history are no text that anybody means
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(place) / name for name in names if not name.startswith("."))


def _promises_text(path: Path) -> bool:
    stem, suffix = os.path.splitext(path.name.casefold())
    if suffix in COMPRESSIONS:
        return os.path.splitext(stem)[1] in TEXT_SUFFIXES
    return suffix in SUFFIXES
