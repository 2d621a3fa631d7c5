"""Normalisations: LayerNorm over the features of a row, BatchNorm over the rows of a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import ModelError, ShapeError
from steepest.nn.linear import whole
from steepest.nn.module import Module, Numbers, State, settled
from steepest.nn.place import LayerShapeError, check_features


class LayerNorm(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias, with mean and (biased) variance over the last axes of each row.

    Ba, Kiros and Hinton, arXiv:1607.06450.

    Parameters
    ----------
    shape : int or sequence of int
        Lengths of the axes, counted from the last, that are normalised over.
    eps : float
    affine : bool
        Whether there are a weight (starting at 1) and a bias (at 0), each of `shape`.

    Examples
    --------
    >>> LayerNorm(2).forward([[1.0, 3.0], [10.0, 30.0]]).round(3)
    array([[-1.,  1.],
           [-1.,  1.]])
    """

    looked_through = True

    def __init__(self, shape: int | Sequence[int], eps: float = 1e-5, affine: bool = True) -> None:
        lengths = [shape] if isinstance(shape, (int, np.integer)) else list(shape)
        if not lengths:
            raise ModelError("LayerNorm needs the length of at least one axis.")
        self.shape = tuple(whole("a length of LayerNorm", n) for n in lengths)
        self.eps, self.affine = _positive("LayerNorm", eps), bool(affine)

    def init(self, key: Any, follower: Module | None = None) -> tuple[Numbers, Numbers]:
        return {"weight": np.ones(self.shape), "bias": np.zeros(self.shape)} if self.affine else {}, {}

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        shape = ops.shape(x)
        if len(shape) <= len(self.shape) or shape[-len(self.shape) :] != self.shape:
            raise LayerShapeError("LayerNorm", f"rows whose last axes are {self.shape}", shape)
        axes = tuple(range(-len(self.shape), 0))
        centred = x - ops.mean(x, axis=axes, keepdims=True)
        out = centred / ops.sqrt(ops.mean(ops.square(centred), axis=axes, keepdims=True) + self.eps)
        return out * params["weight"] + params["bias"] if self.affine else out, state

    @property
    def features_expected(self) -> int | None:
        return self.shape[-1]

    def features_after(self, features: int | None) -> int | None:
        return self.shape[-1]

    def __repr__(self) -> str:
        return f"LayerNorm({self.shape[0] if len(self.shape) == 1 else self.shape})"


class BatchNorm(Module):
    """(x - mean) / sqrt(variance + eps) * weight + bias, with mean and variance of each feature over the batch.

    Ioffe and Szegedy, ICML 2015. In training the statistics are the batch's (variance with 1/n), and running statistics follow
    them: running = (1 - momentum) running + momentum batch (variance with 1/(n - 1)). Otherwise the running ones are used.
    Names and numbers are those of PyTorch's BatchNorm1d; features are in the last axis, and all other axes are averaged over.

    Parameters
    ----------
    features : int
    eps : float
    momentum : float or None
        None makes the running statistics the plain mean over all batches.
    affine : bool
        Whether there are a weight (starting at 1) and a bias (at 0).

    Raises
    ------
    ShapeError
        In training, a batch of a single row: it has no variance.

    Examples
    --------
    >>> layer = BatchNorm(1)
    >>> layer.forward([[1.0], [3.0]], training=True).round(3)
    array([[-1.],
           [ 1.]])
    >>> layer.state["running_mean"], layer.state["running_var"]  # 0.1 * 2, 0.9 * 1 + 0.1 * 2
    (array([0.2]), array([1.1]))
    """

    looked_through = True

    def __init__(self, features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True) -> None:
        self.features = whole("features", features)
        self.eps, self.affine, self.momentum = _positive("BatchNorm", eps), bool(affine), momentum
        if momentum is not None and not 0 <= momentum <= 1:
            raise ModelError(f"BatchNorm: momentum is the weight of the newest batch, from 0 to 1, not {momentum!r}.")

    def init(self, key: Any, follower: Module | None = None) -> tuple[Numbers, Numbers]:
        zeros, ones = np.zeros(self.features), np.ones(self.features)
        state = {"running_mean": zeros, "running_var": ones, "num_batches_tracked": np.array(0)}
        return {"weight": ones.copy(), "bias": zeros.copy()} if self.affine else {}, state

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        check_features("BatchNorm", x, self.features)
        if training:
            out, state = self._by_batch(state, x)
        else:
            out = (x - state["running_mean"]) / ops.sqrt(state["running_var"] + self.eps)
        return out * params["weight"] + params["bias"] if self.affine else out, state

    def _by_batch(self, state: State, x: Any) -> tuple[Any, State]:
        shape = ops.shape(x)
        count, axes = math.prod(shape[:-1]), tuple(range(len(shape) - 1))
        if count < 2:
            raise ShapeError(
                f"BatchNorm in training needs batches of at least 2 rows, got shape {shape}: choose a batch size that does not "
                f"leave a single row at the end of an epoch."
            )
        mean = ops.mean(x, axis=axes)
        centred = x - mean
        variance = ops.mean(ops.square(centred), axis=axes)
        seen = state["num_batches_tracked"] + 1
        newest = 1.0 / seen if self.momentum is None else self.momentum
        running = {"running_mean": mean, "running_var": variance * (count / (count - 1))}
        after = {name: settled((1.0 - newest) * state[name] + newest * value) for name, value in running.items()}
        return centred / ops.sqrt(variance + self.eps), {**after, "num_batches_tracked": settled(seen)}

    @property
    def features_expected(self) -> int | None:
        return self.features

    def features_after(self, features: int | None) -> int | None:
        return self.features

    def __repr__(self) -> str:
        return f"BatchNorm({self.features})"


def _positive(layer: str, eps: float) -> float:
    if not (math.isfinite(eps) and eps > 0):
        raise ModelError(f"{layer}: eps must be a small positive number, not {eps!r}.")
    return float(eps)
