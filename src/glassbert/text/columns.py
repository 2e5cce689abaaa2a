"""Which column holds the text and which the label: by name, then by content, with the reason in words."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from glassbert.errors import DataError, Problem, UsageError
from glassbert.text.asked import Asked, Schema
from glassbert.text.like_columns import is_scored, negative_column, unscored
from glassbert.text.names import (
    LABEL_NAMES,
    NUMBER_NAMES,
    SET_NAMES,
    TEXT_NAMES,
    are_numbered_alike,
    names_identity,
    plain,
    usual_pair,
)
from glassbert.text.profiles import Profile, profile
from glassbert.text.quoting import quoted
from glassbert.text.set_columns import marked_columns
from glassbert.text.span_columns import choose_span_columns
from glassbert.text.tables import Table

LISTED = 20
OPTIONS = "--text-column and --label-column"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The chosen columns, and why these; `pair` is the column of second texts where the table holds pairs,
    `indicators` are the columns of 0 and 1 that are the label together, `negative` that of third texts.
    """

    text: str
    label: str | None
    reasons: tuple[str, ...]
    pair: str | None = None
    indicators: tuple[str, ...] = ()
    negative: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Choice:
    column: str
    reason: str
    pair: str | None = None


def choose_columns(
    table: Table,
    *,
    text: str | None = None,
    pair: str | None = None,
    label: str | None = None,
    schema: Schema = Schema(),  # noqa: B008 - frozen
    need_label: bool = True,
    like: Columns | None = None,
) -> Columns:
    """Choose the columns of text and label; what the caller names is taken, the rest is found or refused.

    `schema`: what the task reads; where that is a pair, both columns are found. `like`: the choice for the
    training file; an evaluation file may name its columns differently. Without `need_label` a label column is
    taken only when its name says so. Errors: DataError (65) when a column is missing or when two would do;
    UsageError (2) when one column is named twice.
    """
    asked = Asked(text=text, pair=pair, label=label)
    _refuse_same(asked)
    if schema.label == "spans":
        return _span_columns(table, asked, need_label=need_label, like=like)
    if schema.label == "likeness":
        return _like_columns(table, asked, need_label=need_label, like=like)
    profiles = {name: profile(table.frame, name) for name in table.frame.columns}
    marked = marked_columns(profiles, asked, like.indicators if like else ()) if schema.label == "set" else ()
    for option, name in asked.options.items():
        for each in marked if marked and option == "--label-column" else (name,):
            _require(table, each, option=option)
    named: _Choice | list[str] | None
    if marked:
        named = _Choice(
            column=",".join(marked), reason=f"{len(marked)} columns of 0 and 1: {_listed(marked)}"
        )
    else:
        named = _named_label(profiles, given=label, like=like, taken={text, pair}, kind=schema.label)
    if isinstance(named, list) and need_label:
        raise _ambiguous(table, role="label", found=named)
    chosen_label = None if isinstance(named, list) else named
    taken = {pair, None if chosen_label is None else chosen_label.column, *marked}
    paired = schema.texts == "pair"
    chosen = _text(table, profiles, given=text, like=like, taken=taken, paired=paired)
    if pair is not None:
        chosen = replace(chosen, pair=pair)
    elif paired and chosen.pair is None:
        chosen = replace(chosen, pair=_partner(table, profiles, chosen.column, taken=taken))
    if chosen_label is None and need_label:
        chosen_label = _found_label(table, profiles, taken={chosen.column, chosen.pair}, kind=schema.label)
    reasons = [f"text: {chosen.reason}"]
    if chosen.pair is not None:
        reasons.append(f"pair: {quoted(chosen.pair)} goes with {quoted(chosen.column)}")
    if chosen_label is not None:
        reasons.append(f"label: {chosen_label.reason}")
    return Columns(
        text=chosen.column,
        label=None if chosen_label is None else chosen_label.column,
        reasons=(*reasons, *_renamed(chosen, chosen_label, like)),
        pair=chosen.pair,
        indicators=marked,
    )


def _span_columns(table: Table, asked: Asked, *, need_label: bool, like: Columns | None) -> Columns:
    for option, name in asked.options.items():
        _require(table, name, option=option)
    before = None if like is None else (like.text, like.pair, like.label)
    names = list(table.frame.columns)
    found = choose_span_columns(names, asked, like=before, need_answers=need_label, source=table.source)
    return Columns(text=found.question, pair=found.context, label=found.answers, reasons=found.reasons)


