"""Remarks on a network's training: the first cause of what went wrong, with its evidence and what to do."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.doctor import step_sizes
from steepest.doctor.finding import Finding, listed, times
from steepest.doctor.gradient_findings import gradient_findings
from steepest.doctor.layer_history import LayerHistory
from steepest.doctor.non_finite import Place, origin
from steepest.doctor.probes import measure, network_of, update_ratios
from steepest.doctor.step_findings import jumps, large_steps, with_clipping
from steepest.optim.method import norm
from steepest.training import outcome as outcomes


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
    found = [with_clipping(each, run, badly) for each in found]
    if not any(each.symptom.startswith("gradients grow") and each.step == 0 for each in found):
        if jumped := jumps(run, badly):
            found = sorted([*jumped, *found], key=lambda each: each.step)
        elif badly or not step_sizes.held(run.history):
            large = large_steps(run, history, badly)
            found = large if badly and large else [*large, *found]  # what it was like at the end is but a consequence
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
