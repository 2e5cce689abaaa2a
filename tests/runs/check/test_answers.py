"""What the rows of a file answer, against counts by hand."""

from pathlib import Path

from glassbert.runs.check.answers import answers_of
from glassbert.runs.check.near import near_duplicates
from glassbert.runs.data import DataOptions, read_dataset
from tests.runs.test_answering import nested
from tests.text.test_squad import write

SENTENCES = {
    "B-PER I-PER O B-PER": 2,  # of two and of one word
    "B-LOC O O B-LOC": 3,
    "O O O O": 7,
}


def conll(path: Path, sentences: dict[str, int] = SENTENCES) -> Path:
    blocks = []
    for tags, count in sentences.items():
        for number in range(count):
            words = (f"{chr(97 + i)}{len(blocks)}{number}" for i in range(9))
            blocks.append("".join(f"{word} {tag}\n" for word, tag in zip(words, tags.split(), strict=False)))
    path.write_text("\n".join(blocks))
    return path


def answers(path: Path, task: str) -> dict[str, object]:
    dataset = read_dataset(DataOptions(train=path, evaluation=path, task=task))
    return answers_of(dataset.task, dataset.evaluation)


def test_entities_are_counted_by_type_and_sentences_without_one(tmp_path: Path) -> None:
    assert answers(conll(tmp_path / "a.conll"), "token-classification") == {
        "kind": "tags", "of": "entities", "labels": 2, "counts": {"LOC": 6, "PER": 4}, "rows_without": 7,
    }  # fmt: skip


def test_tags_that_mark_no_entities_are_counted_by_word(tmp_path: Path) -> None:
    file = conll(tmp_path / "a.conll", {"DET NOUN VERB": 8, "NOUN VERB": 4})
    assert answers(file, "token-classification") == {
        "kind": "tags", "of": "words", "labels": 3, "counts": {"NOUN": 12, "VERB": 12, "DET": 8},
    }  # fmt: skip


def test_questions_are_counted_with_and_without_an_answer(tmp_path: Path) -> None:
    found = answers(nested(tmp_path / "a.json", 40), "question-answering")
    assert found == {"kind": "span", "questions": 40, "without_answer": 10, "contexts": 40}


def test_questions_on_one_context_are_no_near_copies_and_near_contexts_are(tmp_path: Path) -> None:
    """Of 40 questions on two contexts that differ in a letter; as texts all would be alike."""
    context = "Normandy is a region in France and has a long coast with many harbours"
    questions = [
        {"id": str(i), "question": f"Where is it? {i}", "answers": [{"text": "France", "answer_start": 24}]}
        for i in range(40)
    ]
    paragraphs = [
        {"context": context, "qas": questions[:25]},
        {"context": f"{context}!", "qas": questions[25:]},
    ]
    for count, groups in ((1, 0), (2, 1)):
        file = write(tmp_path / "a.json", {"data": [{"title": "t", "paragraphs": paragraphs[:count]}]})
        dataset = read_dataset(DataOptions(train=file, task="question-answering"))
        found = near_duplicates(dataset.train, dataset.evaluation, one_file=True, asked=True)
        assert found.groups == groups
        assert found.rows == (len(dataset.train) + len(dataset.evaluation) if groups else 0)
        assert near_duplicates(dataset.train, dataset.evaluation, one_file=True).groups > 0
