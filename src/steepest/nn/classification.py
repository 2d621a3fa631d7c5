"""Losses of labels and counts: one number a row from raw scores, stable for scores of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff.apply import Value
from steepest.base.errors import DataError, ModelError, ShapeError
from steepest.base.params import Array
from steepest.nn.activations import below_top
from steepest.nn.losses import Loss
from steepest.nn.module import plain


def _no_residual(r: Any) -> Any:
    raise ModelError("this loss is not one of residuals; it takes outputs and targets.")


@dataclass(frozen=True)
class ScoreLoss(Loss):
    """A loss of scores against labels or counts, not of residuals.

    Attributes
    ----------
    of_scores : callable
        ``of_scores(outputs, target)``, the loss of each element.
    check : callable
        ``check(target, outputs' shape)`` raises where the target is not what the loss is for.
    labels : bool
        Whether each target is the number of a class: outputs (n, ..., k) then go with a target (n, ...).
    classes : bool
        Whether targets tell classes apart, so that there must be two different ones.
    """

    of_residual: Callable[[Any], Any] = _no_residual
    of_scores: Callable[[Any, Any], Any] = field(kw_only=True)
    check: Callable[[Array, tuple[int, ...]], None] = field(kw_only=True)
    labels: bool = field(default=False, kw_only=True)
    classes: bool = field(default=True, kw_only=True)

    def check_target(self, target: Any) -> None:
        """Raise if the target of a whole data set is not what the loss is for; known before the first step.

        Raises
        ------
        DataError
            Names the first bad row, or the only class that there is.
        """
        target = self._numeric(plain(target))
        if self.labels:
            check_labels(target)
        else:
            self.check(target, target.shape)
        if self.classes:
            check_several_classes(target)

    def aligned(self, outputs: Any, target: Any) -> Any:
        """The outputs, if their shape goes with the target's.

        Raises
        ------
        ShapeError
            It does not.
        """
        have, wanted = ops.shape(outputs), ops.shape(target)
        if self.labels and (len(have) < 2 or have[:-1] != wanted):
            raise ShapeError(
                f"{self.name} takes scores (rows, classes) and labels (rows,), one whole number a row; the model returned shape "
                f"{have} for a target of shape {wanted}."
            )
        if not self.labels and have != wanted:
            raise ShapeError(
                f"{self.name} takes one score a target; the model returned shape {have} for a target of shape {wanted}. "
                f"Reshape one of them, for example with .reshape(-1)."
            )
        return outputs

    def rows(self, outputs: Any, target: Any) -> Any:
        """The loss of each row, shape (n,); over further axes of the target the mean is taken.

        Raises
        ------
        ShapeError
            The shapes do not go together.
        DataError
            A target is not what the loss is for; names the first such row.
        """
        target = self._numeric(target)
        outputs = self.aligned(outputs, target)
        if not isinstance(target, Value):  # inside a recording the target is a Tensor, and was checked before
            self.check(target, ops.shape(outputs))
        values = self.of_scores(outputs, target)
        rank = ops.ndim(values)
        return ops.mean(values, axis=tuple(range(1, rank))) if rank > 1 else values

    def __call__(self, predictions: Any, targets: Any, weights: Any = None, reduction: str = "mean") -> Any:
        """The loss of arrays or Tensors, averaged over rows (or summed), each row weighted; errors as of `rows`."""
        return super().__call__(predictions, self._numeric(targets), weights, reduction)

    def _numeric(self, target: Any) -> Any:
        if isinstance(target, Value):
            return target
        array = np.asarray(target)
        if array.dtype.kind not in "fiub":
            raise DataError(f"{self.name} takes numbers as targets, not {array.dtype}; number the classes from 0.")
        return array


# ---- what targets must be
def first_bad_row(bad: Array) -> int:
    """The row, counted from 1, of the first element where `bad` holds."""
    return int(np.argwhere(bad)[0][0]) + 1


def check_labels(labels: Any, classes: int | None = None) -> None:
    """Raise unless every label is a whole number from 0 to classes - 1, or to anything where `classes` is not known.

    Raises
    ------
    DataError
        Names the first row and its label.
    """
    labels = np.asarray(labels)
    wanted = "labels must be whole numbers from 0" + ("" if classes is None else f" to {classes - 1}")
    if labels.dtype.kind not in "fiub":
        raise DataError(f"{wanted}, not {labels.dtype}; number the classes from 0.")
    whole = np.isfinite(labels) & (labels == np.floor(labels))
    if classes is None:
        whole &= labels >= 0
    if not whole.all():
        raise DataError(f"{wanted}; row {first_bad_row(~whole)} has {labels[~whole][0]:g}.")
    if classes is not None and (bad := (labels < 0) | (labels >= classes)).any():
        row = first_bad_row(bad)
        hint = " Labels start at 0." if labels.min() == 1 and labels.max() == classes else ""
        raise DataError(
            f"label {labels[bad][0]:g} in row {row} is out of range: the model gives {classes} scores, for classes 0 to "
            f"{classes - 1}.{hint}"
        )


def check_several_classes(labels: Any) -> None:
    """Raise where all labels are the same: there is nothing to tell apart. For a whole data set, not for a batch.

    Raises
    ------
    DataError
        Names the only class.
    """
    labels = np.asarray(labels)
    if labels.size and (labels == labels.flat[0]).all():
        raise DataError(
            f"all {labels.size} labels are {labels.flat[0]:g}: there is only one class, so nothing to learn."
        )


def _labels_of_scores(target: Array, shape: tuple[int, ...]) -> None:
    if shape[-1] < 2:
        raise ShapeError(
            f"the model gives {shape[-1]} score a row, but classes need one score each; for two classes with a single score "
            f"use binary_cross_entropy."
        )
    check_labels(target, shape[-1])


def _probabilities(target: Array, shape: tuple[int, ...]) -> None:
    if (bad := ~((target >= 0) & (target <= 1))).any():
        row = first_bad_row(bad)
        raise DataError(f"binary_cross_entropy takes targets from 0 to 1; row {row} has {target[bad][0]:g}.")


def _counts(target: Array, shape: tuple[int, ...]) -> None:
    if (bad := ~((target >= 0) & np.isfinite(target))).any():
        row = first_bad_row(bad)
        raise DataError(f"poisson takes counts, at least 0; row {row} has {target[bad][0]:g}.")


def _two_sides(target: Array, shape: tuple[int, ...]) -> None:
    if (bad := ~np.isin(target, (-1, 0, 1))).any():
        row = first_bad_row(bad)
        raise DataError(f"hinge takes labels -1 and 1, or 0 and 1; row {row} has {target[bad][0]:g}.")
    if (target == 0).any() and (target == -1).any():
        raise DataError("hinge takes labels -1 and 1, or 0 and 1; these have 0 and -1.")


# ---- the losses
def _pick(scores: Any, target: Any) -> Any:
    """The score of each row's own class."""
    places = ops.expand_dims(ops.astype(target, np.int64), -1)
    return ops.squeeze(ops.take_along_axis(scores, places, -1), axis=-1)


def _cross_entropy(scores: Any, target: Any) -> Any:
    below = below_top(scores, -1)  # before the score is taken away: at 1e4 the digits would be lost
    return ops.log(ops.sum(ops.exp(below), axis=-1)) - _pick(below, target)


def _binary_cross_entropy(scores: Any, target: Any) -> Any:
    return target * ops.softplus(-scores) + (1.0 - target) * ops.softplus(scores)


def _hinge(scores: Any, target: Any) -> Any:
    return ops.relu(1.0 - scores * ops.where(ops.equal(target, 0), -1.0, target))


cross_entropy = ScoreLoss("cross_entropy", of_scores=_cross_entropy, check=_labels_of_scores, labels=True)
"""Softmax cross-entropy log(sum_j exp(s_j)) - s_label, of scores (n, k) and whole-number labels (n,) from 0 to k - 1.

PyTorch's ``cross_entropy``; scores are not to be passed through Softmax before. For classes that count differently, weight the
rows with `class_weights`.
"""

binary_cross_entropy = ScoreLoss("binary_cross_entropy", of_scores=_binary_cross_entropy, check=_probabilities)
"""t softplus(-s) + (1 - t) softplus(s), of scores s (log-odds) and targets t from 0 to 1 of the same shape.

PyTorch's ``binary_cross_entropy_with_logits``: -t log p - (1 - t) log(1 - p) for p = sigmoid(s), without overflow or
cancellation.
"""

hinge = ScoreLoss("hinge", of_scores=_hinge, check=_two_sides)
"""max(0, 1 - y s), of scores s and labels y = -1 or 1 (or 0 and 1) of the same shape; the derivative at the kink is 0.

Cortes and Vapnik, "Support-vector networks", Machine Learning 20, 1995.
"""


def poisson(log_rate: bool = True) -> ScoreLoss:
    """Poisson loss of counts t, up to a term without parameters.

    exp(s) - t s for scores s that are logarithms of the rate, s - t log(s + 1e-8) for rates. PyTorch's ``poisson_nll_loss``.

    Examples
    --------
    >>> poisson()([0.0, 1.0], [2, 3])  # (1 - 0 + e - 3) / 2
    np.float64(0.359140914229522...)
    """
    of_scores = _poisson_log_rate if log_rate else _poisson_rate
    return ScoreLoss("poisson" if log_rate else "poisson(rate)", of_scores=of_scores, check=_counts, classes=False)


def _poisson_log_rate(scores: Any, target: Any) -> Any:
    return ops.exp(scores) - target * scores


def _poisson_rate(rates: Any, target: Any) -> Any:
    return rates - target * ops.log(rates + 1e-8)


BY_NAME = {loss.name: loss for loss in (cross_entropy, binary_cross_entropy, hinge, poisson())}


def class_weights(labels: Any, weights: str | Sequence[float] | Mapping[int, float] = "balanced") -> Array:
    """A weight for each row from its class, for ``Problem(weights=...)``.

    The mean over rows, sum(w loss) / sum(w), is then PyTorch's ``cross_entropy(weight=...)``.

    Parameters
    ----------
    labels : array of whole numbers, shape (n,)
    weights : "balanced", sequence or mapping
        One weight a class; "balanced" gives each class the same total: n / (classes * rows of the class).

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    DataError
        A label is not a whole number from 0, has no weight, or a weight is negative or not finite.

    Examples
    --------
    >>> class_weights([0, 0, 0, 1])
    array([0.66666667, 0.66666667, 0.66666667, 2.        ])
    >>> class_weights([0, 1, 1], {0: 5, 1: 2})
    array([5., 2., 2.])
    """
    labels = np.asarray(plain(labels))
    if labels.ndim != 1:
        raise ShapeError(f"class_weights takes one label a row, shape (n,), not {labels.shape}.")
    if isinstance(weights, str):
        if weights != "balanced":
            raise ModelError(f"class weights are 'balanced' or one number a class, not {weights!r}.")
        check_labels(labels)
        places, counts = np.unique(labels.astype(np.int64), return_counts=True)
        table = dict(zip(places.tolist(), (labels.size / (len(places) * counts)).tolist()))
    elif isinstance(weights, Iterable):
        table = dict(weights) if isinstance(weights, Mapping) else dict(enumerate(weights))
    else:
        raise ModelError(f"class weights are 'balanced' or one number a class, not {weights!r}.")
    if lacking := sorted({x for x in labels.tolist() if x not in table}):
        raise DataError(f"class {lacking[0]:g} has no weight; there are weights for {', '.join(map(str, table))}.")
    if bad := [name for name, w in table.items() if not (np.isfinite(w) and w >= 0)]:
        raise DataError(f"class {bad[0]} has the weight {table[bad[0]]}; weights are finite and not negative.")
    return np.array([table[x] for x in labels.tolist()], dtype=np.float64)
