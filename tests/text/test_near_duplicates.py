"""Near duplicates: against every pair counted by Python sets, on real near-copies, and in linear time."""

import csv
import random
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassbert.text.folding import fold_text
from glassbert.text.near_duplicates import candidates, jaccard, near_groups, near_pairs, signatures
from glassbert.text.shingles import MOST_IN_ALL, shingle_size, shingles

WORDS = ["".join(random.Random(i).choices("abcdefghijklmnopqrstuvwxyz", k=3 + i % 7)) for i in range(400)]

FILM = "a film that nobody who has seen it will ever forget, for better or for worse"
PLOT = "the plot begins where most others end, and it ends where it should have begun"


def sets_of(texts: list[str], size: int) -> list[set[str]]:
    """The definition: every run of k characters of the folded text, its end padded."""
    padded = [text and text + "\0" * (size - 1) for text in map(str, map(fold_text, texts))]
    return [{text[i : i + size] for i in range(len(text) - size + 1)} for text in padded]


def index(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b) if a | b else 1.0


def sentence(draw: random.Random, words: int = 25) -> list[str]:
    return draw.choices(WORDS, k=words)


def with_copies(count: int, *, changed: int, seed: int = 0) -> list[str]:
    """`count` texts, and of each a copy in which `changed` words are others."""
    draw = random.Random(seed)
    texts = []
    for _ in range(count):
        words = sentence(draw)
        copy = list(words)
        for place in draw.sample(range(len(words)), changed):
            copy[place] = draw.choice(WORDS)
        texts += [" ".join(words), " ".join(copy)]
    return texts


@given(st.lists(st.text(alphabet="ab c\u00c9\u4e2d", max_size=12), min_size=2, max_size=8), st.integers(1, 5))
def test_jaccard_is_that_of_python_sets(texts: list[str], size: int) -> None:
    pairs = np.array(list(combinations(range(len(texts)), 2)))
    found = jaccard(shingles(texts, size=size), pairs[:, 0], pairs[:, 1])
    sets = sets_of(texts, size)
    assert found.tolist() == [index(sets[a], sets[b]) for a, b in pairs.tolist()]


@pytest.mark.parametrize("changed", [1, 2, 3, 4])
def test_pairs_are_those_of_all_pairs_counted(changed: int) -> None:
    texts = with_copies(150, changed=changed)
    sets = sets_of(texts, 5)
    true = {(a, b) for a, b in combinations(range(len(texts)), 2) if index(sets[a], sets[b]) >= 0.8}
    pairs = near_pairs(shingles(texts, size=5))
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    assert found <= true
    assert len(true - found) <= 0.01 * len(true) + 1
    for a, b, similarity in zip(pairs.first, pairs.second, pairs.similarity, strict=True):
        assert similarity == index(sets[a], sets[b])


def test_signatures_agree_in_about_the_share_that_shingles_do() -> None:
    texts = with_copies(300, changed=3, seed=1)
    sets, signs = sets_of(texts, 5), signatures(shingles(texts, size=5))
    errors = [
        (signs[i] == signs[i + 1]).mean() - index(sets[i], sets[i + 1]) for i in range(0, len(texts), 2)
    ]
    # the mean of 300 binomial shares of 60 has a standard deviation of 0.0034 at most, were they independent
    assert abs(np.mean(errors)) < 0.015
    assert np.std(errors) < 0.08


def test_groups_are_the_texts_that_pairs_link() -> None:
    texts = [f"{FILM} {i}" for i in range(4)] + ["something else entirely"] + [f"{PLOT}!", f"{PLOT}?"]
    assert near_groups(near_pairs(shingles(texts, size=5)), len(texts)) == [[0, 1, 2, 3], [5, 6]]


def test_case_and_white_space_do_not_count() -> None:
    pairs = near_pairs(shingles(["The  Film is fine.", "the film is FINE."]))
    assert pairs.similarity.tolist() == [1.0]


def test_empty_and_very_short_texts_are_compared() -> None:
    assert len(near_pairs(shingles(["", "a", "b", "ab"], size=5))) == 0
    assert len(near_pairs(shingles([], size=5))) == 0
    assert len(near_pairs(shingles(["a"], size=5))) == 0
    assert near_groups(near_pairs(shingles([], size=5)), 0) == []


def test_pairs_of_texts_are_compared_as_one() -> None:
    texts = [(FILM, PLOT), (FILM, PLOT + ".")]
    assert len(near_pairs(shingles(texts))) == 1


def test_shingles_are_shorter_in_scripts_without_spaces() -> None:
    assert shingle_size(["这部电影非常好看", "不好看 not"]) == 2
    assert shingle_size(["a fine film", "中"]) == 5
    assert shingle_size([]) == 5


def test_chinese_copies_with_one_character_changed_are_found() -> None:
    texts = [
        "酒店的位置很好，离地铁站很近，房间也很干净。",
        "酒店的位置很好，离地铁站很近，房间也很干净！",
        "完全不同的一句话",
    ]
    assert near_groups(near_pairs(shingles(texts)), 3) == [[0, 1]]


def test_alike_texts_cost_no_more_than_others() -> None:
    """Bounded work: 100,000 texts that all look alike give a linear number of comparisons."""
    draw = random.Random(5)
    texts = [f"order {draw.randrange(10**6)} of shop 7 has arrived in time" for _ in range(20_000)]
    first, second = candidates(signatures(shingles(texts)))
    assert len(first) <= 2 * 12 * len(texts)
    assert (first < second).all()


def test_what_is_too_long_is_read_in_part_and_counted() -> None:
    long = shingles(["a" * 9_000, "b" * 20_000])
    assert (long.characters, long.cut) == (10_000, 1)
    many = shingles(["ab" * 5_000] * (MOST_IN_ALL // 5_000), size=5)
    assert many.characters == 5_000
    assert many.cut == MOST_IN_ALL // 5_000


@pytest.mark.data
@pytest.mark.slow
def test_ag_news_near_copies_of_the_test_set_are_found(shared_data: Path) -> None:
    """Against all pairs, by an inverted index of the rarest shingles that any pair of 0.8 must share."""
    with (shared_data / "ag_news" / "test.csv").open(encoding="utf-8") as file:
        texts = sorted({" ".join(row[1:]) for row in csv.reader(file)})[:3000]
    pairs = near_pairs(shingles(texts, size=5))
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    exact = prefix_filtered(sets_of(texts, 5), 0.8)
    assert len(exact) > 5
    assert found <= exact and len(exact - found) <= 0.02 * len(exact)


def prefix_filtered(sets: list[set[str]], threshold: float) -> set[tuple[int, int]]:
    """All pairs that reach the threshold, exactly (prefix filtering, Chaudhuri, Ganti and Kaushik 2006)."""
    counts: dict[str, int] = {}
    for each in sets:
        for shingle in each:
            counts[shingle] = counts.get(shingle, 0) + 1
    index_of: dict[str, list[int]] = {}
    found = set()
    for number, each in enumerate(sets):
        order = sorted(each, key=lambda shingle: (counts[shingle], shingle))
        rare = order[: len(order) - int(np.ceil(threshold * len(order))) + 1]
        for other in {other for shingle in rare for other in index_of.get(shingle, ())}:
            if index(sets[other], each) >= threshold:
                found.add((other, number))
        for shingle in rare:
            index_of.setdefault(shingle, []).append(number)
    return found
