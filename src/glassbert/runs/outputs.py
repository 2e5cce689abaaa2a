"""Where a verb may write its file."""

from __future__ import annotations

from pathlib import Path

from glassbert.errors import OutputError, Problem


def refuse_output(out: Path, data: str | None = None, *, overwrite: bool) -> None:
    """Raise OutputError when `out` is there already, is the data itself, or has no directory to lie in."""
    try:
        exists, is_directory = out.exists(), out.is_dir()
        same = exists and data is not None and Path(data).exists() and out.samefile(data)
        homeless = not out.parent.is_dir()
    except OSError as error:
        what = error.strerror or str(error)
        raise _refused(out, "cannot-create", what, "choose another -o") from error
    if same:
        raise _refused(out, "output-is-input", "this is the file of texts itself", "choose another -o")
    if homeless:
        raise _refused(out, "cannot-create", "there is no such directory to write it in", "create it first")
    if is_directory:
        raise _refused(out, "cannot-create", "this is a directory", "name a file")
    if exists and not overwrite:
        raise _refused(out, "output-exists", "the file exists", "choose another -o, or add --overwrite")


def _refused(out: Path, code: str, what: str, fix: str) -> OutputError:
    return OutputError(Problem(code=code, what=what, fix=fix, file=str(out)))
