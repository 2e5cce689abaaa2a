"""What goes wrong with disks, files and texts, through the command itself: the behaviour of bad input."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from glassbert.runs.pretraining.pretrain import Watchers
from glassbert.text import corpus_writing
from glassbert.train import checkpoint
from glassbert.train.checkpoint import MODULE
from tests.cli.process import Answer, inside  # noqa: F401 - a fixture
from tests.nobody import as_nobody
from tests.runs.pretraining.material import options, run, write_text
from tests.runs.pretraining.test_resume import Killed, killed_at, same

Inside = Callable[..., Answer]
# a checkpoint at every step
OFTEN = {"evaluations": 3}
WORDS = (
    "--size", "tiny", "--steps", "4", "--batch-size", "6", "--max-length", "24", "--evaluations", "3",
    "--vocab-size", "80", "--lowercase",
)  # fmt: skip


def damage(file: Path, how: str) -> None:
    """Cut the last byte off, or turn one bit in the middle."""
    content = bytearray(file.read_bytes())
    if how == "truncated":
        content.pop()
    else:
        content[len(content) // 2] ^= 4
    file.write_bytes(content)


def full_after(count: int, honest: Callable[..., object]) -> Callable[..., object]:
    """The same function until the disk is full."""
    calls = iter(range(10**6))

    def write(*given: object, **more: object) -> object:
        if next(calls) >= count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return honest(*given, **more)

    return write


@pytest.fixture(scope="module")
def whole(text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with a checkpoint at every step; to be read, never written."""
    return run(options(text, tmp_path_factory.mktemp("whole") / "run", **OFTEN)).path


@pytest.fixture
def killed(text: Path, tmp_path: Path) -> Path:
    """The same run, killed at its last step."""
    with pytest.raises(Killed):
        run(options(text, tmp_path / "run", **OFTEN), Watchers(on_step=killed_at(4)))
    return tmp_path / "run"


def test_a_disk_that_is_full_while_text_is_tokenised_leaves_no_corpus(
    inside: Inside,  # noqa: F811
    text: Path,
    whole: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus_writing._Writer, "_append", full_after(4, corpus_writing._Writer._append))
        done = inside("pretrain", text, "--out", out, *WORDS)
    assert (done.code, "write-failed: No space left on device" in done.err) == (74, True)
    assert [each.name for each in (out / "corpus").iterdir()] == [".lock"]
    assert inside("pretrain", "--out", out, "--resume").code == 0
    same(out, whole)


