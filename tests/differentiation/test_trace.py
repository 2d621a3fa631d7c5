"""Python functions as trees: the tree computes what the function computes, and what has no symbol is named."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from steepest import ops
from steepest.differentiation.trace import trace
from steepest.formula.callable import compile_tree

RNG = np.random.default_rng(1)
A, B = RNG.normal(size=(4, 3)), RNG.normal(size=4)

FUNCTIONS: list[Callable[[Any], Any]] = [
    lambda w: ((A @ w - B) ** 2).mean(),
    lambda w: np.exp(-w).sum() / 3 + w[0] * w[-1],
    lambda w: np.where(w > 0, np.sqrt(np.abs(w)), -w).sum(),
    lambda w: np.concatenate([w, 2 * w])[::2].sum() ** 2,
    lambda w: np.maximum(w, 0.1).sum() - np.minimum(w[1], 3.0),
    lambda w: (w.reshape(3, 1) * w).sum(),
    lambda w: ops.sigmoid(w).mean() + ops.softplus(w[0]) + ops.clip(w[1], -1.0, 1.0),
    lambda w: 1 / (1 + w[0] ** 2) - (-w[1]) + np.reciprocal(w[2]),
    lambda w: np.cumsum(np.flip(w))[1] + np.float64(2.0) * w.T[0],
    lambda w: np.einsum("i,ij,j->", w, A[:3], w) + np.pad(w, 1).sum(),
    lambda w: np.exp2(w).sum() + ops.log_cosh(w).sum(),
    lambda w: np.std(w) + np.prod(w) + np.linalg.norm(w),
    lambda w: np.arctan2(w[0], w[1]) + np.hypot(w[1], w[2]) + 0 * w[0],
]


@pytest.mark.parametrize("f", FUNCTIONS)
def test_the_tree_computes_the_same(f: Callable[[Any], Any]) -> None:
    w = np.array([0.3, -1.2, 2.5])
    traced = trace(lambda p: f(p["w"]), {"w": w})
    assert traced.reason == ""
    assert traced.tree is not None
    names = {f"w[{i}]": value for i, value in enumerate(w)}
    assert float(compile_tree(traced.tree)(names)) == pytest.approx(float(f(w)), rel=1e-14)


def test_several_arguments_and_plain_ones() -> None:
    traced = trace(lambda p: p["a"] * np.sin(p["b"]) + 3, {"a": np.array(2.0), "b": np.array(0.5)})
    assert str(traced.tree) == "a*sin(b) + 3"


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda w: np.max(w), "amax"),
        (lambda w: np.linalg.norm(w), ""),
        (lambda w: np.sort(w)[0], "sort"),
        (lambda w: math.sin(w[0]), "float(), as in math.sin(t)"),
        (lambda w: w[0] if w[0] > 0 else w[1], "a truth value, as in `if t:`"),
        (lambda w: w, "the result does not depend"),
        (lambda w: np.inf * w[0], "the number inf"),
        (lambda w: np.exp(np.broadcast_to(w[0], 4000)).sum(), "more than 3,000 operations"),
    ],
)
def test_what_has_no_symbolic_form_is_named(f: Callable[[Any], Any], reason: str) -> None:
    with np.errstate(all="ignore"):
        traced = trace(lambda p: f(p["w"]), {"w": np.array([0.3, -1.2, 2.5])})
    assert (traced.tree is None) == bool(traced.reason)
    assert traced.reason.startswith(reason)


def test_which_operations_are_not_analytic() -> None:
    w = {"w": np.array([1.0, 2.0])}
    assert trace(lambda p: np.abs(p["w"]).sum(), w).not_analytic == ("abs",)
    assert trace(lambda p: (np.abs(np.array([1.0, -2.0])) * p["w"]).sum(), w).not_analytic == ()
    assert trace(lambda p: np.where(p["w"] > 0, p["w"], 0.0).sum(), w).not_analytic == ("where",)
    assert trace(lambda p: np.exp(p["w"] @ p["w"]), w).not_analytic == ()


def test_a_constant() -> None:
    traced = trace(lambda p: 3.0, {"w": np.array(1.0)})
    assert str(traced.tree) == "3"
