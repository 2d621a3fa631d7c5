"""Penalties L1 and L2."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import ModelError
from steepest.nn import L1, L2, MLP, BatchNorm, Linear, Sequential

PARAMS = {"0.weight": np.array([[1.0, -2.0]]), "0.bias": np.array([3.0]), "1.weight": np.array([10.0])}


def test_by_hand() -> None:
    assert L1(2.0)(PARAMS) == 6
    assert L2(2.0)(PARAMS) == 10
    assert L1(2.0, on="all")(PARAMS) == 2 * 16
    assert L2(1.0, on=["0.bias", "1.weight"])(PARAMS) == 109
    assert L2(1.0, on="0.bias")(PARAMS) == 9


def test_gradients() -> None:
    gradient = sd.grad(L1(2.0))({"w": np.array([[1.0, 0.0, -2.0]])})
    np.testing.assert_array_equal(gradient["w"], [[2.0, 0.0, -2.0]])
    gradient = sd.grad(L2(0.5))(PARAMS)
    np.testing.assert_array_equal(gradient["0.weight"], PARAMS["0.weight"])  # weight decay at rate 2 * strength
    assert not gradient["0.bias"].any()
    assert not gradient["1.weight"].any()


def test_scales_of_normalisations_are_no_weights() -> None:
    params, _ = Sequential(Linear(2, 3, weight_init="zeros"), BatchNorm(3)).init(0)
    assert L2(1.0)(params) == 0


def test_in_a_problem() -> None:
    x = np.array([[1.0], [2.0]])
    net = MLP(1, [], 1)
    params, state = net.init(0)
    plain = sd.Problem(net, params, x, x, state=state)
    with_penalty = sd.Problem(net, params, x, x, state=state, penalty=L2(0.1))
    weight = float(params["0.weight"][0, 0])
    assert with_penalty.value(with_penalty.start) == pytest.approx(
        plain.value(plain.start) + 0.1 * weight**2, rel=1e-14
    )


def test_bad_input() -> None:
    for strength in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ModelError, match="strength"):
            L1(strength)
    with pytest.raises(ModelError, match=r"no parameter 'b'; there are a"):
        L2(1.0, on=["b"])({"a": np.ones(2)})
    with pytest.raises(ModelError, match="none among a, b; pass on='all'"):
        L1(1.0)({"a": np.ones(()), "b": np.ones(3)})
