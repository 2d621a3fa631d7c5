"""Modules: contracts, derivatives, randomness, and what bad input gets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from steepest.autodiff.apply import recording
from steepest.base.errors import ModelError, ShapeError
from steepest.nn import (
    ELU,
    GELU,
    GRU,
    LSTM,
    MLP,
    RNN,
    SELU,
    BatchNorm,
    Dropout,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Linear,
    Module,
    MSELoss,
    ReLU,
    Sequential,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    softmax,
)
from steepest.nn.activations import activation_named

ALL: list[tuple[Module, tuple[int, ...]]] = [
    (Linear(3, 2), (4, 3)),
    (Linear(3, 2), (2, 2, 3)),
    (MLP(3, [4], 2, "gelu"), (4, 3)),
    (MLP(3, [4], 2, ELU(0.5)), (4, 3)),
    (MLP(3, 4, 2, SELU), (4, 3)),
    (Sequential(Linear(3, 4), LayerNorm(4), SiLU(), Dropout(0.3), Linear(4, 2), Softmax()), (4, 3)),
    (Sequential(Flatten(), Linear(6, 3), BatchNorm(3), Softplus(0.5)), (4, 2, 3)),
    (RNN(2, 3, 2), (2, 3, 2)),
    (GRU(2, 3, last=True), (2, 3, 2)),
    (LSTM(2, 2, 2), (2, 3, 2)),
    (Sequential(Linear(2, 3), GRU(3, 2), LeakyReLU()), (2, 3, 2)),
]
IDS = [repr(module) for module, _ in ALL]
X = np.random.default_rng(5)


# ---- derivatives
@pytest.mark.parametrize(("module", "shape"), ALL, ids=IDS)
def test_derivatives(module: Module, shape: tuple[int, ...]) -> None:
    params, state = module.init(3)
    key = sd.Key(1, 2, 3)
    sd.check_grads(lambda p, x: module(p, state, x, key, True)[0], (params, X.standard_normal(shape)))


@pytest.mark.parametrize("module", [Linear(2, 2), LayerNorm(2), GELU(), BatchNorm(2)], ids=repr)
def test_second_derivatives(module: Module) -> None:
    params, state = module.init(3)
    sd.check_grads(
        lambda p, x: module(p, state, x, 0, True)[0], (params or {"none": 0.0}, X.standard_normal((3, 2))), order=2
    )


@pytest.mark.parametrize(("module", "shape"), ALL, ids=IDS)
def test_backward_equals_the_pure_gradient(module: Module, shape: tuple[int, ...]) -> None:
    module.reset(4)
    params, state, x = module.params, module.state, X.standard_normal(shape)
    params = {name: a.copy() for name, a in params.items()}
    out = module.forward(x, training=True, key=9)
    dy = X.standard_normal(out.shape)
    dx = module.backward(dy)
    pure, pure_dx = sd.grad(lambda p, x: (module(p, state, x, 9, True)[0] * dy).sum(), (0, 1))(params, x)
    np.testing.assert_array_equal(dx, pure_dx)
    assert list(module.grads) == list(params)
    for name in params:
        np.testing.assert_array_equal(module.grads[name], pure[name])


@pytest.mark.parametrize(("module", "shape"), ALL, ids=IDS)
def test_float32_stays_float32(module: Module, shape: tuple[int, ...]) -> None:
    params, state = (
        {n: a.astype(np.float32) if a.dtype.kind == "f" else a for n, a in m.items()} for m in module.init(0)
    )
    out, after = module(params, state, X.standard_normal(shape).astype(np.float32), 0, True)
    assert out.dtype == np.float32
    assert all(a.dtype in (np.float32, np.int64) for a in after.values())


@pytest.mark.parametrize(("module", "shape"), ALL, ids=IDS)
def test_can_be_recorded(module: Module, shape: tuple[int, ...]) -> None:
    """Every step is told to a recorder: its operations on Tensors give the output without any bare number on the way."""

    class Tape:
        def __init__(self) -> None:
            self.outputs: list[Any] = []

        def record(self, primitive: Any, inputs: Any, static: Any, output: Any) -> None:
            self.outputs.append(output)

    params, state = module.init(0)
    tensors = [{n: sd.tensor(a) for n, a in m.items()} for m in (params, state)]
    tape = Tape()
    with recording(tape):
        out, after = module(*tensors, sd.tensor(X.standard_normal(shape)), 0, True)
    seen = {id(x) for x in tape.outputs}
    assert id(out) in seen
    assert all(id(x) in seen for x in after.values())


# ---- purity
@pytest.mark.parametrize(("module", "shape"), ALL, ids=IDS)
def test_init_is_a_function_of_the_key(module: Module, shape: tuple[int, ...]) -> None:
    first, again, other = module.init(7)[0], module.init(sd.Key(7))[0], module.init(8)[0]
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
    weights = [name for name in first if name.split(".")[-1].startswith("weight") and first[name].ndim > 1]
    assert weights
    assert all((first[name] != other[name]).any() for name in weights)


def test_layers_of_one_shape_start_from_different_numbers() -> None:
    params, _ = MLP(4, [4, 4], 4).init(0)
    assert (params["0.weight"] != params["2.weight"]).any()
    net = MLP(4, [4, 4], 4)
    np.testing.assert_array_equal(
        net.modules[2].W, params["2.weight"]
    )  # asked of the child first: same place, same numbers


@pytest.mark.parametrize(("module", "shape"), ALL, ids=IDS)
def test_apply_changes_nothing_it_is_given(module: Module, shape: tuple[int, ...]) -> None:
    params, state = module.init(0)
    x = X.standard_normal(shape)
    for array in (*params.values(), *state.values(), x):
        array.flags.writeable = False
    first, _ = module(params, state, x, 0, True)
    again, _ = module(params, state, x, 0, True)
    np.testing.assert_array_equal(first, again)


def test_strided_and_big_endian_inputs() -> None:
    layer = Linear(3, 2)
    x = X.standard_normal((6, 6))
    params, _ = layer.init(0)
    plain, _ = layer(params, {}, np.ascontiguousarray(x[::2, ::2]), 0, False)
    np.testing.assert_allclose(layer(params, {}, x[::2, ::2], 0, False)[0], plain, rtol=1e-15)
    np.testing.assert_allclose(layer.forward(x[::2, ::2].astype(">f8")), layer.forward(x[::2, ::2]), rtol=1e-15)


# ---- dropout
def test_dropout_statistics() -> None:
    out = Dropout(0.2).forward(np.ones((200, 500)), training=True, key=1)
    assert set(np.unique(out)) == {0.0, 1.25}
    # 100,000 draws: the fraction kept is 0.8 with standard deviation 0.00126, the mean 1 with 0.0016.
    assert abs((out > 0).mean() - 0.8) < 5 * 0.00127
    assert abs(out.mean() - 1.0) < 5 * 0.0016


def test_dropout_is_a_function_of_seed_epoch_step_and_place() -> None:
    net = Sequential(Dropout(0.5), Dropout(0.5))
    x = np.ones((4, 50))

    def masks(key: Any) -> Any:
        return net.layer_outputs({}, {}, x, key, True)

    one = masks(sd.Key(1, 2, 3))
    np.testing.assert_array_equal(one[1].output, masks(sd.Key(1, 2, 3))[1].output)
    for other in (sd.Key(0, 2, 3), sd.Key(1, 0, 3), sd.Key(1, 2, 0)):
        assert (one[0].output != masks(other)[0].output).any()
    first_alone = Dropout(0.5).forward(x, training=True, key=sd.Key(1, 2, 3))
    assert (one[0].output != first_alone).any()  # another place
    assert ((one[0].output > 0) & (one[1].output == 0)).any()  # two layers do not drop the same places


def test_dropout_is_the_identity_when_not_training() -> None:
    x = X.standard_normal((3, 4))
    np.testing.assert_array_equal(Dropout(0.9).forward(x), x)
    np.testing.assert_array_equal(Dropout(0.0).forward(x, training=True), x)


def test_dropped_infinities_are_zero() -> None:
    out = Dropout(0.5).forward(np.full((1, 100), np.inf), training=True)
    assert set(np.unique(out)) == {0.0, np.inf}


# ---- extremes
@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=5))
def test_softmax_sums_to_one(scores: list[float]) -> None:
    shares = softmax(np.array(scores))
    assert abs(shares.sum() - 1) < 1e-14
    assert (shares >= 0).all()


def test_activations_at_the_ends() -> None:
    ends = np.array([-np.inf, -1e300, -1e4, 1e4, 1e300, np.inf])
    expected = {
        "relu": [0, 0, 0, 1e4, 1e300, np.inf], "elu": [-1, -1, -1, 1e4, 1e300, np.inf],
        "softplus": [0, 0, 0, 1e4, 1e300, np.inf], "tanh": [-1, -1, -1, 1, 1, 1], "sigmoid": [0, 0, 0, 1, 1, 1],
    }  # fmt: skip
    for name, values in expected.items():
        np.testing.assert_array_equal(activation_named(name).forward(ends), values)


def test_layer_norm_of_a_constant_row_is_its_bias() -> None:
    np.testing.assert_array_equal(LayerNorm(3).forward([[7.0, 7.0, 7.0]]), [[0.0, 0.0, 0.0]])


def test_long_sequences() -> None:
    out = LSTM(1, 2).forward(np.ones((1, 400, 1)))
    assert out.shape == (1, 400, 2)
    assert np.isfinite(out).all()


def test_no_rows() -> None:
    for module, shape in ALL:
        if not any(isinstance(m, BatchNorm) for m in module.children.values()):
            assert module.forward(np.zeros((0, *shape[1:]))).shape[0] == 0


# ---- layer by layer
def test_training_by_hand() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (64, 1))
    y = x**2
    net, loss = MLP("square", 1, [16], 1, "tanh"), MSELoss()
    first = loss.forward(net.forward(x), y)
    for _ in range(300):
        loss.forward(net.forward(x), y)
        net.backward(loss.backward())
        for name, p in net.params.items():
            p -= 0.3 * net.grads[name]
    assert loss.forward(net.forward(x), y) < 0.05 * first
    for layer in net.modules:
        if isinstance(layer, Linear):
            assert layer.dW is not None
            assert layer.dW.shape == layer.W.shape


def test_mse_loss() -> None:
    loss = MSELoss()
    assert loss.forward([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 4.0]]) == (4 + 9) / 4
    np.testing.assert_array_equal(loss.backward(), [[0.0, 1.0], [1.5, 0.0]])
    with pytest.raises(ShapeError, match=r"\(2,\).*\(2, 1\)"):
        loss.forward([1.0, 2.0], [[1.0], [2.0]])
    with pytest.raises(ModelError, match="needs a forward"):
        MSELoss().backward()


def test_linear_attributes() -> None:
    layer = Linear(2, 1, bias_init="glorot_uniform")
    assert layer.dW is None
    assert layer.db is None
    assert (abs(layer.b) <= np.sqrt(6 / 3)).all()
    layer.W = [[3.0, 4.0]]
    layer.b = [1.0]
    np.testing.assert_array_equal(layer.forward([[1.0, 1.0]]), [[8.0]])
    np.testing.assert_array_equal(layer.forward([[1.0, 1.0]], W=[[0.0, 0.0]]), [[1.0]])
    np.testing.assert_array_equal(layer.W, [[3.0, 4.0]])
    with pytest.raises(ShapeError, match=r"weight has shape \(1, 2\), the one given has \(2, 1\)"):
        layer.W = [[3.0], [4.0]]
    with pytest.raises(ModelError, match="has no bias"):
        Linear(2, 1, bias=False).forward([[1.0, 1.0]], b=[1.0])


def test_backward_with_given_weights_uses_them() -> None:
    layer = Linear(1, 1)
    layer.forward([[2.0]], W=[[10.0]], b=[0.0])
    np.testing.assert_array_equal(layer.backward([[1.0]]), [[10.0]])
    np.testing.assert_array_equal(layer.dW, [[2.0]])


def test_backward_errors() -> None:
    layer = Linear(2, 3)
    with pytest.raises(ModelError, match="needs a forward"):
        layer.backward(np.ones((1, 3)))
    layer.forward(np.ones((1, 2)))
    with pytest.raises(ShapeError, match=r"dy has shape \(1, 2\), the output of forward had \(1, 3\)"):
        layer.backward(np.ones((1, 2)))


def test_output_can_be_changed_without_harm() -> None:
    layer = Tanh()
    out = layer.forward([0.5])
    out[...] = 99
    np.testing.assert_allclose(layer.backward([1.0]), 1 - np.tanh(0.5) ** 2, rtol=1e-14)


# ---- loading
def test_load_of_another_model() -> None:
    net = MLP(2, [3], 1)
    with pytest.raises(
        ModelError, match=r"another model: parameter '0.weight' has shape \(4, 2\), this network's has \(3, 2\)"
    ):
        net.load(MLP(2, [4], 1).init(0)[0])
    with pytest.raises(ModelError, match=r"'2.weight' is missing \(there are 0.weight, 0.bias\)"):
        net.load(MLP(2, [], 3).init(0)[0])
    with pytest.raises(ModelError, match=r"has no parameter '4.weight'"):
        net.load(MLP(2, [3, 1], 1).init(0)[0])


def test_load_copies() -> None:
    net = Sequential(Linear(1, 1), BatchNorm(1))
    params, state = net.init(3)
    net.load(params, state)
    net.params["0.weight"][...] = 5
    net.forward([[1.0], [2.0]], training=True)
    assert params["0.weight"] != 5
    assert state["1.num_batches_tracked"] == 0
    assert net.state["1.num_batches_tracked"] == 1
    assert net.modules[0].W == 5


# ---- shapes that do not meet
def test_layer_sizes_that_do_not_meet_name_both() -> None:
    with pytest.raises(
        ShapeError, match=r"Linear 2 \(weight \(1, 20\)\) expects 20 features, but Linear 0 \(weight \(10, 3\)\) be"
    ):
        Sequential(Linear(3, 10), ReLU(), Linear(20, 1))
    with pytest.raises(ShapeError, match=r"BatchNorm 1 \(weight \(5,\)\) expects 5 features, but GRU 0"):
        Sequential(GRU(3, 4, last=True), BatchNorm(5))
    with pytest.raises(ShapeError, match="do not meet: Sequential 1"):
        Sequential(Linear(3, 10), Sequential(ReLU(), Linear(20, 1)))
    assert Sequential(Linear(3, 10), Flatten(), Linear(20, 1)).features_after(3) == 1  # known only with the data


def test_misfit_at_run_time_names_layer_and_source() -> None:
    net = Sequential(Linear(3, 10), Sequential(Flatten(), Linear(20, 1)))
    with pytest.raises(
        ShapeError, match=r"Linear 1.1 expects 20 features in the last axis, got an input of shape \(5, 10\) from Fl"
    ):
        net.forward(np.ones((5, 3)))
    with pytest.raises(
        ShapeError, match=r"Linear 0 expects 3 features in the last axis, got an input of shape \(5, 4\)\.$"
    ):
        net.forward(np.ones((5, 4)))
    with pytest.raises(ShapeError, match=r"got an input of shape \(5,\). x.reshape\(-1, 1\) makes a column"):
        MLP(1, [3], 1).forward(np.ones(5))
    with pytest.raises(ShapeError, match=r"GRU expects sequences \(rows, time, features\)"):
        GRU(2, 3).forward(np.ones((5, 2)))
    with pytest.raises(ShapeError, match="sequences"):
        GRU(2, 3).forward(np.ones((5, 0, 2)))
    with pytest.raises(ShapeError, match=r"LayerNorm expects rows whose last axes are \(3, 4\)"):
        LayerNorm((3, 4)).forward(np.ones((2, 4, 3)))
    with pytest.raises(ShapeError, match="at least 2 rows"):
        BatchNorm(2).forward(np.ones((1, 2)), training=True)


# ---- other bad input
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(1, [20], 1, "tahn"), "unknown activation 'tahn'. Did you mean 'tanh'?"),
        (lambda: MLP(1, [20], 1, activation="rleu"), "Did you mean 'relu'?"),
        (lambda: MLP(1, [20], 1, activation=3), "an activation is a name"),
        (lambda: MLP(1, [20, 0], 1), "a hidden size must be a whole number, at least 1, not 0"),
        (lambda: MLP(1, 2.5, 1), "a hidden size must be a whole number"),
        (lambda: MLP(1, [20]), "write MLP"),
        (lambda: MLP(1, [20], 1, "relu", 5), "write MLP"),
        (lambda: MLP(1, [20], 1, wrong=5), "write MLP"),
        (lambda: Linear(True, 1), "inputs must be a whole number"),
        (lambda: Linear(1, 1, weight_init="he_unifrom"), "Did you mean 'he_uniform'?"),
        (lambda: Linear(1, 1, weight_init=5), "an initialiser is a name"),
        (lambda: Sequential(), "at least one module"),
        (lambda: Sequential(ReLU), "write ReLU(), not ReLU"),
        (lambda: Sequential(*[Linear(1, 1)] * 2), "the same module stands in two places"),
        (lambda: Dropout(1.0), "at least 0 and below 1"),
        (lambda: Dropout(float("nan")), "at least 0 and below 1"),
        (lambda: BatchNorm(3, momentum=2), "momentum"),
        (lambda: LayerNorm([]), "at least one axis"),
        (lambda: LayerNorm(3, eps=0), "eps"),
        (lambda: GELU("fast"), "approximate"),
        (lambda: Softplus(-1), "beta"),
        (lambda: Softplus("steep"), "beta of Softplus must be a positive number"),  # type: ignore[arg-type]
        (lambda: LeakyReLU("steep"), "slope of LeakyReLU must be a finite number"),  # type: ignore[arg-type]
        (lambda: ELU(np.nan), "alpha of ELU must be a finite number"),
        (lambda: Softmax("rows"), "axis of Softmax"),  # type: ignore[arg-type]
        (lambda: Linear(1, 1, weight_init=np.ones), "draw(generator, shape"),  # type: ignore[arg-type]
        (lambda: RNN(1, 1, nonlinearity="sigmoid"), "nonlinearity"),
        (lambda: Linear(1, 1).init("seed"), "a key is"),
        (lambda: Linear(1, 1).forward([["a"]]), "real numbers"),
        (lambda: BatchNorm(1)({"weight": 1.0, "bias": 0.0}, {}, np.ones((2, 1)), 0, False), "'running_mean' is missing"),
        (lambda: Linear(1, 1)({}, {}, np.ones((2, 1)), 0, False), "'weight' is missing"),
        (lambda: MLP(1, [2], 1)({}, {}, np.ones((2, 1)), 0, False), "'0.weight' is missing (there are none)"),
        (lambda: Module().forward([1.0]), "does not define apply"),
    ],
)  # fmt: skip
def test_bad_input(make: Any, message: str) -> None:
    with pytest.raises(ModelError) as error:
        make()
    assert message in str(error.value)


def test_state_forgotten() -> None:
    net = Sequential(Linear(1, 1), BatchNorm(1))
    with pytest.raises(ModelError, match=r"'1.num_batches_tracked' is missing.*init\(\)"):
        net(net.init(0)[0], None, np.ones((2, 1)), 0, True)


def test_repr_describes_the_network() -> None:
    net = Sequential(Linear(3, 4, bias=False), LeakyReLU(0.2), Dropout(0.1), GRU(4, 5, 2, last=True))
    assert (
        repr(net)
        == "Sequential(Linear(3, 4, bias=False), LeakyReLU(slope=0.2), Dropout(0.1), GRU(4, 5, layers=2, last=True))"
    )
