"""to_tensorboard: a history as an event file that TensorBoard reads."""

from __future__ import annotations

import io
import os
import time
import warnings
from pathlib import Path
from typing import Any

from steepest.base.errors import SteepestError
from steepest.base.files import write_whole
from steepest.training.history import History


def require_tensorboard() -> Any:
    """The parts of the package tensorboard that write: its writer of records, and the messages in them.

    Raises
    ------
    SteepestError
        It is not installed; says how to do it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from tensorboard.compat.proto import event_pb2, summary_pb2
            from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError:
        raise SteepestError(
            "TensorBoard's files need the package tensorboard. Install it with: pip install 'steepest[tensorboard]'"
        ) from None
    return RecordWriter, event_pb2, summary_pb2


def to_tensorboard(history: History, folder: str | os.PathLike[str]) -> Path:
    """Write a history as an event file; see `History.to_tensorboard`."""
    writer, event_pb2, summary_pb2 = require_tensorboard()
    steps, spent = history["step"].tolist(), history["time"].tolist()
    began = time.time() - (spent[-1] if spent else 0.0)
    events = [event_pb2.Event(wall_time=began, file_version="brain.Event:2")]
    scalars = {name: history[name].tolist() for name in history.columns if name not in ("step", "time")}
    for k, step in enumerate(steps):
        values = [summary_pb2.Summary.Value(tag=tag, simple_value=column[k]) for tag, column in scalars.items()]
        events.append(event_pb2.Event(wall_time=began + spent[k], step=step, summary=summary_pb2.Summary(value=values)))
    stream = io.BytesIO()
    records = writer(stream)
    for event in events:
        records.write(event.SerializeToString())
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SteepestError(f"cannot make the folder {folder}: {error.strerror}. Choose another.") from error
    return write_whole(Path(folder) / f"events.out.tfevents.{began:.6f}.steepest", stream.getvalue())
