"""What the four ways differentiate: one number as a function of named parameters, at one point."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.autodiff.apply import Value
from steepest.autodiff.primitives import TABLE
from steepest.autodiff.probe import first_non_finite
from steepest.base.errors import DifferentiationError, ModelError, ShapeError, SteepestError
from steepest.data.numeric import numeric_columns
from steepest.data.reading import open_data
from steepest.differentiation.algebra import Algebra, operations
from steepest.differentiation.derivation import Derivation
from steepest.differentiation.objective import Objective, chosen_names, read_objective
from steepest.differentiation.trace import element_name, trace
from steepest.formula.formula import Formula
from steepest.formula.functions import FUNCTIONS
from steepest.formula.tree import Call, Name, Node, postorder

Array = NDArray[np.float64]
_MOST_SYMBOLS = 20_000
_FEW = 6  # values in a sentence


class Subject:
    """One number as a function of parameters at a point, in every form that one of the ways needs.

    Attributes
    ----------
    title : str
        The formula, or the function's name.
    call : callable
        The function of a dict of parameters.
    invoke : callable
        ``invoke(g, params)`` calls another function with the same arguments.
    point : dict of str to ndarray
        Where: a number or an array for each parameter.
    elements : tuple of str
        The parameters element by element: ``"w"``, or ``"w[0]"``.
    vector : ndarray of float64, shape (n,)
        The elements' values.
    derivation : Derivation or None
        Of a function that has a symbolic form.
    no_symbols : str
        Why it has none.
    not_analytic : tuple of str
        Operations on the way from the parameters to the value that a complex step cannot pass.
    fixed : dict of str to float or ndarray
        What a formula reads besides its parameters.
    """

    def __init__(
        self,
        title: str,
        f: Callable[..., Any],
        invoke: Callable[[Callable[..., Any], dict[str, Any]], Any],
        point: Mapping[str, Array],
        derivation: Derivation | None,
        no_symbols: str,
        not_analytic: tuple[str, ...],
        fixed: Mapping[str, Any],
    ) -> None:
        self.title = title
        self.invoke = invoke
        self.call: Callable[[dict[str, Any]], Any] = lambda params: invoke(f, params)
        self.point = dict(point)
        self.derivation = derivation
        self.no_symbols = no_symbols
        self.not_analytic = not_analytic
        self.fixed = dict(fixed)
        self.leaves = [element_name(name, place) for name, x in point.items() for place in np.ndindex(x.shape)]
        self.elements = tuple(leaf.name for leaf in self.leaves)
        self.vector = np.concatenate([np.ravel(x) for x in point.values()])
        self.value = self._value()

    def unpacked(self, vector: NDArray[Any]) -> dict[str, Any]:
        """The vector in the shapes of the parameters; a number is a NumPy scalar."""
        result, start = {}, 0
        for name, x in self.point.items():
            piece = vector[start : start + x.size]
            result[name] = piece.reshape(x.shape) if x.ndim else piece[0]
            start += x.size
        return result

    def values(self) -> dict[str, Any]:
        """Every name with its value: what is fixed, the parameters, and their elements."""
        return {**self.fixed, **self.unpacked(self.vector), **dict(zip(self.elements, self.vector))}

    def at(self, vector: NDArray[Any]) -> Any:
        """The value at another point, real or complex; NaN where the function cannot be computed, as math.log(-1)."""
        try:
            with np.errstate(all="ignore"):
                result = self.call(self.unpacked(vector))
        except (ValueError, ArithmeticError):
            return math.nan
        return np.asarray(result._data if isinstance(result, Value) else result).reshape(())[()]

    def described(self, element: int | None = None) -> str:
        """The point in words, ``w = 0.5, x = 2``, or one element of it; columns are left out."""
        if element is not None:
            return f"{self.elements[element]} = {self.vector[element]:g}"
        given = [*zip(self.elements, self.vector), *((n, v) for n, v in self.fixed.items() if not np.ndim(v))]
        shown = [f"{name} = {value:g}" for name, value in given[:_FEW]]
        return ", ".join([*shown, "..."] if len(given) > _FEW else shown)

    def _value(self) -> float:
        try:
            with np.errstate(all="ignore"):
                result = self.call(self.unpacked(self.vector))
        except (ValueError, ArithmeticError) as error:
            if isinstance(error, SteepestError):
                raise
            raise ModelError(f"{self.title} cannot be computed at {self.described()}: {error}.") from error
        result = result._data if isinstance(result, Value) else result
        try:
            array = np.asarray(result, dtype=None if result is None else np.float64)
        except (TypeError, ValueError):
            array = np.asarray(None)
        if array.dtype.kind != "f":
            raise DifferentiationError(
                f"{self.title} must return one real number, not {type(result).__name__}."
            ) from None
        if array.size != 1:
            raise ShapeError(
                f"{self.title} gives {array.size} values at {self.described()}, and a derivative is that of one number: "
                "take their sum(...) or mean(...)."
            )
        value = float(array.reshape(()))
        if not np.isfinite(value):
            raise ModelError(f"{self.title} is {value} at {self.described()}{self._culprit()}. Choose another point.")
        return value

    def _culprit(self) -> str:
        """Which operation made it so."""
        try:
            found = first_non_finite(self.call, self.unpacked(self.vector))
        except Exception:  # a function that only takes bare numbers cannot be watched
            return ""
        if found is None:
            return ""
        inputs = ", ".join(f"{x:g}" for x in found.inputs)
        return f": {found.operation}({inputs}) gives {found.value}"


def subject_of(
    f: str | Formula | Objective | Callable[..., Any],
    at: Any,
    wrt: str | Iterable[str] | None = None,
    data: Any = None,
    reduction: str | None = None,
) -> Subject:
    """A formula or a function at a point; see `steepest.ways` for the arguments.

    Raises
    ------
    FormulaError, ModelError, ShapeError
        The formula, the point or the data do not make one number.
    """
    if isinstance(f, (str, Formula, Objective)):
        objective = read_objective(f, reduction)
        return _of_formula(objective, at, wrt, {} if data is None else _columns(objective, data))
    if not callable(f):
        raise ModelError(f"give a formula or a function to differentiate, not {type(f).__name__}.")
    if data is not None or reduction is not None:
        raise ModelError("data and reduction belong to formulas; a function has its data in itself.")
    return _of_function(f, at, wrt)


def _columns(objective: Objective, data: Any) -> dict[str, Array]:
    """The columns that the objective reads."""
    source = open_data(data)
    wanted = [name for name in objective.names if name in source.names]
    return dict(numeric_columns(source.read(wanted), wanted).columns) if wanted else {}


def _of_formula(objective: Objective, at: Any, wrt: str | Iterable[str] | None, data: Mapping[str, Any]) -> Subject:
    if not isinstance(at, Mapping):
        free = [name for name in objective.names if name not in data]
        if not free:
            raise ModelError(f"there is no name in {objective.text} to differentiate with respect to.")
        if len(free) != 1:
            raise ModelError(f"say which name has which value: at={{'{free[0]}': ...}}.")
        at = {free[0]: at}
    given = {name: _real(name, value) for name, value in at.items()}
    for name in given:
        if name not in objective.names:
            raise ModelError(
                f"{name!r} is not in {objective.text}; its names are {', '.join(objective.names) or 'none'}."
            )
        if name in data:
            raise ModelError(f"{name!r} is a column of the data and has a value too; leave one away.")
    weights = {w for w, _ in objective.dots.values()}
    columns = {name for name in objective.names if name in data}
    columns |= {name for name, value in given.items() if value.ndim and name not in weights}
    if wrt is None:
        wrt = [name for name in objective.names if name not in columns]
    parameters = chosen_names(objective, wrt, columns)
    fixed: dict[str, Any] = {name: _real(name, data[name]) for name in objective.names if name in data}
    fixed |= {name: value if value.ndim else value[()] for name, value in given.items() if name not in parameters}
    point = {}
    for name in parameters:
        if name not in given:
            raise ModelError(f"{name!r} has no value; say where to differentiate, such as at={{'{name}': 0.5}}.")
        point[name] = given[name]
    compute = objective.function()
    objective.rows_of({**fixed, **point})
    shown = columns or (set(objective.names) - set(parameters) if objective.reduction else set())
    return Subject(
        objective.text,
        lambda **values: compute(values),
        lambda g, params: g(**{**fixed, **params}),
        point,
        Derivation(objective, parameters, shown - {x for _, x in objective.dots.values()}),
        "",
        _not_analytic(objective.written_out, [*parameters, *_products_of(objective, parameters)]),
        fixed,
    )


def _products_of(objective: Objective, parameters: Iterable[str]) -> list[str]:
    """The products of vectors that depend on the parameters."""
    return [name for name, (weights, _) in objective.dots.items() if weights in parameters]


def without_products(objective: Objective, values: Mapping[str, Any]) -> tuple[Node, dict[str, Any]]:
    """The objective's tree with w·x as w[0]*x[0] + w[1]*x[1] + ..., and the values that this reads."""
    algebra = Algebra()
    replacements: dict[Node, Node] = {}
    result = dict(values)
    for name, vectors in objective.dots.items():
        weights, inputs = vectors
        total: Node = algebra.number(0.0)
        for j in range(np.size(values[weights])):
            product = algebra.binary("*", element_name(weights, (j,)), element_name(inputs, (j,)))
            total = algebra.binary("+", total, product)
        replacements[Name(name, quoted=True)] = total
        for vector in vectors:
            result.pop(vector, None)
            for j, column in enumerate(np.moveaxis(np.asarray(values[vector]), -1, 0)):
                result[f"{vector}[{j}]"] = column if column.ndim else column[()]
    return (algebra.substitute(objective.written_out, replacements) if replacements else objective.written_out), result


