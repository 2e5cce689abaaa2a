"""token-classification through the whole path: files, windows, scores, prediction, the estimator."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from glassbert.errors import DataError, UsageError
from glassbert.runs.data import DataOptions, Learning, read_dataset
from glassbert.runs.evaluate import evaluate
from glassbert.runs.models import load
from glassbert.runs.predict import predict_file, predict_texts
from glassbert.runs.tagger import TokenTagger
from glassbert.show.looks import telling_rows
from glassbert.show.run_report import report_run
from glassbert.tasks.tag_windows import word_windows, words_of
from glassbert.tasks.tagging import TokenClassification
from glassbert.tasks.task import Examples
from glassbert.text.schemes import lenient_spans, tags_of
from glassbert.text.tokenizer import Tokenizer
from tests.contract.workbench import tiny_tokenizer
from tests.runs.material import read_json, run

QUICK = {"epochs": 5, "patience": 99, "task": "token-classification"}
OUT = ("a", "the", "is", "not", "cold", "xyz")


def sentences(count: int = 160, *, seed: int = 0) -> tuple[list[list[str]], list[list[str]]]:
    """ "warm film" is a place and "dull" a person; the rest is nothing."""
    draw = np.random.default_rng(seed)
    words: list[list[str]] = []
    tags: list[list[str]] = []
    for number in range(count):
        sentence, marks = [f"q{number}"], ["O"]
        for _ in range(int(draw.integers(2, 7))):
            kind = draw.random()
            if kind < 0.25:
                sentence += ["warm", "film"]
                marks += ["B-LOC", "I-LOC"]
            else:
                sentence.append("dull" if kind < 0.5 else str(draw.choice(OUT)))
                marks.append("B-PER" if kind < 0.5 else "O")
        words.append(sentence)
        tags.append(marks)
    return words, tags


def conll(path: Path, count: int = 160, *, seed: int = 0, scheme: str = "iob2") -> Path:
    blocks = []
    for words, tags in zip(*sentences(count, seed=seed), strict=True):
        written = tags_of(lenient_spans(tags), len(tags), scheme)
        blocks.append("".join(f"{word} _ {tag}\n" for word, tag in zip(words, written, strict=True)))
    path.write_text("-DOCSTART- _ O\n\n" + "\n".join(blocks))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, encoder: Path) -> Path:
    place = tmp_path_factory.mktemp("tags")
    evaluation = conll(place / "test.txt", 60, seed=1, scheme="iobes")
    run(conll(place / "train.conll", scheme="iob1"), encoder, place / "run", evaluation=evaluation, **QUICK)
    return place / "run"


def test_it_learns_and_says_what_it_learnt(trained: Path) -> None:
    document = read_json(trained / "run.json")
    result = document["result"]
    assert document["labels"] == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert any(reason.startswith("scheme: IOB1") for reason in document["data"]["columns"]["reasons"])
    assert document["config"]["metric"]["value"] == "f1"
    assert set(result["metrics"]) == {"f1", "precision", "recall", "accuracy", "loss", "per_type"}
    assert result["metrics"]["f1"] > 0.6
    assert set(result["metrics"]["per_type"]) == {"LOC", "PER"}
    assert set(result["metrics"]["per_type"]["LOC"]) == {"precision", "recall", "f1", "number"}
    for name in ("f1", "precision", "recall", "accuracy"):
        low, high = result["intervals"][name]
        assert low <= result["metrics"][name] <= high
    assert set(result["baselines"]) == {"commonest_tags", "remembered_entities"}
    assert result["baselines"]["remembered_entities"]["f1"] == 1.0
    assert result["scheme"] == "iob2" and result["words_without_tokens"] == 0
    assert np.sum(result["entity_confusion"]["matrix"]) > 0


def test_predictions_give_the_scores_again(trained: Path) -> None:
    with (trained / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["row", "text", "label", "prediction", "confidence", "entities", "windows"]
    true, found = ([json.loads(row[name]) for row in rows] for name in ("label", "prediction"))
    # every answer is valid, so that the lenient reading finds no more
    sides = [
        {(i, *span) for i, tags in enumerate(each) for span in lenient_spans(tags)} for each in (true, found)
    ]
    hits = len(sides[0] & sides[1])
    metrics = read_json(trained / "run.json")["result"]["metrics"]
    assert metrics["precision"] == pytest.approx(hits / len(sides[1]))
    assert metrics["recall"] == pytest.approx(hits / len(sides[0]))
    listed = sum(len(json.loads(row["entities"])) for row in rows)
    assert listed == len(sides[1])
    for row in rows:
        for entity in json.loads(row["entities"]):
            assert row["text"][entity["start"] : entity["end"]] == entity["word"]


def test_texts_are_predicted_in_the_shape_of_the_pipeline(trained: Path) -> None:
    text = "  a WARM film \u200b is not dull"
    (found,) = predict_texts(load(trained), [text]).as_list()
    assert {"entity_group", "score", "word", "start", "end"} == set(found[0])
    assert [each["word"] for each in found if each["entity_group"] == "LOC"] == ["WARM film"]
    for each in found:
        assert text[each["start"] : each["end"]] == each["word"] and 0 < each["score"] <= 1


def test_files_with_and_without_tags_are_predicted(trained: Path, tmp_path: Path) -> None:
    model = load(trained)
    whole = predict_file(model, conll(tmp_path / "x.conll", 20, seed=5))
    (tmp_path / "bare.txt").write_text("\n".join("\n".join(each) + "\n" for each in sentences(20, seed=5)[0]))
    bare = predict_file(model, tmp_path / "bare.txt")
    assert whole.as_list() == bare.as_list() and any(whole.as_list())
    texts = tmp_path / "texts.jsonl"
    texts.write_text(
        "".join(json.dumps({"text": " ".join(each)}) + "\n" for each in sentences(20, seed=5)[0])
    )
    again = predict_file(model, texts).as_list()
    assert [[each["word"] for each in row] for row in again] == [
        [each["word"] for each in row] for row in bare.as_list()
    ]


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "iobes", "bilou"])
def test_the_scheme_of_a_file_changes_no_score(trained: Path, tmp_path: Path, scheme: str) -> None:
    model = load(trained)
    found = evaluate(model, conll(tmp_path / "x.conll", 40, seed=7, scheme=scheme))
    same = evaluate(model, conll(tmp_path / "y.conll", 40, seed=7))
    assert found["metrics"] == same["metrics"]
    assert any(note.startswith(f"scheme: {scheme.upper()}") for note in found["notes"])
    assert 0 <= found["calibration_error"] <= 1


def test_unseen_types_are_refused(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text("a B-ORG\nb O\n")
    with pytest.raises(DataError, match="unseen-label: label 'ORG' occurs once here and never"):
        evaluate(load(trained), path)


def test_the_report_and_its_looks_are_made(trained: Path, tmp_path: Path) -> None:
    said: list[str] = []
    page = report_run(trained, tmp_path / "report.html", looks=1, say=said.append)
    assert page.stat().st_size > 10_000
    assert telling_rows(trained / "predictions.csv", 4)


def test_transformers_computes_the_same_logits_and_entities(trained: Path) -> None:
    transformers = pytest.importorskip("transformers")
    directory = trained / "model"
    theirs = transformers.AutoModelForTokenClassification.from_pretrained(directory).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    words = sentences(6, seed=3)[0]
    model = load(trained)
    texts = [" ".join(each) for each in words]
    ours = model.predict(texts)
    assert [theirs.config.id2label[i] for i in range(5)] == list(model.labels)
    for row, each in enumerate(words):
        inputs = tokenizer(each, is_split_into_words=True, return_tensors="pt")
        if inputs["input_ids"].shape[1] > model.max_length:
            continue
        ids = inputs.word_ids()
        first = [ids.index(word) for word in range(len(each))]
        with torch.no_grad():
            logits = theirs(**inputs).logits[0, first].numpy()
        np.testing.assert_allclose(ours.logits[row], logits, atol=1e-5)


def examples(words: list[list[str]]) -> Examples:
    texts = [" ".join(each) for each in words]
    spans = np.empty(len(words), dtype=object)
    for row, each in enumerate(words):
        ends = np.cumsum([len(word) + 1 for word in each]).astype(np.int32)
        spans[row] = np.stack([ends - 1 - [len(word) for word in each], ends - 1], axis=1).reshape(-1, 2)
    return Examples(texts=texts, targets=None, rows=np.arange(len(words)), spans=spans)


@pytest.mark.parametrize("max_length", [5, 16, 100_000])
def test_n8_n9_n10_every_word_with_a_token_is_scored_exactly_once(tmp_path: Path, max_length: int) -> None:
    tokenizer = tiny_tokenizer(tmp_path)
    draw = np.random.default_rng(0)
    odd = [
        "\u200b",
        "\u0301",
        "\x07",
        "supercali" * 20,
        "a" * 40,
        "好",
        "don't",
        "\u00a0",
        "x.y",
        "👩‍👩‍👧‍👦",
        "New York",
    ]
    words = [[str(draw.choice(odd)) for _ in range(n)] for n in (0, 1, 7, 10_000, 3)]
    given = examples(words)
    assert words_of(given) == words
    windows = word_windows(given, tokenizer, max_length=max_length)
    assert windows.lengths.max() <= max_length
    owner = np.repeat(windows.example, windows.lengths)
    for row, each in enumerate(words):
        found = windows.word[(owner == row) & (windows.word >= 0)].tolist()
        with_token = [i for i, word in enumerate(each) if len(alone(tokenizer, word))]
        assert found == with_token
    assert (windows.scored | (windows.word < 0)).all()


def alone(tokenizer: Tokenizer, word: str) -> list[int]:
    windows = tokenizer.windows([word], max_length=100_000)
    return windows.input_ids[windows.scored].tolist()


def test_a_word_begins_at_the_token_that_it_begins_with_alone(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer(tmp_path)
    words = [["warm", "zfilm", "don't", "好"], ["x"], ["a", "b"]]
    windows = word_windows(examples(words), tokenizer, max_length=16)
    for row in np.flatnonzero(windows.word >= 0):
        word = words[np.repeat(windows.example, windows.lengths)[row]][windows.word[row]]
        assert windows.input_ids[row] == alone(tokenizer, word)[0]


def test_a_word_without_a_token_is_tagged_o_and_counted(trained: Path) -> None:
    model = load(trained)
    found = model.answer(examples([["dull", "\u200b", "dull"], ["\u200b"]]))
    assert found.untokenised == 2
    assert [found.answers[0][1], found.answers[1][0]] == [0, 0]
    assert found.scores[1][0].tolist() == [1, 0, 0, 0, 0]


def test_class_weights_weigh_every_word_by_its_tag(tmp_path: Path) -> None:
    given = DataOptions(train=conll(tmp_path / "x.conll", 40), task="token-classification")
    dataset = read_dataset(given, Learning(class_weights="balanced", label_smoothing=0.1))
    task, examples = dataset.task, dataset.train
    counts = np.bincount(np.concatenate([*examples.targets, *dataset.validation.targets,
                                         *dataset.evaluation.targets]), minlength=5)  # fmt: skip
    assert task.class_weights == pytest.approx(counts.sum() / (5 * np.maximum(counts, 1)))
    windows = task.windows(examples, tiny_tokenizer(tmp_path), max_length=19)
    batch = task.batch(windows, np.arange(len(windows)), examples)
    logits = torch.randn(len(batch.weights), 5, generator=torch.Generator().manual_seed(0))
    weights = torch.tensor(task.class_weights)
    plain = torch.nn.functional.cross_entropy(
        logits.double(), batch.targets, reduction="none", label_smoothing=0.1
    )
    wanted = (plain * weights[batch.targets]).sum() / weights[batch.targets].sum()
    assert float(task.loss(logits, batch)) / batch.weight == pytest.approx(float(wanted), rel=1e-5)


def test_texts_and_pairs_that_cannot_be_tagged_are_refused(
    trained: Path, encoder: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="pair"):
        load(trained).predict([("a film", "b")])
    chain = {"class_weights": "balanced", "crf": True}
    with pytest.raises(UsageError, match="--class-weights is given, and the likelihood of a chain"):
        run(conll(tmp_path / "x.conll", 20), encoder, tmp_path / "run", **QUICK, **chain)
    with pytest.raises(UsageError, match="class weight for 'B-PRE'.*did you mean 'B-PER'"):
        given = DataOptions(train=conll(tmp_path / "y.conll", 20), task="token-classification")
        read_dataset(given, Learning(class_weights={"B-PRE": 2.0}))
    (tmp_path / "o.conll").write_text("a O\n\n" * 20)
    with pytest.raises(DataError, match="every tag is O"):
        run(tmp_path / "o.conll", encoder, tmp_path / "run", **QUICK)


def test_plain_tags_are_learnt_as_they_are(encoder: Path, tmp_path: Path) -> None:
    words, tags = sentences(60)
    plain = [["NOUN" if tag != "O" else "DET" for tag in each] for each in tags]
    path = tmp_path / "pos.jsonl"
    rows = zip(words, plain, strict=True)
    path.write_text("".join(json.dumps({"tokens": each, "tags": marks}) + "\n" for each, marks in rows))
    done = run(path, encoder, tmp_path / "run", **{**QUICK, "epochs": 2})
    result = done.document["result"]
    assert done.document["labels"] == ["DET", "NOUN"] and result["scheme"] == "none"
    assert list(result["baselines"]) == ["commonest_tags"]
    assert result["metrics"]["f1"] == pytest.approx(result["metrics"]["accuracy"])


def test_the_estimator_keeps_its_contract(encoder: Path, tmp_path: Path) -> None:
    words, tags = sentences(80)
    common = {"model": str(encoder), "epochs": 4, "learning_rate": 8e-3, "batch_size": 16}
    tagger = clone(TokenTagger(**common)).fit(words, tags)
    assert tagger.classes_.tolist() == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    found = tagger.predict(words)
    assert [len(each) for each in found] == [len(each) for each in words]
    assert 0.3 < tagger.score(words, tags) <= 1
    assert all(np.allclose(each.sum(1), 1) for each in tagger.predict_proba(words[:3]))
    tagger.save(tmp_path / "model")
    loaded = TokenTagger.load(tmp_path / "model")
    assert loaded.predict(words) == found
    texts = [" ".join(each) for each in words]
    assert loaded.predict(texts) == found
    assert [e["word"] for e in loaded.entities(["the warm film"])[0]] in (["warm film"], [])
    search = GridSearchCV(
        TokenTagger(**{**common, "epochs": 0.5}), {"learning_rate": [1e-5, 8e-3]}, cv=2, error_score="raise",
        refit=False,
    )  # fmt: skip
    assert len(search.fit(words[:40], tags[:40]).cv_results_["mean_test_score"]) == 2


@pytest.mark.parametrize(
    ("X", "y"),
    [("abc", None), ([["a"]] * 20, None), ([["a"]] * 20, [["O"]] * 19), ([], [])],
)
def test_what_is_no_list_of_sentences_is_refused(encoder: Path, X: object, y: object) -> None:
    with pytest.raises((UsageError, DataError)):
        TokenTagger(model=str(encoder)).fit(X, y)


def test_the_loss_reads_the_same_rows_as_all_tokens_would(trained: Path, tmp_path: Path) -> None:
    """The encoder computes the first tokens of words only; that changes no logit."""
    model = load(trained)
    task = model.task
    assert isinstance(task, TokenClassification)
    given = examples(sentences(5, seed=9)[0])
    windows = task.windows(given, model.tokenizer, max_length=model.max_length)
    batch = task.batch(windows, np.arange(len(windows)), given)
    assert batch.rows is not None and batch.targets is None
    with torch.no_grad():
        narrow, wide = model.network(batch.packed, rows=batch.rows), model.network(batch.packed)
    torch.testing.assert_close(narrow, wide[batch.rows.index], atol=1e-6, rtol=1e-5)
    assert batch.weight == len(narrow) == sum(len(each) for each in words_of(given))
