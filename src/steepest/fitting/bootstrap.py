"""Bootstrap: what the fit would have been with other data of the same kind."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.base.checks import whole
from steepest.base.errors import ModelError
from steepest.base.params import Array, Params
from steepest.base.random import generator
from steepest.fitting.refit import refit
from steepest.training.problem import Batch, Problem

if TYPE_CHECKING:
    from steepest.fitting.result import Fit

KINDS = ("rows", "residuals")
FEWEST = 20  # below, quantiles at 95 % are the extremes


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Refits to resampled data.

    Attributes
    ----------
    params : dict of str to ndarray
        The parameters of each refit that succeeded, in the first axis; tied and fixed ones too. NaN for what the data do not
        determine: a refit only shows where it began.
    failed : int
        Refits that did not end in a finite minimum; they are left out.
    kind : str
    interrupted : bool
        Whether it was ended by Ctrl-C before all refits were done.
    """

    params: dict[str, Array]
    failed: int
    kind: str
    interrupted: bool = False

    @property
    def samples(self) -> int:
        """How many refits succeeded."""
        return len(next(iter(self.params.values())))

    @property
    def standard_errors(self) -> dict[str, Any]:
        """The standard deviation of the refits, by name."""
        return {name: _plain(np.std(values, axis=0, ddof=1)) for name, values in self.params.items()}

    def intervals(self, level: float = 0.95) -> dict[str, tuple[Any, Any]]:
        """Percentile intervals, by name (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13)."""
        if not 0 < level < 1:
            raise ModelError(f"the level of confidence lies between 0 and 1, for example 0.95, not {level!r}.")
        ends = (0.5 - level / 2, 0.5 + level / 2)
        return {
            name: (_plain(np.quantile(values, ends[0], axis=0)), _plain(np.quantile(values, ends[1], axis=0)))
            for name, values in self.params.items()
        }

    def __repr__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        shown = ", ".join(
            f"{name} {low:.6g} to {high:.6g}" for name, (low, high) in self.intervals().items() if np.ndim(low) == 0
        )
        return f"Bootstrap of {self.kind}({self.samples} samples{failed}; 95 %: {shown})"


def bootstrap(
    fit: Fit, samples: int = 1000, kind: str = "rows", seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> Bootstrap:
    """Fit again and again to resampled data, each time from the answer.

    Parameters
    ----------
    fit : Fit
    samples : int
        How many refits, at least 20.
    kind : {"rows", "residuals"}
        "rows" draws rows with replacement, which asks nothing of the errors but that rows are independent. "residuals" keeps
        the rows and adds resampled residuals to what the fit predicts, which asks for errors of one kind (divided by the root
        of their weights) and keeps a design that was planned.
    seed : int
        Sample k is a function of (seed, k).
    progress : callable, optional
        ``progress(done, samples)`` after each refit; raising KeyboardInterrupt ends the bootstrap with what there is.

    Raises
    ------
    ModelError
        The kind is unknown, there are too few samples, there are no more rows than parameters, or half of the refits fail.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> x = np.arange(20.0)
    >>> fit = sd.fit("y ~ a + b*x", {"x": x, "y": 2 * x + np.sin(7 * x)})
    >>> again = bootstrap(fit, samples=100)
    >>> low, high = again.intervals()["b"]
    >>> low < 2 < high
    True
    """
    whole("samples", samples, FEWEST)
    if kind not in KINDS:
        raise ModelError(f"a bootstrap resamples {' or '.join(KINDS)}, not {kind!r}.")
    if fit.degrees_of_freedom <= 0:
        raise ModelError(
            "there is nothing to resample: there are no more rows than parameters, so all residuals are 0."
        )
    open_ones = [i for group in fit.uncertainty.undetermined for i in group]
    found: list[dict[str, Any]] = []
    tried, interrupted = 0, False
    try:
        for k in range(samples):
            params = _refit(fit, kind, generator(seed, "bootstrap", 0, k))
            tried = k + 1
            if params is not None:
                flat = params.flat.copy()
                flat[open_ones] = np.nan
                found.append(fit.constraints.expanded(params.replaced(flat)))
            if progress is not None:
                progress(tried, samples)
    except KeyboardInterrupt:
        if len(found) < FEWEST:
            raise
        interrupted = True
    if len(found) < max(FEWEST, tried // 2):
        raise ModelError(
            f"{tried - len(found)} of {tried} refits found no minimum: the resampled data do not determine the parameters. "
            f"Fix some, or fit fewer."
        )
    names = list(fit.params)
    samples_of = {name: np.array([each[name] for each in found]) for name in names}
    return Bootstrap(samples_of, tried - len(found), kind, interrupted)


def _refit(fit: Fit, kind: str, rng: np.random.Generator) -> Params | None:
    problem: Problem = copy.copy(fit.problem)
    problem.start = fit.run.params
    problem.data = _resampled(fit, kind, rng)
    drawn = len(fit.observed) if problem.data.weights is None else np.count_nonzero(problem.data.weights)
    if drawn * fit.observed[0].size < fit.run.params.flat.size:
        return None  # the same few rows again and again leave the answer where it is
    run = refit(problem, fit.run.method, steps=fit.run.steps_asked)
    assert run.outcome is not None
    good = run.outcome.ok and np.isfinite(run.params.flat).all()
    return run.params if good else None


def _resampled(fit: Fit, kind: str, rng: np.random.Generator) -> Batch:
    data, rows = fit.problem.data, len(fit.observed)
    weights = np.ones(rows) if data.weights is None else data.weights
    if kind == "rows":  # a row drawn twice counts twice: nothing has to be copied
        counted = np.flatnonzero(weights > 0)
        drawn = np.bincount(counted[rng.integers(len(counted), size=len(counted))], minlength=rows)
        return Batch(data.inputs, data.target, weights * drawn)
    shape = (rows, *[1] * (fit.observed.ndim - 1))
    root = np.sqrt(weights).reshape(shape)
    counted = np.flatnonzero(weights > 0)
    residual = (fit.residuals * root)[counted]
    residual = residual - residual.mean(axis=0)
    # Fitted residuals are smaller than the errors by the degrees of freedom that the parameters took.
    grown = residual * np.sqrt(residual.size / max(fit.degrees_of_freedom, 1))
    drawn_residuals = grown[rng.integers(len(counted), size=rows)]
    with np.errstate(divide="ignore", invalid="ignore"):
        added = np.where(root > 0, drawn_residuals / root, 0.0)
    return Batch(data.inputs, fit.predicted + added, data.weights)


def _plain(x: Any) -> Any:
    return float(x) if np.ndim(x) == 0 else x
