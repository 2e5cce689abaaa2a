"""What can be wrong with labels in well-formed rows: look-alikes, strangers, one class, conflicts, leaks.

Warnings are returned as sentences; the caller shows them. Errors are raised.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

from glassbert.errors import SHOWN_PROBLEMS, DataError, Problem
from glassbert.text.folding import Text, fold_label, fold_text
from glassbert.text.quoting import quoted

FIRST = 5


def near_duplicate_labels(labels: Sequence[str]) -> list[str]:
    """A warning for each group of labels that differ only in case, white space, width or composition."""
    counts = Counter(labels)
    alike = defaultdict(list)
    for label in counts:
        alike[fold_label(label)].append(label)
    return [
        f"labels that look alike but are different classes: "
        f"{_joined([f'{_visible(label, group)} ({counts[label]:,})' for label in sorted(group)])}; "
        "they are not merged; correct the data if they are one class"
        for group in alike.values()
        if len(group) > 1
    ]


def check_unseen_labels(train: Sequence[str], evaluation: Sequence[str], *, source: str) -> None:
    """DataError (65) naming each evaluation label that the training data lacks, with its count."""
    counts = Counter(evaluation)
    known = set(train)
    unseen = [label for label in counts if label not in known]
    if not unseen:
        return
    fix = f"the training labels are {_listed(sorted(known))}; correct the data or leave these rows out"
    problems = [
        Problem(
            code="unseen-label",
            what=f"label {quoted(label)} occurs {_times(counts[label])} here and never in the training data",
            fix=fix,
            file=source,
        )
        for label in unseen[:SHOWN_PROBLEMS]
    ]
    raise DataError(*problems, total=len(unseen))


def check_classes(labels: Sequence[str], *, source: str, allow_degenerate: bool = False) -> list[str]:
    """DataError (65) when there are fewer than two classes; only a warning with `allow_degenerate`."""
    classes = set(labels)
    if len(classes) > 1:
        return []
    what = (
        f"all {len(labels):,} examples have the label {quoted(next(iter(classes)))}"
        if classes
        else "no example has a label"
    )
    if allow_degenerate and classes:
        return [f"{source}: {what}; every prediction will be that label"]
    fix = "add examples of a second class, check --label-column, or pass --allow-degenerate"
    raise DataError(Problem(code="single-class", what=what, fix=fix, file=source))


def equal_texts(texts: Sequence[Text]) -> list[list[int]]:
    """The places of texts that occur more than once (but for case and white space), a list for each."""
    groups: defaultdict[Text, list[int]] = defaultdict(list)
    for index, text in enumerate(texts):
        groups[fold_text(text)].append(index)
    return [group for group in groups.values() if len(group) > 1]


def contradictions(texts: Sequence[Text], labels: Sequence[str]) -> list[list[int]]:
    """Those of them that have different labels."""
    return [group for group in equal_texts(texts) if len({labels[index] for index in group}) > 1]


def leaked(train_texts: Sequence[Text], evaluation_texts: Sequence[Text]) -> list[int]:
    """The places of evaluation texts that are also training texts (but for case and white space)."""
    known = {fold_text(text) for text in train_texts}
    return [index for index, text in enumerate(evaluation_texts) if fold_text(text) in known]


def conflicts(
    texts: Sequence[Text], labels: Sequence[str], rows: Sequence[int], *, named: bool = True
) -> list[str]:
    """Warnings about equal texts (but for case and white space) with different labels: counts, first five.

    `named`: with their labels, which are short.
    """
    found = contradictions(texts, labels)
    if not found:
        return []
    total = sum(map(len, found))
    count = "1 text occurs" if len(found) == 1 else f"{len(found):,} texts occur"
    return [
        f"{count} with contradictory labels ({total:,} rows)",
        *(
            f"rows {_listed_rows(group, rows, labels if named else None)}: {_short(texts[group[0]])}"
            for group in found[:FIRST]
        ),
    ]


def overlap(
    train_texts: Sequence[Text],
    evaluation_texts: Sequence[Text],
    *,
    rows: Sequence[int] | None = None,
    source: str = "the evaluation data",
    fail_on_leak: bool = False,
) -> list[str]:
    """Warnings about evaluation texts that are also training texts (but for case and white space).

    `rows`: the row numbers of the evaluation texts, from 1 when absent. DataError (65) with `fail_on_leak`.
    """
    found = leaked(train_texts, evaluation_texts)
    if not found:
        return []
    share = len(found) / len(evaluation_texts)
    what = (
        f"{len(found):,} of {len(evaluation_texts):,} evaluation texts ({share:.1%}) are also training texts"
    )
    first = [
        f"row {index + 1 if rows is None else int(rows[index]):,}: {_short(evaluation_texts[index])}"
        for index in found[:FIRST]
    ]
    if fail_on_leak:
        fix = f"remove them from one side; the first: {'; '.join(first)}"
        raise DataError(Problem(code="leak", what=what, fix=fix, file=source))
    return [f"{source}: {what}; the score will look better than it is", *first]


def _listed_rows(group: Sequence[int], rows: Sequence[int], labels: Sequence[str] | None) -> str:
    said = {} if labels is None else {index: f" ({quoted(labels[index])})" for index in group[:FIRST]}
    shown = [f"{int(rows[index]):,}{said.get(index, '')}" for index in group[:FIRST]]
    more = len(group) - FIRST
    return _joined([*shown, f"{more:,} more"] if more > 0 else shown)


def _visible(label: str, group: Sequence[str]) -> str:
    """The label in quotes; with its code points where another of the group prints alike."""
    composed = [unicodedata.normalize("NFC", other) for other in group]
    if composed.count(unicodedata.normalize("NFC", label)) == 1:
        return quoted(label)
    return f"{quoted(label)} [{' '.join(f'U+{ord(character):04X}' for character in label)}]"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(quoted(label) for label in labels[:SHOWN_PROBLEMS])
    return shown if len(labels) <= SHOWN_PROBLEMS else f"{shown} and {len(labels) - SHOWN_PROBLEMS:,} more"


def _joined(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _short(text: Text) -> str:
    whole = " / ".join(text) if isinstance(text, tuple) else text
    return quoted(" ".join(whole.split()))
