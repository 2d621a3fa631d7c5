"""Remarks on a descent: why it was slow or went wrong, from the curvature where it stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.training import outcome as outcomes

MOST_PARAMETERS = 60  # a whole Hessian costs as many gradients
ILL_CONDITIONED = 1e3
WORTH_SAYING = 0.01  # of the loss: what a descent could still gain
TOO_SMALL = 0.02  # of the limit: a rate from which the descent crawls for no reason

_TROUBLED = {outcomes.OUT_OF_STEPS, outcomes.OUT_OF_TIME, outcomes.STALLED, outcomes.DIVERGED, outcomes.NON_FINITE}


def run_remarks(run: Any) -> list[str]:
    """Plain words about a run by a descent rule that did not arrive; empty for every other run."""
    rate = run.state.get("rate")
    if rate is None or run.outcome is None or run.outcome.name not in _TROUBLED or not len(run.history):
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
    limit = 2.0 / largest
    if run.outcome.name in (outcomes.DIVERGED, outcomes.NON_FINITE):
        if rate > limit:
            return [
                f"The learning rate {rate:.3g} is above the limit {limit:.3g} (2 / largest curvature): each step lands higher "
                f"on the other side. A rate below the limit converges; leave learning_rate out to have one chosen."
            ]
        return []
    gradient = scale * run.problem.value_and_gradient(run.params)[1]
    return _slow(run, rate, limit, curvatures, directions.T @ gradient) if smallest > 0 else []


def _slow(run: Any, rate: float, limit: float, curvatures: Any, slopes: Any) -> list[str]:
    """Why a descent on a bowl has not arrived: what is left to gain, and which direction it lies in."""
    gain = float(np.sum(slopes**2 / curvatures)) / 2  # the decrease that the quadratic model promises
    if not gain > WORTH_SAYING * abs(run.loss):
        return []
    condition = float(curvatures[-1] / curvatures[0])
    promised = f"the loss {run.loss:.6g} could still fall to about {run.loss - gain:.3g}"
    if condition > ILL_CONDITIONED:
        steps = condition / 2  # to shrink the flattest direction by e at the limit's half
        return [
            f"The problem is ill-conditioned (condition number {condition:.1e}): {promised}, but the steepest direction allows "
            f"no rate above {limit:.2g} (2 / largest curvature), and at such rates the flattest direction needs about "
            f"{steps:.0e} steps. Use method='levenberg_marquardt' (the default), which is not slowed by it."
        ]
    if rate < TOO_SMALL * limit:
        return [
            f"The learning rate {rate:.3g} is far below the limit {limit:.3g} (2 / largest curvature): {promised}. Raise it."
        ]
    return []
