"""Derivative rules against numerical differentiation: `check_grads` finds a wrong rule and says where it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff.apply import Array, Value, recording
from steepest.autodiff.ops.shapes import as_array
from steepest.autodiff.primitive import Primitive
from steepest.autodiff.tensor import Tensor
from steepest.autodiff.transforms import grad, jvp, vjp
from steepest.autodiff.tree import flatten, paths
from steepest.base.errors import DifferentiationError, GradientMismatch

# A function of Tensors, one a leaf of the arguments, that returns one array.
Flat = Callable[..., Any]

MODES = ("forward", "reverse")
LEVELS = 12  # halvings of the step of the central difference, from a tenth of the argument's size down
COMPLEX_STEP = 1e-30


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = MODES,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
) -> None:
    """Check the derivatives of `f` at `args` against numerical ones; returns quietly or says where they differ.

    A random direction through all arguments detects a wrong rule in one comparison a mode; only then the wrong element is
    looked for. Choose a point away from kinks, where no derivative exists to compare with.

    Parameters
    ----------
    f : callable
        Returns an array, or nested dicts and tuples of arrays.
    args : sequence
        Its arguments: arrays, numbers, nested dicts and tuples of them. Arrays of integers and booleans are held fixed.
    order : int
        2 also checks the derivatives of the derivatives, in each mode over each mode.
    modes : sequence of {"forward", "reverse"}
    rtol, atol : float, optional
        The allowed difference is ``atol + rtol * |derivative|``: 1e-6 and 1e-8, or 1e-3 and 1e-4 where an argument is float32
        (the numerical derivative is always taken in float64).
    seed : int
        Of the random directions.

    Raises
    ------
    GradientMismatch
        Names the mode, the order, the argument, the element, and both values.

    Notes
    -----
    The numerical derivative along v is the complex step ``Im f(x + i h v) / h`` with h = 1e-30, exact to rounding, where every
    operation of `f` is analytic (Squire and Trapp, SIAM Review 40, 1998); else central differences at halved steps, extrapolated
    to step 0, the entry of the tableau with the smallest error estimate (Ridders, Advances in Engineering Software 4, 1982).

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> sd.check_grads(lambda x: np.sin(x) * x, (np.array([1.0, 2.0]),))
    """
    if order < 1 or not modes or not set(modes) <= set(MODES):
        raise DifferentiationError(
            f"check_grads: order is at least 1 and modes are among {MODES}, not {order} and {modes}."
        )
    leaves, rebuild = flatten(tuple(args))
    places = [i for i, leaf in enumerate(leaves) if _is_variable(leaf)]
    if not places:
        raise DifferentiationError("check_grads: none of the arguments holds floating-point numbers.")
    point = [_as_float(leaves[i]) for i in places]
    names = [f"argument {path[1:].replace(']', '', 1)}" for path in paths(tuple(args))]

    def flat(*variables: Any) -> Any:
        filled = list(leaves)
        for i, variable in zip(places, variables, strict=True):
            filled[i] = variable
        return _one_array(f(*rebuild(filled)))

    used = _operations(flat, point)
    analytic = used is not None and all(operation.analytic for operation in used)
    checker = _Checker(
        names=[names[i] for i in places],
        used=used or [],
        epsilon=max(float(np.finfo(x.dtype).eps) for x in point),
        rtol=rtol,
        atol=atol,
        random=np.random.default_rng(seed),
    )
    if not np.isfinite(_values(flat, point)).all():
        raise DifferentiationError("check_grads: the function is not finite at this point; choose another.")
    checker.check(flat, point, modes, order, analytic, walks=())


def _is_variable(leaf: Any) -> bool:
    """Floating-point arrays and Python's numbers are differentiated; arrays of integers are places or labels."""
    if isinstance(leaf, int):
        return not isinstance(leaf, bool)
    return isinstance(leaf, list) or getattr(leaf, "dtype", np.asarray(leaf).dtype).kind == "f"


def _as_float(leaf: Any) -> Array:
    array = np.asarray(leaf._data if isinstance(leaf, Value) else leaf)
    return array.astype(array.dtype.newbyteorder("=") if array.dtype.kind == "f" else np.float64)


def _one_array(result: Any) -> Any:
    """All floating-point outputs in one array: what is compared does not depend on how it is packed."""
    outputs = [as_array(x) for x in flatten(result)[0]]
    outputs = [x for x in outputs if (x.dtype if isinstance(x, Value) else np.asarray(x).dtype).kind in "fc"]
    if len(outputs) == 1:
        return outputs[0]
    return ops.concatenate([ops.ravel(x) for x in outputs]) if outputs else np.zeros(0)


