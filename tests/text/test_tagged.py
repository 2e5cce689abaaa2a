"""Words with tags and texts with entities from JSONL: what is read, and what is refused."""

import json
from pathlib import Path

import pytest

from glassbert.errors import DataError
from glassbert.runs.rows import read_rows
from glassbert.text.asked import Asked, Schema
from glassbert.text.options import ReadOptions
from glassbert.text.tagged import Sentence, sentences_of

SCHEMA = Schema(label="tags")
TOKENS = {"tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"]}


def read(tmp_path: Path, *objects: object, need_label: bool = True, **asked: str) -> list[Sentence]:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in objects))
    found = read_rows(path, ReadOptions(), asked=Asked(**asked), schema=SCHEMA, need_label=need_label)
    return sentences_of(found.table, found.columns)


@pytest.mark.parametrize("words", ["tokens", "words"])
@pytest.mark.parametrize("tags", ["tags", "ner_tags", "labels"])
def test_lists_are_found_by_their_usual_names(tmp_path: Path, words: str, tags: str) -> None:
    (found,) = read(tmp_path, {"id": 1, words: ["EU", "rejects"], tags: ["B-ORG", "O"]})
    assert (found.text, found.tags) == ("EU rejects", ("B-ORG", "O"))


def test_an_empty_word_is_refused_as_in_conll(tmp_path: Path) -> None:
    """Found by fuzzing: input 107893 of seed 1. A word of no characters would have a tag and no place."""
    with pytest.raises(DataError, match="x.jsonl:2: empty-field: word 2 of 'tokens' is empty"):
        read(tmp_path, TOKENS, {"tokens": ["EU", "", "it"], "tags": ["B-ORG", "I-ORG", "O"]})


def test_two_columns_of_tags_are_ambiguous(tmp_path: Path) -> None:
    both = {**TOKENS, "ner_tags": ["O", "O"]}
    with pytest.raises(
        DataError, match="ambiguous-columns: 'tags', 'ner_tags' would each do.*--label-column"
    ):
        read(tmp_path, both)
    assert read(tmp_path, both, label="ner_tags")[0].tags == ("O", "O")


def test_entities_are_tags_of_the_words_of_the_text(tmp_path: Path) -> None:
    text = "Dr. Ада Лавлейс, 中国 (U.N.), 12.5 km"
    entities = [
        {"start": 4, "end": 15, "label": "PER"},
        {"start": 17, "end": 19, "label": "LOC"},
        [21, 24, "ORG"],
    ]
    (found,) = read(tmp_path, {"text": text, "entities": entities})
    words = [text[begin:end] for begin, end in found.spans.tolist()]
    assert words == [
        "Dr",
        ".",
        "Ада",
        "Лавлейс",
        ",",
        "中",
        "国",
        "(",
        "U",
        ".",
        "N",
        ".",
        ")",
        ",",
        "12.5",
        "km",
    ]
    tagged = {word: tag for word, tag in zip(words, found.tags, strict=True) if tag != "O"}
    assert tagged == {
        "Ада": "B-PER", "Лавлейс": "I-PER", "中": "B-LOC", "国": "I-LOC", "U": "B-ORG", ".": "I-ORG",
        "N": "I-ORG",
    }  # fmt: skip


def test_a_text_without_entities_and_without_words_is_a_sentence(tmp_path: Path) -> None:
    found = read(tmp_path, {"text": "", "entities": []}, {"text": "it", "entities": []})
    assert [each.tags for each in found] == [(), ("O",)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {**TOKENS, "tags": [3, 0]},
            "bad-tags: tag 1 of 'tags' is 3, a number whose name the file does not give",
        ),
        ({**TOKENS, "tags": ["O"]}, "length-mismatch: 2 words and 1 tags"),
        ({**TOKENS, "tags": ["O", None]}, "bad-tags: tag 2 of 'tags' is None, no string"),
        ({**TOKENS, "tags": None}, "bad-tags: 'tags' is null or absent"),
        ({**TOKENS, "tags": "O O"}, "bad-tags: 'tags' is no list"),
        ({**TOKENS, "tags": ["b-org", "O"]}, "bad-tag: 'b-org' is no tag of IOB2 — valid: .*B-ORG"),
        ({**TOKENS, "tokens": ["EU", 7]}, "not-words: word 2 of 'tokens' is no string: 7"),
        ({**TOKENS, "tokens": None}, "missing-text: 'tokens' is null"),
        ({**TOKENS, "tokens": 5}, "not-words: 'tokens' is neither a text nor a list of words: 5"),
    ],
)
def test_what_is_no_sentence_is_refused_with_its_line(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(DataError, match=f"x.jsonl:2: {message}"):
        read(tmp_path, TOKENS, row, TOKENS, TOKENS)


def entity(start: object, end: object, label: object = "PER") -> dict[str, object]:
    return {"text": "Ada Lovelace 👩 wrote it", "entities": [{"start": start, "end": end, "label": label}]}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (entity(0, 99), "bad-offsets: an entity lies at 0 to 99 of a text of 23 characters"),
        (entity(5, 5), "bad-offsets"),
        (entity(1, 12), "entity-inside-word: the PER 'da Lovelace' .1 to 12. begins or ends inside a word"),
        (entity(0, 13), "entity-inside-word"),
        (entity("0", 3), "bad-entities: 'entities' holds what is no entity"),
        (entity(0, 3, ""), "bad-entities"),
        (entity(0, 3, 7), "bad-entities"),
        ({"text": "it", "entities": None}, "bad-entities: 'entities' is null or absent"),
        (
            {"text": "Ada Lovelace", "entities": [[0, 12, "PER"], [4, 12, "LOC"]]},
            "overlapping-entities: a PER and a LOC overlap at word 2",
        ),
    ],
)
def test_what_is_no_entity_is_refused_with_its_line(tmp_path: Path, row: object, message: str) -> None:
    with pytest.raises(DataError, match=f"x.jsonl:2: {message}"):
        read(tmp_path, entity(0, 12), row)


def test_texts_without_entities_can_be_read_where_none_are_needed(tmp_path: Path) -> None:
    assert [len(each.spans) for each in read(tmp_path, {"text": "a b"}, {"text": ""}, need_label=False)] == [
        2,
        0,
    ]
    with pytest.raises(DataError, match="missing-label-column: no column holds entities"):
        read(tmp_path, {"text": "a b"})
