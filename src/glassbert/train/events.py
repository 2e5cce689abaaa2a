"""Scalars for TensorBoard, in its own record and message formats."""

from __future__ import annotations

import io
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glassbert.durable import append_whole


class ScalarEvents:
    """Appends scalar events to one new event file in `directory`.

    The records go out one write each, without TensorBoard's EventFileWriter: its thread delays them, loses
    them in a kill, and reports a full disk by a traceback on the terminal. TensorBoard is imported with the
    first object (0.3 s). Errors: OSError.
    """

    def __init__(self, directory: Path) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        self._Event, self._SessionLog, self._Summary, self._RecordWriter = (
            Event,
            SessionLog,
            Summary,
            RecordWriter,
        )
        directory.mkdir(parents=True, exist_ok=True)
        unique = f"{socket.gethostname()}.{os.getpid()}.{time.time_ns()}"
        name = f"events.out.tfevents.{int(time.time()):010d}.{unique}"
        self._descriptor = os.open(directory / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._append(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def scalars(self, values: Mapping[str, float], *, step: int, wall_time: float) -> None:
        """One event with a value for each tag."""
        summary = self._Summary(
            value=[self._Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        )
        self._append(self._Event(wall_time=wall_time, step=step, summary=summary))

    def restart(self, *, step: int) -> None:
        """Tell TensorBoard to forget what earlier files hold for `step` and later."""
        session = self._SessionLog(status=self._SessionLog.START)
        self._append(self._Event(wall_time=time.time(), step=step, session_log=session))

    def _append(self, event: Any) -> None:
        record = io.BytesIO()
        self._RecordWriter(record).write(event.SerializeToString())
        append_whole(self._descriptor, record.getvalue())

    def close(self) -> None:
        os.close(self._descriptor)
