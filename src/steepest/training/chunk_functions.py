"""What a compiled problem records: each function says what a chunk of rows contributes at one point.

Each takes a `Chunk` and returns vectors of float64: first what is summed over the chunks, then columns, one behind the other.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff.transforms import columns, hvp, value_and_grad
from steepest.autodiff.tree import flatten
from steepest.base.params import Array
from steepest.base.random import Key
from steepest.optim.method import norm

if TYPE_CHECKING:
    from steepest.training.problem import Problem


@dataclass(frozen=True)
class RowArrays:
    """The data of a problem as arrays with a row for each row: inputs, target, weights.

    Attributes
    ----------
    inputs : list of ndarray
        The leaves of the problem's inputs, in order.
    target, weights : ndarray or None
    roots : ndarray or None
        Square roots of the weights.
    """

    inputs: list[Array]
    target: Array | None
    weights: Array | None
    roots: Array | None

    @classmethod
    def of(cls, problem: Problem, chunk: int) -> RowArrays:
        """The data of a problem. Chunks of so many rows have weights always: those of one chunk, if all are 1."""
        if not problem.has_data:
            return cls([], None, None, None)
        weights = problem.data.weights
        if weights is None and chunk:
            weights = np.ones(chunk)
        leaves = [np.ascontiguousarray(x) for x in flatten(problem.data.inputs)[0]]
        return cls(leaves, problem.data.target, weights, None if weights is None else np.sqrt(weights))

    def rest(self, start: int, chunk: int) -> RowArrays:
        """The rows from `start` on as one chunk: what is lacking is filled up with the last row again, of weight 0."""
        assert self.target is not None
        assert self.weights is not None

        def filled(x: Array) -> Array:
            part = x[start:]
            return np.concatenate([part, np.repeat(part[-1:], chunk - len(part), axis=0)])

        rows = len(self.target) - start
        weights = np.zeros(chunk)
        weights[:rows] = 1.0 if len(self.weights) == chunk else self.weights[start:]
        return RowArrays([filled(x) for x in self.inputs], filled(self.target), weights, np.sqrt(weights))

    def of_kind(self, kind: str) -> list[Array]:
        """What a function of this kind reads."""
        arrays = [*self.inputs, *([] if self.target is None else [self.target])]
        weights = {"residual": None, "jacobian": None, "triangle": self.roots}.get(kind, self.weights)
        return arrays if weights is None else [*arrays, weights]

    @cached_property
    def target_norm(self) -> float:
        """Of sqrt(w) y."""
        assert self.target is not None
        if self.roots is None or len(self.roots) != len(self.target):
            return norm(np.ravel(self.target))
        return norm(np.ravel(self.target * self.roots.reshape(-1, *[1] * (self.target.ndim - 1))))

    @property
    def key(self) -> tuple[Any, ...]:
        """What programs depend on: shapes of rows and dtypes."""
        arrays = [*self.inputs, *([] if self.target is None else [self.target])]
        return (self.weights is None, *((x.shape[1:], x.dtype.str) for x in arrays))


class Chunk:
    """Some rows of a problem, as values that are recorded, at a point that is recorded too."""

    def __init__(self, problem: Problem, whole: bool, arrays: Sequence[Any]) -> None:
        point, *rows = arrays
        self.whole = whole  # all rows of the problem
        start = problem.start
        self.places = {name: (place, start[name].shape) for name, place in start.places().items()}
        self.flat, self.direction = point[: start.flat.size], point[start.flat.size :]
        self.problem = copy.copy(problem)
        self.weights = None
        if problem.has_data:
            leaves, rebuild = flatten(problem.data.inputs)
            inputs, (target, *weights) = rows[: len(leaves)], rows[len(leaves) :]
            self.weights = weights[0] if weights else None
            self.problem.data = problem.data._replace(inputs=rebuild(inputs), target=target, weights=self.weights)

    def params(self, flat: Any) -> dict[str, Any]:
        """A vector as the model sees it."""
        return {name: ops.reshape(flat[place], shape) for name, (place, shape) in self.places.items()}

    def vector(self, params: dict[str, Any]) -> Any:
        """Gradients or the like by name, as one vector of float64."""
        return joined([params[name] for name in self.places])

    def outputs(self, params: dict[str, Any]) -> Any:
        problem = self.problem
        return problem.predict(params, problem.initial_state, problem.data.inputs, Key(0), False)[0]

    def objective(self, params: dict[str, Any]) -> Any:
        """The objective if these are all rows, else the sum of their weighted losses."""
        problem, outputs = self.problem, self.outputs(params)
        if self.whole:
            return problem.objective(outputs, problem.data, params)
        loss = replace(problem.loss_function, root=False)
        return loss.reduce(problem.loss(outputs, problem.data.target), self.weights, "sum")

    def residuals(self, params: dict[str, Any]) -> Any:
        """Prediction minus target, in one line."""
        target = self.problem.data.target
        return ops.reshape(self.problem.loss_function.aligned(self.outputs(params), target) - target, (-1,))

    def each(self, weights: Any) -> Any:
        """A number a row, repeated for each residual of the row."""
        shape = self.problem.data.target.shape
        weights = ops.reshape(weights, (shape[0], *[1] * (len(shape) - 1)))
        return ops.reshape(ops.broadcast_to(weights, shape), (-1,))


def joined(parts: Sequence[Any]) -> Any:
    """Arrays and numbers behind each other in one vector of float64."""
    vectors = [ops.reshape(ops.astype(part, np.float64), (-1,)) for part in parts]
    return vectors[0] if len(vectors) == 1 else ops.concatenate(vectors)


def value(chunk: Chunk) -> list[Any]:
    """The objective."""
    return [joined([chunk.objective(chunk.params(chunk.flat))])]


def slope(chunk: Chunk) -> list[Any]:
    """The objective and its gradient."""
    total, gradient = value_and_grad(chunk.objective)(chunk.params(chunk.flat))
    return [joined([total, chunk.vector(gradient)])]


def product(chunk: Chunk) -> list[Any]:
    """The Hessian times the direction."""
    (found,) = hvp(chunk.objective, (chunk.params(chunk.flat),), (chunk.params(chunk.direction),))
    return [chunk.vector(found)]


def residual(chunk: Chunk) -> list[Any]:
    """The residuals."""
    return [joined([chunk.residuals(chunk.params(chunk.flat))])]


def jacobian(chunk: Chunk) -> list[Any]:
    """The residuals and the columns of their Jacobian."""
    found, slopes = columns(chunk.residuals)(chunk.params(chunk.flat))
    return [joined([found, *slopes])]


def triangle(chunk: Chunk) -> list[Any]:
    """The sum of w r**2; the columns of sqrt(w) J, and sqrt(w) r."""
    found, slopes = columns(chunk.residuals)(chunk.params(chunk.flat))
    roots = chunk.each(chunk.weights)
    scaled = found * roots
    return [joined([ops.sum(scaled * scaled)]), joined([*(each * roots for each in slopes), scaled])]


def bend(chunk: Chunk, probe: float) -> list[Any]:
    """With the second derivative s of the residuals along the direction d: the sum of w s**2, and J' w s.

    s is twice the Taylor remainder at the probe, ``2/h ((r(p + h d) - r(p)) / h - J d)``.
    """
    found, slopes = columns(chunk.residuals)(chunk.params(chunk.flat))
    there = chunk.residuals(chunk.params(chunk.flat + probe * chunk.direction))
    straight = sum((each * chunk.direction[k] for k, each in enumerate(slopes)), 0.0)
    second = 2.0 / probe * ((there - found) / probe - straight)
    weighted = second * chunk.each(chunk.weights)
    return [joined([ops.sum(second * weighted), *(ops.sum(each * weighted) for each in slopes)])]


FUNCTIONS: dict[str, Callable[..., list[Any]]] = {
    f.__name__: f for f in (value, slope, product, residual, jacobian, triangle, bend)
}
