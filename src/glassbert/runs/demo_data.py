"""The demo's data, which ships with the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from glassbert.strict_json import read_json


def demo_file() -> Path:
    """2,985 sentences of product reviews with people's ratings; licence and origin in the file beside it."""
    return Path(str(files("glassbert.runs") / "demo" / "reviews.csv"))


def is_demo(run: Path) -> bool:
    """Whether a directory holds an earlier demo, which may be replaced without asking."""
    document = run / "run.json"
    if not document.is_file():
        return False
    data = read_json(document).get("data", {})
    return isinstance(data, dict) and str(data.get("train", {}).get("path", "")).endswith("demo/reviews.csv")
