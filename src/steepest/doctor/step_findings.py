"""Findings about steps that are too large, from the run's own past and from the weights they change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from steepest.autodiff.tree import flatten
from steepest.base.params import Array
from steepest.doctor import step_sizes
from steepest.doctor.finding import Finding, listed, times
from steepest.doctor.layer_history import LayerHistory
from steepest.nn.recurrent import Recurrent
from steepest.optim.chain import usual_rate

LARGE_DATA = 10.0  # data to which first weights do not fit: those are made for inputs of size 1


def jumps(run: Any, badly: bool, since: int = 0) -> list[Finding]:
    """A gradient out of all proportion to those of the steps before; looked for from row `since` of the history on."""
    seen = step_sizes.jump(run.history, badly, since)
    clipped = step_sizes.clipped_at(run)
    if seen is None or (clipped is not None and not badly):  # a step that was shortened is as it should be
        return []
    evidence = (
        f"At step {seen.step} the gradient's norm jumped to {times(seen.norm)}, {times(seen.norm / seen.median)} times the "
        f"median {times(seen.median)} of the steps before; the loss there is {seen.loss:.4g}."
    )
    limit = step_sizes.rounded(step_sizes.CLIP * seen.median)
    remedy = (
        f"Clip: sd.chain(sd.ClipGlobalNorm({limit}), rule), {step_sizes.CLIP:g} times that median, or lower the rate."
        if clipped is None
        else f"Clip at a smaller norm than now, such as {step_sizes.rounded(clipped / 10)}, or lower the rate."
    )
    return [Finding("gradient jumps", "", seen.step, evidence, remedy)]


def large_steps(run: Any, history: LayerHistory, badly: bool, look_at_curvature: bool = True) -> list[Finding]:
    """Steps that are large against the weights they change, of a run that ended badly or did not keep what it gained.

    The limit of the rate from the curvature at the start is told too, unless that would take too long now.
    """
    rate, worst = float(np.max(run.history["rate"])), _worst(history)  # a schedule may begin at 0
    known = worst[np.isfinite(worst)]
    typical = float(np.median(known)) if known.size else 0.0
    largest = float(np.max(known)) if known.size else math.inf
    if not (typical > step_sizes.LARGE or (badly and largest > step_sizes.CALM)):
        return []
    limit = step_sizes.rate_limit_at_start(run) if look_at_curvature else None
    changed = _largest_changes(history, worst)
    scales = ""
    if limit is not None and rate > limit:
        evidence = (
            f"The learning rate {rate:.3g} is above the limit {times(limit)} at the start "
            f"({step_sizes.formula(run.method)}): each step lands higher on the other side. {changed}"
        )
        lower = 0.5 * limit
        scales = _unscaled(run)
    else:
        evidence = f"The steps are too large for the weights. {changed}"
        first = next((float(x) for x in known if x > 0), 1.0)
        change = first if badly else typical  # after a first step that was too large all others are
        lower = rate * min(0.1, step_sizes.CALM / change)
        if not known.size:  # so large that it overflows
            lower = usual_rate(run.method.rule) or lower
    remedy = f"{scales}Lower the learning rate from {rate:.3g} to {step_sizes.rounded(lower)}."
    if badly and any(isinstance(module, Recurrent) for module in history.modules):
        remedy = f"{remedy} {step_sizes.clipping(run)}"
    return [Finding("large steps", "", 0, evidence.strip(), remedy.strip())]


def with_clipping(found: Finding, run: Any, badly: bool) -> Finding:
    """Clipping is a remedy where gradients grow through time, or where steps of rate times gradient broke a descent down."""
    if found.symptom != "gradients grow in time" and not (badly and found.symptom == "gradients grow"):
        return found
    return found._replace(remedy=f"{found.remedy} {step_sizes.clipping(run)}".strip())


def _worst(history: LayerHistory) -> Array:
    """The change of the layer that each probed step changed most, against its size; NaN where none is known."""
    ratios = history.update_ratio
    known = np.where(np.isnan(ratios), -np.inf, ratios)
    worst = np.max(known, axis=0, initial=-np.inf)
    return np.where(worst == -np.inf, np.nan, worst)


def _largest_changes(history: LayerHistory, worst: Array) -> str:
    """Which layer the first step changed most, and the last one if it changed more."""
    told = []
    for k in (0, -1) if np.nan_to_num(worst[-1]) > np.nan_to_num(worst[0]) else (0,):
        if 0 < worst[k] < math.inf:
            layer = history.layers[int(np.nanargmax(history.update_ratio[:, k]))]
            told.append(f"step {history.steps[k]} changed {layer} by {times(float(worst[k]))}")
    words = f"{' and '.join(told)} times its own size."
    return words[0].upper() + words[1:] if told else ""


def _unscaled(run: Any) -> str:
    """Advice on data whose size is what makes the curvature large; empty where they are of size 1 or so."""
    data = {"inputs": flatten(run.problem.data.inputs)[0]}
    if np.asarray(run.problem.data.target).dtype.kind == "f":
        data["targets"] = [run.problem.data.target]
    sizes = {
        name: max(float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) for x in parts)
        for name, parts in data.items()
    }
    large = [f"the {name} (root mean square {times(size)})" for name, size in sizes.items() if size > LARGE_DATA]
    return f"Bring {listed(large)} to mean 0 and standard deviation 1. " if large else ""
