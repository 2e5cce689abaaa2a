"""A run's JSON read with care: every value by name, absent as None, a wrong type refused with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from glassbert.errors import DataError, Problem

NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "a list",
}


@dataclass(frozen=True, kw_only=True)
class Node:
    """One place in a JSON document: `Node(...).child("data").child("seed").integer()`."""

    value: Any
    file: str
    path: str = ""

    def child(self, name: str) -> Node:
        """What lies under `name`; a Node of None where this is absent or has no such name."""
        held = self.objects().get(name)
        return Node(value=held, file=self.file, path=f"{self.path}.{name}" if self.path else name)

    def objects(self) -> dict[str, Any]:
        return self._typed(dict) or {}

    def entries(self) -> tuple[tuple[str, Node], ...]:
        """The names and values of an object, in the order of the file."""
        return tuple((name, self.child(name)) for name in self.objects())

    def items(self) -> tuple[Node, ...]:
        """The elements of a list; none where it is absent."""
        held = enumerate(self._typed(list) or [])
        return tuple(Node(value=value, file=self.file, path=f"{self.path}[{i}]") for i, value in held)

    def text(self) -> str | None:
        found: str | None = self._typed(str)
        return found

    def flag(self) -> bool | None:
        found: bool | None = self._typed(bool)
        return found

    def integer(self) -> int | None:
        found: int | None = self._typed(int)
        return found

    def number(self) -> float | None:
        """A number as float; null is None."""
        if type(self.value) is int:
            return float(self.value)
        found: float | None = self._typed(float)
        return found

    def required(self, value: Any) -> Any:
        """`value`, which must be there."""
        return self.refuse("it is missing") if value is None else value

    def texts(self) -> tuple[str, ...]:
        return tuple(item.required(item.text()) for item in self.items())

    def plain(self) -> str:
        """Any value as a person would write it."""
        return self.value if isinstance(self.value, str) else json.dumps(self.value, ensure_ascii=False)

    def refuse(self, what: str) -> Any:
        """Raise a DataError that names this place."""
        place = self.path or "the document"
        fix = "write the run again, or correct the file by hand"
        raise DataError(Problem(code="wrong-run-file", what=f"{place}: {what}", fix=fix, file=self.file))

    def _typed(self, kind: type) -> Any:
        if self.value is not None and type(self.value) is not kind:
            self.refuse(f"{json.dumps(self.value)[:60]} is not {NAMES[kind]}")
        return self.value
