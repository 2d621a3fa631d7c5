"""Remarks on a descent: why it was slow or went wrong, from the curvature where it stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.doctor.network_remarks import network_findings, not_finite
from steepest.doctor.non_finite import Place
from steepest.doctor.step_sizes import formula, limit_factor
from steepest.training import outcome as outcomes

MOST_PARAMETERS = 60  # a whole Hessian costs as many gradients
ILL_CONDITIONED = 1e3
LONG = 5.0  # seconds of a run whose engine is worth a word
WORTH_SAYING = 0.01  # of the loss: what a descent could still gain
TOO_SMALL = 0.02  # of the limit: a rate from which the descent crawls for no reason

_TROUBLED = {outcomes.OUT_OF_STEPS, outcomes.OUT_OF_TIME, outcomes.STALLED, outcomes.DIVERGED, outcomes.NON_FINITE}


def run_remarks(run: Any, place: Place | None = None) -> list[str]:
    """Plain words about a run, first cause first; empty for a healthy one.

    Parameters
    ----------
    run : Run
    place : callable, optional
        Row number (from 0) to words, such as "line 17 of co2.csv".
    """
    try:
        if found := network_findings(run, place):
            return [*(each.words for each in found), *_by_numpy(run)]
        where = not_finite(run, place) if run.outcome is not None and run.outcome.name == outcomes.NON_FINITE else []
        return [*_on_the_bowl(run), *(each.words for each in where), *_by_numpy(run)]
    except Exception as error:  # a model may refuse to be called again, or to be differentiated twice
        fine = run.outcome is None or run.outcome.ok
        return [] if fine else [f"Why the run ended as it did could not be found out: {error}"]


def _by_numpy(run: Any) -> list[str]:
    """That machine code could not do a run that took long."""
    if not run.engine_reason or run.elapsed < LONG:
        return []
    return [f"NumPy took {run.elapsed:.0f} s for the steps, which machine code could not do: {run.engine_reason}"]


def _on_the_bowl(run: Any) -> list[str]:
    """What the curvature says of a run by a descent rule that did not arrive."""
    rate, factor = run.state.get("rate"), limit_factor(run.method)
    if (
        rate is None
        or factor is None
        or run.outcome is None
        or run.outcome.name not in _TROUBLED
        or not len(run.history)
    ):
        return []
    if run.params.flat.size > MOST_PARAMETERS or run.problem.loss_function.root:
        return []
    scale = run.state["scale"]
    hessian = run.problem.hessian(run.params) * np.outer(scale, scale)
    if not np.isfinite(hessian).all():
        return []
    curvatures, directions = np.linalg.eigh((hessian + hessian.T) / 2)
    largest, smallest = float(curvatures[-1]), float(curvatures[0])
    if largest <= 0:
        return []
    limit = factor * 2.0 / largest
    if run.outcome.name in (outcomes.DIVERGED, outcomes.NON_FINITE):
        if rate > limit:
            return [
                f"The learning rate {rate:.3g} is above the limit {limit:.2g} ({formula(run.method)}): each step lands higher on "
                f"the other side. A rate below the limit converges; leave the rate out to have one chosen."
            ]
        return []
    gradient = scale * run.problem.value_and_gradient(run.params)[1]
    return _slow(run, rate, limit, factor, curvatures, directions.T @ gradient) if smallest > 0 else []


def _slow(run: Any, rate: float, limit: float, factor: float, curvatures: Any, slopes: Any) -> list[str]:
    """Why a descent on a bowl has not arrived: what is left to gain, and which direction it lies in."""
    gain = float(np.sum(slopes**2 / curvatures)) / 2  # the decrease that the quadratic model promises
    if not gain > WORTH_SAYING * abs(run.loss):
        return []
    condition = float(curvatures[-1] / curvatures[0])
    least = max(run.loss - gain, 0.0) if run.problem.has_data else run.loss - gain
    promised = f"the loss {run.loss:.4g} could still fall to about {least:.3g}"
    if condition > ILL_CONDITIONED:
        steps = condition / 2  # to shrink the flattest direction by e at the limit's half
        curve_fit = run.problem.has_data and run.problem.loss_function.slope is not None and run.problem.penalty is None
        return [
            f"The problem is ill-conditioned (condition number {condition:.1e}): {promised}, but the steepest direction allows "
            f"no rate above {limit:.2g} ({formula(run.method)}), and at such rates the flattest direction needs about "
            f"{steps:.0e} steps. Use method='{'levenberg_marquardt' if curve_fit else 'lbfgs'}', which uses the curvature."
        ]
    if rate < TOO_SMALL * limit:
        return [
            f"The learning rate {rate:.3g} is far below the limit {limit:.2g} ({formula(run.method)}): {promised}. Raise it."
        ]
    return []
