"""Free memory is the least of what machine and control groups leave; a network that exceeds it is refused."""

from pathlib import Path

import pytest

from glassbert.errors import DataError
from glassbert.model.config import EncoderConfig, HeadConfig
from glassbert.model.memory import check_memory, free_memory
from tests.model.small import HEADS, SMALL

GIB = 2**30


def machine(root: Path, files: dict[str, object]) -> dict[str, Path]:
    """A /proc and a /sys/fs/cgroup of our own, with 8 GiB available."""
    files = {"proc/meminfo": f"MemTotal: 99 kB\nMemAvailable: {8 * 2**20} kB\n", "sys/x": ""} | files
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return {"proc": root / "proc", "cgroups": root / "sys"}


def group(limit: object, used: int, *, cache: int = 0, version: int = 2) -> dict[str, object]:
    if version == 2:
        return {"memory.max": limit, "memory.current": used, "memory.stat": f"anon 5\ninactive_file {cache}"}
    stat = f"cache 7\ntotal_inactive_file {cache}"
    return {"memory.limit_in_bytes": limit, "memory.usage_in_bytes": used, "memory.stat": stat}


def at(place: str, files: dict[str, object]) -> dict[str, object]:
    return {f"{place}/{name}": text for name, text in files.items()}


def test_without_groups_the_machine_tells(tmp_path: Path) -> None:
    assert free_memory(**machine(tmp_path, {})) == 8 * GIB


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("path", ["/", "/job/step"])
def test_a_groups_limit_less_its_use_is_what_is_left(tmp_path: Path, version: int, path: str) -> None:
    root, line = ("sys/memory", f"4:cpu,memory:{path}") if version == 1 else ("sys", f"0::{path}")
    files = (
        {"proc/self/cgroup": f"2:cpuset:/elsewhere\n{line}"} if version == 1 else {"proc/self/cgroup": line}
    )
    limited = at(root + path.rstrip("/"), group(2 * GIB, GIB, cache=GIB // 4, version=version))
    assert free_memory(**machine(tmp_path, files | limited)) == GIB + GIB // 4


def test_a_limit_of_an_ancestor_holds(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/job/step"}
    files |= at("sys/job/step", group("max", 1)) | at("sys/job", group(GIB, 0))
    assert free_memory(**machine(tmp_path, files)) == GIB


def test_a_group_that_has_used_more_than_its_limit_leaves_nothing(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/"} | at("sys", group(GIB, 2 * GIB))
    assert free_memory(**machine(tmp_path, files)) == 0


@pytest.mark.parametrize("limit", ["max", "", "-1", str(2**63 - 4096)])
def test_no_limit_is_no_limit(tmp_path: Path, limit: str) -> None:
    files = {"proc/self/cgroup": "0::/"} | at("sys", group(limit, 100))
    assert free_memory(**machine(tmp_path, files)) == 8 * GIB


def test_a_machine_that_tells_nothing_is_not_guessed(tmp_path: Path) -> None:
    assert free_memory(proc=tmp_path / "none", cgroups=tmp_path / "none") is None


def test_this_machine_has_memory() -> None:
    free = free_memory()
    assert free is not None and 2**20 < free < 2**50


@pytest.mark.parametrize(
    ("encoder", "head"),
    [
        (EncoderConfig(vocab_size=2**31 - 1, hidden_size=12 * 10**5), HeadConfig()),
        (EncoderConfig(num_hidden_layers=2**31 - 1), HeadConfig()),
        (EncoderConfig(max_position_embeddings=2**31 - 1, intermediate_size=2**31 - 1), HeadConfig()),
        (
            EncoderConfig(hidden_size=2**22, num_attention_heads=1, num_hidden_layers=1),
            HeadConfig(kind="sequence-classification", labels=tuple(map(str, range(1_000_000)))),
        ),
    ],
)
def test_a_network_beyond_the_memory_is_refused_with_both_numbers(
    encoder: EncoderConfig, head: HeadConfig
) -> None:
    """M2, X9"""
    with pytest.raises(DataError, match=r"config.json: too-large.*need [\d,.]+ GB, and [\d,.]+ GB") as error:
        check_memory(encoder, head, file="config.json")
    assert f"{(encoder.num_parameters + head.num_parameters(encoder)) * 4 / 1e9:,.2f}" in str(error.value)


@pytest.mark.parametrize("kind", list(HEADS))
def test_a_small_network_fits(kind: str) -> None:
    check_memory(SMALL, HEADS[kind])