def _like_columns(table: Table, asked: Asked, *, need_label: bool, like: Columns | None) -> Columns:
    negative = negative_column(table)
    rest = table if negative is None else replace(table, frame=table.frame.drop(columns=negative))
    before = like if like is None or is_scored(like) else replace(like, label=None)
    numbers = [name for name in rest.frame.columns if plain(name) in NUMBER_NAMES[0]]
    scores = Schema(texts="pair", label="number")
    scored = need_label and len(numbers) > 0
    found = choose_columns(rest, **vars(asked), schema=scores, need_label=scored, like=before)
    if found.label is not None or not need_label:
        return found
    return unscored(found, negative=negative, source=table.source)


def _named_label(
    profiles: dict[str, Profile],
    *,
    given: str | None,
    like: Columns | None,
    taken: Collection[str | None],
    kind: str,
) -> _Choice | list[str] | None:
    """The label column by option, by the training file or by its usual name; a list when several compete."""
    if given is not None:
        return _Choice(column=given, reason=f"{quoted(given)}, as told, {_repetition(profiles[given])}")
    if like is not None and like.label in profiles and like.label not in taken:
        column = str(like.label)
        return _Choice(
            column=column,
            reason=f"{quoted(column)}, as in the training file, {_repetition(profiles[column])}",
        )
    for rank, tier in enumerate({"number": NUMBER_NAMES, "set": SET_NAMES}.get(kind, LABEL_NAMES)):
        found = [name for name in profiles if plain(name) in tier and name not in taken]
        if kind == "number" and len(found) > 1:
            found = [name for name in found if profiles[name].numbers] or found
        if (
            rank and kind != "number"
        ):  # the looser names ("topic", "target") are also given to columns of text
            fitting = [name for name in found if profiles[name].scalars or kind == "set"]  # or of lists
            found = [name for name in fitting if not profiles[name].running]
        if len(found) > 1:
            return found
        if found:
            return _Choice(column=found[0], reason=f"{quoted(found[0])}, {_repetition(profiles[found[0]])}")
    return None


def _found_label(
    table: Table, profiles: dict[str, Profile], *, taken: Collection[str | None], kind: str
) -> _Choice:
    """The only column of numbers, of lists, or whose values repeat."""
    lists = [name for name, each in profiles.items() if each.lists and kind == "set"]
    numbers = kind == "number"
    fitting = lists or [n for n, each in profiles.items() if (each.numbers if numbers else each.repeats)]
    found = [name for name in fitting if name not in taken]
    found = [name for name in found if not names_identity(name)]
    if len(found) > 1:
        raise _ambiguous(table, role="label", found=found)
    if not found:
        wanted = "a number to learn" if numbers else "a label"
        what = f"no column looks like {wanted}; columns found: {_listed(table.frame.columns)}"
        fix = "name it with --label-column"
        raise DataError(Problem(code="missing-label-column", what=what, fix=fix, file=table.source))
    return _Choice(column=found[0], reason=f"{quoted(found[0])}, {_repetition(profiles[found[0]])}")


def _text(
    table: Table,
    profiles: dict[str, Profile],
    *,
    given: str | None,
    like: Columns | None,
    taken: Collection[str | None],
    paired: bool,
) -> _Choice:
    if given is not None:
        return _Choice(column=given, reason=f"{quoted(given)}, as told {_figures(profiles[given])}")
    if like is not None and like.text in profiles and like.text not in taken:
        pair = like.pair if like.pair in profiles and like.pair not in taken else None
        reason = f"{quoted(like.text)}, as in the training file {_figures(profiles[like.text])}"
        return _Choice(column=like.text, reason=reason, pair=pair)
    free = {name: figures for name, figures in profiles.items() if name not in taken}
    return _named_text(table, free, paired=paired) or _running_text(table, free, paired=paired)


def _named_text(table: Table, free: dict[str, Profile], *, paired: bool) -> _Choice | None:
    pair = usual_pair(list(free))
    certain = [name for name in free if plain(name) in TEXT_NAMES[0]]
    if pair is not None and set(certain) <= set(pair):
        reason = f"{quoted(pair[0])}, chosen by its name {_figures(free[pair[0]])}"
        return _Choice(column=pair[0], reason=reason, pair=pair[1])
    likely = [name for name in free if plain(name) in TEXT_NAMES[1] and free[name].strings]
    likely = [name for name in likely if not free[name].numeric]
    if not certain and len(likely) > 1:
        likely = [name for name in likely if free[name].running] or likely
    found = certain or likely
    if len(found) == 2 and paired:
        reason = f"{quoted(found[0])}, one of two columns with names of texts {_figures(free[found[0]])}"
        return _Choice(column=found[0], reason=reason, pair=found[1])
    if len(found) > 1:
        raise _ambiguous(table, role="text", found=found)
    if not found:
        return None
    only = [name for name in free if free[name].running] == found
    why = "the only column of running text" if only else "chosen by its name"
    return _Choice(column=found[0], reason=f"{quoted(found[0])}, {why} {_figures(free[found[0]])}")