class _Seen:
    """A recorder that notes which operations pass."""

    def __init__(self) -> None:
        self.primitives: dict[str, Primitive] = {}

    def record(self, primitive: Primitive, inputs: Any, static: Any, output: Any) -> None:
        self.primitives[primitive.name] = primitive


def _operations(f: Flat, point: Sequence[Array]) -> list[Primitive] | None:
    """The operations of `f`, or None if it looks at bare numbers: real steps serve it, a complex one may not."""
    seen = _Seen()
    try:
        with recording(seen), np.errstate(all="ignore"):
            f(*map(Tensor, point))
    except DifferentiationError:
        return None
    return list(seen.primitives.values())


# ---- numerical derivatives along a direction, with their estimated errors
def _values(f: Flat, point: Sequence[Array]) -> Array:
    """`f` at `point`, in plain numbers."""
    with np.errstate(all="ignore"):
        out = f(*map(Tensor, point))
    return out._data if isinstance(out, Value) else np.asarray(out)


def _complex_step(f: Flat, point: Sequence[Array], direction: Sequence[Array]) -> tuple[Array, Array] | None:
    """None where `f` does not go through with complex numbers after all."""
    try:
        out = _values(f, [x + 1j * COMPLEX_STEP * v for x, v in zip(point, direction, strict=True)])
    except DifferentiationError:
        return None
    return (out.imag / COMPLEX_STEP, np.zeros(out.shape)) if np.isfinite(out).all() else None


def _central_difference(f: Flat, point: Sequence[Array], direction: Sequence[Array]) -> tuple[Array, Array]:
    best, error = np.zeros(()), np.full((), np.inf)
    row: list[Array] = []
    with np.errstate(all="ignore"):
        for level in range(LEVELS):
            step = 0.1 * 0.5**level
            forth, back = (
                _values(f, [x + h * v for x, v in zip(point, direction, strict=True)]) for h in (step, -step)
            )
            before, row = row, [(forth - back) / (2 * step)]
            for k, coarser in enumerate(before):
                row.append(row[k] + (row[k] - coarser) / (4.0 ** (k + 1) - 1))
                spread = np.maximum(abs(row[k + 1] - row[k]), abs(row[k + 1] - coarser))
                better = spread < error  # False for NaN: a step that left the domain of f does not count
                best, error = np.where(better, row[k + 1], best), np.where(better, spread, error)
    return np.where(np.isinf(error), np.nan, best), error


@dataclass
class _Checker:
    """What stays the same through one `check_grads`."""

    names: list[str]
    used: list[Primitive]
    epsilon: float
    rtol: float | None
    atol: float | None
    random: np.random.Generator

    def check(
        self, f: Flat, point: list[Array], modes: Sequence[str], order: int, analytic: bool, walks: tuple[str, ...]
    ) -> None:
        """Compare the first derivatives of `f`, which is made by `walks`, then the derivatives of those."""
        weights = self.random.standard_normal(_values(f, point).shape)
        for mode in modes:
            _Comparison(self, f, point, mode, weights, analytic, (*walks, mode)).run()
        if order > 1:
            direction = [self.random.standard_normal(x.shape).astype(x.dtype) for x in point]
            for mode in modes:
                first = _gradient(f, weights) if mode == "reverse" else _change(f, direction)
                self.check(first, point, modes, order - 1, False, (*walks, mode))

    def close(self, rule: Any, numeric: Any, error: Any, size: Any) -> Any:
        """Element by element; `size` is what `numeric` is a sum of, for what cancels."""
        coarse = self.epsilon > 1e-10
        rtol = (1e-3 if coarse else 1e-6) if self.rtol is None else self.rtol
        atol = (1e-4 if coarse else 1e-8) if self.atol is None else self.atol
        with np.errstate(all="ignore"):
            larger = np.maximum(abs(rule), abs(numeric))
            # A rough numerical derivative widens what is allowed, but never so far that a wrong digit in the fourth place passes.
            allowed = atol + np.fmax(rtol * larger, np.fmin(10 * error, 1e-4 * larger)) + 100 * self.epsilon * size
            return (rule == numeric) | (abs(rule - numeric) <= allowed)


