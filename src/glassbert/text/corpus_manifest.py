"""The manifest of a tokenised corpus: what it holds, what it was made from, and the proof that it still does.

corpus.json = {format_version, key, ..., files, seal}; files: {name: {bytes, sha256}}. The seal is the SHA-256
of the rest in canonical form, and the file has this one form.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from glassbert.durable import write_flushed
from glassbert.errors import DataError, Problem
from glassbert.storage import MEBIBYTE, read_file

NAME = "corpus.json"
FORMAT_VERSION = 1
MAX_BYTES = 64 * MEBIBYTE


def digest_of(value: Any) -> str:
    """The SHA-256 of a value in canonical JSON, in hexadecimal."""
    return hashlib.sha256(_canonical(value)).hexdigest()


def write_manifest(directory: Path, body: dict[str, Any]) -> None:
    """Write the manifest, sealed. Errors: OSError."""
    write_flushed(directory / NAME, [_sealed({"format_version": FORMAT_VERSION, **body})])


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of a corpus whose files are there and have their sizes.

    Errors: MissingInputError when there is none; DataError naming the file that is damaged or missing, or for
    a newer format.
    """
    path = directory / NAME
    content = read_file(path, max_bytes=MAX_BYTES)
    try:
        body = json.loads(content)
        del body["seal"]
        intact = _sealed(body) == content
    except (ValueError, RecursionError, KeyError, TypeError):
        raise damaged(path, "the manifest is unreadable") from None
    if not intact:
        raise damaged(path, "the manifest does not match its seal")
    if body["format_version"] > FORMAT_VERSION:
        what = f"corpus format {body['format_version']}; this version reads up to {FORMAT_VERSION}"
        raise DataError(Problem(code="corpus-too-new", what=what, fix="upgrade glassbert", file=str(path)))
    for name, expected in body["files"].items():
        file = directory / name
        size = os.path.getsize(file) if file.is_file() else None
        if size != expected["bytes"]:
            found = "is missing" if size is None else f"has {size:,} bytes, not {expected['bytes']:,}"
            raise damaged(file, f"the file {found}")
    return dict(body)


def verify_files(directory: Path, manifest: dict[str, Any]) -> None:
    """Hash every file; DataError naming the first that is not what was written."""
    for name, expected in manifest["files"].items():
        with (directory / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected["sha256"]:
                raise damaged(directory / name, "the file does not match its SHA-256")


def damaged(path: Path, what: str) -> DataError:
    """The error for a corpus that is not what was written."""
    fix = f"delete the directory '{path.parent}': it is made again from the text"
    return DataError(Problem(code="corpus-damaged", what=what, fix=fix, file=str(path)))


def _sealed(body: dict[str, Any]) -> bytes:
    return _canonical(body | {"seal": digest_of(body)})


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False).encode() + b"\n"
