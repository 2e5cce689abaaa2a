"""The three sets of a run: disjoint, of the promised sizes, and honest about what was found."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glassbert.errors import DataError, MissingInputError, UsageError
from glassbert.runs.data import DataOptions, Dataset, Learning, read_dataset
from glassbert.text.options import ReadOptions
from tests.runs.material import texts_and_labels, write_rows


def frame(count: int, seed: int = 0) -> pd.DataFrame:
    texts, labels = texts_and_labels(count, seed=seed)
    return pd.DataFrame({"text": texts, "label": labels})


def parts(dataset: Dataset) -> list[set[int]]:
    return [set(part.rows.tolist()) for part in (dataset.train, dataset.validation, dataset.evaluation)]


@pytest.mark.parametrize("count", [10, 120, 1000])
def test_without_evaluation_data_there_are_three_disjoint_sets(count: int) -> None:
    dataset = read_dataset(DataOptions(train=frame(count)))
    train, validation, evaluation = parts(dataset)
    assert train | validation | evaluation == set(range(1, count + 1))
    assert len(train) + len(validation) + len(evaluation) == count
    assert len(evaluation) == pytest.approx(0.2 * count, abs=1)
    assert len(validation) == pytest.approx(0.1 * 0.8 * count, abs=1.5)
    assert min(map(len, (train, validation, evaluation))) > 0
    facts = dataset.facts
    assert facts["sizes"] == {
        "train": len(train),
        "validation": len(validation),
        "evaluation": len(evaluation),
    }
    assert set(facts["split"]["validation_rows"]) == validation
    assert set(facts["split"]["evaluation_rows"]) == evaluation
    assert facts["evaluation"] == {"path": None, "sha256": None, "rows": len(evaluation)}


def test_no_text_is_on_two_sides_even_in_other_letters() -> None:
    data = frame(100)
    doubled = pd.concat([data, data.assign(text=data["text"].str.upper())], ignore_index=True)
    dataset = read_dataset(DataOptions(train=doubled))
    texts = [{str(text).lower() for text in part.texts} for part in (dataset.train, dataset.validation)]
    texts.append({str(text).lower() for text in dataset.evaluation.texts})
    assert sum(map(len, texts)) == len(set.union(*texts)) == 100


def test_every_set_has_every_label() -> None:
    dataset = read_dataset(DataOptions(train=frame(200)))
    for part in (dataset.train, dataset.validation, dataset.evaluation):
        assert part.targets is not None
        assert set(part.targets.tolist()) == {0, 1}


def test_the_seed_decides_the_split() -> None:
    first, again, other = (
        parts(read_dataset(DataOptions(train=frame(100)), Learning(seed=seed))) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_large_data_spend_at_most_so_many_rows_on_judgement() -> None:
    count = 30_000
    data = pd.DataFrame({"text": [f"text {i}" for i in range(count)], "label": ["a", "b"] * (count // 2)})
    sizes = read_dataset(DataOptions(train=data)).facts["sizes"]
    assert sizes["evaluation"] == pytest.approx(5000, abs=2)
    assert sizes["validation"] == pytest.approx(2000, abs=2)


def test_evaluation_data_are_the_score_alone(rows: Path, other: Path) -> None:
    dataset = read_dataset(DataOptions(train=rows, evaluation=other))
    assert dataset.facts["sizes"]["evaluation"] == 40
    assert dataset.facts["split"]["evaluation_rows"] is None
    assert dataset.facts["evaluation"]["path"] == str(other)
    assert len(dataset.facts["evaluation"]["sha256"]) == 64
    assert len(dataset.train) + len(dataset.validation) == 120
    assert not set(dataset.validation.texts) & set(dataset.evaluation.texts)


def test_evaluation_columns_may_have_other_names(tmp_path: Path, rows: Path) -> None:
    """As SST-2 has them: train `label, sentence`, dev `label, content`."""
    texts, labels = texts_and_labels(40, seed=9)
    pd.DataFrame({"label": labels, "content": texts}).to_csv(tmp_path / "dev.tsv", sep="\t", index=False)
    dataset = read_dataset(DataOptions(train=rows, evaluation=tmp_path / "dev.tsv"))
    assert dataset.evaluation.texts == texts
    assert "text: the training file calls this column 'text'" in dataset.facts["evaluation"]["columns"]


def test_a_label_that_training_never_saw_is_refused(tmp_path: Path, rows: Path) -> None:
    (tmp_path / "dev.csv").write_text("text,label\n" + "a b,good\n" * 3 + "c d,middling\n" * 2)
    with pytest.raises(DataError, match="'middling' occurs 2 times"):
        read_dataset(DataOptions(train=rows, evaluation=tmp_path / "dev.csv"))


def test_overlap_is_a_warning_and_an_error_on_request(rows: Path) -> None:
    warned = read_dataset(DataOptions(train=rows, evaluation=rows))
    assert any(
        "120 of 120 evaluation texts (100.0%) are also training texts" in each for each in warned.warnings
    )
    with pytest.raises(DataError, match="leak"):
        read_dataset(DataOptions(train=rows, evaluation=rows, fail_on_leak=True))


def test_contradictions_and_look_alike_labels_are_warnings() -> None:
    data = frame(60)
    odd = pd.DataFrame({"text": [data["text"][0]] * 2, "label": ["Good", "bad"]})
    warnings = read_dataset(DataOptions(train=pd.concat([data, odd], ignore_index=True))).warnings
    assert any("contradictory labels" in each for each in warnings)
    assert any("look alike" in each for each in warnings)


def test_a_single_class_is_refused_unless_allowed(tmp_path: Path) -> None:
    texts, _ = texts_and_labels(30)
    data = pd.DataFrame({"text": texts, "label": ["only"] * 30})
    with pytest.raises(DataError, match="--allow-degenerate"):
        read_dataset(DataOptions(train=data))
    dataset = read_dataset(DataOptions(train=data, allow_degenerate=True))
    assert dataset.task.head.labels == ("only",)
    assert any("every prediction will be that label" in each for each in dataset.warnings)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="9 rows are too few"):
        read_dataset(DataOptions(train=frame(9)))


def test_nothing_to_learn_from_is_usage() -> None:
    with pytest.raises(UsageError, match="TRAIN is missing"):
        read_dataset(DataOptions())


def test_an_unknown_task_is_usage(rows: Path) -> None:
    with pytest.raises(UsageError, match="there is no task 'sentiment'"):
        read_dataset(DataOptions(train=rows, task="sentiment"))


def test_an_absent_file_is_missing_input(tmp_path: Path) -> None:
    with pytest.raises(MissingInputError):
        read_dataset(DataOptions(train=tmp_path / "absent.csv"))


@pytest.mark.parametrize("policy", ["skip", "quarantine"])
def test_rows_set_aside_are_counted_and_kept(tmp_path: Path, policy: str) -> None:
    for name in ("train.csv", "dev.csv"):
        path = write_rows(tmp_path / name, 40, seed=len(name))
        path.write_text(path.read_text() + "one field\n")
    read = ReadOptions(on_bad_rows=policy)
    dataset = read_dataset(
        DataOptions(train=tmp_path / "train.csv", evaluation=tmp_path / "dev.csv", read=read)
    )
    assert dataset.facts["rejected"] == len(dataset.rejected) == 2
    assert {each.problem.file for each in dataset.rejected} == {
        str(tmp_path / "train.csv"),
        str(tmp_path / "dev.csv"),
    }
    assert sum("1 row was set aside" in each for each in dataset.warnings) == 2


def test_class_weights_and_smoothing_reach_the_task() -> None:
    data = frame(100)
    data.loc[data["label"] == "good", "label"] = np.where(np.arange(50) < 40, "bad", "good")
    learning = Learning(class_weights="balanced", label_smoothing=0.1)
    task = read_dataset(DataOptions(train=data), learning).task
    assert task.class_weights is not None
    assert task.class_weights[1] / task.class_weights[0] == pytest.approx(9.0)
    assert task.label_smoothing == 0.1


@pytest.mark.parametrize("bad", [12, 20])
def test_what_is_refused_says_how_many_rows_were_set_aside_before(tmp_path: Path, bad: int) -> None:
    """Of 20 rows too few are left, or none of the second label."""
    path = tmp_path / "rows.csv"
    good, other = ("a film,good\n" * (20 - bad), "a plot,bad,odd\n" * bad)
    path.write_text(f"text,label\n{good * (3 if bad == 12 else 1)}fine,good\n{other}")
    with pytest.raises(DataError) as caught:
        read_dataset(DataOptions(train=path, read=ReadOptions(on_bad_rows="skip")))
    assert [each.code for each in caught.value.problems] in (
        ["rows-set-aside", "single-class"],
        ["rows-set-aside", "too-few-rows"],
    )
    assert f"rows-set-aside: {bad} rows were set aside and not used; the first: " in str(caught.value)


@pytest.mark.parametrize("read", [ReadOptions(scheme="iob2"), ReadOptions(repair_bio=True)])
def test_what_is_said_of_tags_is_refused_where_there_are_none(read: ReadOptions) -> None:
    with pytest.raises(
        UsageError, match="no-such-choice: --.* is given, and text-classification has no tags"
    ):
        read_dataset(DataOptions(train=frame(40), read=read))
