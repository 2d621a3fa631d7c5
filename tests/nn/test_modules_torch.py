"""Every module against PyTorch in float64: names, shapes, outputs, gradients; as a pure function and layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from nn.recorded import RECORDED, cotangent, filled, inputs, numbers
from steepest.nn import (
    ELU,
    GELU,
    GRU,
    LSTM,
    MLP,
    RNN,
    SELU,
    BatchNorm,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Linear,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)

MODULES: dict[str, Module] = {
    "linear": Linear(3, 4),
    "linear_3d": Linear(3, 2, bias=False),
    "mlp_relu": MLP(3, [5, 4], 2),
    "mlp_tanh": MLP("with a name", 3, [5, 4], 2, "tanh"),
    "layer_norm": LayerNorm(4),
    "layer_norm_2": LayerNorm((3, 4)),
    "nested": Sequential(Sequential(Linear(4, 3), LayerNorm(3)), Flatten(), Linear(6, 2)),
    "rnn": RNN(3, 4, 2),
    "gru": GRU(3, 4, 2),
    "lstm": LSTM(3, 4, 2),
    "rnn_last": RNN(3, 2, last=True),
    "gru_last": GRU(3, 2, last=True),
    "lstm_last": LSTM(3, 2, last=True),
    "rnn_relu": RNN(2, 3, 2, bias=False, nonlinearity="relu"),
}
ACTIVATIONS: dict[str, Module] = {
    "ReLU": ReLU(), "LeakyReLU": LeakyReLU(0.2), "ELU": ELU(1.5), "SELU": SELU(), "GELU": GELU(), "GELU_tanh": GELU("tanh"),
    "SiLU": SiLU(), "Softplus": Softplus(2.0), "Tanh": Tanh(), "Sigmoid": Sigmoid(), "Softmax": Softmax(),
}  # fmt: skip


def assert_close(ours: Any, recorded: Any, rtol: float = 1e-11, atol: float = 1e-13) -> None:
    np.testing.assert_allclose(np.asarray(ours), np.asarray(recorded), rtol=rtol, atol=atol)


def test_everything_recorded_is_tested() -> None:
    assert set(RECORDED["modules"]) == set(MODULES) | {f"activation_{name}" for name in ACTIVATIONS}


@pytest.mark.parametrize("name", MODULES)
def test_names_and_shapes_are_those_of_the_state_dict(name: str) -> None:
    params, state = MODULES[name].init(0)
    assert state == {}
    assert {n: list(x.shape) for n, x in params.items()} == RECORDED["modules"][name]["names"]
    assert all(x.dtype == np.float64 for x in params.values())


@pytest.mark.parametrize("name", MODULES)
def test_pure_face(name: str) -> None:
    module, recorded = MODULES[name], RECORDED["modules"][name]
    x = inputs(recorded["shape"])

    def projected(params: Any, x: Any) -> Any:
        out, _ = module(params, {}, x, 0, True)
        return (out * cotangent(out.shape)).sum()

    params = filled(module)
    assert_close(module(params, {}, x, 0, True)[0], recorded["output"])
    grads, dx = sd.grad(projected, (0, 1))(params, x)
    assert_close(dx, recorded["dx"])
    for parameter in params:
        assert_close(grads[parameter], recorded["grads"][parameter])


@pytest.mark.parametrize("name", MODULES)
def test_layer_by_layer(name: str) -> None:
    module, recorded = MODULES[name], RECORDED["modules"][name]
    module.load(filled(module))
    out = module.forward(inputs(recorded["shape"]))
    assert_close(out, recorded["output"])
    assert_close(module.backward(cotangent(out.shape)), recorded["dx"])
    assert set(module.grads) == set(recorded["grads"])
    for parameter, gradient in module.grads.items():
        assert_close(gradient, recorded["grads"][parameter])


@pytest.mark.parametrize("name", ["mlp_relu", "mlp_tanh", "nested"])
def test_children_one_after_the_other(name: str) -> None:
    net, recorded = MODULES[name], RECORDED["modules"][name]
    assert isinstance(net, Sequential)
    net.load(filled(net))
    x = inputs(recorded["shape"])
    for module in net.modules:
        x = module.forward(x)
    assert_close(x, recorded["output"])
    dy = cotangent(x.shape)
    for module in reversed(net.modules):
        dy = module.backward(dy)
    assert_close(dy, recorded["dx"])
    for parameter, gradient in net.grads.items():
        assert_close(gradient, recorded["grads"][parameter])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    layer, recorded = ACTIVATIONS[name], RECORDED["modules"][f"activation_{name}"]
    x = np.array(recorded["x"])
    # PyTorch's softplus is x itself above 20 / beta, and its tanh and sigmoid round tails: absolute 2e-9 covers that.
    loose = {"rtol": 1e-7, "atol": 1e-9} if name == "Softplus" else {}
    out = layer.forward(x)
    assert_close(out, recorded["output"], **loose)
    assert_close(layer.backward(cotangent(x.shape)), recorded["dx"], **loose)


@pytest.mark.parametrize("momentum", ["0.1", "none"])
def test_batch_norm(momentum: str) -> None:
    layer = BatchNorm(3, momentum=None if momentum == "none" else float(momentum))
    recorded = RECORDED["batch_norm"][momentum]
    params, state = layer.init(0)
    assert {n: list(np.shape(x)) for n, x in {**params, **state}.items()} == recorded["names"]
    params = {"weight": numbers((3,)), "bias": numbers((3,), 3)}
    layer.load(params, state)
    for k, step in enumerate(recorded["steps"]):
        x, training = inputs((5, 3)) * (k + 1) + k, k < 3
        before = {name: value.copy() for name, value in state.items()}

        def projected(params: Any, x: Any, state: Any = state, training: bool = training) -> Any:
            out, after = layer(params, state, x, 0, training)
            return (out * cotangent(out.shape)).sum(), after

        (_, after), (grads, dx) = sd.value_and_grad(projected, (0, 1), has_aux=True)(params, x)
        assert all(isinstance(value, np.ndarray) for value in after.values())
        for name, value in before.items():
            np.testing.assert_array_equal(state[name], value)  # a pure function: the state given is not touched
        for name, value in after.items():
            assert_close(value, step["state"][name])
        assert_close(layer.forward(x, training=training), step["output"])
        assert_close(layer.backward(cotangent((5, 3))), step["dx"])
        assert_close(dx, step["dx"])
        for name, gradient in grads.items():
            assert_close(gradient, step["grads"][name])
            assert_close(layer.grads[name], step["grads"][name])
        state = after
    assert_close(layer.state["running_var"], recorded["steps"][-1]["state"]["running_var"])
