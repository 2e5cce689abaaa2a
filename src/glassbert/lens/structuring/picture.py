"""DOT drawn by Graphviz, where it is installed."""

from __future__ import annotations

import graphviz

from glassbert.errors import MissingInputError, OutputError, Problem


def picture(dot: str, *, form: str) -> bytes:
    """The bytes of an `svg` or `png`; MissingInputError without Graphviz, OutputError when it fails."""
    try:
        drawn: bytes = graphviz.Source(dot).pipe(format=form)
    except graphviz.ExecutableNotFound as error:
        what = f"{form} is drawn by Graphviz, and there is no `dot` on the PATH"
        fix = (
            "install it (apt install graphviz, brew install graphviz, or conda install graphviz), or "
            "save as .dot and draw it elsewhere; .html, .dot, .mmd, .txt, .json and .gbr work without"
        )
        raise MissingInputError(Problem(code="no-graphviz", what=what, fix=fix)) from error
    except graphviz.CalledProcessError as error:
        what = f"Graphviz refused the graph: {error}"
        raise OutputError(
            Problem(code="graphviz-failed", what=what, fix="save as .dot and report it")
        ) from error
    return drawn
