"""Method: how to look for the minimum. What every method promises, and what it may ask of a problem."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np

from steepest.base.params import Array, Params

MANY = 10_000
FEW = 32  # numbers of which Python is quicker than a call of NumPy
State = dict[str, Any]  # everything of a method that changes: arrays, numbers, and dicts of them


class Halt(NamedTuple):
    """Why a method stopped before its budget: an outcome's name, and the evidence in words."""

    name: str
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Step:
    """What one step saw: its number, the prediction, the loss, the gradient, and the parameters before and after.

    `predicted` is the prediction, or a function without arguments that computes it when somebody asks for it.
    """

    number: int
    predicted: Any
    loss: float
    gradient: Params
    rate: float
    before: Params
    after: Params

    @cached_property
    def prediction(self) -> Any:
        """What the model said at the parameters before."""
        return self.predicted() if callable(self.predicted) else self.predicted


@dataclass
class Advance:
    """What `Method.advance` gives back.

    Attributes
    ----------
    params : Params
    state : dict
    columns : dict of str to list or ndarray
        One entry a step done: ``loss`` and ``gradient_norm`` at the parameters the step started from, ``rate``, ``epoch``.
    halt : Halt or None
        Why fewer than n steps were done.
    last : Step or None
        The last step in full.
    best : tuple of float and Params, or None
        Lowest loss seen and where; None when losses of different batches do not compare.
    """

    params: Params
    state: State
    columns: dict[str, Any] = field(default_factory=dict)
    halt: Halt | None = None
    last: Step | None = None
    best: tuple[float, Params] | None = None


class Objective(Protocol):
    """What a method may ask of a problem; `steepest.Problem` answers."""

    scale: Array | None

    def value(self, params: Params) -> float: ...
    def values(self, points: Sequence[Params]) -> Array: ...
    def value_and_gradient(self, params: Params) -> tuple[float, Array]: ...
    def blocks(self) -> Iterator[Any]: ...
    def residuals(self, params: Params) -> Array: ...
    def residuals_and_jacobian(self, params: Params) -> tuple[Array, Array]: ...
    def squares(self, params: Params) -> float | None: ...
    def triangle(self, params: Params) -> Array | None: ...
    def bend(self, params: Params, step: Array, probe: float) -> tuple[float, Array] | None: ...


class Method(Protocol):
    """How to look for the minimum.

    ``init(problem, params)`` gives the state before the first step; ``advance(problem, params, state, n, tests)`` does up to n
    steps and is a pure function: the same arguments give the same bits. `stepwise` is False for a method that cannot stop and
    go on again. `tests` are asked at every step whether the run is over.
    """

    stepwise: bool

    @property
    def name(self) -> str: ...
    def init(self, problem: Any, params: Params, seed: int) -> State: ...
    def advance(self, problem: Any, params: Params, state: State, n: int, tests: Any) -> Advance: ...


def norm(vector: Array) -> float:
    """Euclidean norm that neither overflows nor underflows."""
    if vector.size <= FEW:
        return math.hypot(*vector.tolist())
    with np.errstate(over="ignore", under="ignore"):
        # For many numbers BLAS would wake its threads and wait for them.
        squares = float(vector.dot(vector) if vector.size < MANY else np.square(vector).sum())
    if 1e-30 < squares < 1e30:  # far from both, in float32 too
        return math.sqrt(squares)
    size = float(np.abs(vector).max(initial=0.0))
    if size == 0.0 or not np.isfinite(size):
        return size
    return size * float(np.linalg.norm(vector / size))
