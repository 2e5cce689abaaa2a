"""What the structure view draws: a model as one real forward pass went through it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glassbert.durable import write_file
from glassbert.errors import Problem, UsageError
from glassbert.lens.records import Record
from glassbert.lens.structure_sketch import StructureSketch, columns
from glassbert.lens.structuring.dot import to_dot
from glassbert.lens.structuring.drawing import Drawing, Look, draw
from glassbert.lens.structuring.fold import FoldedGraph, fold
from glassbert.lens.structuring.graph import StructureGraph
from glassbert.lens.structuring.mermaid import to_mermaid
from glassbert.lens.structuring.picture import picture
from glassbert.lens.structuring.tree import to_tree

DRAWINGS = (".html", ".svg", ".png", ".dot", ".gv", ".mmd", ".txt")
RECORDS = (".json", ".gbr")


def refuse_format(path: str | Path) -> str:
    """The suffix of a file that a structure can be saved as; raises UsageError for another."""
    suffix = Path(path).suffix.lower()
    if suffix not in DRAWINGS + RECORDS:
        what = f"a structure cannot be saved as {suffix or 'a file without a suffix'}"
        fix = f"use {', '.join(DRAWINGS + RECORDS)}"
        raise UsageError(Problem(code="unknown-format", what=what, fix=fix, file=str(path)))
    return suffix


@dataclass(frozen=True, kw_only=True, eq=False)
class StructureRecord(Record):
    """The graph of one forward pass, and whose it was.

    A text longer than the model passes through as one of its windows: `window`, from 0, of `num_windows` (0
    of 1 where no text was read). `unread` names parameters that no operation read; `notes` say what was
    noticed on the way. Times are those of single operations, one pass after another to warm up; sums leave
    out what Python costs between them.
    """

    model: str
    text: str | None
    window: int
    num_windows: int
    tokens: tuple[str, ...]
    graph: StructureGraph
    unread: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def num_parameters(self) -> int:
        """The parameters of the model, tied ones once."""
        return self.graph.total().num_parameters

    @property
    def flops(self) -> int:
        """Operations of all matrix products of the pass, 2 m n k each."""
        return self.graph.total().flops

    @property
    def activation_bytes(self) -> int:
        """Bytes of all tensors that the pass made; fewer are alive at once."""
        return self.graph.total().activation_bytes

    @property
    def seconds(self) -> float:
        """Time inside operations."""
        return self.graph.total().seconds

    def folded(self) -> FoldedGraph:
        """The graph with identical layers written once."""
        return fold(self.graph)

    def drawing(self, look: Look | None = None) -> Drawing:
        """What is drawn of it, in no format yet."""
        return draw(self.graph, look or Look())

    def to_dot(self, look: Look | None = None) -> str:
        """DOT, the language of Graphviz."""
        return to_dot(self.drawing(look))

    def to_mermaid(self, look: Look | None = None) -> str:
        """A Mermaid flowchart."""
        return to_mermaid(self.drawing(look))

    def sketched(self, look: Look | None = None) -> StructureSketch:
        """What the page draws of it, and how at first."""
        chosen = look or Look()
        return StructureSketch(
            model=self.model,
            text=self.text,
            window=self.window,
            num_windows=self.num_windows,
            num_tokens=len(self.tokens),
            heat=chosen.heat,
            depth=chosen.depth,
            folded=chosen.folded,
            graph=columns(self.graph),
            unread=self.unread,
            notes=self.notes,
        )

    def to_tree(self, look: Look | None = None) -> str:
        """Lines for a terminal."""
        return to_tree(self.drawing(look))

    def save(self, path: str | Path, *, look: Look | None = None) -> None:
        """Write the page (.html), a drawing (.svg, .png, .dot, .mmd, .txt) or the record (.json, .gbr).

        Raises UsageError for another suffix, MissingInputError where Graphviz is needed and absent,
        OutputError or StorageError when the file cannot be written.
        """
        suffix = refuse_format(path)
        if suffix in RECORDS:
            super().save(path)
        elif suffix == ".html":
            self.sketched(look).save(path)
        else:
            write_file(Path(path), [self._drawn(suffix, look)])

    def _drawn(self, suffix: str, look: Look | None) -> bytes:
        if suffix in (".svg", ".png"):
            return picture(self.to_dot(look), form=suffix[1:])
        renders = {".mmd": self.to_mermaid, ".txt": self.to_tree}
        render = renders.get(suffix, self.to_dot)
        return render(look).encode()
