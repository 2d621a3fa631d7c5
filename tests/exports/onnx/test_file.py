"""ONNX models agree in onnxruntime with what steepest computes."""

from __future__ import annotations

import builtins
import re

import numpy as np
import pytest

import steepest as sd
from exports.networks import ACTIVATIONS, NETWORKS, SEQUENCES, Wave, X, trained
from steepest.exports.onnx.formula import tree_value
from steepest.exports.onnx.graph import Graph, require_onnx
from steepest.formula.callable import compile_tree
from steepest.formula.functions import FUNCTIONS
from steepest.formula.parser import parse_expression

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

RNG = np.random.default_rng(0)


def outputs_of(model, **inputs):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip((o.name for o in session.get_outputs()), session.run(None, inputs), strict=True))


# ---- formulas
def test_a_fit_has_an_input_a_column_and_any_number_of_rows(tmp_path):
    fit = sd.fit("co2 ~ a + b*t + c*t**2 + d*sin(2*pi*t) + f*cos(2*pi*t)", "examples/data/co2.csv")
    model = fit.to_onnx(tmp_path / "co2.onnx")
    read = onnx.load(str(tmp_path / "co2.onnx"))
    assert read == model
    assert [i.name for i in model.graph.input] == ["t"]
    assert [i.name for i in model.graph.initializer][:5] == ["a", "b", "c", "d", "f"]
    assert model.producer_name == "steepest"
    assert fit.outcome.message in model.doc_string
    assert outputs_of(read, t=np.zeros(0))["co2"].shape == (0,)
    for rows in (1, 1000):
        t = np.linspace(-30, 30, rows)
        np.testing.assert_allclose(outputs_of(read, t=t)["co2"], fit.predict({"t": t}), rtol=1e-13)


def test_columns_keep_their_names_and_the_output_that_of_the_left_side():
    data = {
        "wind speed": np.array([1.0, 2.0, 3.0, 4.0]),
        "t": np.array([0.0, 1, 0, 1]),
        "y": np.array([2.0, 5.0, 7.0, 12.0]),
    }
    fit = sd.fit("log(y) ~ a + b*`wind speed` + c*t", data)
    found = outputs_of(fit.to_onnx(), **{"wind speed": data["wind speed"], "t": data["t"]})
    np.testing.assert_allclose(found["log(y)"], fit.predict(), rtol=1e-14)


def test_names_that_meet_are_kept_apart():
    x = np.arange(1.0, 8.0)
    fit = sd.fit("`c.0` ~ a*`v.5` + 2*`c.0`", {"v.5": x, "c.0": x**2})
    found = outputs_of(fit.to_onnx(), **{"v.5": x, "c.0": x**2})
    np.testing.assert_allclose(found["predicted c.0"], fit.predict(), rtol=1e-14)


def test_float32_is_that_of_numpy():
    x = np.linspace(0, 2, 50)
    fit = sd.fit("y ~ a*exp(-b*x) + c", {"x": x, "y": np.exp(-x) + 0.1})
    single = x.astype(np.float32)
    found = outputs_of(fit.to_onnx(dtype="float32"), x=single)["y"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, fit.predict({"x": single.astype(float)}), rtol=1e-6)


EDGES = np.array([-np.inf, -1e300, -800, -3.7, -1, -0.5, -1e-8, -1e-300, -0.0, 0.0, 1e-300, 1e-9, 0.25, 1 - 1e-9, 1, 1.5, 2, 6.5,
                  40, 710, 1e300, np.inf, np.nan])  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_of_the_language(name, dtype):
    function = FUNCTIONS[name]
    arguments = ["x > 0", "x", "y"] if name == "where" else ["x", "y", "z"][: function.least]
    if function.least == 1:
        x = y = np.concatenate([EDGES, RNG.normal(size=300), RNG.uniform(-1, 1, 300)])
    else:
        x, y = (grid.ravel() for grid in np.meshgrid(EDGES, EDGES))
    with np.errstate(over="ignore"):
        values = {"x": x.astype(dtype), "y": y.astype(dtype), "z": (y + 1).astype(dtype)}
    tree = parse_expression(f"{name}({', '.join(arguments)})")
    graph = Graph(dtype)
    inputs = {each: graph.input(each, ["rows"]) for each in values}
    graph.output(tree_value(graph, tree, inputs), "out", ["rows"])
    found = outputs_of(graph.model("t", "", {}), **values)["out"]
    with np.errstate(all="ignore"):
        expected = compile_tree(tree)({each: v.astype(float) for each, v in values.items()}).astype(dtype)
    tolerance = {"rtol": 1e-12, "atol": 1e-305} if dtype == "float64" else {"rtol": 1e-6, "atol": 1e-37}
    np.testing.assert_allclose(found, expected, **tolerance)


