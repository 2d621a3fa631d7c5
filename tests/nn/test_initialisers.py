"""Initialisers: variances, bounds, orthogonality, purity, and which one a layer takes."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import ModelError, ShapeError
from steepest.nn import (
    GRU,
    LSTM,
    MLP,
    BatchNorm,
    Dropout,
    Initialiser,
    Linear,
    ReLU,
    Sequential,
    Tanh,
    constant,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    ones,
    orthogonal,
    torch_default,
    zeros,
)
from steepest.nn.initialisers import initialiser_named

OUT, IN = 300, 200
VARIANCES = {  # the published variances for 200 inputs and 300 outputs, written out
    glorot_uniform: 0.004, glorot_normal: 0.004, he_uniform: 0.01, he_normal: 0.01, lecun_uniform: 0.005, lecun_normal: 0.005,
    torch_default: 1 / 600,
}  # fmt: skip
BOUNDS = {glorot_uniform: math.sqrt(6 / 500), he_uniform: math.sqrt(6 / 200), lecun_uniform: math.sqrt(3 / 200),
          torch_default: 1 / math.sqrt(200)}  # fmt: skip


@pytest.mark.parametrize("initialiser", VARIANCES, ids=repr)
def test_variance(initialiser: Initialiser) -> None:
    w = initialiser((OUT, IN), key=1)
    # 60,000 draws: the variance of the sample variance is at most 2 sigma^4 / n.
    assert abs(w.var() / VARIANCES[initialiser] - 1) < 5 * math.sqrt(2 / w.size)
    assert abs(w.mean()) < 5 * math.sqrt(VARIANCES[initialiser] / w.size)


@pytest.mark.parametrize("initialiser", BOUNDS, ids=repr)
def test_bounds_of_uniform_ones(initialiser: Initialiser) -> None:
    w = initialiser((OUT, IN), key=1)
    assert 0.999 * BOUNDS[initialiser] < abs(w).max() <= BOUNDS[initialiser]


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 2, 3), (1, 4)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    w = orthogonal(shape, key=2).reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-14)
    assert w.flags.c_contiguous


def test_orthogonal_has_both_orientations() -> None:
    determinants = [np.linalg.det(orthogonal((3, 3), key=k)) for k in range(30)]
    assert {round(d) for d in determinants} == {-1, 1}


def test_constants() -> None:
    np.testing.assert_array_equal(zeros((3,), 0), [0, 0, 0])
    np.testing.assert_array_equal(ones((2, 1), 0), [[1], [1]])
    np.testing.assert_array_equal(constant(-0.5)((2,), 0), [-0.5, -0.5])
    with pytest.raises(ModelError, match="cannot start at nan"):
        constant(math.nan)


def test_pickle_and_names() -> None:
    layer = Linear(2, 3, bias_init=constant(0.1))
    params, _ = pickle.loads(pickle.dumps(layer)).init(4)
    np.testing.assert_array_equal(params["weight"], layer.init(4)[0]["weight"])
    np.testing.assert_array_equal(params["bias"], [0.1, 0.1, 0.1])
    assert initialiser_named("constant(-2.5)")((1,), 0) == -2.5
    with pytest.raises(ModelError, match="needs a number"):
        initialiser_named("constant(two)")


def test_pure_function_of_shape_key_and_name() -> None:
    first = he_normal((3, 4), sd.Key(5), "0.weight")
    np.testing.assert_array_equal(first, he_normal((3, 4), 5, "0.weight"))
    assert (first != he_normal((3, 4), 5, "2.weight")).any()
    assert (first != he_normal((3, 4), 6, "0.weight")).any()
    net = Sequential(Linear(4, 3), ReLU())
    np.testing.assert_array_equal(net.init(5)[0]["0.weight"], he_uniform((3, 4), 5, "0.weight"))


def test_windows_count_as_inputs() -> None:
    assert abs(he_normal((50, 40, 5, 5), 0).var() / (2 / 1000) - 1) < 0.05


def test_default_suits_the_activation_that_follows() -> None:
    def bound(net: Sequential, name: str = "0.weight") -> float:
        return float(abs(net.init(0)[0][name]).max())

    he, glorot = math.sqrt(6 / IN), math.sqrt(6 / (IN + OUT))
    assert bound(MLP(IN, [OUT], 1, "relu")) == pytest.approx(he, rel=1e-2)
    assert bound(MLP(IN, [OUT], 1, "silu")) == pytest.approx(he, rel=1e-2)
    assert bound(MLP(IN, [OUT], 1, "tanh")) == pytest.approx(glorot, rel=1e-2)
    assert bound(MLP(IN, [OUT], 1, "sigmoid")) == pytest.approx(glorot, rel=1e-2)
    assert bound(MLP(IN, [], OUT, "relu")) == pytest.approx(glorot, rel=1e-2)  # nothing follows the last layer
    assert bound(Sequential(Linear(IN, OUT), BatchNorm(OUT), Dropout(0.1), ReLU())) == pytest.approx(he, rel=1e-2)
    assert bound(Sequential(Linear(IN, OUT), Linear(OUT, 1), ReLU())) == pytest.approx(glorot, rel=1e-2)
    assert bound(Sequential(Sequential(Linear(IN, OUT)), ReLU()), "0.0.weight") == pytest.approx(he, rel=1e-2)
    assert MLP(IN, [OUT], 1, "selu").init(0)[0]["0.weight"].var() == pytest.approx(1 / IN, rel=0.05)
    chosen = Sequential(Linear(IN, OUT, weight_init="lecun_uniform"), ReLU())
    assert bound(chosen) == pytest.approx(math.sqrt(3 / IN), rel=1e-2)


def test_uniform_within_the_glorot_bound_for_biases_too() -> None:
    params, _ = MLP(IN, [OUT], 1, weight_init="glorot_uniform", bias_init="glorot_uniform").init(0)
    bound = math.sqrt(6 / (IN + OUT))
    for name in ("0.weight", "0.bias"):
        assert 0.95 * bound < abs(params[name]).max() <= bound
    params, _ = MLP(IN, [OUT], 1, weight_init="torch_default", bias_init="torch_default").init(0)
    assert 0.95 / math.sqrt(IN) < abs(params["0.bias"]).max() <= 1 / math.sqrt(IN)


def test_biases_start_at_zero() -> None:
    assert not Linear(3, 4).init(0)[0]["bias"].any()
    assert not GRU(3, 4).init(0)[0]["bias_hh_l0"].any()
    np.testing.assert_array_equal(LSTM(3, 2).init(0)[0]["bias_ih_l0"], [0, 0, 1, 1, 0, 0, 0, 0])  # the forget gate


def test_recurrent_blocks_are_orthogonal() -> None:
    params, _ = LSTM(3, 4, 2).init(0)
    for block in np.split(params["weight_hh_l1"], 4):
        np.testing.assert_allclose(block @ block.T, np.eye(4), atol=1e-14)
    assert len({block.tobytes() for block in np.split(params["weight_hh_l1"], 4)}) == 4


def test_signals_keep_their_size() -> None:
    """Twenty layers deep, what the default is for: neither vanishing nor exploding."""
    x = np.random.default_rng(0).standard_normal((100, 200))
    for activation in ("relu", "selu"):
        out = MLP(200, [200] * 20, 200, activation).forward(x)
        assert 0.2 < out.std() < 5
    assert Sequential(*[m for _ in range(5) for m in (Linear(200, 200), Tanh())]).forward(x).std() > 0.1


def test_bad_shapes() -> None:
    with pytest.raises(ShapeError, match=r"pass fans=\(in, out\)"):
        he_normal((3,), 0)
    with pytest.raises(ShapeError, match="needs a matrix"):
        orthogonal((3,), 0, fans=(3, 3))
