"""Remarks on a network's training: the first cause of what went wrong, with its evidence and what to do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from steepest.autodiff.tree import flatten
from steepest.doctor import step_sizes
from steepest.doctor.finding import Finding, listed, times
from steepest.doctor.gradient_findings import gradient_findings
from steepest.doctor.layer_history import LayerHistory
from steepest.doctor.non_finite import Place, origin
from steepest.doctor.probes import measure, network_of, update_ratios
from steepest.nn.recurrent import Recurrent
from steepest.optim.method import norm
from steepest.training import outcome as outcomes

LARGE_DATA = 10.0  # data to which first weights do not fit: those are made for inputs of size 1


def network_findings(run: Any, place: Place | None = None) -> list[Finding]:
    """What is wrong with the training of a network, first cause first; empty for healthy runs and other models.

    Probes the first and the last step, and takes what a `Watch` among the run's hooks saw between.
    """
    if network_of(run) is None or not (len(run.history) or run.outcome is not None):
        return []
    badly = ended_badly(run)
    consequence = not_finite(run, place) if badly else []
    if badly and run.steps_done == 0:
        return consequence
    if len(run.history) and not np.isfinite(run.history["gradient_norm"]).any():
        return consequence  # a search, which uses no gradients
    history = probed(run)
    at = run.position if run.last is None else run.last.before
    found = gradient_findings(history, run.problem.start, at, badly, step_sizes.fell(run.history))
    found = [_with_clipping(each, run, badly) for each in found]
    if not any(each.symptom.startswith("gradients grow") and each.step == 0 for each in found):
        steps = _jumps(run, badly)
        if not steps and (badly or not step_sizes.held(run.history)):
            steps = _large_steps(run, history, badly)
        found = sorted([*steps, *found], key=lambda each: each.step)
    return [*found, *consequence]


def ended_badly(run: Any) -> bool:
    """Whether a run diverged or became non-finite."""
    return run.outcome is not None and run.outcome.name in (outcomes.DIVERGED, outcomes.NON_FINITE)


def probed(run: Any) -> LayerHistory:
    """The first step, what a `Watch` saw, and the last step."""
    seen = (getattr(hook, "history", None) for hook in run.hooks)
    watched = next((x for x in seen if isinstance(x, LayerHistory)), None)
    history = LayerHistory()
    first, last = step_sizes.first_step(run), run.last
    state = run.state.get("model", run.problem.initial_state)
    if (probe := measure(run, run.problem.start, run.problem.initial_state, 0)) is not None:
        history.append(probe, None if first is None else update_ratios(probe.paths, first.before, first.after))
    if watched is not None:
        history.extend(watched)
    params, step = (run.position, run.steps_done) if last is None else (last.before, last.number)
    if step > 0 and (probe := measure(run, params, state, step)) is not None:
        history.append(probe, None if last is None else update_ratios(probe.paths, last.before, last.after))
    return history


def not_finite(run: Any, place: Place | None = None) -> list[Finding]:
    """Where the loss or the gradient of the step at which the run stands first is not finite."""
    step, position = run.steps_done, run.position
    spoilt = [name for name in position if not np.isfinite(position[name]).all()]
    if spoilt:
        last = run.last
        why = "" if last is None or not np.isfinite(last.before.flat).all() else (
            f": the gradient there has norm {times(norm(last.gradient.flat))}, and the rate is {last.rate:.3g}"
        )  # fmt: skip
        some = f"{listed(spoilt[:3])}{f' and {len(spoilt) - 3} more' if len(spoilt) > 3 else ''}"
        return [Finding("not finite", some, step, f"The update of step {step - 1} made {some} non-finite{why}.")]
    found = origin(run)
    if found is None:
        return []
    evidence = f"The first number that is not finite, at step {step}: {found.words(place)}."
    if found.swell is not None:
        layer, before, after = found.swell
        evidence += f" The numbers swell in {layer}, from {times(before)} to {times(after)}."
    return [Finding("not finite", found.layer, step, evidence)]


def _with_clipping(found: Finding, run: Any, badly: bool) -> Finding:
    """Clipping is a remedy where gradients grow through time, or where a descent by steps of rate times gradient broke down."""
    if found.symptom != "gradients grow in time" and not (badly and found.symptom == "gradients grow"):
        return found
    return found._replace(remedy=f"{found.remedy} {step_sizes.clipping(run)}".strip())


def _jumps(run: Any, badly: bool) -> list[Finding]:
    seen = step_sizes.jump(run.history, badly)
    if seen is None:
        return []
    evidence = (
        f"At step {seen.step} the gradient's norm jumped to {times(seen.norm)}, {times(seen.norm / seen.median)} times the "
        f"median {times(seen.median)} of the steps before; the loss there is {seen.loss:.4g}."
    )
    clipped = step_sizes.clipped_at(run)
    if clipped is not None and not badly:
        return []  # the step was shortened, as it should be
    limit = step_sizes.rounded(step_sizes.CLIP * seen.median)
    remedy = (
        f"Clip: sd.chain(sd.ClipGlobalNorm({limit}), rule), {step_sizes.CLIP:g} times that median, or lower the rate."
        if clipped is None
        else f"Clip at a smaller norm than now, such as {step_sizes.rounded(clipped / 10)}, or lower the rate."
    )
    return [Finding("gradient jumps", "", seen.step, evidence, remedy)]


def _large_steps(run: Any, history: LayerHistory, badly: bool) -> list[Finding]:
    """Why a run that ended badly, or did not keep what it gained, took steps that were too large; empty where they were not."""
    first = step_sizes.first_step(run)
    if first is None:
        return []
    with np.errstate(all="ignore"):
        ratios = history.update_ratio
    worst = np.array([np.nanmax(column) if np.isfinite(column).any() else np.nan for column in ratios.T])
    typical = float(np.nanmedian(worst)) if np.isfinite(worst).any() else 0.0
    largest = float(np.nanmax(worst)) if np.isfinite(worst).any() else math.inf
    if not (typical > step_sizes.LARGE or (badly and largest > step_sizes.CALM)):
        return []
    scales, limit = "", step_sizes.rate_limit_at_start(run)
    changed = _largest_changes(history, worst)
    if limit is not None and first.rate > limit:
        evidence = (
            f"The learning rate {first.rate:.3g} is above the limit {times(limit)} at the start "
            f"({step_sizes.formula(run.method)}): each step lands higher on the other side. {changed}"
        )
        lower = 0.5 * limit
        scales = _unscaled(run)
    else:
        evidence = f"The steps are too large for the weights. {changed}"
        lower = first.rate * min(0.1, step_sizes.CALM / typical if typical > 0 else 0.1)
    remedy = f"Lower the learning rate from {first.rate:.3g} to {step_sizes.rounded(lower)}."
    if badly and any(isinstance(module, Recurrent) for module in history.modules):
        remedy = f"{remedy} {step_sizes.clipping(run)}".strip()
    return [Finding("large steps", "", 0, evidence.strip(), f"{scales}{remedy}")]


def _largest_changes(history: LayerHistory, worst: Any) -> str:
    """Which layer a step changed most: the first step, and a later one that changed more."""
    told = []
    last = len(worst) - 1
    for k in (0, last) if np.nan_to_num(worst[last]) > np.nan_to_num(worst[0]) else (0,):
        column = history.update_ratio[:, k]
        if np.isfinite(column).any():
            layer = int(np.nanargmax(np.where(np.isfinite(column), column, np.nan)))
            told.append(f"tep {history.steps[k]} changed {history.layers[layer]} by {times(float(column[layer]))}")
    return f"S{' and s'.join(told)} times its own size." if told else ""


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
