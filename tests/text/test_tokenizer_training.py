"""Trained tokenizers: the same for every process, read alike by transformers, and true to the text."""

import gzip
import hashlib
import os
import random
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tokenizer_makers import CORPUS, HOSTILE

from glassbert.errors import DataError, OutputError, UsageError
from glassbert.text.tokenizer import Tokenizer
from glassbert.text.tokenizer_training import (
    WORDPIECE_SPECIAL,
    TrainingOptions,
    save_tokenizer,
    train_tokenizer,
)

THAI = "ภาษาไทยไม่มีช่องว่างระหว่างคำ"
ODD = [
    "中文字符，标点。",
    THAI,
    "\U0001f468\u200d\U0001f469 \U0001f600!",
    "caf\u00e9 cafe\u0301",
    "Ünïcödé x",
]
KINDS: list[dict[str, Any]] = [
    {"kind": "wordpiece"},
    {"kind": "wordpiece", "lowercase": True},
    {"kind": "bpe"},
]
TEXTS = [*CORPUS, *ODD]


def syllables(count: int, *, seed: int) -> str:
    """Text with many ties between pairs, which is where a trainer may choose by chance."""
    rng = random.Random(seed)
    return " ".join("".join(rng.choices("abcdefgh\u00e9\u00f8中", k=rng.randint(1, 7))) for _ in range(count))


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "a.txt"
    path.write_text("\n".join([*TEXTS, *TEXTS, syllables(2000, seed=0)]), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def trained(request: pytest.FixtureRequest, text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tokenizer") / "out"
    options = TrainingOptions(vocab_size=600, coverage=1.0, **request.param)
    save_tokenizer(train_tokenizer([text], options).tokenizer, out)
    return out


def test_loading_gives_the_ids_of_transformers(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(trained, local_files_only=True)
    ours = Tokenizer.load(trained)
    assert theirs.model_max_length == ours.model_max_length == 512
    assert type(theirs).__name__.removesuffix("Fast") in ("BertTokenizer", "RobertaTokenizer")
    texts = [*TEXTS, *HOSTILE]
    windows = ours.windows(texts, max_length=10**6)
    expected = theirs(texts, truncation=False)["input_ids"]
    assert [ids.tolist() for ids in split(windows)] == expected
    assert len(theirs) == ours.vocab_size
    special = (theirs.pad_token_id, theirs.cls_token_id, theirs.sep_token_id, theirs.mask_token_id)
    assert special == (ours.pad_token_id, ours.cls_token_id, ours.sep_token_id, ours.mask_token_id)


def split(windows: Any) -> list[Any]:
    return [
        windows.input_ids[begin:end] for begin, end in zip(windows.starts, windows.starts[1:], strict=False)
    ]


def test_text_comes_back(trained: Path) -> None:
    """Byte-level BPE to the byte; WordPiece all but the white space, which it does not keep."""
    ours = Tokenizer.load(trained)
    exact, lowers = not ours.continues_words, ours.lowercase
    texts = TEXTS + (HOSTILE if exact else [])
    for text, ids in zip(texts, split(ours.windows(texts, max_length=10**6)), strict=True):
        if exact:
            assert ours.decode(ids) == text
            continue
        assert ours.unk_token_id not in ids
        wanted = unicodedata.normalize("NFD", text.lower()) if lowers else text
        kept = [c for c in wanted if not (lowers and unicodedata.category(c) == "Mn")]
        back = ours.decode(ids)
        invisible = {"\u200d"}  # BERT's normaliser drops it
        assert dense(back) == dense("".join(c for c in kept if c not in invisible))


def dense(text: str) -> str:
    return "".join(text.split())


def test_chinese_characters_are_words_and_words_of_others_are_joined(text: Path) -> None:
    options = TrainingOptions(vocab_size=400, coverage=1.0)
    tokenizer = train_tokenizer([text], options).tokenizer
    assert all(len(token.removeprefix("##")) == 1 for token in tokenizer.tokens(range(400)) if "中" in token)
    assert tokenizer.id_of("中") is not None and tokenizer.id_of("##中") is None
    assert tokenizer.id_of("bone") is not None and tokenizer.vocab_size == 400


def reference(text: str, size: int) -> list[str]:
    """Pieces by id, by Sennrich's algorithm: the most frequent pair, of equal ones the lowest ids."""
    words = Counter(re.findall(r"[^\W_]+|[^\w\s]|_", text))
    letters = sorted({letter for word in words for letter in word})
    inside = [letter for letter in letters if letter.isalnum() and letter != "\u4e2d"]
    pieces = [*WORDPIECE_SPECIAL, *letters, *(f"##{letter}" for letter in inside)]
    split = {word: [word[0], *(f"##{letter}" for letter in word[1:])] for word in words}
    while len(pieces) < size:
        number = {piece: k for k, piece in enumerate(pieces)}
        pairs: Counter[tuple[str, str]] = Counter()
        for word, parts in split.items():
            for pair in pairwise(parts):
                pairs[pair] += words[word]
        left, right = min(pairs, key=lambda pair: (-pairs[pair], number[pair[0]], number[pair[1]]))
        assert pairs[left, right] >= 2
        joined = left + right.removeprefix("##")
        for word, parts in split.items():
            place = 0
            while place < len(parts) - 1:
                if (parts[place], parts[place + 1]) == (left, right):
                    split[word] = parts = [*parts[:place], joined, *parts[place + 2 :]]
                place += 1
        if joined not in number:
            pieces.append(joined)
    return pieces


def test_the_pieces_are_those_of_a_plain_implementation(tmp_path: Path) -> None:
    text = "\n".join(spaced(syllables(40, seed=line)) for line in range(20))
    (tmp_path / "a.txt").write_text(text)
    options = TrainingOptions(vocab_size=240, coverage=1.0)
    tokenizer = train_tokenizer([tmp_path / "a.txt"], options).tokenizer
    assert tokenizer.tokens(range(240)) == reference(text, 240)


def spaced(text: str) -> str:
    """Chinese characters between spaces, as BERT's normaliser puts them."""
    return text.replace("\u4e2d", " \u4e2d ")


CODE = """
import sys, hashlib
from pathlib import Path
from glassbert.text.tokenizer_training import *
for number, options in enumerate(({"kind": "wordpiece"}, {"kind": "bpe"})):
    out = Path(sys.argv[2]) / str(number)
    made = train_tokenizer([Path(sys.argv[1])], TrainingOptions(vocab_size=500, **options))
    save_tokenizer(made.tokenizer, out)
    for file in sorted(out.iterdir()):
        print(number, file.name, hashlib.sha256(file.read_bytes()).hexdigest())
"""


def test_every_process_learns_the_same_bytes(text: Path, tmp_path: Path) -> None:
    said = []
    for threads, seed in ((1, "1"), (4, "2")):
        env = {**os.environ, "RAYON_NUM_THREADS": str(threads), "PYTHONHASHSEED": seed}
        words = [sys.executable, "-c", CODE, str(text), str(tmp_path / seed)]
        said.append(subprocess.run(words, env=env, capture_output=True, check=True, text=True).stdout)
    assert said[0] == said[1] and said[0].count("\n") == 9


def test_a_small_language_gets_pieces_when_the_temperature_rises(tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("\n".join(syllables(20, seed=line) for line in range(200)))
    (tmp_path / "few.txt").write_text("\n".join(["zyxw vutsr qponm"] * 2))
    folder = [tmp_path / "many.txt", tmp_path / "few.txt"]
    cold = train_tokenizer(folder, TrainingOptions(vocab_size=90))
    hot = train_tokenizer(folder, TrainingOptions(vocab_size=90, temperature=5.0))
    assert [each.rate for each in cold.languages] == [1, 1]
    assert hot.languages[0].rate < 1 < hot.languages[1].rate
    for word in ("qponm", "vutsr"):
        count = [len(made.tokenizer.windows([word], max_length=50).input_ids) - 2 for made in (cold, hot)]
        assert count == [5, 1]


def test_rare_characters_are_left_out_down_to_the_coverage(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("abab baba \n" * 1000 + "ж q\n" * 2 + "longer words to make a vocabulary\n" * 500)
    options = {"vocab_size": 60, "kind": "wordpiece"}
    wide, narrow = (
        train_tokenizer([path], TrainingOptions(coverage=coverage, **options)).tokenizer  # type: ignore[arg-type]
        for coverage in (1.0, 0.999)
    )
    assert wide.id_of("ж") is not None and narrow.id_of("ж") is None
    assert narrow.unknown_rate(["ж"]) == 1 and narrow.unknown_rate(["abab longer words"]) == 0


def test_no_more_is_read_than_asked_for(text: Path) -> None:
    few = train_tokenizer([text], TrainingOptions(vocab_size=600, max_characters=3000))
    assert few.languages[0].rate == pytest.approx(3000 / few.languages[0].num_characters)
    assert few.languages[0].files == {str(text): hashlib.sha256(text.read_bytes()).hexdigest()}


class Enough(Exception):
    """What somebody raises who has heard enough."""


@pytest.mark.parametrize("kind", ["wordpiece", "bpe"])
def test_whoever_hears_how_far_it_is_may_end_it(text: Path, kind: Any) -> None:
    """In the first reading and in the second, which the library draws from."""
    heard: list[tuple[int, int]] = []
    wanted = TrainingOptions(kind=kind, vocab_size=600)
    train_tokenizer([text], wanted, on_read=lambda *far: heard.append(far))
    size = text.stat().st_size
    assert (heard[0][1], heard[-1]) == (0, (size, size))
    for known in (0, size):

        def end(done: int, total: int, known: int = known) -> None:
            if total == known:
                raise Enough

        with pytest.raises(Enough):
            train_tokenizer([text], wanted, on_read=end)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "unigram"}, "no kind 'unigram'"),
    ({"kind": "bpe", "lowercase": True}, "byte-level BPE"),
    ({"temperature": 0.5}, "--language-temperature is 0.5"),
    ({"temperature": float("nan")}, "--language-temperature is nan"),
    ({"coverage": 1.5}, "--character-coverage is 1.5"),
    ({"kind": "bpe", "vocab_size": 260}, "special tokens and the alphabet are 261 pieces"),
    ({"vocab_size": 20}, "or a lower --character-coverage"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_options_that_make_no_tokenizer_are_refused(
    text: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        train_tokenizer([text], TrainingOptions(**options))


def test_nothing_to_learn_from_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" \n\n\t\n")
    with pytest.raises(DataError, match=r"a\.txt: no-text: there is no text in it"):
        train_tokenizer([tmp_path / "a.txt"])
    (tmp_path / "a.txt").write_text("a b")
    with pytest.raises(DataError, match="vocabulary-too-small: the text gives 9 pieces"):
        train_tokenizer([tmp_path / "a.txt"])


def test_a_tokenizer_replaces_only_a_tokenizer(trained: Path, tmp_path: Path) -> None:
    tokenizer, out = Tokenizer.load(trained), tmp_path / "out"
    save_tokenizer(tokenizer, out)
    with pytest.raises(OutputError, match="not empty.*--overwrite"):
        save_tokenizer(tokenizer, out)
    save_tokenizer(tokenizer, out, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match="thesis"):
        save_tokenizer(tokenizer, out, overwrite=True)


@pytest.mark.data
@pytest.mark.slow
def test_the_official_vocabulary_is_not_far_from_one_learnt_from_wikipedia(shared_data: Path) -> None:
    """Fewer tokens of its own text than BERT's vocabulary of the same size, and nearly no unknown word."""
    files = [shared_data / "wikitext" / "wikitext-2.test.txt.gz"]
    made = train_tokenizer(files, TrainingOptions(vocab_size=8000, lowercase=True)).tokenizer
    lines = gzip.decompress(files[0].read_bytes()).decode().split("\n")[:500]
    assert made.unknown_rate(lines) < 0.002
    words = sum(len(line.split()) for line in lines)
    assert len(made.windows(lines, max_length=10**6).input_ids) - 2 * len(lines) < 1.25 * words
