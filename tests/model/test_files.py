"""Rows M9-M12, S1-S10, S16 and S18 of the table of failures: each test bears its row's name."""

import errno
import json
import os
import resource
import struct
import tracemalloc
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from glassbert.errors import DataError, MissingInputError, OutputError, StorageError, UsageError
from glassbert.model.files import (
    audit_safetensors,
    check_directory,
    check_finite,
    open_tensors,
    read_json,
    write_tensors,
)

ONE = {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}


def write_raw(path: Path, header: object, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        audit_safetensors(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "weight": torch.randn(5, 7),
        "half": torch.randn(3).half(),
        "brain": torch.randn(2, 3).bfloat16(),
        "scalar": torch.tensor(1.5),
        "none": torch.zeros(0, 4),
        "ids": torch.arange(9),
        "flag": torch.tensor([True, False, True]),
    }


@pytest.fixture
def file(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    write_tensors(tmp_path / "model.safetensors", tensors, metadata={"format": "pt"})
    return tmp_path / "model.safetensors"


def test_write_tensors_is_read_by_the_library_and_by_us(file: Path, tensors: dict[str, torch.Tensor]) -> None:
    for read in (load_file(file), dict(open_tensors(file.parent))):
        assert read.keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert read[name].dtype == tensor.dtype
            assert torch.equal(read[name], tensor)


def test_audit_agrees_with_a_file_that_the_library_wrote(
    tmp_path: Path, tensors: dict[str, torch.Tensor]
) -> None:
    save_file(tensors, tmp_path / "a.safetensors", metadata={"format": "pt"})
    specs = audit_safetensors(tmp_path / "a.safetensors")
    assert specs == {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}


def test_audit_accepts_a_real_checkpoint(minilm: Path) -> None:
    tensors = open_tensors(minilm)
    assert len(tensors) == 104
    assert tensors.specs["embeddings.word_embeddings.weight"] == (torch.float32, (30522, 384))
    assert tensors["embeddings.word_embeddings.weight"].shape == (30522, 384)


def test_write_tensors_takes_views_and_refuses_what_the_format_lacks(tmp_path: Path) -> None:
    view = torch.arange(12.0).reshape(3, 4).T
    write_tensors(tmp_path / "v.safetensors", {"view": view})
    assert torch.equal(load_file(tmp_path / "v.safetensors")["view"], view)
    with pytest.raises(UsageError, match="complex64"):
        write_tensors(tmp_path / "c.safetensors", {"c": torch.zeros(2, dtype=torch.complex64)})


# --- M: directories


def test_m9_a_directory_of_pickles_only_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"pickle-refused.*save_pretrained"):
        check_directory(tmp_path)
    (tmp_path / "pytorch_model.bin").rename(tmp_path / "pytorch_model-00001-of-00002.bin")
    with pytest.raises(DataError, match="pickle-refused"):
        check_directory(tmp_path)


def test_m10_a_pickle_beside_safetensors_is_a_warning(file: Path) -> None:
    assert check_directory(file.parent).warnings == ()
    (file.parent / "pytorch_model.bin").write_bytes(b"PK")
    (file.parent / "training_args.bin").write_bytes(b"PK")
    weights = check_directory(file.parent)
    assert weights.paths == (file,)
    assert len(weights.warnings) == 1 and "pytorch_model.bin is a pickle" in weights.warnings[0]
    assert open_tensors(file.parent).warnings == weights.warnings


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside.json"])
def test_m11_a_link_out_of_the_directory_is_refused(file: Path, tmp_path: Path, target: str) -> None:
    (tmp_path.parent / "outside.json").write_text("{}")
    (file.parent / "vocab.txt").symlink_to(target)
    with pytest.raises(DataError, match=r"link-escapes.*outside its directory"):
        check_directory(file.parent)
    with pytest.raises(DataError, match="link-escapes"):
        read_json(file.parent / "vocab.txt")


def test_m11_a_weights_file_linked_from_elsewhere_is_refused(file: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").symlink_to(file)
    with pytest.raises(DataError, match="link-escapes"):
        audit_safetensors(model / "model.safetensors")


def test_m11_links_within_the_directory_and_within_the_hub_cache_are_followed(
    file: Path, tmp_path: Path
) -> None:
    (tmp_path / "again.safetensors").symlink_to("model.safetensors")
    check_directory(tmp_path)
    cache = tmp_path / "hub"
    snapshot = cache / "models--someone--bert" / "snapshots" / "abc"
    blobs = cache / "models--someone--bert" / "blobs"
    store = cache / "blobs" / "0f"
    for folder in (snapshot, blobs, store):
        folder.mkdir(parents=True)
    file.rename(store / "0f1e")
    (blobs / "1234").symlink_to("../../blobs/0f/0f1e")
    (snapshot / "model.safetensors").symlink_to("../../blobs/1234")
    assert len(open_tensors(snapshot)) == 7
    (cache / "models--other--bert" / "blobs").mkdir(parents=True)
    (cache / "models--other--bert" / "blobs" / "9").write_bytes(b"{}")
    (snapshot / "config.json").symlink_to("../../../models--other--bert/blobs/9")
    with pytest.raises(DataError, match="link-escapes"):
        check_directory(snapshot)


def test_a_shard_index_beside_whole_weights_is_a_warning(file: Path) -> None:
    (file.parent / "model.safetensors.index.json").write_text("no json at all")
    assert "model.safetensors.index.json was not read" in check_directory(file.parent).warnings[0]


def test_a_file_that_changes_after_its_audit_is_refused_by_the_library(file: Path) -> None:
    tensors = open_tensors(file.parent)
    write_raw(file, b"{}", b"surplus")
    with pytest.raises(DataError, match="bad-safetensors"):
        tensors["weight"]
    with pytest.raises(KeyError):
        tensors["nonesuch"]


def write_shards(directory: Path, weight_map: dict[str, object]) -> None:
    write_tensors(directory / "model-00001-of-00002.safetensors", {"a": torch.zeros(2)})
    write_tensors(directory / "model-00002-of-00002.safetensors", {"b": torch.ones(3)})
    (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


GOOD_MAP = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}


def test_shards_are_read_as_one(tmp_path: Path) -> None:
    write_shards(tmp_path, GOOD_MAP)
    tensors = open_tensors(tmp_path)
    assert sorted(tensors) == ["a", "b"] and torch.equal(tensors["b"], torch.ones(3))


@pytest.mark.parametrize(
    "name",
    ["../../x.safetensors", "/tmp/x.safetensors", "sub/x.safetensors", "..\\x.safetensors", "x.bin", 3, None],
)
def test_m12_a_shard_outside_the_directory_is_refused(tmp_path: Path, name: object) -> None:
    write_shards(tmp_path, {**GOOD_MAP, "c": name})
    with pytest.raises(DataError, match="bad-shard-index"):
        check_directory(tmp_path)


@pytest.mark.parametrize(
    ("weight_map", "message"),
    [
        ({**GOOD_MAP, "c": "model-00003-of-00003.safetensors"}, "missing beside it: model-00003"),
        ({"a": GOOD_MAP["a"]}, "does not list model-00002"),
        ({**GOOD_MAP, "c": GOOD_MAP["a"]}, "model-00001-of-00002.safetensors lacks c"),
        ({"z": GOOD_MAP["a"], "b": GOOD_MAP["b"]}, "lacks z"),
        ({}, "no weight_map"),
    ],
)
def test_m12_an_index_that_disagrees_with_its_shards_is_refused(
    tmp_path: Path, weight_map: dict[str, object], message: str
) -> None:
    write_shards(tmp_path, weight_map)
    with pytest.raises(DataError, match=message):
        open_tensors(tmp_path)


def test_m12_a_shard_with_an_unlisted_tensor_is_refused(tmp_path: Path) -> None:
    write_shards(tmp_path, GOOD_MAP)
    write_tensors(tmp_path / GOOD_MAP["a"], {"a": torch.zeros(2), "extra": torch.zeros(1)})
    with pytest.raises(DataError, match="does not list there: extra"):
        open_tensors(tmp_path)


def test_a_directory_without_weights_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError, match="no-such-directory"):
        check_directory(tmp_path / "nowhere")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(MissingInputError, match=r"found adapter_model.safetensors"):
        check_directory(tmp_path)


# --- S: safetensors files


@pytest.mark.parametrize("size", [0, 1, 7])
def test_s1_a_file_shorter_than_its_length_field_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"\x01" * size)
    assert "too-short" in refused(path)


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 1 << 40, 3])
def test_s2_a_header_longer_than_the_file_is_refused_without_allocation(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{}")
    tracemalloc.start()
    message = refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "header-too-long" in message
    assert peak < 1 << 20


def test_s2_a_header_over_the_limit_is_refused_without_allocation(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 200_000_000) + b"{}")
        file.truncate(300_000_000)  # sparse: takes no disk
    tracemalloc.start()
    message = refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "header-too-long" in message and "200,000,000" in message
    assert peak < 1 << 20


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"[]", "not-safetensors"),
        (b' {"a":1}', "not-safetensors"),
        (b'{"\xff":1}', "not-utf-8"),
        (b"{oops}", "not-json"),
    ],
)
def test_s3_a_header_that_is_not_a_json_object_is_refused(tmp_path: Path, header: bytes, code: str) -> None:
    assert code in refused(write_raw(tmp_path / "a.safetensors", header))


