"""Which columns a run learnt from: its model reads the same of other files that have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glassbert.runs.directory import FILE
from glassbert.runs.models import Model
from glassbert.strict_json import read_json
from glassbert.text.columns import Columns


def learnt_columns(model: Model) -> Columns | None:
    """The columns of run.json, of a run or of its model/; None of other models, and where none are known."""
    place = Path(model.name)
    for file in (place / FILE, place.parent / FILE):
        data = read_json(file).get("data") if file.is_file() else None
        found = data.get("columns") if isinstance(data, Mapping) else None
        if isinstance(found, Mapping):
            return _columns(found)
    return None


def _columns(found: Mapping[str, Any]) -> Columns | None:
    text, pair, label, negative = (
        name if isinstance(name := found.get(role), str) else None
        for role in ("text", "pair", "label", "negative")
    )
    if text is None:
        return None
    # a label of several columns of 0 and 1 is written with commas between their names
    indicators = tuple(label.split(",")) if label is not None and "," in label else ()
    return Columns(text=text, pair=pair, label=label, negative=negative, indicators=indicators, reasons=())
