"""Products by oneDNN are the products, with their derivatives; small ones and other types stay torch's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from glassbert import products
from glassbert.products import (
    Linear,
    columns_onto,
    linear,
    linear_into,
    product,
    product_of_columns,
    product_onto,
    zeros_for_columns,
)
from glassbert.train.orthogonal import newton_schulz

CALLS: list[tuple[int, ...]] = []
available = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this torch was built without oneDNN"
)


@pytest.fixture
def onednn(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a processor on which oneDNN is the quicker; what it is asked for is counted."""
    by_onednn = products._by_onednn

    def counted(given: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        CALLS.append((*given.shape, len(weight)))
        return by_onednn(given, weight, bias)

    monkeypatch.setattr(products, "onednn_is_quicker", lambda: True)
    monkeypatch.setattr(products, "_by_onednn", counted)
    CALLS.clear()
    yield


def random(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def assert_product(found: Tensor, left: Tensor, right: Tensor) -> None:
    """Errors of float32 sums: at most a few units of the last place of the sum of all magnitudes."""
    wanted = left.double() @ right.double()
    bound = 4 * torch.finfo(torch.float32).eps * (left.double().abs() @ right.double().abs())
    assert found.shape == wanted.shape
    assert ((found.double() - wanted).abs() <= bound).all()


@available
@pytest.mark.parametrize(("rows", "width", "out"), [(300, 96, 160), (1100, 64, 512), (40, 512, 256)])
def test_products_are_those_of_float64(rows: int, width: int, out: int, onednn: None) -> None:
    given, weight, bias = random(rows, width, seed=0), random(out, width, seed=1), random(out, seed=2)
    grad = random(rows, out, seed=3)
    assert_product(linear(given, weight), given, weight.t())
    assert_product(linear(given, weight, bias) - bias, given, weight.t())
    assert_product(product(grad, weight), grad, weight)
    assert_product(product_of_columns(grad, given), grad.t(), given)
    total = random(rows, width, seed=4)
    before = total.clone()
    assert product_onto(total, grad, weight) is total
    assert_product(total - before, grad, weight)
    assert_product(linear_into(torch.empty(rows, out), given, weight, bias) - bias, given, weight.t())
    sums = zeros_for_columns(weight)
    columns_onto(sums, grad, given)
    assert_product(sums, grad.t(), given)
    assert len(CALLS) == 7 and product_of_columns(grad, given).is_contiguous()


@available
def test_a_sum_of_columns_grows_in_any_layout(onednn: None) -> None:
    left, right = random(300, 160, seed=0), random(300, 96, seed=1)
    for sums in (zeros_for_columns(random(160, 96, seed=2)), torch.zeros(160, 96)):
        columns_onto(sums, left, right)
        columns_onto(sums, left, right)
        assert_product(sums / 2, left.t(), right)


@available
def test_newton_schulz_is_that_of_batches(onednn: None, monkeypatch: pytest.MonkeyPatch) -> None:
    matrices = random(2, 96, 320, seed=0)
    alone = newton_schulz(matrices)
    assert len(CALLS) >= 10
    monkeypatch.setattr(products, "onednn_is_quicker", lambda: False)
    torch.testing.assert_close(alone, newton_schulz(matrices), rtol=1e-4, atol=1e-5)


@available
def test_any_strides_will_do(onednn: None) -> None:
    """Rows of a larger matrix, every second column, one row repeated."""
    wide, weight = random(300, 256, seed=0), random(400, 128, seed=1)
    for given in (
        wide[:, 128:],
        wide[:, ::2],
        wide[:1, :128].expand(300, 128),
        wide[:, :128].t().clone().t(),
    ):
        assert_product(linear(given, weight[100:300]), given, weight[100:300].t())
    for other in (
        random(128, 200, seed=2).t(),
        random(200, 256, seed=3)[:, ::2],
        weight[:1].expand(200, 128),
    ):
        assert_product(linear(wide[:, :128], other), wide[:, :128], other.t())
    assert len(CALLS) == 7


@available
def test_derivatives_are_autograds_also_the_second(onednn: None) -> None:
    def slopes(of: object) -> list[Tensor]:
        parts = [random(200, 96, seed=0), random(128, 96, seed=1), random(128, seed=2)]
        given, weight, bias = (part.requires_grad_() for part in parts)
        out = of(given, weight, bias)  # type: ignore[operator]
        first = torch.autograd.grad(out.tanh().sum(), (given, weight, bias), create_graph=True)
        second = torch.autograd.grad(sum(each.square().sum() for each in first), (given, weight, bias))  # type: ignore[arg-type]
        return [*first, *second]

    for mine, torchs in zip(slopes(linear), slopes(F.linear), strict=True):
        torch.testing.assert_close(mine, torchs, rtol=1e-4, atol=1e-4 * float(torchs.detach().abs().max()))
    assert len(CALLS) >= 5


@available
def test_only_what_is_asked_for_is_computed(onednn: None) -> None:
    layer = Linear(128, 160)
    layer.weight.requires_grad_(False)
    given = random(200, 128, seed=0)
    layer(given).sum().backward()
    assert len(CALLS) == 1 and layer.bias.grad is not None and layer.weight.grad is None


def test_rows_are_few_numbers_at_most_an_eighth_too_many() -> None:
    made = [products.padded_rows(rows) for rows in range(1, 5000)]
    assert all(0 <= more - rows < max(32, rows / 8 + 1) for rows, more in enumerate(made, start=1))
    assert made == sorted(made) and [products.padded_rows(rows) for rows in made] == made
    assert len(set(made)) <= 16 + 4 * 8


@available
def test_rows_without_a_token_leave_the_others_alone(onednn: None) -> None:
    given, weight = random(333, 128, seed=0), random(256, 128, seed=1)
    with torch.no_grad():
        found = linear(given, weight)
    assert found.shape == (333, 256) and CALLS == [(352, 128, 256)]
    assert (products.padded(given)[333:] == 0).all() and products.padded(given[:320]).shape == (320, 128)


@available
def test_the_same_numbers_every_time(onednn: None) -> None:
    given, weight = random(333, 128, seed=0), random(256, 128, seed=1)
    first = linear(given, weight)
    assert all(torch.equal(linear(given, weight), first) for _ in range(3))


def test_small_products_other_types_and_more_dimensions_are_torchs(onednn: None) -> None:
    small, weight = random(8, 64, seed=0), random(64, 64, seed=1)
    assert torch.equal(linear(small, weight), F.linear(small, weight))
    assert torch.equal(product(small, weight), small @ weight)
    large, wide = random(300, 128, seed=2).double(), random(256, 128, seed=3).double()
    assert torch.equal(linear(large, wide), F.linear(large, wide))
    assert torch.equal(product_of_columns(large, large), large.t() @ large)
    assert linear(random(4, 100, 128, seed=4), wide.float()).shape == (4, 100, 256)
    assert linear(torch.empty(0, 128), wide.float()).shape == (0, 256)
    assert linear(torch.empty(300, 128, device="meta"), torch.empty(256, 128, device="meta")).is_meta
    assert not CALLS


@pytest.mark.parametrize(
    ("maker", "width", "quicker"),
    [("AuthenticAMD", "AVX512", True), ("AuthenticAMD", "AVX2", False), ("GenuineIntel", "AVX512", False)],
)
def test_only_amds_processors_with_wide_vectors_take_it(
    maker: str, width: str, quicker: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    description = tmp_path / "cpuinfo"
    description.write_text(f"processor\t: 0\nvendor_id\t: {maker}\n")
    monkeypatch.setattr(products, "PROCESSOR", description)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: width)
    built = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    assert products.onednn_is_quicker.__wrapped__() == (quicker and built)


def test_a_system_without_that_file_stays_with_torchs_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "PROCESSOR", tmp_path / "missing")
    assert products.onednn_is_quicker.__wrapped__() is False


@pytest.mark.parametrize(("library", "more"), [(True, 220_000_000), (False, 0)])
def test_code_is_counted_where_it_is_compiled(
    library: bool, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(products, "onednn_is_quicker", lambda: library)
    assert products.bytes_of_code() == more
