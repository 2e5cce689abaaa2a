"""SentencePiece's character table: a sound one works in the library, an unsound one never reaches it."""

import base64
import random

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers

from glassbert.text.charsmap import MAX_REPLACEMENT, charsmap_fault


def make_charsmap(character: str = "ﬁ", replacement: bytes = b"fi\0", **change: int) -> bytes:
    """A trie with one key: byte k leads from block k to block k + 1, of 256 units each."""
    path = character.encode()
    units = np.zeros(256 * (len(path) + 2), dtype="<u4")
    units[0] = 256 << 10
    for k, byte in enumerate(path):
        place = 256 * (k + 1) ^ byte
        last = (k == len(path) - 1) << 8
        units[place] = (place ^ 256 * (k + 2)) << 10 | last | byte
    units[256 * (len(path) + 1)] = 1 << 31 | change.get("value", 0)
    if "root" in change:
        units[0] = change["root"] << 10
    return len(units.tobytes()).to_bytes(4, "little") + units.tobytes() + replacement


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def normalise(data: bytes, text: str) -> str:
    return normalizers.Precompiled(data).normalize_str(text)


def test_a_sound_table_is_accepted_and_does_what_it_says() -> None:
    assert charsmap_fault(encoded(make_charsmap())) is None
    assert normalise(make_charsmap(), "ﬁne") == "fine"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not fit"),
        (b"\0\0\0\0", "does not fit"),
        (b"\xff\xff\xff\xff" + bytes(64), "does not fit"),
        (b"\3\0\0\0" + bytes(64), "does not fit"),
        (make_charsmap(root=1 << 20), "leads outside"),
        (make_charsmap(value=1), "leads outside"),
        (make_charsmap(value=99), "leads outside"),
        (make_charsmap(value=2**31 - 1), "leads outside"),
        (make_charsmap(replacement=b"x" * (MAX_REPLACEMENT + 1) + b"\0"), "long text"),
        (make_charsmap(replacement=b"\xff\0"), "not UTF-8"),
        (bytes(4_000_001), "does not fit"),
    ],
)
def test_an_unsound_table_is_refused(data: bytes, reason: str) -> None:
    assert reason in (charsmap_fault(encoded(data)) or "accepted")


@pytest.mark.parametrize("text", ["not base64!", 3, ["AAAA"], "é"])
def test_what_is_no_base64_is_refused(text: object) -> None:
    assert charsmap_fault(text) is not None


def test_no_accepted_mutation_makes_the_library_abort() -> None:
    """The library answers an index out of range with a panic, which is not even an Exception."""
    generator = random.Random(0)
    whole, text, accepted = make_charsmap(), "ﬁne ﬂat \x01 é 的 " + "".join(map(chr, range(1, 600))), 0
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(generator.choice([1, 2, 8])):
            data[generator.randrange(len(data))] = generator.randrange(256)
        if charsmap_fault(encoded(bytes(data))) is None:
            accepted += 1
            tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0)], 0))
            tokenizer.normalizer = normalizers.Precompiled(bytes(data))
            tokenizer.encode(text)
    assert accepted > 100
