"""What is drawn of a structure: boxes, frames round them, and arrows; each format renders the same drawing.

A module that calls no other is one box, a module that does is a frame, and an operation outside of boxes is a
box of its own. Views are not drawn, arrows pass through them. Of identical layers the first is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from glassbert.errors import Problem, UsageError
from glassbert.lens.structuring.fold import fold
from glassbert.lens.structuring.graph import ROOT, StructureGraph, StructureNode, totals
from glassbert.lens.structuring.words import amounts, shape_of

NOBODY = -1
# one operation under a name for every device
FUSED = re.compile(r"_scaled_dot_product_\w*attention\w*")
HEATS = ("none", "parameters", "flops", "bytes", "seconds", "activation", "gradient")


@dataclass(frozen=True, kw_only=True)
class Look:
    """How it is drawn: frames down to `depth` (None: all), folded or not, and what colours the boxes."""

    depth: int | None = None
    folded: bool = True
    heat: str = "flops"

    def __post_init__(self) -> None:
        if self.heat not in HEATS:
            what, fix = f"heat is {self.heat!r}", "choose " + ", ".join(HEATS)
            raise UsageError(Problem(code="unknown-heat", what=what, fix=fix))
        if self.depth is not None and self.depth < 1:
            raise UsageError(Problem(code="bad-depth", what=f"depth is {self.depth}", fix="give 1 or more"))


@dataclass(kw_only=True)
class Frame:
    """A module that holds others; `number` is its node."""

    number: int
    lines: tuple[str, ...]
    frames: list[Frame] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Box:
    """One box; `heat` in [0, 1] is its share of the hottest."""

    number: int
    lines: tuple[str, ...]
    heat: float
    rounded: bool = False


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """From box to box; a `loop` leads from a layer to the next of the same form."""

    source: int
    target: int
    loop: bool = False


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """The outermost frame, which is the model, and all arrows."""

    root: Frame
    arrows: tuple[Arrow, ...]


def draw(graph: StructureGraph, look: Look) -> Drawing:
    """Choose what is seen of a graph."""
    plan = _Plan(graph, look)
    frames = {ROOT: Frame(number=ROOT, lines=plan.frame_lines(ROOT))}
    boxes = [number for number in range(len(graph.nodes)) if plan.is_box(number)]
    values = plan.heats(boxes)
    hottest = max(values, default=0.0) or 1.0
    for number, value in zip(boxes, values, strict=True):
        box = Box(
            number=number,
            lines=plan.lines(number),
            heat=value / hottest,
            rounded=graph.nodes[number].kind == "input",
        )
        _frame_of(number, plan, frames).boxes.append(box)
    return Drawing(root=frames[ROOT], arrows=tuple(plan.arrows()))


def _frame_of(number: int, plan: _Plan, frames: dict[int, Frame]) -> Frame:
    """The frame round a node, made with those round it when it is first needed."""
    parent = plan.graph.nodes[number].parent
    if parent not in frames:
        frames[parent] = Frame(number=parent, lines=plan.frame_lines(parent))
        _frame_of(parent, plan, frames).frames.append(frames[parent])
    return frames[parent]


class _Plan:
    """Who is seen as whom."""

    def __init__(self, graph: StructureGraph, look: Look) -> None:
        self.graph, self.look, self.ends = graph, look, graph.ends()
        self.alias, self.layer = list(range(len(graph.nodes))), [0] * len(graph.nodes)
        self.run, self.count = [NOBODY] * len(graph.nodes), dict[int, int]()
        for run in fold(graph).repeats if look.folded else ():
            self.count[run.first] = run.count
            for number in range(run.first, run.end):
                self.layer[number], place = divmod(number - run.first, run.size)
                self.alias[number], self.run[number] = run.first + place, run.first
        self.depth = self._depths()
        self.callers = {node.parent for node in graph.nodes if node.kind == "module"}
        self.box = self._boxes()

    def is_box(self, number: int) -> bool:
        """Whether a node is drawn as a box: nothing that only passes things on, and nothing inside a box."""
        if self.box[number] != number or self.alias[number] != number:
            return False
        if self.graph.nodes[number].kind == "module" and not self._closed(number):
            return False
        inside = self.graph.nodes[number : self.ends[number]]
        return any(node.kind in ("operation", "input") or node.num_parameters for node in inside)

    def lines(self, number: int) -> tuple[str, ...]:
        """What stands in a box or over a frame."""
        node, total = self.graph.nodes[number], totals(self.graph.nodes[number : self.ends[number]])
        if node.kind == "input":
            return (node.name, shape_of(node.output_shape))
        title = FUSED.sub("scaled_dot_product_attention", node.name)
        if node.kind == "module" and number != ROOT:
            title = f"{self._inner(node)}: {node.name}"
        count = self.count.get(number, 1)
        times = (f"x {count}, each",) if count > 1 else ()
        return (title, *times, _shapes(node), *amounts(total))

    def frame_lines(self, number: int) -> tuple[str, ...]:
        """The same on two lines: a frame is wide, and arrows cross its head."""
        title, *others = self.lines(number)
        if others[0].startswith("x "):
            title, others[0] = f"{title} {others[0].removesuffix(', each')}", "each"
        return (title, "  ".join(others))

    def heats(self, boxes: Sequence[int]) -> list[float]:
        """How hot each box is, in the unit of its heat."""
        return [self._heat(number) for number in boxes]

    def arrows(self) -> list[Arrow]:
        found: dict[tuple[int, int, bool], Arrow] = {}
        makers = self._makers()
        for source, target in self.graph.edges.tolist():
            for maker in makers[source]:
                one, two = self.box[maker], self.box[target]
                seen = self.alias[one], self.alias[two]
                if one != two and self._seen(target):
                    loop = self.run[one] == self.run[two] and self.layer[one] != self.layer[two]
                    found.setdefault((*seen, loop), Arrow(source=seen[0], target=seen[1], loop=loop))
        return list(found.values())

    def _seen(self, number: int) -> bool:
        return self.box[number] != number or self.graph.nodes[number].kind != "view"

    def _makers(self) -> list[set[int]]:
        """For every node the nodes that are seen as where its result comes from: views pass on."""
        makers: list[set[int]] = [{number} for number in range(len(self.graph.nodes))]
        hidden = [not self._seen(number) for number in range(len(self.graph.nodes))]
        for number, is_hidden in enumerate(hidden):
            if is_hidden:
                makers[number] = set()
        for source, target in self.graph.edges.tolist():  # sorted by source: every view is complete in time
            if hidden[target]:
                makers[target] |= makers[source]
        return makers

    def _boxes(self) -> list[int]:
        """For every node the outermost closed module round it, or itself."""
        box: list[int] = []
        for number, node in enumerate(self.graph.nodes):
            outside = box[node.parent] if number > ROOT else ROOT
            box.append(outside if number > ROOT and self._closed(outside) else number)
        return box

    def _depths(self) -> list[int]:
        depths: list[int] = []
        for number, node in enumerate(self.graph.nodes):
            depths.append(0 if number == ROOT else depths[node.parent] + 1)
        return depths

    def _closed(self, number: int) -> bool:
        """Whether nothing inside this module is drawn: it calls no other, or lies too deep."""
        if number == ROOT or self.graph.nodes[number].kind != "module":
            return False
        deep = self.look.depth is not None and self.depth[number] >= self.look.depth
        return deep or number not in self.callers

    def _inner(self, node: StructureNode) -> str:
        """The module's name as seen from the frame it stands in."""
        around = self.graph.nodes[node.parent].path
        return node.path.removeprefix(around + ".") if around else node.path

    def _heat(self, number: int) -> float:
        node, total = self.graph.nodes[number], totals(self.graph.nodes[number : self.ends[number]])
        spread = {"activation": node.activation, "gradient": node.gradient}.get(self.look.heat)
        sums = {
            "parameters": total.num_parameters,
            "flops": total.flops,
            "bytes": total.activation_bytes,
            "seconds": total.seconds,
        }
        return spread.std if spread is not None else float(sums.get(self.look.heat, 0.0))


def _shapes(node: StructureNode) -> str:
    """What goes in, where that is a tensor, and what comes out."""
    given = "" if node.input_shape is None else f"{shape_of(node.input_shape)} "
    return f"{given}-> {shape_of(node.output_shape)}"
