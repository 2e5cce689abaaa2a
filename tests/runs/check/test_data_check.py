"""What a check finds, on data with planted defects; rows read = rows used + rows set aside, always."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassbert.errors import DataError, UsageError
from glassbert.runs.check.data_check import Check, CheckOptions, check, check_data
from glassbert.runs.data import DataOptions, read_dataset
from glassbert.runs.finetune import finetune
from glassbert.text.options import ReadOptions
from glassbert.train.stop import Stop
from tests.runs.material import options, texts_and_labels
from tests.runs.test_tagging import conll

KEYS = {
    "source", "file", "rows", "evaluation", "columns", "task", "answers", "languages", "lengths",
    "near_duplicates", "notes", "warnings", "rejected_rows", "findings", "ok",
}  # fmt: skip


def looked_at(frame: pd.DataFrame, encoder: Path, **more: object) -> Check:
    return check(frame, model=str(encoder), measure=False, **more)  # type: ignore[arg-type]


def codes(found: Check) -> dict[str, str]:
    return {each.code: each.level for each in found.findings}


def plain(count: int = 120, *, seed: int = 0) -> pd.DataFrame:
    texts, labels = texts_and_labels(count, seed=seed)
    return pd.DataFrame({"text": texts, "label": labels})


def test_sound_data_has_no_mistakes_and_every_key(encoder: Path, rows: Path) -> None:
    found = check(rows, model=str(encoder))
    document = found.document
    assert set(document) == KEYS | {"baselines", "estimates"}
    assert document["ok"] and found.ok
    assert document["rows"] == {"read": 120, "used": 120, "set_aside": 0}
    assert sum(document["evaluation"]["sizes"].values()) == 120
    assert document["answers"]["counts"] == {"bad": 60, "good": 60}
    assert document["task"]["name"] == "text-classification"
    assert document["file"]["format"] == "csv"
    assert document["languages"]["scripts"] == {"Latin": 120}
    assert sum(document["languages"]["guessed"].values()) == 120
    assert [each["model"] for each in document["estimates"]] == [str(encoder), "a base model"]
    assert all(each["seconds"] > 0 and each["memory_mb"] > 0 for each in document["estimates"])
    assert document["baselines"]["tfidf"]["accuracy"] > document["baselines"]["majority"]["accuracy"]
    json.dumps(document, allow_nan=False)
    found.refuse()


def test_lengths_are_those_of_the_tokenizer(encoder: Path) -> None:
    frame = plain()
    frame.loc[0, "text"] = "film " * 300
    lengths = looked_at(frame, encoder).document["lengths"]
    assert lengths["texts"] == lengths["texts_counted"] == 120
    assert lengths["percentiles"]["p100"] == 302
    assert lengths["percentiles"]["p50"] < 20
    assert [each["max_length"] for each in lengths["windows"]] == [19]
    (cost,) = lengths["windows"]
    assert cost["texts_in_several"] >= 1
    assert cost["windows"] >= 120 + 300 / 17 - 1


def test_labels_that_contradict_one_another_on_many_rows_are_a_mistake(encoder: Path) -> None:
    frame = plain()
    again = frame.head(30).assign(
        label=["good" if each == "bad" else "bad" for each in frame["label"].head(30)]
    )
    found = looked_at(pd.concat([frame, again], ignore_index=True), encoder)
    (finding,) = (each for each in found.findings if each.level == "mistake")
    assert finding.code == "contradictory-labels"
    assert finding.facts == {"rows": 60, "best_accuracy": 0.8}
    with pytest.raises(DataError) as caught:
        found.refuse()
    assert caught.value.exit_code == 65


def test_labels_that_are_row_numbers_are_a_mistake(encoder: Path) -> None:
    frame = plain().assign(label=[f"L{i // 15 if i < 45 else i}" for i in range(120)])
    assert codes(looked_at(frame, encoder))["identity-labels"] == "mistake"


def test_texts_that_are_mostly_empty_are_a_mistake_and_a_few_a_warning(encoder: Path) -> None:
    frame = plain()
    frame.loc[:2, "text"] = " "
    assert codes(looked_at(frame, encoder))["empty-texts"] == "warning"
    frame.loc[:70, "text"] = [" " * (1 + i % 3) for i in range(71)]
    assert codes(looked_at(frame, encoder))["empty-texts"] == "mistake"


def test_an_evaluation_file_that_is_the_training_file_is_a_mistake(encoder: Path) -> None:
    frame = plain()
    assert codes(looked_at(frame, encoder, eval_data=frame.head(40)))["leak"] == "mistake"
    other = pd.concat([plain(60, seed=3), frame.head(10)], ignore_index=True)
    found = looked_at(frame, encoder, eval_data=other)
    assert "leak" not in codes(found)
    assert any("10 of 70 evaluation texts" in each for each in found.document["warnings"])


def test_near_copies_across_the_files_are_a_warning_with_their_rows(encoder: Path) -> None:
    frame, copies = plain(), plain(40, seed=4)
    frame["text"] = [f"{text} and so it was said by everybody who was there" for text in frame["text"]]
    copies.loc[:9, "text"] = [f"{text}!" for text in frame["text"].head(10)]
    found = looked_at(frame, encoder, eval_data=copies)
    near = found.document["near_duplicates"]
    assert codes(found)["near-leak"] == "warning"
    assert near["leaked"] >= 10
    assert {each["file"] for pair in near["first"] for each in pair["rows"]} <= {"data", "evaluation"}


def test_giveaways_repeats_and_single_rows_are_said(encoder: Path) -> None:
    frame = plain().assign(source=lambda all_: all_["label"].str[0])
    frame = pd.concat([frame, frame.head(20)], ignore_index=True)
    frame.loc[len(frame)] = ["one of a kind", "strange", "s"]
    found = codes(looked_at(frame, encoder))
    assert found == {
        "giveaway-column": "warning", "repeated-rows": "warning", "single-row-labels": "warning",
        "unknown-tokens": "warning",
        **({"near-duplicates": "note"} if "near-duplicates" in found else {}),
        **({"near-leak": "warning"} if "near-leak" in found else {}),
    }  # fmt: skip


def test_finetune_says_the_same_and_refuses_the_same(encoder: Path, tmp_path: Path) -> None:
    frame = plain()
    frame.loc[:70, "text"] = [" " * (1 + i % 3) for i in range(71)]
    file = tmp_path / "rows.csv"
    frame.to_csv(file, index=False)
    with pytest.raises(DataError, match="empty-texts: 71 of 120 texts are empty"):
        finetune(options(file, encoder, tmp_path / "run"), stop=Stop())
    assert not (tmp_path / "run" / "run.json").exists()
    done = finetune(options(file, encoder, tmp_path / "run", allow_degenerate=True, epochs=1), stop=Stop())
    assert done.is_finished


def test_choices_and_settings_that_a_run_refuses_are_refused(encoder: Path, tmp_path: Path) -> None:
    file = conll(tmp_path / "x.conll", 40)
    with pytest.raises(UsageError, match="--class-weights is given, and the likelihood of a chain"):
        check(file, model=str(encoder), settings={"class_weights": "balanced"}, crf=True)
    with pytest.raises(UsageError, match="a check has no option 'lora' — .* crf, lstm_size; settings"):
        check(file, model=str(encoder), lora=8)


def test_a_told_task_is_said_to_be_told(encoder: Path) -> None:
    frame = plain().assign(label=lambda all_: [str(float(len(each))) for each in all_["text"]])
    found = looked_at(frame, encoder, task="text-regression").document
    assert found["task"] == {"name": "text-regression", "reasons": ["as told"], "told": True}
    assert found["answers"]["kind"] == "number"


ROW = st.one_of(
    st.tuples(st.sampled_from(["a fine film", "dull", "x y z"]), st.sampled_from(["good", "bad"])),
    st.tuples(st.just("too,many"), st.just("good,fields")),
    st.tuples(st.just("no label"), st.just("")),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, max_size=30))
def test_rows_read_are_rows_used_and_rows_set_aside(
    encoder: Path, tmp_path: Path, drawn: list[tuple[str, str]]
) -> None:
    texts, labels = texts_and_labels(40)
    lines = [*zip(texts, labels, strict=True), *drawn]
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in lines))
    read = ReadOptions(on_bad_rows="skip")
    found = check_data(file, None, CheckOptions(read=read, model=str(encoder), measure=False)).document
    dataset = read_dataset(DataOptions(train=file, read=read))
    assert found["rows"]["read"] == len(lines)
    assert found["rows"]["used"] == sum(found["evaluation"]["sizes"].values())
    assert found["rows"]["set_aside"] == len(dataset.rejected)


def test_second_texts_that_are_missing_are_counted(encoder: Path) -> None:
    frame = plain()
    frame.insert(1, "sentence2", "and so it was")
    frame = frame.rename(columns={"text": "sentence1"})
    frame.loc[:2, "sentence2"] = ""
    found = looked_at(frame, encoder, task="text-pair-classification")
    (empty,) = (each for each in found.document["findings"] if each["code"] == "empty-texts")
    assert empty["level"] == "warning" and "3 of 120 second texts are empty" in empty["what"]
    frame.loc[:, "sentence2"] = ""
    assert codes(looked_at(frame, encoder, task="text-pair-classification"))["empty-texts"] == "mistake"


def test_a_bad_tag_is_named_with_its_line(encoder: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.conll"
    file.write_text("the O\nfine B-LOC\nfilm b-per\n\n" * 20)
    with pytest.raises(DataError, match=r"x\.conll:3: bad-tag: 'b-per'"):
        check(file, model=str(encoder), task="token-classification")