def test_a_disk_that_stays_full_ends_the_run_and_keeps_the_checkpoint_before(
    inside: Inside,  # noqa: F811
    text: Path,
    whole: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save_file", full_after(2, checkpoint.save_file))
        done = inside("pretrain", text, "--out", out, *WORDS)
    assert (done.code, "write-failed: No space left on device" in done.err) == (74, True)
    assert "step 2 was not saved" in done.err
    assert [each.name for each in (out / "checkpoints").iterdir()] == ["step-1"]
    assert inside("pretrain", "--out", out, "--resume").code == 0
    same(out, whole)


def test_a_directory_that_cannot_be_written_is_refused(
    inside: Inside,  # noqa: F811
    text: Path,
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    own = tmp_path / "own.txt"
    own.write_bytes(text.read_bytes())
    with as_nobody(own):
        done = inside("pretrain", own, "--out", closed / "run", *WORDS)
    assert (done.code, "cannot-create: Permission denied" in done.err) == (73, True), done.err
    assert not list(closed.iterdir())


@pytest.mark.parametrize("how", ["truncated", "flipped"])
@pytest.mark.parametrize("name", ["tokens-00000.bin", "words-00000.bin", "segments.bin"])
def test_a_damaged_shard_is_refused_by_name(
    how: str,
    name: str,
    inside: Inside,  # noqa: F811
    killed: Path,
) -> None:
    (shard,) = killed.glob(f"corpus/*/{name}")
    damage(shard, how)
    done = inside("pretrain", "--out", killed, "--resume")
    assert (done.code, name in done.err) == (65, True), done.err
    assert len(done.problems) == 1


@pytest.mark.parametrize("how", ["truncated", "flipped"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_leads_to_the_same_bits(
    how: str,
    inside: Inside,  # noqa: F811
    killed: Path,
    whole: Path,
) -> None:
    newest = max(killed.glob("checkpoints/step-*"), key=lambda each: int(each.name.removeprefix("step-")))
    damage(newest / MODULE, how)
    done = inside("pretrain", "--out", killed, "--resume")
    assert done.code == 0, done.err
    assert newest.name in done.err
    same(killed, whole)


@pytest.mark.parametrize(
    ("content", "code", "named"),
    [
        (b"", 65, "no-text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, 65, "bad.txt:"),
        ("Ein Satz.\n\nGrün und blau.\n".encode() + "Grün.\n".encode("latin-1"), 65, "bad.txt:4"),
        ("Ein Satz.\n".encode("utf-16"), 65, "--encoding utf-16"),
    ],
    ids=["empty", "binary", "mixed-encodings", "utf-16"],
)
def test_text_that_is_none_is_refused_with_its_line(
    content: bytes,
    code: int,
    named: str,
    inside: Inside,  # noqa: F811
    tmp_path: Path,
) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    done = inside("pretrain", tmp_path / "bad.txt", "--out", tmp_path / "run", *WORDS)
    assert (done.code, named in done.err) == (code, True), done.err
    assert not (tmp_path / "run" / "run.json").exists()


def test_what_a_resume_must_not_change_is_refused_by_the_command(
    inside: Inside,  # noqa: F811
    killed: Path,
    tmp_path: Path,
) -> None:
    changed = inside("pretrain", "--out", killed, "--resume", "--lr", "0.1", "--batch-size", "12")
    assert changed.code == 2
    assert "learning_rate: recorded 0.0001, asked for 0.1" in changed.err
    assert "batch_size: recorded 6, asked for 12" in changed.err
    other = write_text(tmp_path / "other.txt", seed=2)
    assert inside("tokenizer", "train", other, "--out", tmp_path / "other", "--vocab-size", "70").code == 0
    resumed = inside("pretrain", "--out", killed, "--resume", "--tokenizer", tmp_path / "other")
    assert (resumed.code, "changed-tokenizer" in resumed.err) == (65, True), resumed.err


def test_a_run_does_not_read_its_own_files_and_says_what_of_a_folder_it_leaves_out(
    tmp_path: Path,
    inside: Inside,  # noqa: F811
) -> None:
    """Its vocabulary, a .txt file, was read as text with the rest of the folder."""
    (tmp_path / "texts").mkdir()
    write_text(tmp_path / "texts" / "a.txt")
    (tmp_path / "texts" / "notes.md").write_text("left out")
    for named in ("texts", "t*ts", "**"):
        answer = inside("pretrain", str(tmp_path / named), "--out", str(tmp_path / "texts" / "run"), *WORDS)
        assert answer.code == 2 and "would lie in the folder" in answer.err
        assert not (tmp_path / "texts" / "run").exists()
    answer = inside("pretrain", str(tmp_path / "texts"), "--out", str(tmp_path / "run"), *WORDS)
    assert answer.code == 0 and "texts: 1 files with other names are not read" in answer.err


def test_pairs_under_a_vocabulary_of_bytes_are_refused_before_any_text_is_read(
    tmp_path: Path,
    inside: Inside,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was said when all text was tokenised, which may take hours."""
    monkeypatch.setattr("glassbert.runs.pretraining.texts.train_tokenizer", pytest.fail)
    text = write_text(tmp_path / "a.txt")
    answer = inside("pretrain", text, "--out", tmp_path / "run", "--kind", "bpe", "--steps", "2")
    assert answer.code == 2 and "no-such-head" in answer.err and "--objective mlm" in answer.err
