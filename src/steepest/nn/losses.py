"""Losses: one number a row from predictions and targets, and how the rows become one number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import ModelError, ShapeError

RowLoss = Callable[[Any], Any]


@dataclass(frozen=True)
class Loss:
    """How far predictions are from targets.

    Attributes
    ----------
    name : str
    of_residual : callable
        ``rho(r)``, the loss of the residuals r = prediction - target, element by element.
    root : bool
        Whether the square root of the mean is taken (RMSE).
    slope : callable or None
        ``psi(r) = rho'(r)`` on plain arrays; psi(r)/r is the weight of a row in iteratively reweighted least squares
        (Holland and Welsch, Commun. Statist. A6, 1977). None for losses that are not of residuals.
    curvature : callable or None
        ``rho''(r)`` on plain arrays, for standard errors.
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

    def rows(self, outputs: Any, target: Any) -> Any:
        """The loss of each row: shape (n,); over further axes of the outputs the mean is taken.

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
            total = total / np.sum(weights) if reduction == "mean" else total
        return ops.sqrt(total) if self.root else total

    def __call__(self, predictions: Any, targets: Any, weights: Any = None, reduction: str = "mean") -> Any:
        """The loss of plain arrays or Tensors, averaged over rows (or summed), each row weighted."""
        if not hasattr(targets, "shape"):
            targets = np.asarray(targets, dtype=float)
        if not hasattr(predictions, "shape"):
            predictions = np.asarray(predictions, dtype=float)
        values = self.of_residual(residuals(predictions, targets))
        if ops.ndim(values) > 1:
            values = ops.mean(values, axis=tuple(range(1, ops.ndim(values))))
        return self.reduce(values, weights, reduction)


def residuals(outputs: Any, target: Any) -> Any:
    """Prediction minus target, refusing shapes that differ."""
    if ops.shape(outputs) != ops.shape(target):
        raise ShapeError(
            f"predictions of shape {ops.shape(outputs)} against a target of shape {ops.shape(target)}: they would "
            f"broadcast in silence. Reshape one of them, for example with .reshape(-1)."
        )
    return outputs - target


mse = Loss("mse", lambda r: ops.square(r), lambda r: 2.0 * r, lambda r: 2.0 * np.ones_like(r))
rmse = Loss("rmse", lambda r: ops.square(r), lambda r: 2.0 * r, lambda r: 2.0 * np.ones_like(r), root=True)
mae = Loss("mae", lambda r: ops.abs(r), lambda r: np.sign(r))
log_cosh = Loss("log_cosh", lambda r: ops.log_cosh(r), lambda r: np.tanh(r), lambda r: 1.0 - np.tanh(r) ** 2)


def huber(delta: float = 1.0) -> Loss:
    """r**2/2 for \\|r\\| <= delta, delta (\\|r\\| - delta/2) beyond: squares for the bulk, absolute values for outliers.

    Huber, "Robust estimation of a location parameter", Ann. Math. Statist. 35, 1964. `delta` is in the target's unit.

    Examples
    --------
    >>> huber(1.0)([0.5, 3.0], [0.0, 0.0])  # (0.125 + 2.5) / 2
    np.float64(1.3125)
    """
    if not (np.isfinite(delta) and delta > 0):
        raise ModelError(f"huber: delta must be a positive number in the target's unit, not {delta!r}.")

    def of_residual(r: Any) -> Any:
        inside = ops.clip(r, -delta, delta)  # r inside, +-delta outside: r*inside - inside**2/2 is both branches
        return r * inside - 0.5 * ops.square(inside)

    name = "huber" if delta == 1.0 else f"huber({delta:g})"
    return Loss(
        name, of_residual, lambda r: np.clip(r, -delta, delta), lambda r: (np.abs(r) <= delta).astype(np.float64)
    )


_BY_NAME: dict[str, Callable[[], Loss]] = {
    "mse": lambda: mse, "l2": lambda: rmse, "rmse": lambda: rmse, "mae": lambda: mae, "l1": lambda: mae,
    "huber": huber, "log_cosh": lambda: log_cosh, "log-cosh": lambda: log_cosh, "logcosh": lambda: log_cosh,
}  # fmt: skip


def loss_named(loss: str | Loss) -> Loss:
    """The loss of this name (case and ``-``/``_`` do not matter); ``huber(0.5)`` sets delta.

    Raises
    ------
    ModelError
        There is none of this name; lists the names.
    """
    if isinstance(loss, Loss):
        return loss
    text = str(loss).strip().lower()
    if text.startswith("huber(") and text.endswith(")"):
        try:
            return huber(float(text[6:-1]))
        except ValueError:
            raise ModelError(f"huber(delta) needs a positive number, got '{loss}'.") from None
    if text not in _BY_NAME:
        raise ModelError(
            f"unknown loss '{loss}'. Choose one of mse, rmse (l2), mae (l1), huber, huber(delta), log_cosh."
        )
    return _BY_NAME[text]()


def dispersion(values: Any, center: Any = None) -> Any:
    """Mean absolute deviation ``sum(|x - mu|) / N`` from `center` (the mean by default): a statistic of spread.

    Less swayed by a single outlier than the standard deviation, which squares it.

    Examples
    --------
    >>> dispersion([1.0, 2.0, 6.0])  # mean 3: (2 + 1 + 3) / 3
    np.float64(2.0)
    """
    values = values if hasattr(values, "shape") else np.asarray(values, dtype=float)
    return ops.mean(ops.abs(values - (ops.mean(values) if center is None else center)))