def test_s3_a_git_lfs_pointer_is_called_one(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 90868376\n")
    assert "git-lfs-pointer" in refused(path)


def test_s4_a_duplicate_tensor_name_is_refused(tmp_path: Path) -> None:
    one = json.dumps(ONE)
    header = f'{{"a":{one},"a":{one}}}'.encode()
    message = refused(write_raw(tmp_path / "a.safetensors", header, bytes(12)))
    assert "duplicate-key" in message and "'a'" in message


@pytest.mark.parametrize(
    ("offsets", "size", "message"),
    [
        ([[0, 12], [8, 20]], 20, "overlaps"),
        ([[0, 12], [0, 12]], 12, "overlaps"),
        ([[0, 12], [16, 28]], 28, "hole"),
        ([[4, 16], [16, 28]], 28, "hole"),
        ([[0, 12], [12, 24]], 25, "1 bytes belong to no tensor"),
        ([[0, 12], [12, 24]], 23, "truncated"),
    ],
)
def test_s5_tensors_must_tile_the_file_exactly(
    tmp_path: Path, offsets: list[list[int]], size: int, message: str
) -> None:
    header = {f"t{i}": {**ONE, "data_offsets": pair} for i, pair in enumerate(offsets)}
    assert message in refused(write_raw(tmp_path / "a.safetensors", header, bytes(size)))


@pytest.mark.parametrize(
    ("offsets", "code"),
    [
        ([12, 0], "bad-offsets"),
        ([100, 112], "bad-offsets"),
        ([-12, 0], "bad-offsets"),
        ([0.0, 12.0], "bad-offsets"),
        ([2**63, 2**63 + 12], "bad-offsets"),
        ([False, 12], "bad-offsets"),
        ([0], "bad-offsets"),
        ("0,12", "bad-offsets"),
        ([0, 24], "size-mismatch"),
    ],
)
def test_s6_offsets_must_be_a_range_of_the_file(tmp_path: Path, offsets: object, code: str) -> None:
    header = {"a": {**ONE, "data_offsets": offsets}}
    assert code in refused(write_raw(tmp_path / "a.safetensors", header, bytes(12)))


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ([4], "size-mismatch"),
        ([2**62, 2**62], "size-mismatch"),
        ([2**32, 2**32, 3], "size-mismatch"),
        ([-3], "bad-shape"),
        ([3.0], "bad-shape"),
        ([[3]], "bad-shape"),
        (3, "bad-shape"),
        ([1] * 65, "bad-shape"),
    ],
)
def test_s7_shape_times_dtype_must_equal_the_bytes(tmp_path: Path, shape: object, code: str) -> None:
    assert code in refused(write_raw(tmp_path / "a.safetensors", {"a": {**ONE, "shape": shape}}, bytes(12)))


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F4", "Q4", "f32", "", 4, None])
def test_s8_an_unknown_or_unsupported_dtype_is_refused(tmp_path: Path, dtype: object) -> None:
    message = refused(write_raw(tmp_path / "a.safetensors", {"a": {**ONE, "dtype": dtype}}, bytes(12)))
    assert "unsupported-dtype" in message and "BF16" in message


