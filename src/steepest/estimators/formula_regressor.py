"""FormulaRegressor: a formula as an estimator."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from steepest.base.errors import FormulaError
from steepest.base.params import Array
from steepest.estimators.rows import Rows, seed_from
from steepest.fitting import saved
from steepest.fitting.fit import fit
from steepest.fitting.result import Fit
from steepest.fitting.saved import SavedFit
from steepest.formula.formula import Formula
from steepest.formula.inverse import inverse_of
from steepest.formula.tree import names
from steepest.nn.losses import Loss

_PLACE = re.compile(r"x(\d+)")


class FormulaRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A formula fitted to data, with starts, scales and uncertainties as of `steepest.fit`.

    Parameters
    ----------
    formula : str
        Such as ``"y ~ a*exp(-b*x0) + c"``. Left stands the target, under any name, or what has one value for each of its
        values: ``log(y)`` is fitted, and y predicted. Right, `x0`, `x1`, … are the columns of X by their places; if X is a data
        frame of which the formula names a column, columns go by their names alone. Every other name is a parameter.
    loss, method, learning_rate, start, fix, tie, bounds, steps
        As of `steepest.fit`.
    random_state : int, RandomState or None
        An int is the seed of the search for a start.

    Attributes
    ----------
    params_, errors_ : dict of str to float
        The parameters and their standard errors; `errors_` is None where these are not defined.
    fit_ : Fit or SavedFit
        The whole answer, with its summary and pictures; of an estimator that was pickled what `steepest.load` gives, since the
        data are not pickled with it.
    outcome_ : Outcome
    history_ : History
        A row a step.
    n_iter_ : int
        Steps done.
    n_features_in_, feature_names_in_
        How many columns there were, and their names if they had some.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0, 5, 30)[:, None]
    >>> model = FormulaRegressor("y ~ a*exp(-b*x0) + c").fit(x, 3 * np.exp(-0.7 * x[:, 0]) + 0.2)
    >>> model.predict([[0.0]]).round(6), round(model.params_["b"], 6)
    (array([3.2]), 0.7)
    """

    def __init__(
        self,
        formula: str,
        *,
        loss: str | Loss = "mse",
        method: Any = None,
        learning_rate: Any = None,
        start: Mapping[str, Any] | None = None,
        fix: Mapping[str, Any] | None = None,
        tie: Any = None,
        bounds: Any = None,
        steps: int | None = None,
        random_state: Any = 0,
    ) -> None:
        self.formula = formula
        self.loss = loss
        self.method = method
        self.learning_rate = learning_rate
        self.start = start
        self.fix = fix
        self.tie = tie
        self.bounds = bounds
        self.steps = steps
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the formula.

        Parameters
        ----------
        X : array or data frame of shape (rows, columns)
        y : array of shape (rows,)
        sample_weight : array of shape (rows,), optional
            How much each row counts; one of weight 0 is as good as not there.

        Raises
        ------
        ValueError
            X, y or a parameter cannot be used (`DataError`, `FormulaError` and `ModelError` are such); says what and where.

        Warns
        -----
        ConvergenceWarning
            The descent ended badly; says how, and what to do.
        """
        formula = self.formula if isinstance(self.formula, Formula) else Formula(self.formula)
        target = _target_name(formula)
        rows = Rows.given(self, X, y, sample_weight, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        observed = column_or_1d(rows.y, warn=True).astype(np.float64, copy=False)
        self._names = self._column_names(formula, target)
        self.fit_: Fit | SavedFit = fit(
            formula, {**self._columns(rows.x), target: observed}, weights=rows.weights, loss=self.loss, method=self.method,
            learning_rate=self.learning_rate, start=self.start, fix=self.fix, tie=self.tie, bounds=self.bounds,
            steps=self.steps, seed=seed_from(self.random_state),
        )  # fmt: skip
        self.params_, self.errors_ = self.fit_.params, self.fit_.standard_errors
        self.outcome_, self.history_, self.n_iter_ = self.fit_.outcome, self.fit_.history, self.fit_.steps
        if not self.outcome_.ok:
            warnings.warn(str(self.outcome_), ConvergenceWarning, stacklevel=2)
        return self

    def predict(self, X: Any) -> Array:
        """Predictions of the target, shape (rows,).

        Raises
        ------
        ValueError
            The estimator is not fitted, or X has not the columns that it was fitted to.
        """
        check_is_fitted(self, "params_")
        x = validate_data(self, X, reset=False, dtype=np.float64)
        return np.asarray(self.fit_.predict_original(self._columns(x)))

    # ---- columns by name
    def _column_names(self, formula: Formula, target: str) -> list[str]:
        """What the formula calls each column of X."""
        named = [str(name) for name in getattr(self, "feature_names_in_", ())]
        if not any(name in formula.names for name in named):
            named = [f"x{i}" for i in range(self.n_features_in_)]
            for name in formula.names:
                if (place := _PLACE.fullmatch(name)) and int(place[1]) >= len(named):
                    raise FormulaError(
                        f"the formula {formula.text!r} names {name}, but X has {len(named)} column{'s' * (len(named) != 1)}, "
                        f"x0{f' to {named[-1]}' if len(named) > 1 else ''}. Give parameters other names."
                    )
        if target in formula.names:
            raise FormulaError(
                f"the formula {formula.text!r} names {target} on both sides, but y is not known where it is predicted."
            )
        return named

    def _columns(self, x: Array) -> dict[str, Array]:
        return dict(zip(self._names, x.T))

    # ---- what is pickled
    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if isinstance(state.get("fit_"), Fit):
            state = {**state, "fit_": saved.content_of(state["fit_"])}
        elif "fit_" in state:
            state = {**state, "fit_": state["fit_"].content}
        return dict(state)

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "fit_" in state:
            state = {**state, "fit_": saved.of_content(state["fit_"])}
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # a formula follows the data that it was written for
        return tags


def _target_name(formula: Formula) -> str:
    """The only name on the left side, if y follows from the value of that side.

    Raises
    ------
    FormulaError
        There are several, or several y have the same value.
    """
    left = {name.name for name in names(formula.target)}
    if len(left) != 1 or inverse_of(formula.target) is None:
        raise FormulaError(
            f"the left side {formula.target_name} must be the target, or a function of it that can be undone such as log(y): "
            "predict gives the target.", formula.text, 0,
        )  # fmt: skip
    return left.pop()
