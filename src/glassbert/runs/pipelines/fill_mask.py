"""fill-mask: {score, token, token_str, sequence} for the words of every mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glassbert.runs.masked_words import TOP_K, fill_mask
from glassbert.runs.models import Model
from glassbert.runs.pipelines.options import for_each, with_options
from glassbert.runs.pipelines.truncating import cutting_as


@dataclass(frozen=True)
class FillMask:
    """`pipe(text)`, `pipe([text, ...])`: see `glassbert.fill_mask`; a list of one text is as that text.

    `tokenizer_kwargs={"truncation": True, "max_length": n}` cuts a text to one window, where it must hold a
    mask.
    """

    model: Model
    top_k: int = TOP_K
    targets: str | Sequence[str] | None = None
    tokenizer_kwargs: Mapping[str, Any] | None = None

    def __call__(self, inputs: Any, **options: Any) -> Any:
        """The shapes of transformers 4; raises what `glassbert.fill_mask` raises."""
        chosen = with_options(self, options)
        found = for_each(inputs, chosen._run)
        return found[0] if isinstance(inputs, list) and len(inputs) == 1 else found

    def _run(self, texts: list[Any]) -> list[Any]:
        model = cutting_as(self.model, "tokenizer_kwargs", self.tokenizer_kwargs)
        return fill_mask(model, texts, top_k=self.top_k, targets=self.targets) if texts else []
