"""The lattice: halves where it bends, never interpolates, never measures a point twice."""

import math

import pytest

from glassbert.lens.landscaping.lattice import FINEST, FIRST, Lattice, Node


def explored(dims: int, height, most: int) -> tuple[Lattice, list[Node], bool]:
    lattice, order = Lattice(dims=dims), []

    def measure(node: Node) -> tuple[float, ...]:
        order.append(node)
        return height(*(at / lattice.side for at in node))

    even = lattice.explore(measure, lambda: len(order) < most)
    return lattice, order, even


@pytest.mark.parametrize("dims", [1, 2])
def test_every_value_was_measured_once(dims: int) -> None:
    height = lambda *x: (math.exp(sum(x)), math.sin(9 * x[0]))  # noqa: E731
    lattice, order, _ = explored(dims, height, 150)
    assert len(order) == len(set(order)) == len(lattice.measured)
    for node, losses in lattice.measured.items():
        assert losses == height(*(at / lattice.side for at in node))
    assert all(corner in lattice.measured for cell in lattice.cells for corner in cell.corners())


@pytest.mark.parametrize("dims", [1, 2])
def test_the_cells_cover_everything_without_overlap(dims: int) -> None:
    lattice, _, _ = explored(dims, lambda *x: (1 / (0.01 + (x[0] - 0.3) ** 2),), 190)
    assert sum(cell.size**dims for cell in lattice.cells) == lattice.side**dims
    corners = [cell.corner for cell in lattice.cells]
    assert len(set(corners)) == len(corners)


def test_points_gather_where_the_loss_bends() -> None:
    lattice, order, _ = explored(2, lambda x, y: (1 + 1 / (0.001 + (x - 0.3) ** 2 + (y - 0.6) ** 2),), 300)
    near = [math.dist([at / lattice.side for at in node], (0.3, 0.6)) < 0.15 for node in order[81:]]
    assert sum(near) > 0.4 * len(near)  # of 7 % of the room


def test_an_even_plane_is_left_alone_after_one_look_between() -> None:
    lattice, order, even = explored(2, lambda x, y: (3 + x + 2 * y,), 10_000)
    assert even and len(order) == (2 * FIRST[2] + 1) ** 2


def test_infinity_and_nothing_end_the_halving_and_spoil_no_neighbour() -> None:
    steep = lambda x: (math.inf if x > 0.7 else math.nan if x < 0.1 else math.exp(3 * x),)  # noqa: E731
    lattice, _, even = explored(1, steep, 10_000)
    assert even and sum(cell.size for cell in lattice.cells) == lattice.side


@pytest.mark.parametrize("most", [0, 3, 24])
def test_the_coarse_lattice_is_whole_or_there_are_no_cells(most: int) -> None:
    lattice, order, even = explored(2, lambda x, y: (x * y,), most)
    assert not even and not lattice.cells and len(order) == most


def test_a_node_is_never_finer_than_the_finest_lattice() -> None:
    lattice, order, even = explored(1, lambda x: (1.0 if x < 1 / 3 else 2.0,), 10_000)
    assert even and max(node[0] for node in order) == FIRST[1] * FINEST
    assert min(cell.size for cell in lattice.cells) == 1