def _gradient(f: Flat, weights: Array) -> Flat:
    """The gradient of the weighted sum of the outputs, by reverse mode, in one array."""

    def gradient(*variables: Any) -> Any:
        grads = grad(lambda *xs: ops.sum(f(*xs) * weights), tuple(range(len(variables))))(*variables)
        return _one_array(grads)

    return gradient


def _change(f: Flat, direction: Sequence[Array]) -> Flat:
    """The change of the outputs along `direction`, by forward mode."""
    return lambda *variables: jvp(f, variables, direction)[1]


@dataclass
class _Comparison:
    """One function, one mode."""

    checker: _Checker
    f: Flat
    point: list[Array]
    mode: str
    weights: Array
    analytic: bool
    walks: tuple[str, ...]

    def run(self) -> None:
        signs = [self.checker.random.standard_normal(x.shape) for x in self.point]
        if not self._agree(signs):
            raise GradientMismatch(self._message(signs))

    def _agree(self, signs: list[Array]) -> bool:
        # Steps in proportion to tiny arguments lose digits unless the function needs them, as a logarithm does.
        scales = ([np.fmax(abs(x), 1.0) for x in self.point], [np.where(x == 0, 1.0, abs(x)) for x in self.point])
        return any(bool(np.all(self._compare([r * s for r, s in zip(signs, scale)])[0])) for scale in scales)

    def _numerical(self, direction: list[Array]) -> tuple[Array, Array]:
        exact = [x.astype(np.float64) for x in self.point]
        if self.analytic and (result := _complex_step(self.f, exact, direction)) is not None:
            return result
        return _central_difference(self.f, exact, direction)

    def _compare(self, direction: list[Array]) -> tuple[Any, Any, Any]:
        """Whether they agree, by the rule, numerically: an element of the output each (forward), or one number (reverse)."""
        numeric, error = self._numerical(direction)
        if self.mode == "forward":
            rule = np.asarray(jvp(self.f, self.point, direction)[1], np.float64)
            return self.checker.close(rule, numeric, error, abs(numeric)), rule, numeric
        grads = vjp(self.f, *self.point)[1](self.weights)
        terms = np.concatenate([np.ravel(np.asarray(g, np.float64) * v) for g, v in zip(grads, direction, strict=True)])
        total, projected, rough = terms.sum(), (self.weights * numeric).sum(), (abs(self.weights) * error).sum()
        return self.checker.close(total, projected, rough, abs(terms).sum()), total, projected

    # ---- the wrong element
    def _message(self, signs: list[Array]) -> str:
        for i, x in enumerate(self.point):
            for element in np.ndindex(x.shape):
                unit = [np.zeros(other.shape) for other in self.point]
                unit[i][element] = 1.0
                if not self._agree(unit):
                    return self._sentence(
                        f"with respect to {self.checker.names[i]}{_place(element)}", *self._worst(i, element, unit)
                    )
        _, rule, numeric = self._compare(signs)
        return self._sentence("along a random direction", (), np.max(rule), np.max(numeric))

    def _worst(self, i: int, element: tuple[int, ...], unit: list[Array]) -> tuple[tuple[int, ...], Any, Any]:
        """The output element whose derivative is wrong, and its derivative by the rule and numerically."""
        numeric, error = self._numerical(unit)
        if self.mode == "forward":
            rule = np.asarray(jvp(self.f, self.point, unit)[1], np.float64)
        else:
            pull = vjp(self.f, *self.point)[1]
            basis = np.eye(numeric.size).reshape(-1, *numeric.shape)
            rule = np.array([pull(row)[i][element] for row in basis], np.float64).reshape(numeric.shape)
        distance = np.where(
            self.checker.close(rule, numeric, error, abs(numeric)), -1.0, np.nan_to_num(abs(rule - numeric), nan=np.inf)
        )
        worst = tuple(int(k) for k in np.unravel_index(int(np.argmax(distance)), numeric.shape))
        return worst, rule[worst], numeric[worst]

    def _sentence(self, place: str, output: tuple[int, ...], rule: Any, numeric: Any) -> str:
        order = len(self.walks)
        what = "output" if order == 1 else f"the derivative of order {order - 1}, element "
        used = ", ".join(primitive.name for primitive in self.checker.used)
        return (
            f"order {order}, {' over '.join(reversed(self.walks))} mode: the derivative of {what}{_place(output)} {place} is "
            f"{numeric:.10g} numerically, but {rule:.10g} by the rules."
            + (f" Operations used: {used}." if used else "")
        )


def _place(element: tuple[int, ...]) -> str:
    return str(list(element)) if element else ""
