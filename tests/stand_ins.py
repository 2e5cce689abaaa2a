"""What the examples of the documentation find in their directory: small files and a tiny encoder.

The encoder lies in a directory called `minilm`, and a path that exists wins over the bundled name: so every
command of the documentation runs as it is written, in seconds and without weights.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

from glassbert.model.config import HeadConfig, HeadKind
from glassbert.model.network import Network
from glassbert.model.pretrained import save_pretrained
from tests.contract.workbench import tiny_config, tiny_tokenizer

WORDS = {"positive": ("fine", "warm"), "negative": ("dull", "cold")}
THINGS = ("film", "plot", "cast", "score", "scene", "end", "actor", "song", "role", "line")


def make_stand_ins(directory: Path) -> None:
    """reviews.csv (40 rows), test.csv (20 other rows), new.csv (texts only), pairs.csv, ratings.csv,
    topics.csv, alike.csv, questions.json, entities.conll, the encoder `minilm`, one with a masked-word head,
    `google-bert/bert-base-uncased`, and one that judges inference, `typeform/distilbert-base-uncased-mnli`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    make_encoder(directory / "minilm")
    make_encoder(directory / "google-bert" / "bert-base-uncased", head="masked-lm")
    judging = ("entailment", "neutral", "contradiction")
    inference = directory / "typeform" / "distilbert-base-uncased-mnli"
    make_encoder(inference, head="sequence-classification", labels=judging)
    rows = [
        (f"the {thing} is {word} .", label)
        for label in WORDS
        for word, thing in product(WORDS[label], THINGS)
    ]
    other = [
        (f"a {word} {thing} !", label) for label in WORDS for word, thing in product(WORDS[label], THINGS[:5])
    ]
    write_csv(directory / "reviews.csv", [("text", "label"), *rows])
    write_csv(directory / "test.csv", [("text", "label"), *other])
    write_csv(directory / "pairs.csv", [("premise", "hypothesis", "label"), *pairs()])
    write_csv(directory / "ratings.csv", [("text", "score"), *ratings()])
    write_csv(directory / "alike.csv", [("sentence1", "sentence2", "score"), *alike()])
    write_csv(directory / "topics.csv", [("text", "labels"), *topics()])
    (directory / "questions.json").write_text(json.dumps(questions()), encoding="utf-8")
    (directory / "entities.conll").write_text(tagged(), encoding="utf-8")
    write_csv(directory / "new.csv", [("text",), *((text,) for text, _ in other)])


def pairs() -> list[tuple[str, str, str]]:
    """Whether the second text says of a thing what the first says."""
    words = [(word, label) for label, each in WORDS.items() for word in each]
    return [
        (f"the {thing} is {one} .", f"a {two} {thing} !", "agree" if mine == yours else "disagree")
        for thing in THINGS[:3]
        for (one, mine), (two, yours) in product(words, words)
    ]


def questions() -> dict[str, object]:
    """In SQuAD's form: how a thing is, which every fourth context does not say."""
    said = [(thing, word) for thing in THINGS for words in WORDS.values() for word in words]
    articles = []
    for number, (thing, word) in enumerate(said):
        known = number % 4 > 0
        context = f"a {thing} {number} . it is {word} ." if known else f"a {thing} {number} ."
        answers = [{"text": word, "answer_start": context.index(word)}] if known else []
        question = {"id": str(number), "question": f"is the {thing} fine ?", "is_impossible": not known}
        articles.append({"paragraphs": [{"context": context, "qas": [{**question, "answers": answers}]}]})
    return {"version": "v2.0", "data": articles}


def ratings() -> list[tuple[str, str]]:
    """A number for every word, a little more for longer names of things."""
    stars = {"fine": 5.0, "warm": 4.0, "dull": 2.0, "cold": 1.0}
    return [
        (f"the {thing} is {word} .", f"{value + len(thing) / 10:.1f}")
        for word, value in stars.items()
        for thing in THINGS
    ]


def alike() -> list[tuple[str, str, str]]:
    """How alike two texts are: 5 for the same word of the same thing, 3 for one of the same kind, 0 else."""
    kind = {word: label for label, words in WORDS.items() for word in words}
    return [
        (
            f"the {thing} is {one} .",
            f"a {two} {thing} !",
            "5" if one == two else "3" if kind[one] == kind[two] else "0",
        )
        for thing in THINGS[:5]
        for one in kind
        for two in kind
    ]


def topics() -> list[tuple[str, str]]:
    """What a text is about, which may be two things, or none."""
    held = [("film",), ("plot",), ("film", "plot"), ()]
    return [
        (f"{word} {' and '.join(each) or 'is it'} {number} .", ";".join(each))
        for number in range(3)
        for word in ("fine", "warm", "dull", "cold")
        for each in held
    ]


def tagged() -> str:
    """CoNLL columns: a thing with its word is a place, a word alone a person."""
    blocks = [
        f"the O\n{word} B-LOC\n{thing} I-LOC\nis O\n{other} B-PER\n. O\n"
        for word, other in product(("fine", "warm"), ("dull", "cold"))
        for thing in THINGS
    ]
    return "\n".join(blocks)


def sentences(things: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(word, thing, label) of every word said of every thing."""
    return [(word, thing, label) for label, words in WORDS.items() for word, thing in product(words, things)]


def make_encoder(directory: Path, *, head: HeadKind = "pooling", labels: tuple[str, ...] = ()) -> None:
    """A random encoder of 15,000 parameters, with its tokenizer."""
    tokenizer = tiny_tokenizer(directory)
    tokenizer.save(directory)
    network = Network(tiny_config(tokenizer.vocab_size), HeadConfig(kind=head, labels=labels), seed=1)
    save_pretrained(network, directory)


def write_csv(path: Path, rows: list[tuple[str, ...]]) -> None:
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