def test_numbers_and_comparisons():
    tree = parse_expression("where(x == 1, 2*3, where(x != 2, -x**2, 2**-x)) + 1/4 - max(x, 1, 2)")
    graph = Graph("float64")
    graph.output(tree_value(graph, tree, {"x": graph.input("x", ["rows"])}), "out", ["rows"])
    x = np.array([1.0, 2.0, 3.0])
    found = outputs_of(graph.model("t", "", {}), x=x)["out"]
    np.testing.assert_allclose(found, [6.25 - 2, 0.5 - 2, -8.75 - 3], rtol=1e-15)


def test_a_formula_without_columns_is_refused():
    with pytest.raises(sd.FormulaError, match="without columns"):
        sd.fit("y ~ c", {"y": [1.0, 2.0]}).to_onnx()


# ---- networks
FORWARD = [name for name in NETWORKS if not name.startswith(("rnn", "gru", "lstm"))]


@pytest.mark.parametrize("name", FORWARD)
def test_every_feed_forward_layer(name):
    layers, x = NETWORKS[name]
    net = trained(*layers)
    expected = np.asarray(net(net.params, net.state, x, 0, False)[0])
    model = sd.to_onnx(net, shape=x.shape[1:])
    np.testing.assert_allclose(outputs_of(model, x=x)["prediction"], expected, rtol=1e-12, atol=1e-14)
    single = outputs_of(sd.to_onnx(net, shape=x.shape[1:], dtype="float32"), x=x.astype(np.float32))["prediction"]
    np.testing.assert_allclose(single, expected, rtol=2e-6, atol=2e-6)
    if name != repr(ACTIVATIONS[12]):  # a softmax over rows
        np.testing.assert_allclose(outputs_of(model, x=x[:1])["prediction"], expected[:1], rtol=1e-12, atol=1e-14)


def test_far_from_zero_activations_lose_nothing():
    x = np.array([[-800.0, -40.0, -3.0, 0.0, 3.0, 40.0, 800.0]])
    for layer in ACTIVATIONS:
        found = outputs_of(sd.to_onnx(layer, shape=(7,)), x=x)["prediction"]
        np.testing.assert_allclose(found, layer.forward(x), rtol=1e-13, err_msg=repr(layer))


def test_a_classifier_gives_logits_and_probabilities(tmp_path):
    x = RNG.normal(size=(60, 4))
    run = sd.train(sd.MLP(4, [9], 3), x, (x[:, 0] > 0) + (x[:, 1] > 0), loss="cross_entropy", steps=20)
    found = outputs_of(run.to_onnx(tmp_path / "net.onnx"), x=x)
    np.testing.assert_allclose(found["logits"], run.predict(x), rtol=1e-12)
    np.testing.assert_allclose(found["probabilities"], sd.nn.softmax(run.predict(x)), rtol=1e-12)
    two = sd.train(sd.MLP(4, [3], 1), x, (x[:, :1] > 0) * 1.0, loss="binary_cross_entropy", steps=5)
    np.testing.assert_allclose(
        outputs_of(two.to_onnx(), x=x)["probabilities"], sd.ops.sigmoid(two.predict(x)), rtol=1e-12
    )


def test_float32_parameters_make_a_float32_model():
    net = sd.MLP(3, [5], 2, "tanh")
    params = {name: p.astype(np.float32) for name, p in net.params.items()}
    found = outputs_of(sd.to_onnx(net, params=params), x=X.astype(np.float32))["prediction"]
    np.testing.assert_allclose(found, net(params, {}, X.astype(np.float32), 0, False)[0], rtol=1e-5, atol=1e-6)


def test_what_has_no_counterpart_is_named():
    with pytest.raises(sd.ModelError, match=re.escape("layer 0 (GRU(3, 4)) cannot be exported to ONNX")):
        sd.to_onnx(trained(sd.GRU(3, 4)), shape=SEQUENCES.shape[1:])
    with pytest.raises(sd.ModelError, match=re.escape("layer 1 (Wave()) cannot be exported to ONNX")):
        trained(sd.Linear(3, 4), Wave()).to_onnx()
    with pytest.raises(sd.ModelError, match="give it, such as shape="):
        trained(sd.Flatten(), sd.Linear(3, 4)).to_onnx()
    with pytest.raises(sd.ModelError, match="unknown dtype 'float16'"):
        trained(sd.Linear(3, 4)).to_onnx(dtype="float16")


def test_nothing_is_written_where_it_fails(tmp_path):
    with pytest.raises(sd.ModelError):
        trained(sd.GRU(3, 4)).to_onnx(tmp_path / "net.onnx")
    with pytest.raises(sd.SteepestError, match=r"End its name in \.onnx"):
        trained(sd.Linear(3, 4)).to_onnx(tmp_path / "net.pb")
    with pytest.raises(sd.SteepestError, match="does not exist"):
        trained(sd.Linear(3, 4)).to_onnx(tmp_path / "no" / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    known = builtins.__import__

    def without(name, *rest, **named):
        if name == "onnx":
            raise ImportError(name)
        return known(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(sd.SteepestError, match=re.escape("pip install 'steepest[onnx]'")):
        require_onnx()
