"""NetworkRegressor: a network that predicts numbers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin

from steepest.base.params import Array
from steepest.estimators.network import DTYPES, EPOCHS, NetworkEstimator
from steepest.estimators.rows import Rows
from steepest.estimators.units import Units
from steepest.nn.losses import Loss, loss_named


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """A multilayer perceptron for regression.

    Columns and targets are standardised inside, by their weighted means and standard deviations.

    Parameters
    ----------
    hidden : int or sequence of int
        Sizes of the hidden layers; empty for a linear model.
    activation : str or Module
        See `MLP`.
    loss : {"mse", "mae", "huber", "log_cosh"} or Loss
        Of standardised targets, over several of which the mean is taken.
    method : str, Rule or Method, optional
        See `steepest.training.methods.method_named`. Left out, it is AdamW with a weight decay of 0.4.
    learning_rate : float or callable, optional
        The first rate, which falls to 0 along half a cosine; 0.02 if neither it nor a method is given, and a given method's usual
        one otherwise. A function of the step, such as ``sd.ConstantRate(0.01)``, is used as it is. In `partial_fit` the rate does
        not fall.
    batch_size : int, optional
        Rows a step sees; all of them where there are no more. Left out, batches of about the same size, at most 200.
    epochs : int
        Passes over the rows; steps of methods that see all rows at once.
    penalty : float or callable, optional
        The strength of an `L2` penalty on the weights, or a penalty on the parameters such as ``sd.L1(1e-4)``.
    patience : int, optional
        Hold out rows, stop after so many epochs in which their loss did not get better, and restore the best parameters.
    validation_fraction : float
        The share of the rows that is held out, if `patience` is given.
    standardise : bool
        Whether columns and targets are standardised; without it they should be of size 1.
    dtype : {"float64", "float32"}
        What the network computes in.
    engine : {"numpy", "llvm", "auto"}, optional
        What computes the steps, see `Run`. Left out, the environment variable SD_ENGINE decides, else it is NumPy for 100 steps
        on 200 rows or less, and machine code beyond.
    warm_start : bool
        Whether `fit` goes on from the parameters and the units of the last one.
    random_state : int, RandomState or None
        An int is the seed of the first weights and of the order of rows; None takes one of NumPy's.

    Attributes
    ----------
    params_ : dict of str to ndarray
        Weights and biases under PyTorch's names, for standardised columns.
    network_ : MLP
    history_ : History
        A row a step.
    outcome_ : Outcome
    loss_curve_ : ndarray
        The mean loss of each epoch, of standardised targets.
    n_iter_ : int
        Epochs done.
    n_features_in_, feature_names_in_
        How many columns there were, and their names if they had some.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-2, 2, 100)[:, None]
    >>> model = NetworkRegressor((20,), activation="tanh", epochs=500, random_state=0).fit(x, np.sin(x[:, 0]))
    >>> bool(abs(model.predict([[1.5]]) - np.sin(1.5)) < 0.05)
    True
    """

    def __init__(
        self,
        hidden: Any = (100,),
        *,
        activation: Any = "relu",
        loss: str | Loss = "mse",
        method: Any = None,
        learning_rate: Any = None,
        batch_size: int | None = None,
        epochs: int = EPOCHS,
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
            hidden, activation=activation, method=method, learning_rate=learning_rate, batch_size=batch_size,
            epochs=epochs, penalty=penalty, patience=patience, validation_fraction=validation_fraction,
            standardise=standardise, dtype=dtype, engine=engine, warm_start=warm_start, random_state=random_state,
        )  # fmt: skip
        self.loss = loss

    def _read(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> Rows:
        rows = Rows.given(
            self, X, y, sample_weight, reset=reset, dtype=list(DTYPES.values()), multi_output=True, y_numeric=True
        )
        return rows._replace(y=rows.y.astype(np.float64, copy=False))

    def _learn_target(self, rows: Rows, classes: Any) -> None:
        y = _columns(rows.y)
        self._target_units = Units.of(y, rows.weights) if self.standardise else Units.none(y.shape[1])
        self._single = rows.y.ndim == 1

    def _target(self, rows: Rows) -> tuple[Array, int, Loss]:
        y = _columns(rows.y)
        return self._target_units.applied(y), y.shape[1], loss_named(self.loss)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """One pass over these rows, from where the last one ended; units are those of the first rows ever given.

        Parameters and errors as of `fit`.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> Array:
        """Predictions, shape (rows,), or (rows, targets) where `fit` was given columns of targets.

        Raises
        ------
        ValueError
            The estimator is not fitted, or X has not the columns that it was fitted to.
        """
        z = self._outputs(X)
        y = self._target_units.undone(z)
        return y[:, 0] if self._single else y

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _columns(y: Array) -> Array:
    return y.reshape(len(y), -1)
