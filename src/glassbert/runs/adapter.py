"""The adapter of a run, in the layout of peft, beside the merged model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glassbert.model.adapted import LowRank
from glassbert.model.peft.writing import Trained, write_adapter
from glassbert.runs.bases import OF_HEAD
from glassbert.runs.models import Model
from glassbert.runs.notes import write_notes
from glassbert.runs.pooling_files import write_pooling


def save_adapter(
    model: Model, directory: Path, adapters: Sequence[tuple[str, LowRank]], *, run: Mapping[str, Any]
) -> None:
    """Write the adapters, the head and our notes, from which `glassbert.load` makes the same model again.

    `run` is run.json. Raises OutputError and StorageError.
    """
    dropout = run["config"]["lora_dropout"]["value"]
    trained = Trained(adapters=adapters, base=base_name(run["model"]["source"]), dropout=dropout)
    write_adapter(directory, model.network, trained)
    head = model.network.head_config
    named = {name: getattr(head, name) for name in OF_HEAD}
    write_notes(directory, model.notes, more={"run_id": run["run_id"], "head": named})
    if head.kind == "sentence":
        width = model.network.config.hidden_size
        write_pooling(directory, pooling=head.pooling, width=width, max_length=model.max_length)


def base_name(source: str) -> str:
    """A model's directory where it is one here, to be found from anywhere; else its name."""
    path = Path(source)
    if not path.is_dir():
        return source
    return str((path / "model" if (path / "run.json").exists() else path).absolute())
