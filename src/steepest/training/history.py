"""History: what a run saw, a row for each step."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.files import write_whole
from steepest.base.params import Params
from steepest.base.registry import provided

COLUMNS = ("step", "epoch", "loss", "gradient_norm", "rate", "time")


class History:
    """What a run saw: columns of equal length, row k describing the parameters that step k started from.

    Columns
    -------
    step, epoch : int
    loss : the training loss, of the step's batch
    gradient_norm : Euclidean norm of its gradient, in the user's units
    rate : the learning rate (for Levenberg-Marquardt the damping)
    time : seconds since the run's first step, without the time between calls

    Attributes
    ----------
    snapshots : dict of int to Params
        Parameters kept at chosen steps.
    """

    def __init__(self) -> None:
        self._count = 0
        self._columns: dict[str, NDArray[Any]] = {name: np.empty(0, _kind(name)) for name in COLUMNS}
        self.snapshots: dict[int, Params] = {}

    def extend(self, columns: Mapping[str, Sequence[float] | NDArray[Any]]) -> None:
        """Append the rows of an `Advance`."""
        start, stop = self._count, self._count + len(columns["step"])
        if stop > len(self._columns["step"]):  # room for twice as many, so that rows are not copied at every step
            self._columns = {
                name: np.concatenate([old[:start], np.empty(2 * stop - start, old.dtype)])
                for name, old in self._columns.items()
            }
        for name in COLUMNS:
            self._columns[name][start:stop] = columns[name]
        self._count = stop

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._columns:
            raise KeyError(f"no column {name!r}; there are {', '.join(COLUMNS)}")
        return self._columns[name][: self._count].copy()

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS

    def latest(self, name: str, count: int) -> list[float]:
        """The last `count` values of a column."""
        last: list[float] = self._columns[name][max(0, self._count - count) : self._count].tolist()
        return last

    def rows(self, start: int = 0) -> list[tuple[float, ...]]:
        """The rows from number `start` on, in the order of the columns."""
        return list(zip(*(self._columns[name][start : self._count].tolist() for name in COLUMNS), strict=True))

    def to_dict(self) -> dict[str, NDArray[Any]]:
        """All columns as arrays, ready for a data frame."""
        return {name: self[name] for name in COLUMNS}

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write all rows as CSV, whole or not at all."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(zip(*(self[name].tolist() for name in COLUMNS), strict=True))
        return write_whole(path, text.getvalue())

    def to_tensorboard(self, folder: str | os.PathLike[str]) -> Path:
        """Write an event file that TensorBoard reads: a scalar a column by step, at the time that it was seen.

        Parameters
        ----------
        folder : path
            Made where it is missing; ``tensorboard --logdir`` is given it, or the folder that it is in. The last step counts as
            seen now.

        Raises
        ------
        SteepestError
            The package tensorboard is not installed (says how to do it), or the file cannot be written.
        """
        return Path(provided("History", "to_tensorboard")(self, folder))

    def copy(self) -> History:
        """A history that goes on apart from this one."""
        other = History()
        other._count = self._count
        other._columns = {name: values[: self._count].copy() for name, values in self._columns.items()}
        other.snapshots = dict(self.snapshots)
        return other

    def __repr__(self) -> str:
        if not len(self):
            return "History(no steps)"
        loss = self._columns["loss"][: self._count]
        return f"History({len(self)} steps, loss {loss[0]:.6g} -> {loss[-1]:.6g})"


def _kind(name: str) -> type[np.number[Any]]:
    return np.int64 if name in ("step", "epoch") else np.float64
