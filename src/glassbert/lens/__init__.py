"""What goes on inside: every lens returns a record of named arrays.

A lens is called by its name, `glassbert.lens.attention(model, text)`, and is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# A lens's own file bears another name than the lens: importing a file binds its name in this room.
_HOME_OF = {
    "attention": "glassbert.lens.attention_capture",
    "attribution": "glassbert.lens.attributing.attribution",
    "AttributionOptions": "glassbert.lens.attributing.options",
    "landscape": "glassbert.lens.landscaping.landscape",
    "LandscapeOptions": "glassbert.lens.landscaping.options",
    "Plane": "glassbert.lens.landscaping.planes",
    "Sample": "glassbert.lens.landscaping.samples",
    "EmbeddingOptions": "glassbert.lens.embedding.options",
    "embeddings": "glassbert.lens.embedding.embeddings",
    "methods": "glassbert.lens.attributing.methods",
    "diff": "glassbert.lens.comparing.diff",
    "heads": "glassbert.lens.atlas.heads",
    "masked": "glassbert.lens.reading.masked",
    "tune": "glassbert.lens.reading.tuned",
    "structure": "glassbert.lens.structuring.capture",
    "Look": "glassbert.lens.structuring.drawing",
}

__all__ = list(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'glassbert.lens' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