@pytest.mark.parametrize("entry", [3, [], {"dtype": "F32"}, {**ONE, "more": 1}])
def test_an_entry_that_is_not_a_tensor_is_refused(tmp_path: Path, entry: object) -> None:
    assert "bad-entry" in refused(write_raw(tmp_path / "a.safetensors", {"a": entry}, bytes(12)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_s9_non_finite_weights_are_named(dtype: torch.dtype, value: float) -> None:
    good = {"good": torch.ones(3, dtype=dtype), "ids": torch.arange(3), "none": torch.zeros(0, dtype=dtype)}
    check_finite(good)
    bad = torch.ones(4, 5, dtype=dtype)
    bad[2, 3] = value
    with pytest.raises(DataError, match=r"file: non-finite-weights: .* 1 tensors: bad \(1\)"):
        check_finite({**good, "bad": bad}, file="file")


@pytest.mark.parametrize("metadata", [3, [], {"a": 1}, {"a": None}, {"a": {"b": "c"}}])
def test_s10_metadata_must_be_strings(tmp_path: Path, metadata: object) -> None:
    path = write_raw(tmp_path / "a.safetensors", {"__metadata__": metadata, "a": ONE}, bytes(12))
    assert "bad-metadata" in refused(path)


def test_s10_fifty_megabytes_of_metadata_are_refused_before_they_are_read(tmp_path: Path) -> None:
    header = b'{"__metadata__":{"a":"' + b"x" * 50_000_000 + b'"}}'
    path = write_raw(tmp_path / "a.safetensors", header)
    tracemalloc.start()
    assert "header-too-long" in refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_s10_html_in_metadata_is_only_text(tmp_path: Path) -> None:
    write_tensors(
        tmp_path / "a.safetensors", {"a": torch.ones(1)}, metadata={"name": "<script>alert(1)</script>"}
    )
    assert list(audit_safetensors(tmp_path / "a.safetensors")) == ["a"]


def test_s11_a_file_one_byte_short_is_refused(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)
    assert "truncated" in refused(file)


def test_every_truncation_of_a_file_is_refused(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a.safetensors", {"a": torch.ones(2)})
    whole = (tmp_path / "a.safetensors").read_bytes()
    for size in range(len(whole)):
        (tmp_path / "a.safetensors").write_bytes(whole[:size])
        refused(tmp_path / "a.safetensors")


def test_s16_saving_over_a_mapped_file_leaves_the_old_tensors_valid(file: Path) -> None:
    old = open_tensors(file.parent)
    weight, inode = old["weight"], file.stat().st_ino
    before = weight.clone()
    write_tensors(file, {"weight": torch.zeros(5, 7)})
    assert file.stat().st_ino != inode
    assert torch.equal(weight, before)
    assert torch.equal(old["weight"], before)
    assert torch.equal(open_tensors(file.parent)["weight"], torch.zeros(5, 7))


def only_file(path: Path) -> bool:
    return os.listdir(path.parent) == [path.name]


def test_s18_a_write_that_runs_out_of_room_keeps_the_previous_file(file: Path) -> None:
    """RLIMIT_FSIZE stops a real write half-way, as a quota or a full disk does."""
    before = file.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(StorageError, match="write-failed"):
            write_tensors(file, {"big": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_bytes() == before and only_file(file)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StorageError),
        (errno.EDQUOT, StorageError),
        (errno.EIO, StorageError),
        (errno.EACCES, OutputError),
        (errno.EROFS, OutputError),
    ],
)
def test_s18_a_rename_that_fails_keeps_the_previous_file(
    file: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    before = file.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(kind, match=os.strerror(number)):
        write_tensors(file, {"a": torch.zeros(2)})
    assert file.read_bytes() == before and only_file(file)


def test_s18_a_place_that_cannot_take_a_file_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    (tmp_path / "folder").mkdir()
    for place in ("missing/a", "plain/a", "x" * 300, "folder"):
        with pytest.raises(OutputError, match="cannot-create"):
            write_tensors(tmp_path / place, {"a": torch.zeros(2)})
    assert sorted(os.listdir(tmp_path)) == ["folder", "plain"]


def test_a_name_of_the_greatest_length_can_be_written(tmp_path: Path) -> None:
    write_tensors(tmp_path / ("x" * 255), {"a": torch.zeros(2)})
    assert audit_safetensors(tmp_path / ("x" * 255))["a"].shape == (2,)