def _leaves(point: Mapping[str, Array]) -> list[Name]:
    return [element_name(name, place) for name, x in point.items() for place in np.ndindex(x.shape)]


def _not_analytic(tree: Node, parameters: Iterable[str]) -> tuple[str, ...]:
    """The functions in a tree that depend on a parameter and are not complex differentiable."""
    varying = set(parameters)
    depends: set[Node] = set()
    found: dict[str, None] = {}
    for node in postorder(tree):
        if (isinstance(node, Name) and node.name in varying) or any(child in depends for child in node.children):
            depends.add(node)
            if isinstance(node, Call) and not TABLE[FUNCTIONS[node.function].operation].analytic:
                found[node.function] = None
    return tuple(found)


def _of_function(f: Callable[..., Any], at: Any, wrt: str | Iterable[str] | None) -> Subject:
    title = getattr(f, "__name__", type(f).__name__)
    title = "the function" if title == "<lambda>" else title
    if isinstance(at, Mapping):
        given = {name: _real(name, value) for name, value in at.items()}
        if not given:
            raise ModelError("name at least one argument and its value.")
        wrt = list(given) if wrt is None else [wrt] if isinstance(wrt, str) else list(wrt)
        for name in wrt:
            if name not in given:
                raise ModelError(f"{name!r} has no value; at gives {', '.join(given)}.")
        point = {name: given[name] for name in wrt}
        fixed = {name: value if value.ndim else value[()] for name, value in given.items() if name not in wrt}

        def invoke(g: Callable[..., Any], params: dict[str, Any]) -> Any:
            return g(**{name: params[name] if name in params else fixed[name] for name in given})
    else:
        name = _first_argument(f)
        if wrt is not None and wrt not in (name, [name], (name,)):
            raise ModelError("wrt needs the arguments by name: at={'w': ..., 'x': ...}.")
        point, fixed = {name: _real(name, at)}, {}

        def invoke(g: Callable[..., Any], params: dict[str, Any]) -> Any:
            return g(params[name])

    if sum(x.size for x in point.values()) == 0:
        raise ModelError("there is no element to differentiate with respect to: the arguments are empty.")
    traced = trace(lambda params: invoke(f, params), point)
    derivation, reason = None, traced.reason
    if traced.tree is not None:
        elements = tuple(leaf.name for leaf in _leaves(point))
        if (count := operations(traced.tree)) * len(elements) > _MOST_SYMBOLS:
            reason = f"{count:,} operations for each of {len(elements):,} parameters are more than anyone reads"
        else:
            derivation = Derivation(Objective(title, traced.tree), elements)
    return Subject(title, f, invoke, point, derivation, reason, traced.not_analytic, fixed)


def _first_argument(f: Callable[..., Any]) -> str:
    try:
        names_ = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):  # ufuncs and built-in functions have none
        names_ = []
    return names_[0] if names_ and names_[0].isidentifier() and names_[0] not in ("args", "kwargs") else "x"


def _real(name: str, value: Any) -> Array:
    """A finite float64 array of our own."""
    raw = value._data if isinstance(value, Value) else value
    try:
        array = np.asarray(raw)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "fiub":
        raise ModelError(f"{name!r} must be a number or an array of numbers, not {type(value).__name__}.")
    array = np.array(array, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ModelError(f"{name!r} must be finite, not {array[~np.isfinite(array)].flat[0]}.")
    return array
