"""What can be said of the rows in a moment, and is therefore said before every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from glassbert.runs.check.finding import Finding
from glassbert.runs.check.giveaway import giveaway_numbers, giveaway_words, giveaways
from glassbert.runs.rows import Rows
from glassbert.tasks.task import Examples, Task, Text
from glassbert.text.label_checks import contradictions, equal_texts, leaked
from glassbert.text.quoting import quoted

EMPTY_SHARE = 0.5
CONTRADICTORY_SHARE = 0.25
"""Beyond this share of rows no model can be right on much of the data, whatever it learns."""
LEAKED_SHARE = 0.5
REJECTED_SHARE = 0.5
REPEATED_SHARE = 0.1
SHOWN = 5


def quick_findings(source: Rows, examples: Examples, task: Task) -> list[Finding]:
    """Warnings and mistakes of a training file that the reading itself does not tell."""
    assert examples.targets is not None
    words = task.words(examples.targets)
    found = [*_rejected(source), *_empty(examples.texts), *_repeated(examples.texts, words)]
    if task.answer == "span":  # the columns beside it are parts of the answer
        return found
    if task.answer == "number":
        return found + giveaway_numbers(source.table, source.columns, examples)
    if task.answer == "class":
        found += [*_contradictory(examples.texts, words), *_identity(words), *_single_rows(words)]
        found += giveaway_words(examples.texts, words)
    if task.answer not in ("class", "set"):
        return found
    return found + giveaways(source.table, source.columns, words)


def leak_finding(train: Examples, evaluation: Examples) -> list[Finding]:
    """A mistake where so many evaluation texts are training texts that the score says nothing."""
    share = len(leaked(train.texts, evaluation.texts)) / max(len(evaluation), 1)
    if share < LEAKED_SHARE:
        return []
    what = f"{share:.0%} of the evaluation texts are also training texts: the score would measure memory"
    fix = "judge by rows that training does not see, or leave --eval-data out"
    return [Finding(code="leak", level="mistake", what=what, fix=fix, facts={"share": share})]


def _rejected(source: Rows) -> list[Finding]:
    count = len(source.rejected)
    total = count + len(source.table.rows)
    if count <= REJECTED_SHARE * total:
        return []
    what = f"{count:,} of {total:,} rows cannot be used"
    fix = "is it the right format, delimiter and column? the reasons are named above"
    return [Finding(code="mostly-rejected", level="mistake", what=what, fix=fix, facts={"rows": count})]


def _empty(texts: Sequence[Text]) -> list[Finding]:
    """A finding for each side of pairs that has empty texts."""
    sides = list(zip(*map(_parts, texts), strict=True))
    names = ("texts",) if len(sides) < 2 else ("first texts", "second texts")
    each = zip(sides, names, ("--text-column", "--pair-column"), strict=False)
    found = [_empty_side(side, name, option) for side, name, option in each]
    return [each for each in found if each is not None]


def _empty_side(texts: Sequence[str], name: str, option: str) -> Finding | None:
    empty = sum(not text.strip() for text in texts)
    if not empty:
        return None
    mistake = empty >= EMPTY_SHARE * len(texts)
    what = f"{empty:,} of {len(texts):,} {name} are empty"
    fix = f"is {option} the right one?" if mistake else "leave these rows out, unless empty means something"
    level = "mistake" if mistake else "warning"
    return Finding(code="empty-texts", level=level, what=what, fix=fix, facts={"rows": empty})  # type: ignore[arg-type]


def _repeated(texts: Sequence[Text], words: Sequence[str]) -> list[Finding]:
    """Rows that say again what an earlier row says; the split keeps them on one side."""
    groups = equal_texts(texts)
    again = sum(len(group) - len({words[index] for index in group}) for group in groups)
    if not again:
        return []
    level = "warning" if again >= REPEATED_SHARE * len(texts) else "note"
    what = f"{again:,} of {len(texts):,} rows repeat an earlier row, text and answer"
    fix = "keep one of each, unless the counts mean something; a split keeps them on one side"
    return [Finding(code="repeated-rows", level=level, what=what, fix=fix, facts={"rows": again})]  # type: ignore[arg-type]


def _contradictory(texts: Sequence[Text], words: Sequence[str]) -> list[Finding]:
    groups = contradictions(texts, words)
    rows = sum(map(len, groups))
    if rows < CONTRADICTORY_SHARE * len(texts):
        return []
    lost = sum(len(group) - Counter(words[index] for index in group).most_common(1)[0][1] for group in groups)
    best = 1 - lost / len(texts)
    what = f"{rows:,} of {len(texts):,} rows have texts that also stand with another label: no model can be "
    what += f"right on more than {best:.1%} of the rows"
    fix = "decide on one label for each text, or use --task multi-label-classification"
    facts = {"rows": rows, "best_accuracy": best}
    return [Finding(code="contradictory-labels", level="mistake", what=what, fix=fix, facts=facts)]


def _identity(words: Sequence[str]) -> list[Finding]:
    count = len(set(words))
    if count <= len(words) / 2:
        return []
    what = f"{count:,} different labels in {len(words):,} rows: that looks like a number of the row or a text"
    fix = "name the column of the label with --label-column; for numbers use --task text-regression"
    return [Finding(code="identity-labels", level="mistake", what=what, fix=fix, facts={"labels": count})]


def _single_rows(words: Sequence[str]) -> list[Finding]:
    rare = [label for label, count in Counter(words).items() if count == 1]
    if not rare:
        return []
    shown = ", ".join(quoted(label) for label in sorted(rare)[:SHOWN])
    more = f" and {len(rare) - SHOWN:,} more" if len(rare) > SHOWN else ""
    what = f"labels with a single row, which can be learnt from or judged by, not both: {shown}{more}"
    fix = "add rows, or join them with another label"
    return [
        Finding(code="single-row-labels", level="warning", what=what, fix=fix, facts={"labels": len(rare)})
    ]


def _parts(text: Text) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text
