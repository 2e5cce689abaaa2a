"""The facts of a run from its `run.json`."""

from __future__ import annotations

import shlex

from glassbert.lens.report_records import DataFile, NamedText, RunFacts, Setting
from glassbert.show.run_file import Node


def read_facts(run: Node) -> RunFacts:
    """What was trained on what; raises DataError where `run.json` holds something of the wrong type."""
    data, model = run.child("data"), run.child("model")
    columns, sizes = data.child("columns"), data.child("sizes")
    return RunFacts(
        run_id=run.child("run_id").text() or "",
        status=run.child("status").text() or "",
        task=run.child("task").text(),
        created=run.child("created").text(),
        command=_command(run.child("command")),
        seed=None if run.child("seed").value is None else run.child("seed").plain(),
        files=tuple(
            _file(role, data.child(role)) for role in ("train", "evaluation") if data.child(role).value
        ),
        text_column=columns.child("text").text(),
        pair_column=columns.child("pair").text(),
        label_column=columns.child("label").text(),
        column_reasons=columns.child("reasons").texts(),
        num_train=sizes.child("train").integer(),
        num_validation=sizes.child("validation").integer(),
        num_evaluation=sizes.child("evaluation").integer(),
        num_rejected=data.child("rejected").integer(),
        labels=run.child("labels").texts(),
        model_source=model.child("source").text(),
        model_family=model.child("family").text(),
        num_parameters=model.child("num_parameters").integer(),
        num_hidden_layers=model.child("num_hidden_layers").integer(),
        num_attention_heads=model.child("num_attention_heads").integer(),
        hidden_size=model.child("hidden_size").integer(),
        newly_initialised=model.child("newly_initialised").texts(),
        settings=tuple(_setting(name, node) for name, node in run.child("config").entries()),
        versions=_named(run.child("versions")),
        hardware=_named(run.child("hardware")),
    )


def _command(node: Node) -> str | None:
    """The command line, which may be written as one text or as a list of words."""
    return shlex.join(node.texts()) if isinstance(node.value, list) else node.text()


def _file(role: str, node: Node) -> DataFile:
    return DataFile(
        role=role,
        path=node.child("path").text(),
        sha256=node.child("sha256").text(),
        rows=node.child("rows").integer(),
    )


def _setting(name: str, node: Node) -> Setting:
    return Setting(
        name=name,
        value=node.child("value").plain(),
        source=node.child("from").text() or "",
        reason=node.child("reason").text() or "",
    )


def _named(node: Node) -> tuple[NamedText, ...]:
    return tuple(NamedText(name=name, value=value.plain()) for name, value in node.entries())
