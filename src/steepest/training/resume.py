"""Saving a run, and going on with it in another process."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from steepest.autodiff.tree import flatten
from steepest.base.errors import CheckpointError, CheckpointWarning, ModelError
from steepest.base.params import Params
from steepest.training import checkpoint
from steepest.training.fingerprint import fingerprint_of, fingerprint_of_data
from steepest.training.hooks import Cadence
from steepest.training.outcome import Outcome
from steepest.training.run import Run


@dataclass
class Checkpoint(Cadence):
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
        self.check_cadence("a checkpoint")

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
        "ahead": run._ahead,
        "state": run.state,
        "best": run.best,
        "elapsed": run.elapsed,
        "history": run.history.to_dict(),
        "snapshots": run.history.snapshots,
        "outcome": None if run.outcome is None else _as_dict(run.outcome),
        "hooks": [hook.state() for hook in run.hooks],
        "engine": run.engine_asked,
    }
    arrays = {name: np.asarray(x) for name, x in weights.items() if isinstance(x, np.ndarray)}
    return checkpoint.write(folder, run.steps_done, arrays, content)


def resume(run: Run, folder: str | os.PathLike[str], tell: Callable[[str], None] = lambda text: None) -> Run:
    """Put a fresh run of the same problem and method where the newest whole checkpoint in `folder` left off.

    From there on it gives the same bits as the run that was saved would have given, by the same engine; times are outside of
    that promise.

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
    ModelError
        The run has done steps of its own.
    """
    if len(run.history):
        raise ModelError(f"only a run that has not begun can be resumed; this one has done {run.steps_done} steps.")
    stored = checkpoint.read(folder, tell)
    content, weights = stored["content"], stored["weights"]
    for what, digest in _fingerprints(run).items():
        if content.get(what) != digest:
            plural = what in ("bounds", "data", "parameters")
            raise CheckpointError(
                f"the checkpoint in {folder} is of another run: its {_WHAT[what]} differ{'s' * (not plural)} from this "
                f"one's. Start anew, in another folder."
            )
    run.params = Params({name: weights[name] for name in run.problem.start})
    run._ahead, run.state = content["ahead"], content["state"]
    run.best, run.elapsed = content["best"], content["elapsed"]
    if content["engine"] != run.engine_asked:
        run.use_engine(content["engine"])
    run.history.extend({name: column.tolist() for name, column in content["history"].items()})
    run.history.snapshots = content["snapshots"]
    run.outcome = None if content["outcome"] is None else Outcome(**content["outcome"])
    run.resumed_at = run._called_step = run.steps_done
    for hook, kept in zip(run.hooks, content["hooks"], strict=False):
        if kept is not None:
            hook.load(kept)
    return run


def finished(run: Run, folder: str | os.PathLike[str] | None, resumed: bool) -> Run:
    """A run that has not begun, at its end: saved in `folder` on the way, and taken up from there if `resumed`.

    Raises
    ------
    ModelError
        To be resumed, but without a folder or by a method that cannot stop and go on.
    CheckpointError
        As of `resume`.

    Warns
    -----
    CheckpointWarning
        A damaged checkpoint was passed over.
    """
    if resumed and folder is None:
        raise ModelError("to resume, say where the checkpoints are: checkpoints=FOLDER (--out on the command line).")
    if resumed and not run.method.stepwise:
        raise ModelError(f"{run.method.name} cannot stop and go on, so it cannot be resumed. Use another method.")
    if folder is not None and run.method.stepwise:
        run.hooks.append(Checkpoint(folder))
    return (resume(run, folder, _tell) if resumed and folder is not None else run).finish()


def _tell(sentence: str) -> None:
    warnings.warn(sentence, CheckpointWarning, stacklevel=2)


_WHAT = {
    "model": "model", "objective": "loss or penalty", "bounds": "bounds", "data": "data", "method": "method", "seed": "seed",
    "parameters": "parameters",
}  # fmt: skip


def _fingerprints(run: Run) -> dict[str, Any]:
    """What must be the same for a run to go on: digests, not the things themselves."""
    problem = run.problem
    start: Params = problem.start
    data = problem.data
    return {
        "model": fingerprint_of(problem.predict),
        "objective": fingerprint_of([problem.loss_function, problem.reduction, problem.penalty]),
        "bounds": fingerprint_of(problem.bounds),
        "data": fingerprint_of_data(*flatten(data.inputs)[0], data.target, data.weights),
        "method": fingerprint_of(run.method),
        "seed": run.seed,
        "parameters": repr([(name, start[name].shape, start[name].dtype.str) for name in start]),
    }


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    return {"name": outcome.name, "message": outcome.message, "remedy": outcome.remedy, "asked": outcome.asked}
