"""Imports flow one way: the table of rooms, and the proof that the code keeps to it."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "glassbert"
# plumbing that every room may use, and that knows none of them
COMMON = {"errors", "durable", "products", "storage", "strict_json"}
MAY_IMPORT = {
    "errors": set(),
    "durable": {"errors"},
    "products": set(),
    "storage": {"errors"},
    "strict_json": {"errors", "storage"},
    "model": COMMON,
    "text": COMMON,
    "train": COMMON,
    "tasks": COMMON | {"model", "text"},
    "lens": COMMON | {"model", "text"},
    "runs": COMMON | {"model", "text", "train", "tasks"},
    "show": COMMON | {"model", "text", "train", "tasks", "lens", "runs"},
    "cli": COMMON | {"model", "text", "train", "tasks", "lens", "runs", "show"},
}
NEVER_IN_SRC = {
    "transformers",
    "accelerate",
    "datasets",
    "bertviz",
    "sentence_transformers",
    "pickle",
    "dill",
    "joblib",
}


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write absolute imports"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.stem in COMMON)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_flow_one_way(path: Path) -> None:
    room = room_of(path)
    for name in imported_modules(path):
        parts = name.split(".")
        assert parts[0] not in NEVER_IN_SRC, f"{room} imports {name}"
        if parts[0] == "glassbert" and len(parts) > 1 and parts[1] in MAY_IMPORT:
            assert parts[1] == room or parts[1] in MAY_IMPORT[room], f"{room} imports {name}"


def test_every_room_is_in_the_table() -> None:
    assert {room_of(path) for path in FILES} == set(MAY_IMPORT)
