"""The directory of several runs: what it may hold before, and when what is replaced goes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from glassbert.durable import make_directory
from glassbert.errors import OutputError, Problem
from glassbert.runs.directory import refuse_foreign

SEEDS, FOLDS, POOLED = "seeds.json", "folds.json", "predictions.csv"
OURS = re.compile(r"(seed|fold)-\d+(-again)?|seeds\.json|folds\.json|predictions\.csv")
BELONGS = {SEEDS: "seed", FOLDS: "fold"}


def begin(out: Path, summary: str, *, resume: bool, overwrite: bool) -> list[Path]:
    """Make the directory of several runs, whose result `summary` will hold; what is to be replaced in it.

    Raises OutputError where it holds what no such runs write, runs that were not asked to be continued or
    replaced, and with `resume` runs of the other kind.
    """
    held = sorted(out.iterdir()) if out.is_dir() else []
    strange = [path.name for path in held if not OURS.fullmatch(path.name)]
    if strange or (held and not (resume or overwrite)):
        shown = (strange or [path.name for path in held])[:3]
        what = f"the output directory is not empty ({', '.join(shown)})"
        fix = "choose another --out" + ("" if strange else ", --resume or --overwrite")
        raise OutputError(Problem(code="output-exists", what=what, fix=fix, file=str(out)))
    runs = [path for path in held if path.is_dir()]
    others = [path.name for path in runs if not path.name.startswith(BELONGS[summary])]
    if resume and others:
        what = f"the runs to continue are of another kind ({', '.join(others[:3])})"
        fix = "choose another --out, or replace them with --overwrite"
        raise OutputError(Problem(code="output-exists", what=what, fix=fix, file=str(out)))
    for path in runs if overwrite else []:
        refuse_foreign(path)
    make_directory(out)
    return held if overwrite else []


def drop(replaced: list[Path], *, kept: Path) -> None:
    """Remove what is replaced, except for `kept`, and forget it. Raises OutputError where it cannot be.

    Called once the first of the new runs is whole: until then a mistake in the call loses nothing.
    """
    try:
        for path in replaced:
            if path == kept:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        what = f"an earlier run cannot be removed: {error.strerror}"
        raise OutputError(
            Problem(code="cannot-remove", what=what, fix="choose another --out", file=str(kept.parent))
        ) from error
    replaced.clear()
