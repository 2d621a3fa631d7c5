"""Losses of residuals: one number a row from predictions and targets, and how the rows become one number.

Which one? They differ in how much an outlier counts, and in what they estimate:

========  ==========================================  ==============================================================
loss      prefer it when                              because
========  ==========================================  ==============================================================
mse       errors are of one size, roughly normal      most likely parameters, smooth, the fastest methods; the mean
rmse      the same, and the number is to be read      in the target's unit; L2; same minimum as mse; full batch only
mae       there are outliers, or errors are skewed    L1: an error counts by its size, not its square; the median
huber     few outliers, and good rows are precise     squares up to delta, absolute values beyond: nearly as exact
                                                      as mse without outliers, nearly as calm as mae with them
log_cosh  the same, without a delta to choose         like huber with delta about 1 in the target's unit, but smooth
========  ==========================================  ==============================================================

One outlier raises the RMSE more than the mean absolute difference, since it is squared before the mean is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff.apply import Value
from steepest.base.choices import unknown
from steepest.base.errors import ModelError, ShapeError

RowLoss = Callable[[Any], Any]


@dataclass(frozen=True)
class Loss:
    """How far predictions are from targets; called as ``loss(predictions, targets)``.

    ``mean``: sum(w * rho(r)) / sum(w) with r = prediction - target and w the rows' weights (1 unless given); ``sum``: without
    the division, so that the same rows given 4 times make it 4 times larger, while the mean stays. When to prefer which loss is
    said in `steepest.nn.losses`.

    Attributes
    ----------
    name : str
    of_residual : callable
        ``rho(r)``, the loss of the residuals r = prediction - target, element by element.
    slope : callable or None
        ``psi(r) = rho'(r)`` on plain arrays; psi(r)/r is the weight of a row in iteratively reweighted least squares
        (Holland and Welsch, Commun. Statist. A6, 1977). None for losses that are not of residuals.
    curvature : callable or None
        ``rho''(r)`` on plain arrays, for standard errors; None where there is none (mae).
    root : bool
        Whether the square root of the mean is taken (RMSE).

    Examples
    --------
    >>> mse([1.0, 2.0], [1.0, 4.0]), mae([1.0, 2.0], [1.0, 4.0])
    (np.float64(2.0), np.float64(1.0))
    >>> mse([1.0, 2.0], [1.0, 4.0], weights=[3, 1])  # (3 * 0 + 1 * 4) / 4
    np.float64(1.0)
    """

    name: str
    of_residual: RowLoss
    slope: Callable[[Any], Any] | None = None
    curvature: Callable[[Any], Any] | None = None
    root: bool = False

    @property
    def squared(self) -> bool:
        """Whether the minimum is the least-squares one."""
        return self.name in ("mse", "rmse")

    def aligned(self, outputs: Any, target: Any) -> Any:
        """The outputs in a shape that goes with the target: one number for all rows is repeated.

        Raises
        ------
        ShapeError
            Any other difference: (n,) against (n, 1) would broadcast to (n, n) in silence.
        """
        if ops.ndim(outputs) == 0 and np.ndim(target):
            return ops.broadcast_to(outputs, np.shape(target))
        if ops.shape(outputs) != np.shape(target):
            raise ShapeError(
                f"the model returned shape {ops.shape(outputs)} for a target of shape {np.shape(target)}: they would broadcast "
                f"in silence. Reshape one of them, for example with .reshape(-1)."
            )
        return outputs

    def check_target(self, target: Any) -> None:
        """Raise if the target of a whole data set is not what the loss is for; residuals are of any numbers."""

    def rows(self, outputs: Any, target: Any) -> Any:
        """The loss of each row, shape (n,); over further axes of the outputs the mean is taken.

        Raises
        ------
        ShapeError
            Outputs and target differ in shape: (n,) against (n, 1) would broadcast to (n, n) in silence.
        """
        values = self.of_residual(residuals(outputs, target))
        rank = ops.ndim(values)
        return ops.mean(values, axis=tuple(range(1, rank))) if rank > 1 else values

    def reduce(self, rows: Any, weights: Any, reduction: str = "mean") -> Any:
        """One number from the rows: sum(w * rows) / sum(w), or without the division for ``reduction="sum"``."""
        if weights is None:
            total = ops.mean(rows) if reduction == "mean" else ops.sum(rows)
        else:
            total = ops.sum(rows * weights)
            if reduction == "mean":
                weight = np.sum(weights)
                total = total / ops.where(weight == 0.0, 1.0, weight)  # a batch of rows that do not count adds nothing
        # The root has no slope at 0, where every row is met exactly and the slope of the whole is 0.
        return ops.where(total == 0.0, 0.0, ops.sqrt(total)) if self.root else total

    def __call__(self, predictions: Any, targets: Any, weights: Any = None, reduction: str = "mean") -> Any:
        """The loss of arrays or Tensors, first axis rows, averaged over rows (or summed), each row weighted.

        Raises
        ------
        ShapeError
            Predictions and targets differ in shape, weights are not one a row, or there are no rows.
        ModelError
            The reduction is neither "mean" nor "sum", or weights are negative or all zero.
        """
        if reduction not in ("mean", "sum"):
            raise ModelError(f"reduction must be 'mean' or 'sum', not {reduction!r}.")
        predictions, targets = _numbers(predictions), _numbers(targets)
        rows = self.rows(predictions, targets)
        if ops.size(rows) == 0:
            raise ShapeError(f"{self.name}: there are no rows (shape {ops.shape(predictions)}).")
        return self.reduce(rows, None if weights is None else _row_weights(weights, ops.shape(rows)), reduction)


def residuals(outputs: Any, target: Any) -> Any:
    """Prediction minus target, refusing shapes that differ."""
    if ops.shape(outputs) != ops.shape(target):
        raise ShapeError(
            f"predictions of shape {ops.shape(outputs)} against a target of shape {ops.shape(target)}: they would "
            f"broadcast in silence. Reshape one of them, for example with .reshape(-1)."
        )
    return outputs - target


def _numbers(values: Any) -> Any:
    """Tensors as they are; anything else as an array of floats (differences of unsigned integers would wrap around)."""
    if isinstance(values, Value):
        return values
    array = np.asarray(values)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _row_weights(weights: Any, shape: tuple[int, ...]) -> Any:
    weights = _numbers(weights)
    if ops.shape(weights) != shape:
        raise ShapeError(f"weights of shape {ops.shape(weights)} for rows of shape {shape}: give one number a row.")
    if not isinstance(weights, Value) and not (np.all(weights >= 0) and np.any(weights > 0)):
        raise ModelError("weights must not be negative, nor all zero.")
    return weights


mse = Loss("mse", lambda r: ops.square(r), lambda r: 2.0 * r, lambda r: 2.0 * np.ones_like(r))
rmse = Loss("rmse", lambda r: ops.square(r), lambda r: 2.0 * r, lambda r: 2.0 * np.ones_like(r), root=True)
mae = Loss("mae", lambda r: ops.abs(r), lambda r: np.sign(r))
log_cosh = Loss("log_cosh", lambda r: ops.log_cosh(r), lambda r: np.tanh(r), lambda r: 1.0 - np.tanh(r) ** 2)


def _positive(what: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ModelError(f"{what} must be a positive number in the target's unit, not {value!r}.")
    return number


def huber(delta: float = 1.0) -> Loss:
    """r**2/2 for \\|r\\| <= delta, delta (\\|r\\| - delta/2) beyond: squares for the bulk, absolute values for outliers.

    Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35, 1964. Prefer it where most rows are precise and
    a few are far off; 1.345 standard deviations of the good rows' errors keep 95 % of mse's efficiency.

    Parameters
    ----------
    delta : float
        Where a residual begins to count as an outlier, in the target's unit.

    Raises
    ------
    ModelError
        `delta` is not a positive number.

    Examples
    --------
    >>> huber(1.0)([0.5, 3.0], [0.0, 0.0])  # (0.125 + 2.5) / 2
    np.float64(1.3125)
    """
    delta = _positive("huber takes delta and gives a loss, huber(1.0)(predictions, targets): delta", delta)

    def of_residual(r: Any) -> Any:
        inside = ops.clip(r, -delta, delta)  # r inside, +-delta outside: r*inside - inside**2/2 is both branches
        return r * inside - 0.5 * ops.square(inside)

    name = "huber" if delta == 1.0 else f"huber({delta!r})"  # every digit: a saved fit finds its loss by this name
    return Loss(
        name, of_residual, lambda r: np.clip(r, -delta, delta), lambda r: (np.abs(r) <= delta).astype(np.float64)
    )


def scaled_log_cosh(scale: float) -> Loss:
    """scale**2 log(cosh(r / scale)): `log_cosh` for residuals whose usual size is `scale`, in the target's unit.

    1.205 standard deviations of the good rows' errors keep 95 % of mse's efficiency (Holland and Welsch, Commun. Statist. A6,
    1977, "logistic").

    Raises
    ------
    ModelError
        `scale` is not a positive number.

    Examples
    --------
    >>> bool(np.isclose(scaled_log_cosh(0.1)([0.5], [0.0]), 0.01 * np.log(np.cosh(5.0))))
    True
    """
    scale = _positive("log_cosh: its scale", scale)
    if scale == 1.0:
        return log_cosh
    return Loss(
        f"log_cosh({scale!r})",
        lambda r: scale**2 * ops.log_cosh(r / scale),
        lambda r: scale * np.tanh(r / scale),
        lambda r: 1.0 - np.tanh(r / scale) ** 2,
    )


# Losses whose unit is that of the residuals, by name, and by how many standard deviations of good errors 95 % of mse's
# efficiency are kept.
TUNED: dict[str, tuple[Callable[[float], Loss], float]] = {
    "huber": (huber, 1.345),
    "log_cosh": (scaled_log_cosh, 1.205),
}


_BY_NAME: dict[str, Callable[[], Loss]] = {
    "mse": lambda: mse, "l2": lambda: rmse, "rmse": lambda: rmse, "mae": lambda: mae, "l1": lambda: mae,
    "huber": huber, "log_cosh": lambda: log_cosh, "log-cosh": lambda: log_cosh, "logcosh": lambda: log_cosh,
}  # fmt: skip


def loss_named(loss: str | Loss | Callable[[], Loss]) -> Loss:
    """The loss of this name (case and ``-``/``_`` do not matter); ``huber(0.5)`` sets delta.

    Raises
    ------
    ModelError
        There is none of this name; lists the names.
    """
    if isinstance(loss, Loss):
        return loss
    if loss is huber:
        return huber()
    text = str(loss).strip().lower()
    kind, opened, unit = text.partition("(")
    if opened and unit.endswith(")") and (kind := kind.replace("-", "_")) in TUNED:
        return TUNED[kind][0](unit[:-1])  # type: ignore[arg-type]
    if text not in _BY_NAME:
        from steepest.nn import classification  # imported when used: it stands on this file

        name = text.replace("-", "_").replace(" ", "_")
        if name in classification.BY_NAME:
            return classification.BY_NAME[name]
        listed = (
            "mse",
            "rmse (l2)",
            "mae (l1)",
            "huber",
            "huber(delta)",
            "log_cosh",
            "log_cosh(scale)",
            *classification.BY_NAME,
        )
        raise unknown("loss", str(loss), [*_BY_NAME, *classification.BY_NAME], listed)
    return _BY_NAME[text]()


def dispersion(values: Any, center: Any = None) -> Any:
    """Mean absolute deviation ``sum(|x - mu|) / N`` from `center` (the mean by default): a statistic of spread.

    Less swayed by a single outlier than the standard deviation, which squares it.

    Raises
    ------
    ShapeError
        There are no values.

    Examples
    --------
    >>> dispersion([1.0, 2.0, 6.0])  # mean 3: (2 + 1 + 3) / 3
    np.float64(2.0)
    """
    values = _numbers(values)
    if ops.size(values) == 0:
        raise ShapeError("dispersion: there are no values.")
    return ops.mean(ops.abs(values - (ops.mean(values) if center is None else center)))
