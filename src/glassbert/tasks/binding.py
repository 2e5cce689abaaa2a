"""A task told of those weights that act between a network's logits, and so are no part of them."""

from __future__ import annotations

from dataclasses import replace

from glassbert.model.network import Network
from glassbert.tasks.tag_chains import chain_of
from glassbert.tasks.tagging import TokenClassification
from glassbert.tasks.task import Task


def bound(task: Task, network: Network) -> Task:
    """The task as it learns and answers with this network: weights between tags are read as they are then.

    Any other task is returned as it is.
    """
    if isinstance(task, TokenClassification) and task.head.crf:
        return replace(task, chain=chain_of(network))
    return task