def _running_text(table: Table, free: dict[str, Profile], *, paired: bool) -> _Choice:
    why = "the only column of running text"
    found = [name for name in free if free[name].running]
    if not found:
        why = "the only column of words"
        wordy = [name for name in free if free[name].wordy and not names_identity(name)]
        found = [name for name in wordy if not free[name].repeats] or wordy
    if len(found) == 2 and are_numbered_alike(*found):
        reason = (
            f"{quoted(found[0])}, one of two columns of text with numbered names {_figures(free[found[0]])}"
        )
        return _Choice(column=found[0], reason=reason, pair=found[1])
    if len(found) == 2 and paired:
        reason = f"{quoted(found[0])}, one of the two columns of text {_figures(free[found[0]])}"
        return _Choice(column=found[0], reason=reason, pair=found[1])
    if len(found) > 1:
        raise _ambiguous(table, role="text", found=found)
    if not found:
        what = f"no column looks like text; columns found: {_listed(table.frame.columns)}"
        fix = "name it with --text-column"
        raise DataError(Problem(code="missing-text-column", what=what, fix=fix, file=table.source))
    return _Choice(column=found[0], reason=f"{quoted(found[0])}, {why} {_figures(free[found[0]])}")


def _partner(table: Table, profiles: dict[str, Profile], text: str, *, taken: Collection[str | None]) -> str:
    """The column of second texts that goes with the first: by its name, else the only other text."""
    free = [name for name in profiles if name not in taken and name != text]
    for other in free:
        usual = usual_pair([text, other])
        if usual is not None or are_numbered_alike(text, other):
            return other
    found = [name for name in free if profiles[name].running]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(table, role="second text", found=found)
    what = f"no column goes with {quoted(text)} as second text; columns found: {_listed(profiles)}"
    fix = "name it with --pair-column, or use a task that reads one text"
    raise DataError(Problem(code="missing-pair-column", what=what, fix=fix, file=table.source))


def _renamed(text: _Choice, label: _Choice | None, like: Columns | None) -> list[str]:
    if like is None:
        return []
    now = [
        ("text", like.text, text.column),
        ("pair", like.pair, text.pair),
        ("label", like.label, label and label.column),
    ]
    return [
        f"{role}: the training file calls this column {quoted(before)}"
        for role, before, column in now
        if before is not None and column is not None and before != column
    ]


def _refuse_same(asked: Asked) -> None:
    named = [(option, name) for option, name in asked.options.items() if name is not None]
    for place, (option, name) in enumerate(named):
        for other, again in named[:place]:
            if name == again:
                roles = [_role(other), _role(option)]
                what = f"{quoted(name)} is named as the column of the {roles[0]} and of the {roles[1]}"
                fix = f"name two columns with {other} and {option}"
                raise UsageError(Problem(code="same-column", what=what, fix=fix))


def _role(option: str) -> str:
    return option.removeprefix("--").removesuffix("-column")


def _require(table: Table, name: str | None, *, option: str) -> None:
    names = list(table.frame.columns)
    if name is None or name in names:
        return
    close = difflib.get_close_matches(name, names, n=1)
    fix = f"did you mean {option} {quoted(close[0])}?" if close else f"name one of them with {option}"
    what = f"there is no column {quoted(name)}; columns found: {_listed(names)}"
    raise DataError(Problem(code="missing-column", what=what, fix=fix, file=table.source))


def _ambiguous(table: Table, *, role: str, found: Sequence[str]) -> DataError:
    listed = _listed(table.frame.columns)
    what = f"{_listed(found)} could each be the column of the {role}; columns found: {listed}"
    fix = f"name the columns with {OPTIONS}"
    return DataError(Problem(code="ambiguous-columns", what=what, fix=fix, file=table.source))


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(quoted(name) for name in list(names)[:LISTED])
    more = len(names) - LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def _figures(figures: Profile) -> str:
    return f"(mean {figures.mean_characters:,.0f} characters, {figures.distinct:,} distinct values)"


def _repetition(figures: Profile) -> str:
    if figures.lists:
        return f"lists in {figures.rows:,} rows"
    return f"{figures.distinct:,} distinct values in {figures.rows:,} rows"
