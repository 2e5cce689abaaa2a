"""Tasks are found by the hub's names, and by the head of a trained model."""

import pytest

from glassbert.errors import UsageError
from glassbert.model.config import HeadConfig
from glassbert.tasks.classification import TextClassification
from glassbert.tasks.names import TASKS, find_task, task_of_head
from glassbert.tasks.task import Tuned

HEAD = HeadConfig(kind="sequence-classification", labels=("a", "b"))


def test_task_is_found_by_its_hub_name() -> None:
    assert find_task("text-classification") is TextClassification
    assert all(task.name == name for name, task in TASKS.items())


@pytest.mark.parametrize("name", ["text-clasification", "", "Text-Classification", "translation"])
def test_unknown_task_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(UsageError, match="tasks: text-classification") as caught:
        find_task(name)
    assert caught.value.problems[0].code == "unknown-task"


def test_task_is_found_by_the_head_of_a_trained_model() -> None:
    task = task_of_head(HEAD, tuned=Tuned(temperature=1.5))
    assert isinstance(task, TextClassification)
    assert (task.head, task.temperature) == (HEAD, 1.5)


def test_a_single_class_is_one_where_the_head_says_so() -> None:
    head = HeadConfig(
        kind="sequence-classification", labels=("only",), problem_type="single_label_classification"
    )
    assert task_of_head(head).head == head


@pytest.mark.parametrize(
    "head",
    [
        HeadConfig(kind="masked-lm"),
        HeadConfig(kind="sequence-classification", labels=("a", "b"), problem_type="regression"),
    ],
)
def test_head_without_a_task_is_refused(head: HeadConfig) -> None:
    with pytest.raises(UsageError, match="no task fits"):
        task_of_head(head)


@pytest.mark.parametrize("problem", [None, "regression"])
def test_one_logit_is_a_number_as_transformers_reads_it(problem: str | None) -> None:
    head = HeadConfig(kind="sequence-classification", labels=("score",), problem_type=problem)
    assert task_of_head(head).name == "text-regression"


def test_the_name_that_a_model_keeps_decides_and_must_fit() -> None:
    assert task_of_head(HEAD, name="text-pair-classification").name == "text-pair-classification"
    with pytest.raises(UsageError, match="text-regression does not fit"):
        task_of_head(HEAD, name="text-regression")
