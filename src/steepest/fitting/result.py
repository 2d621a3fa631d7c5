"""Fit: the answer of a fit."""

from __future__ import annotations

import copy
import math
import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from steepest.base.choices import chosen
from steepest.base.exportable import Exportable
from steepest.base.params import Array, Params
from steepest.base.registry import provided
from steepest.base.reportable import Reportable
from steepest.fitting import saved
from steepest.fitting.bands import Knowledge, Prediction
from steepest.fitting.bootstrap import Bootstrap, bootstrap
from steepest.fitting.constraints import Constraints
from steepest.fitting.fit_bands import band_of, knowledge_of
from steepest.fitting.intervals import INTERVALS, confidence_intervals, standard_errors
from steepest.fitting.model import FitData, FormulaModel, FunctionModel, predictions
from steepest.fitting.profile import Profile, profile
from steepest.fitting.quality import r_squared, standard_deviation, sum_of_squares
from steepest.fitting.starts import Starts, guess, linear_of, natural_scales
from steepest.fitting.uncertainty import Uncertainty, estimate
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.training.history import History
from steepest.training.outcome import Outcome
from steepest.training.problem import Problem
from steepest.training.run import Run


class Fit(Exportable, Reportable):
    """The answer of a fit: parameters with their uncertainty, and everything that led to them.

    Attributes
    ----------
    run : Run
        The descent; ``problem``, ``history``, ``outcome``, ``method`` and ``steps`` are its own.
    model : FormulaModel or FunctionModel or None
    data : FitData
    params : dict of str to float (or ndarray)
    covariance : ndarray, shape (n, n), or None
    starts : Starts or None
        Where a fit of a formula began, and what was tried to find that; None for other models.
    intervals : {"t", "profile", "bootstrap"}
        Which kind of intervals the summary shows.

    Notes
    -----
    Everything is in the user's units. For ``log(y) ~ …`` predictions, residuals and errors are those of log(y).
    """

    def __init__(
        self,
        run: Run,
        model: FormulaModel | FunctionModel | None,
        data: FitData,
        told: Constraints | None = None,
        starts: Starts | None = None,
    ) -> None:
        self.run, self.model, self.data, self.starts = run, model, data, starts
        self.constraints = told or Constraints()
        self.intervals = "t"
        self._resampled: Bootstrap | None = None
        self._profiles: dict[tuple[str, float], Profile] = {}  # each takes many fits, and is asked for more than once

    # ---- the answer
    @cached_property
    def params(self) -> dict[str, Any]:
        """The parameters by name: numbers, or arrays for parameters that are arrays."""
        values = self.constraints.expanded(self.run.params)
        return {
            name: float(values[name]) if np.ndim(values[name]) == 0 else np.array(values[name]) for name in self._names
        }

    @property
    def _names(self) -> tuple[str, ...]:
        """All parameters, in the model's order; those that are fitted alone are ``run.params``."""
        return tuple(self.run.params) if self.model is None else self.model.parameters

    @property
    def element_names(self) -> list[str]:
        """A name for each number among `params`."""
        return Params(self.params).element_names()

    @cached_property
    def uncertainty(self) -> Uncertainty:
        """The covariance, or why there is none."""
        return estimate(self.problem, self.run.params, self.degrees_of_freedom, self.data.absolute)

    @cached_property
    def at_bounds(self) -> dict[str, float]:
        """The bound at which each element stands that the data would push through it, by its name."""
        names = self.run.params.element_names()
        return {names[i]: float(self.run.params.flat[i]) for i in self.uncertainty.held}

    @property
    def covariance(self) -> Array | None:
        """Covariance of what is fitted, in the order of ``run.params.element_names()``; None where it is not defined."""
        return self.uncertainty.covariance

    @cached_property
    def standard_errors(self) -> dict[str, Any] | None:
        """By name, like `params`; None where they are not defined.

        Infinite for what the data do not determine, NaN at a bound, 0 for what is fixed. Those of tied parameters follow to
        first order from the covariance of what they are tied to.
        """
        return standard_errors(self)

    def confidence_intervals(self, level: float = 0.95, kind: str | None = None) -> dict[str, tuple[Any, Any]] | None:
        """Intervals that hold each parameter with a probability of `level`; None where errors are not defined.

        Parameters
        ----------
        level : float
        kind : {"t", "profile", "bootstrap"}, optional
            ``t`` (unless the fit was asked for another): the estimate and so many standard errors, from Student's t with the
            fit's degrees of freedom, or from the normal distribution where the rows' errors are known (``sigma=``). For
            ``profile`` see `Fit.profile`, for ``bootstrap`` `Fit.bootstrap`.

        Raises
        ------
        ModelError
            `level` is not between 0 and 1.
        """
        return confidence_intervals(self, level, chosen("kind of interval", kind or self.intervals, INTERVALS))

    def showing(self, intervals: str) -> Fit:
        """This fit, with another kind of intervals in its summary."""
        self.intervals = intervals
        return self

    def profile(self, name: str, level: float = 0.95) -> Profile:
        """The profile-likelihood interval of one parameter: `steepest.fitting.profile.profile`."""
        if (name, level) not in self._profiles:
            self._profiles[name, level] = profile(self, name, level)
        return self._profiles[name, level]

    def bootstrap(self, samples: int = 1000, kind: str = "rows", seed: int = 0, progress: Any = None) -> Bootstrap:
        """Fits to resampled data: `steepest.fitting.bootstrap.bootstrap`."""
        return bootstrap(self, samples, kind, seed, progress)

    def resampled(self, progress: Any = None) -> Bootstrap:
        """The bootstrap behind intervals of that kind: 1000 samples with the run's seed, made once."""
        if self._resampled is None:
            self._resampled = self.bootstrap(seed=self.run.seed, progress=progress)
        return self._resampled

    # ---- how good it is
    @property
    def loss(self) -> float:
        """The objective at the answer."""
        return self.run.loss

    @property
    def loss_name(self) -> str:
        return self.problem.loss_function.name

    @cached_property
    def predicted(self) -> Array:
        """What the model says for each row of the data."""
        return np.broadcast_to(self.run.predict(), self.observed.shape)

    @property
    def observed(self) -> Array:
        """What the data say: the left side of the formula, or the target."""
        return self.data.observed

    @cached_property
    def residuals(self) -> Array:
        """Observed minus predicted."""
        return np.asarray(self.observed - self.predicted)

    @property
    def rows(self) -> int:
        """Rows with a weight above zero: those that count."""
        return len(self.observed) if self.data.weights is None else int(np.count_nonzero(self.data.weights))

    @property
    def rows_dropped(self) -> int:
        return self.data.dropped

    @property
    def degrees_of_freedom(self) -> int:
        """Numbers observed minus numbers fitted."""
        per_row = int(np.prod(self.observed.shape[1:]))
        return self.rows * per_row - self.run.params.flat.size

    @property
    def has_residuals(self) -> bool:
        """Whether predictions are values of the target: not so for the losses of classes and of counts."""
        return self.problem.loss_function.slope is not None

    @cached_property
    def residual_sum_of_squares(self) -> float:
        """Sum of w * residual**2; NaN where predictions are no values of the target, such as scores of classes or log-rates."""
        return math.nan if not self.has_residuals else sum_of_squares(self.residuals, self._row_weights)

    @property
    def residual_standard_deviation(self) -> float:
        """sqrt(residual sum of squares / degrees of freedom); NaN without degrees of freedom or residuals."""
        return (
            math.nan
            if not self.has_residuals
            else standard_deviation(self.residuals, self._row_weights, self.degrees_of_freedom)
        )

    @cached_property
    def r_squared(self) -> float:
        """1 - residual / total sum of squares about the weighted mean; NaN for a constant target or without residuals."""
        return math.nan if not self.has_residuals else r_squared(self.residuals, self.observed, self._row_weights)

    @property
    def _row_weights(self) -> Array | None:
        return None if self.data.weights is None else self.problem.row_weights

    # ---- how it came about
    @cached_property
    def problem(self) -> Problem:
        """The run's problem, with the state that the model has at the end."""
        if self.run.problem.initial_state is None:
            return self.run.evaluated
        settled = copy.copy(self.run.evaluated)
        settled.initial_state = self.run.state.get("model", settled.initial_state)
        return settled

    @property
    def history(self) -> History:
        return self.run.history

    @property
    def outcome(self) -> Outcome:
        assert self.run.outcome is not None
        return self.run.outcome

    @property
    def method(self) -> str:
        return self.run.method.name

    @property
    def steps(self) -> int:
        return self.run.steps_done

    @property
    def columns(self) -> dict[str, Array]:
        """The columns that the model reads."""
        return self.data.columns

    @property
    def formula_text(self) -> str | None:
        return self.model.bound.formula.text if isinstance(self.model, FormulaModel) else None

    @property
    def target_text(self) -> str:
        """What is predicted: the left side of the formula, such as ``log(y)``."""
        return self.model.bound.target_text if isinstance(self.model, FormulaModel) else self.run.problem.target_name

    @cached_property
    def remarks(self) -> list[str]:
        """What is worth saying about this fit, in plain words; empty for a healthy one."""
        return list(provided("Fit", "remarks")(self))

    # ---- what it is for
    def predict(self, data: Any = None, interval: float | None = None) -> Any:
        """What the model says for other data (for the fit's own data if left out), in the unit of the left side.

        Parameters
        ----------
        data : optional
            As for the fit; only the columns of the right side are needed. For a function: a tuple of arrays, one array if it
            has one input, or named columns.
        interval : float, optional
            The level of bands, such as 0.95.

        Returns
        -------
        ndarray, or with `interval` a Prediction
            Its ``low`` and ``high`` are about the mean, ``new_low`` and ``new_high`` about a new observation: of weight 1, of the
            rows' own weights for the fit's own data. With ``sigma=`` a new row's error is not known, and its band is NaN.

        Raises
        ------
        DataError
            A column is missing or holds no numbers.
        ModelError
            There are no bands, since there are no standard errors; says why.

        Examples
        --------
        >>> import numpy as np, steepest as sd
        >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 2.9, 5.1, 7.0]})
        >>> band = fit.predict({"x": [1.5]}, interval=0.95)  # at the mean of x the error is s / sqrt(4)
        >>> bool(np.isclose((band.high - band.value) / 4.302653, fit.residual_standard_deviation / 2).all())
        True
        """
        if interval is not None:
            return self.band(data, interval)
        if data is None:
            return self.predicted
        if self.model is None:
            return np.asarray(self.run.predict(data))
        return predictions(self.model, self.params, data, self.observed.shape[1:])

    @property
    def knowledge(self) -> Knowledge:
        """What bands need of this fit: `steepest.fitting.fit_bands.knowledge_of`."""
        return knowledge_of(self)

    def band(self, data: Any = None, level: float = 0.95) -> Prediction:
        """Predictions with their bands: ``predict(data, interval=level)``."""
        return band_of(self, data, level)

    def predict_original(self, data: Any = None) -> Array | None:
        """The column itself where the left side can be undone (y from log(y)); None where it cannot.

        For a bend such as the logarithm this is the median of y, not its mean.
        """
        if not isinstance(self.model, FormulaModel):
            return None
        return self.model.bound.invert_target(self.predict(data))

    @property
    def plot(self) -> Any:
        """Pictures: ``fit.plot("fit.png")`` of data, fit, residuals and loss; ``fit.plot.loss()`` and others by name.

        See `steepest.plot`; ``dir(fit.plot)`` lists them.
        """
        return provided("Fit", "plot")(self)

    @property
    def animate(self) -> Any:
        """Animations: ``fit.animate("fit.gif")`` makes the most telling one, ``fit.animate.surface()`` and others go by name.

        See `steepest.animate`; ``dir(fit.animate)`` lists them.
        """
        return provided("Fit", "animate")(self)

    def from_found_start(self) -> Fit | None:
        """The same fit by Levenberg-Marquardt from a start that is found; None where this one's start was not given."""
        if (
            self.starts is None
            or "given" not in self.starts.sources.values()
            or not isinstance(self.model, FormulaModel)
        ):
            return None
        bound = self.model.settled(self.constraints)
        loss = self.problem.loss_function
        if loss.slope is None or self.problem.penalty is not None or set(linear_of(bound)) == set(bound.parameters):
            return None
        found = guess(bound, self.data, {}, self.run.seed, loss, self.constraints.bounds)
        problem = copy.copy(self.problem)
        problem.start = Params(
            self.constraints.within(
                {name: found.values[name] for name in bound.parameters}, natural_scales(bound, self.data)
            )
        )
        run = Run(problem, LevenbergMarquardt(), seed=self.run.seed).finish()
        return Fit(run, self.model, self.data, self.constraints, found)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write formula, parameters and uncertainty to one JSON file; see `steepest.load`.

        Raises
        ------
        ModelError
            The model is a Python function, which cannot be stored, or the fit has no finite answer.
        """
        return saved.save(self, path)

    def summary(self) -> str:
        """The table of parameters, the quality of the fit, the outcome and the remarks, as text."""
        return str(provided("Fit", "summary")(self))

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return str(provided("Fit", "summary_html")(self))
