"""NetworkClassifier: a network that tells classes apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import column_or_1d

from steepest.base.errors import DataError, ModelError
from steepest.base.params import Array
from steepest.estimators.network import DTYPES, NetworkEstimator
from steepest.estimators.rows import Rows
from steepest.nn.classification import cross_entropy
from steepest.nn.losses import Loss

# What `fit` has told, and rows given to `partial_fit` need not have: several classes.
LOSS = replace(cross_entropy, classes=False)


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A multilayer perceptron for classification, with softmax cross-entropy.

    Columns are standardised inside, by their weighted means and standard deviations.

    Parameters
    ----------
    hidden, activation, method, learning_rate, batch_size, epochs, penalty, patience, validation_fraction, standardise, dtype, \
engine, warm_start, random_state
        As of `NetworkRegressor`.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        The labels, sorted.
    params_, network_, history_, outcome_, loss_curve_, n_iter_, n_features_in_, feature_names_in_
        As of `NetworkRegressor`; the network gives a score for each class.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = NetworkClassifier((10,), random_state=0).fit(x, ["low", "low", "high", "high"])
    >>> model.predict([[0.5], [2.5]]).tolist(), model.predict_proba([[0.5]]).shape
    (['low', 'high'], (1, 2))
    """

    def _read(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> Rows:
        rows = Rows.given(self, X, y, sample_weight, reset=reset, dtype=list(DTYPES.values()))
        check_classification_targets(rows.y)
        return rows._replace(y=column_or_1d(rows.y, warn=True))

    def _learn_target(self, rows: Rows, classes: Any) -> None:
        self.classes_ = np.unique(rows.y) if classes is None else classes
        if len(self.classes_) < 2:
            raise DataError(
                f"there is only one class among the rows that count, {self.classes_[0]!s}: nothing to tell apart."
            )

    def _target(self, rows: Rows) -> tuple[Array, int, Loss]:
        places = np.minimum(np.searchsorted(self.classes_, rows.y), len(self.classes_) - 1)
        if (unknown := self.classes_[places] != rows.y).any():
            raise DataError(
                f"y holds {rows.y[unknown][0]!s}, which is none of the classes {', '.join(map(str, self.classes_))}."
            )
        return places, len(self.classes_), LOSS

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """One pass over these rows, from where the last one ended; units are those of the first rows ever given.

        Parameters
        ----------
        X, y, sample_weight
            As of `fit`.
        classes : array
            All classes that there will be; needed at the first call, unless `fit` came before.

        Raises
        ------
        ValueError
            As of `fit`; also if the classes are not given, or are others than at the first call.
        """
        named = None if classes is None else unique_labels(classes)
        if not hasattr(self, "params_"):
            if named is None:
                raise ModelError("the first call of partial_fit must name all classes: partial_fit(X, y, classes=…).")
        elif named is not None and not np.array_equal(named, self.classes_):
            raise ModelError(
                f"the classes are {', '.join(map(str, self.classes_))} since the first call, not "
                f"{', '.join(map(str, named))}."
            )
        return self._partial_fit(X, y, sample_weight, named)

    def decision_function(self, X: Any) -> Array:
        """Scores, shape (rows, classes); of two classes the log-odds of the second, shape (rows,)."""
        scores = self._outputs(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of the probabilities, shape (rows, classes), in the order of `classes_`."""
        scores = self._outputs(X).astype(np.float64)
        scores -= scores.max(axis=1, keepdims=True)
        scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return scores

    def predict_proba(self, X: Any) -> Array:
        """Probabilities, shape (rows, classes), in the order of `classes_`: the softmax of the network's scores."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: Any) -> Array:
        """The most probable class of each row, shape (rows,)."""
        best = self._outputs(X).argmax(axis=1)
        return np.asarray(self.classes_[best])
