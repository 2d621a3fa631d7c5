"""Saving a run, and going on with it in another process."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from steepest.autodiff.tree import flatten
from steepest.base.checks import positive
from steepest.base.errors import CheckpointError
from steepest.base.params import Params
from steepest.training import checkpoint
from steepest.training.outcome import Outcome
from steepest.training.run import Run


@dataclass
class Checkpoint:
    """A hook that saves the run at its cadence, and when it ends.

    Parameters
    ----------
    folder : path
        Holds the newest two checkpoints.
    every : int or float
    unit : {"step", "epoch", "second"}
    """

    folder: str | os.PathLike[str]
    every: float = 60
    unit: str = "second"

    def __post_init__(self) -> None:
        positive(self.every, "a checkpoint's cadence")

    def steps(self, per_epoch: int) -> int | None:
        """The cadence in steps; None for one that goes by the clock."""
        return None if self.unit == "second" else int(self.every) * (per_epoch if self.unit == "epoch" else 1)

    def __call__(self, run: Run) -> None:
        save(run, self.folder)

    def finish(self, run: Run) -> None:
        """Save the end."""
        save(run, self.folder)


def save(run: Run, folder: str | os.PathLike[str]) -> Path:
    """Write everything that the run needs to go on into `folder`; returns the checkpoint's own folder.

    ``weights.safetensors`` in it holds the parameters, and a network's running statistics, under their own names.
    """
    buffers = run.state.get("model")
    weights = {**dict(run.params), **(buffers if isinstance(buffers, Mapping) else {})}
    content = {
        **_fingerprints(run),
        "params": run.params,
        "ahead": run._ahead,
        "state": run.state,
        "best": run.best,
        "elapsed": run.elapsed,
        "history": run.history.to_dict(),
        "snapshots": run.history.snapshots,
        "outcome": None if run.outcome is None else _as_dict(run.outcome),
        "hooks": [hook.state() if hasattr(hook, "state") else None for hook in run.hooks],
        "engine": run.engine,
    }
    arrays = {name: np.asarray(x) for name, x in weights.items() if isinstance(x, np.ndarray)}
    return checkpoint.write(folder, run.steps_done, arrays, content)


def resume(run: Run, folder: str | os.PathLike[str], tell: Callable[[str], None] = lambda text: None) -> Run:
    """Put a fresh run of the same problem and method where the newest whole checkpoint in `folder` left off.

    From there on it gives the same bits as the run that was saved would have given; times are outside of that promise.

    Parameters
    ----------
    run : Run
        Made as the saved one was: same data, model, method, seed. Its budget may be larger.
    folder : path
    tell : callable
        Is given a sentence when a damaged checkpoint was passed over.

    Raises
    ------
    CheckpointError
        There is no whole checkpoint, or it is of another problem or method; names what differs.
    """
    content = checkpoint.read(folder, tell)["content"]
    for what, digest in _fingerprints(run).items():
        if content[what] != digest:
            raise CheckpointError(
                f"the checkpoint in {folder} is of another run: its {_WHAT[what]} differ{'s' * (what != 'data')} from this "
                f"one's. Start anew, in another folder."
            )
    run.params, run._ahead, run.state = content["params"], content["ahead"], content["state"]
    run.best, run.elapsed = content["best"], content["elapsed"]
    run.history.extend({name: column.tolist() for name, column in content["history"].items()})
    run.history.snapshots = content["snapshots"]
    run.outcome = None if content["outcome"] is None else Outcome(**content["outcome"])
    run.resumed_at = run._called_step = run.steps_done
    for hook, kept in zip(run.hooks, content["hooks"], strict=False):
        if kept is not None and hasattr(hook, "load"):
            hook.load(kept)
    return run


_WHAT = {"model": "model", "data": "data", "method": "method", "seed": "seed", "parameters": "parameters"}


def _fingerprints(run: Run) -> dict[str, Any]:
    """What must be the same for a run to go on: digests, not the things themselves."""
    digest = hashlib.sha256()
    for array in (*flatten(run.problem.data.inputs)[0], run.problem.data.target, run.problem.data.weights):
        if array is not None:
            digest.update(repr((np.shape(array), np.asarray(array).dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    start: Params = run.problem.start
    return {
        "model": checkpoint.fingerprint_of(run.problem.predict),
        "data": digest.hexdigest(),
        "method": repr(run.method) if not callable(getattr(run.method, "learning_rate", None)) else run.method.name,
        "seed": run.seed,
        "parameters": repr([(name, start[name].shape, start[name].dtype.str) for name in start]),
    }


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    return {"name": outcome.name, "message": outcome.message, "remedy": outcome.remedy, "asked": outcome.asked}
