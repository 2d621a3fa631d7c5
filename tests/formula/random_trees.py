"""Random trees for Hypothesis, and values of a tree that owe nothing to the code under test."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
from hypothesis import strategies as st

from steepest.formula.tree import Binary, Call, Compare, Constant, Name, Node, Number, Unary, to_text

_ONE_ARGUMENT = """
    sin cos tan arcsin arccos arctan sinh cosh tanh exp expm1 log log10 log2 log1p sqrt cbrt square
    abs sign floor ceil sigmoid softplus relu erf
"""
_SAME_IN_MPMATH = "sin cos tan sinh cosh tanh exp log log10 sqrt erf hypot"
ONE_ARGUMENT = _ONE_ARGUMENT.split()
TWO_ARGUMENTS = ["arctan2", "hypot", "logaddexp"]
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]
NAMES = ["a", "b", "x", "y", "rate_1"]

numbers = st.one_of(
    st.integers(0, 12).map(float), st.sampled_from([0.5, 0.1, 1e-3, 2.5e10]), st.floats(0, 1e3, allow_subnormal=False)
).map(lambda value: Number(abs(value)))
leaves = st.one_of(
    numbers,
    st.sampled_from([Constant("pi")]),
    st.sampled_from(NAMES).map(Name),
    st.sampled_from(["wind speed", "x", "lambda", "a`b", "é"]).map(lambda name: Name(name, quoted=True)),
)
plain_leaves = st.one_of(st.integers(1, 9).map(lambda value: Number(float(value))), st.sampled_from(NAMES).map(Name))


def _grown(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    comparison = st.builds(Compare, st.sampled_from(COMPARISONS), children, children)
    return st.one_of(
        st.builds(Unary, children),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "**"]), children, children),
        st.builds(Call, st.sampled_from(ONE_ARGUMENT), st.tuples(children)),
        st.builds(Call, st.sampled_from(TWO_ARGUMENTS), st.tuples(children, children)),
        st.builds(Call, st.just("clip"), st.tuples(children, children, children)),
        st.builds(Call, st.sampled_from(["min", "max"]), st.lists(children, min_size=2, max_size=4).map(tuple)),
        st.builds(Call, st.just("where"), st.tuples(comparison, children, children)),
    )


def _gentle(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Smooth and without large powers: trees whose value at 1 +- 1/2 means something."""
    power = st.sampled_from([Number(2.0), Number(3.0), Number(0.5), Unary(Number(1.0)), Unary(Number(2.0))])
    smooth = [name for name in ONE_ARGUMENT if name not in ("sign", "floor", "ceil")]
    comparison = st.builds(Compare, st.sampled_from(["<", ">"]), children, children)
    return st.one_of(
        st.builds(Unary, children),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/"]), children, children),
        st.builds(Binary, st.just("**"), children, power),
        st.builds(Call, st.sampled_from(smooth), st.tuples(children)),
        st.builds(Call, st.sampled_from([*TWO_ARGUMENTS, "min", "max"]), st.tuples(children, children)),
        st.builds(Call, st.just("where"), st.tuples(comparison, children, children)),
    )


def _mostly_linear(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    comparison = st.builds(Compare, st.sampled_from(["<", ">"]), plain_leaves, plain_leaves)
    return st.one_of(
        st.builds(Unary, children),
        st.builds(Binary, st.sampled_from(["+", "-", "*", "+", "-"]), children, children),
        st.builds(Binary, st.just("/"), children, plain_leaves),
        st.builds(Call, st.sampled_from(["exp", "sin", "sqrt"]), st.tuples(plain_leaves)),
        st.builds(Call, st.just("where"), st.tuples(comparison, children, children)),
    )


trees = st.recursive(leaves, _grown, max_leaves=15)
"""Any tree of the language."""
gentle_trees = st.recursive(plain_leaves, _gentle, max_leaves=8)
"""Trees to compare values on."""

mostly_linear_trees = st.recursive(plain_leaves, _mostly_linear, max_leaves=8)
"""Trees in which some name is likely to be linear."""

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(mpmath, name) for name in _SAME_IN_MPMATH.split()},
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan": mpmath.atan,
    "arctan2": mpmath.atan2,
    "expm1": lambda x: mpmath.exp(x) - 1,
    "log1p": lambda x: mpmath.log(1 + x),
    "log2": lambda x: mpmath.log(x, 2),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "square": lambda x: x * x,
    "abs": abs,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "relu": lambda x: max(x, 0),
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "min": min,
    "max": max,
    "where": lambda condition, x, y: x if condition else y,
}


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*arguments: Any) -> Any:
        left = any(isinstance(argument, (mpmath.mpc, complex)) for argument in arguments)
        result = math.nan if left else function(*arguments)
        if isinstance(result, mpmath.mpc) or result != result:
            raise ValueError("away from the real line")
        return result

    return guarded


_MEANING = {name: _real(function) for name, function in _FUNCTIONS.items()} | {"pi": mpmath.pi}


def value_by_python(tree: Node, values: dict[str, float]) -> Any:
    """The value of a gentle tree as Python reads its text, in 40 digits; NaN where Python refuses or leaves the real line."""
    with mpmath.workdps(40):
        names: dict[str, Any] = {name: mpmath.mpf(value) for name, value in values.items()}
        try:
            value = eval(to_text(tree), {"__builtins__": {}}, {**_MEANING, **names})
        except (ZeroDivisionError, OverflowError, TypeError, ValueError):
            return math.nan
        return math.nan if isinstance(value, (mpmath.mpc, complex)) else float(value)


def is_well_conditioned(tree: Node, values: dict[str, float]) -> bool:
    """Whether a change of the inputs in the 13th digit leaves 9 digits of the value alone."""
    here = value_by_python(tree, values)
    there = value_by_python(tree, {name: value * (1 + 1e-13) for name, value in values.items()})
    return math.isfinite(here) and math.isfinite(there) and abs(here - there) <= 1e-9 * abs(here)
