"""LinearRegressor and LogisticClassifier: networks without hidden layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.estimators.network_classifier import NetworkClassifier
from steepest.estimators.network_regressor import NetworkRegressor
from steepest.nn.losses import Loss
from steepest.nn.mlp import MLP

MANY = 10_000  # rows, beyond which a descent on batches is sooner there


class _FromZero:
    """No hidden layers; the coefficients begin at 0."""

    def _network(self, columns: int, outputs: int) -> MLP:
        return MLP(columns, (), outputs, weight_init="zeros")


class LinearRegressor(_FromZero, NetworkRegressor):
    """Linear regression by descent, with any loss, penalty and method: a `NetworkRegressor` without hidden layers.

    Parameters
    ----------
    loss, method, learning_rate, batch_size, epochs, penalty, patience, validation_fraction, standardise, dtype, engine, \
warm_start, random_state
        As of `NetworkRegressor`, but for the method: left out, with no rate and no batch size either, `fit` does at most 1000
        steps of L-BFGS on all rows, which arrives at the minimum. The start is 0, so that of many minima it is the nearest to
        it; `random_state` is for the order of rows. A penalty is on coefficients of standardised columns.

    Attributes
    ----------
    coef_ : ndarray, shape (columns,) or (targets, columns)
        In the user's units: y = X coef_ + intercept_.
    intercept_ : float, or ndarray of shape (targets,)

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]])
    >>> model = LinearRegressor().fit(x, 2 * x[:, 0] - x[:, 1] + 5)
    >>> model.coef_.round(6), round(model.intercept_, 6)
    (array([ 2., -1.]), 5.0)
    """

    def __init__(
        self,
        *,
        loss: str | Loss = "mse",
        method: Any = None,
        learning_rate: Any = None,
        batch_size: int | None = None,
        epochs: int = 1000,
        penalty: Any = None,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        standardise: bool = True,
        dtype: str = "float64",
        engine: str | None = None,
        warm_start: bool = False,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            (), loss=loss, method=method, learning_rate=learning_rate, batch_size=batch_size, epochs=epochs,
            penalty=penalty, patience=patience, validation_fraction=validation_fraction, standardise=standardise,
            dtype=dtype, engine=engine, warm_start=warm_start, random_state=random_state,
        )  # fmt: skip

    def _usual(self, rows: int) -> str | None:
        return "lbfgs"

    @property
    def coef_(self) -> Array:
        """How much y changes with each column."""
        weight = self.params_["0.weight"] / self._units.spread * self._target_units.spread[:, None]
        return weight[0] if self._single else weight

    @property
    def intercept_(self) -> Any:
        """y where all columns are 0."""
        centre = self._units.centre / self._units.spread
        bias = self._target_units.undone(self.params_["0.bias"] - self.params_["0.weight"] @ centre)
        return float(bias[0]) if self._single else bias


class LogisticClassifier(_FromZero, NetworkClassifier):
    """Logistic regression by descent, multinomial for several classes: a `NetworkClassifier` without hidden layers.

    Parameters
    ----------
    method, learning_rate, batch_size, epochs, penalty, patience, validation_fraction, standardise, dtype, engine, \
warm_start, random_state
        As of `NetworkRegressor`, but for three. The penalty is 0.003 unless given, since the coefficients of classes that a plane
        can part grow without end. Left out, with no rate and no batch size either, the method of `fit` is L-BFGS up to 10,000
        rows. There are 12 epochs, which are steps of L-BFGS: beyond them accuracy hardly changes (docs/results.md), and the
        coefficients go on to the minimum, so give more epochs for those.

    Attributes
    ----------
    coef_ : ndarray, shape (1, columns) of two classes, else (classes, columns)
        In the user's units: `decision_function` is X coef_ᵀ + intercept_.
    intercept_ : ndarray, shape (1,) or (classes,)

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = LogisticClassifier().fit(x, [0, 0, 1, 1])
    >>> (-model.intercept_ / model.coef_[:, 0]).round(6)  # where both classes are equally likely
    array([1.5])
    """

    def __init__(
        self,
        *,
        method: Any = None,
        learning_rate: Any = None,
        batch_size: int | None = None,
        epochs: int = 12,
        penalty: Any = 0.003,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        standardise: bool = True,
        dtype: str = "float64",
        engine: str | None = None,
        warm_start: bool = False,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            (), method=method, learning_rate=learning_rate, batch_size=batch_size, epochs=epochs, penalty=penalty,
            patience=patience, validation_fraction=validation_fraction, standardise=standardise, dtype=dtype,
            engine=engine, warm_start=warm_start, random_state=random_state,
        )  # fmt: skip

    def _usual(self, rows: int) -> str | None:
        return "lbfgs" if rows <= MANY else None

    @property
    def coef_(self) -> Array:
        """How much each score changes with each column."""
        return _scores(self.params_["0.weight"]) / self._units.spread

    @property
    def intercept_(self) -> Array:
        """The scores where all columns are 0."""
        return np.asarray(_scores(self.params_["0.bias"]) - self.coef_ @ self._units.centre)


def _scores(x: Array) -> Array:
    """Of two classes the difference of their scores, as `decision_function` gives it."""
    return np.asarray(x[1:] - x[:1] if len(x) == 2 else x)
