"""What `transformers.pipeline` takes for its models: accepted where it changes nothing here, else refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from glassbert.errors import Problem, UsageError
from glassbert.runs.models import Model
from glassbert.text.tokenizer import Tokenizer

# of each name the values that say what is so anyway, besides None
ANYWAY: dict[str, tuple[Any, ...]] = {
    "config": (),
    "framework": ("pt",),
    "revision": ("main",),
    "use_fast": (True,),
    "use_auth_token": (False,),
    "token": (False,),
    "device_map": (),
    "dtype": ("auto", "float32", torch.float32),
    "torch_dtype": ("auto", "float32", torch.float32),
    "trust_remote_code": (False,),
    "model_kwargs": ({},),
    "pipeline_class": (),
}


def without_transformers(options: Mapping[str, Any], *, named: object, model: Model) -> dict[str, Any]:
    """The options without those that are for transformers' models; `named` is how the model was named.

    Raises UsageError for one that asks for something else than what is so anyway, a tokenizer of another
    place among them.
    """
    for name, kept in ANYWAY.items():
        value = options.get(name)
        if value is not None and not any(type(value) is type(each) and value == each for each in kept):
            what = f"{name} is {value!r}, and no pipeline of glassbert is built with it"
            raise UsageError(Problem(code="unknown-option", what=what, fix="leave it out"))
    tokenizer = options.get("tokenizer")
    if tokenizer is not None and not _is_own(tokenizer, named, model):
        what = f"tokenizer is {_shown(tokenizer)}, and the model '{model.name}' comes with its own"
        fix = "leave it out, or put its files into the model's directory"
        raise UsageError(Problem(code="other-tokenizer", what=what, fix=fix))
    return {name: value for name, value in options.items() if name not in (*ANYWAY, "tokenizer")}


def _is_own(tokenizer: object, named: object, model: Model) -> bool:
    if isinstance(tokenizer, Tokenizer):
        return tokenizer.fingerprint == model.tokenizer.fingerprint
    if isinstance(tokenizer, str | Path):
        return str(tokenizer) in (str(named), model.name)
    return False


def _shown(tokenizer: object) -> str:
    return repr(str(tokenizer)) if isinstance(tokenizer, str | Path) else f"a {type(tokenizer).__name__}"
