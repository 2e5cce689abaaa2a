"""Records: what a lens returns and what the page draws; frozen dataclasses of text, numbers and arrays.

A field is a str, int, float, bool or None, a numpy array (annotated with jaxtyping as
`Float32[np.ndarray, "L N"]`), another record, or a tuple of these. The annotations are the schema: they are
checked when a record is made, they decide how a file is read, and `web/generate_types.py` turns them into the
types of the page. Two records are equal when their `to_bytes` are: declare a record with `eq=False`, since
arrays have no `==` that says yes or no. A lone dimension is written with a space before it, `" n"`:
otherwise the linter takes it for a quoted type and removes the quotes.
"""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints

import numpy as np
from jaxtyping import AbstractArray

from glassbert.durable import write_file
from glassbert.errors import DataError, Problem, UsageError
from glassbert.lens.container import DTYPES, Tree, pack, unpack

# Who writes a format that lies above this room; the module is loaded when the format is asked for.
EXPORTERS = {".html": "glassbert.show.page:write_page"}
PICTURES = (".svg", ".png", ".jpg", ".jpeg", ".webp", ".pdf")
# Beyond this a JavaScript number is no longer exact.
LARGEST_INT = 2**53 - 1


class Record:
    """The base of every record: checks its fields when made, and becomes a file."""

    def __post_init__(self) -> None:
        for name, annotation in schema(type(self)).items():
            value = getattr(self, name)
            if not fits(value, annotation):
                raise TypeError(f"{type(self).__name__}.{name} is {described(value)}, not {annotation}")

    def to_bytes(self) -> bytes:
        """The record as one container (see `glassbert.lens.container`); equal records give equal bytes."""
        arrays: list[np.ndarray] = []
        return pack(type(self).__name__, to_tree(self, arrays), arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The record that `to_bytes` wrote; raises DataError when the bytes are not exactly that."""
        name, tree, arrays = unpack(data)
        if name != cls.__name__:
            raise DataError(_flaw(f"it holds a {name}, not a {cls.__name__}"))
        try:
            unused = set(range(len(arrays)))
            record = from_tree(cls, tree, arrays, unused)
        except (TypeError, ValueError, RecursionError) as error:
            raise DataError(_flaw(str(error))) from error
        if unused:
            raise DataError(_flaw(f"{len(unused)} arrays belong to no field"))
        return record

    def save(self, path: str | Path) -> None:
        """Write `.gbr` (the container), `.json` (arrays as lists, not-a-number as null) or `.html` (a page).

        The file is replaced whole. Raises UsageError for another suffix, OutputError or StorageError when it
        cannot be written.
        """
        suffix = refuse_suffix(path)
        if suffix == ".gbr":
            write_file(Path(path), [self.to_bytes()])
        elif suffix == ".json":
            text = json.dumps(to_plain(self), ensure_ascii=False, allow_nan=False, indent=1)
            write_file(Path(path), [(text + "\n").encode("utf-8", "backslashreplace")])
        else:
            module, name = EXPORTERS[suffix].split(":")
            getattr(import_module(module), name)(self, Path(path))


def refuse_suffix(path: str | Path, *, more: tuple[str, ...] = ()) -> str:
    """The suffix in lower case; raises UsageError for one that no record, nor this kind (`more`), can have.

    Whoever asks for a picture is told that the page saves it: it is drawn there, in a browser.
    """
    suffix = Path(path).suffix.lower()
    known = [".gbr", ".json", *EXPORTERS, *more]
    if suffix not in known:
        what = f"a record cannot be saved as {suffix or 'a file without a suffix'}"
        fix = f"use {', '.join(known)}"
        if suffix in PICTURES:
            fix += '; the .html page saves each view as an .svg picture ("Save picture")'
        raise UsageError(Problem(code="unknown-format", what=what, fix=fix, file=str(path)))
    return suffix


def schema(record: type[Any]) -> dict[str, Any]:
    """The annotation of every field, in the order they are written down."""
    if not is_dataclass(record):
        raise TypeError(f"{record.__name__} is not a dataclass")
    hints = get_type_hints(record)
    return {field.name: hints[field.name] for field in fields(record)}


def alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is UnionType else (annotation,)


def is_array(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, AbstractArray)


def fits(value: object, annotation: Any) -> bool:
    """Whether the value is what the annotation says; a bool is no int, nor is one too large for the page."""
    if len(alternatives(annotation)) > 1:
        return any(fits(value, choice) for choice in alternatives(annotation))
    if get_origin(annotation) is tuple:
        return isinstance(value, tuple) and all(fits(item, get_args(annotation)[0]) for item in value)
    if is_array(annotation):
        return isinstance(value, annotation) and getattr(value, "dtype", np.dtype("O")).name in DTYPES
    if annotation is int:
        return type(value) is int and abs(value) <= LARGEST_INT
    return type(value) is annotation


def described(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {list(value.shape)}"
    return f"{type(value).__name__} {value!r:.80}"


def to_tree(value: object, arrays: list[np.ndarray]) -> Tree:
    """JSON for the header; every array goes to `arrays` and leaves {"$array": its index}."""
    if isinstance(value, Record):
        return {name: to_tree(getattr(value, name), arrays) for name in schema(type(value))}
    if isinstance(value, tuple):
        return [to_tree(item, arrays) for item in value]
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"$array": len(arrays) - 1}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    return value


def from_tree(annotation: Any, tree: Tree, arrays: list[np.ndarray], unused: set[int]) -> Any:
    """The value of a field from its JSON; `unused` loses the index of every array that is taken."""
    if len(alternatives(annotation)) > 1:
        kinds = [kind for kind in alternatives(annotation) if kind is not type(None)]
        return None if tree is None else from_tree(kinds[0], tree, arrays, unused)
    if is_array(annotation):
        index = _only(tree, "$array")
        if type(index) is not int or index not in unused:
            raise ValueError(f"array {index!r} is missing or used twice")
        unused.remove(index)
        return arrays[index]
    if get_origin(annotation) is tuple:
        if not isinstance(tree, list):
            raise TypeError(f"{tree!r:.80} is not a list")
        return tuple(from_tree(get_args(annotation)[0], item, arrays, unused) for item in tree)
    if isinstance(annotation, type) and issubclass(annotation, Record):
        names = schema(annotation)
        if not isinstance(tree, dict) or set(tree) != set(names):
            raise TypeError(f"a {annotation.__name__} needs the fields {', '.join(names)}")
        return annotation(**{name: from_tree(names[name], tree[name], arrays, unused) for name in names})
    if annotation is float and isinstance(tree, dict):
        return float(str(_only(tree, "$float")))
    return tree


def to_plain(value: object) -> Any:
    """JSON for machines: arrays as nested lists, NaN and infinity as null, a record's name under "record"."""
    if isinstance(value, Record):
        named = {name: to_plain(getattr(value, name)) for name in schema(type(value))}
        return {"record": type(value).__name__, **named}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        plain = value.astype(object)
        plain[~np.isfinite(value)] = None
        return plain.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _only(tree: Tree, key: str) -> Any:
    if not isinstance(tree, dict) or set(tree) != {key}:
        raise TypeError(f"{tree!r:.80} is not {{{key}: ...}}")
    return tree[key]


def _flaw(what: str) -> Problem:
    return Problem(
        code="bad-record", what=f"this is not the record asked for: {what}", fix="save the record again"
    )
