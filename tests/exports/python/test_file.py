"""Exported Python agrees with predict to the last bits, without steepest."""

from __future__ import annotations

import ast
import doctest
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from exports.isolated import functions_of, run_isolated
from exports.networks import NETWORKS, Wave, X, trained
from steepest.exports.python.formula import FormulaLines
from steepest.formula.callable import compile_tree
from steepest.formula.functions import FUNCTIONS
from steepest.formula.parser import parse_expression
from steepest.formula.tree import names

RNG = np.random.default_rng(0)


def expression_value(text, values):
    tree = parse_expression(text)
    body = FormulaLines(tree, {name: name.name for name in names(tree)}, {*values, "np"})
    source = "\n".join(["import numpy as np", *body.lines, f"result = {body.result}"])
    from steepest.exports.python import plain

    space = {**vars(plain), **values}
    with np.errstate(all="ignore"):
        exec(source, space)
        return space["result"], compile_tree(tree)(values)


# ---- fits of formulas
def test_a_fit_runs_where_steepest_is_not(tmp_path):
    fit = sd.fit("co2 ~ a + b*t + c*t**2 + d*sin(2*pi*t) + f*cos(2*pi*t)", "examples/data/co2.csv")
    source = fit.to_python(tmp_path / "model.py")
    assert (tmp_path / "model.py").read_text() == source
    t = np.linspace(-30, 30, 1001)
    np.testing.assert_array_equal(run_isolated(tmp_path / "model.py", t), fit.predict({"t": t}))


def test_the_file_says_what_it_is():
    fit = sd.fit("volume ~ a*(1 - exp(-b*pressure))", "examples/data/misra1a.csv", bounds="a > 0")
    source = fit.to_python()
    text = ast.get_docstring(ast.parse(source))
    assert text.startswith("volume ~ a*(1 - exp(-b*pressure))")
    assert "14 rows" in text
    assert fit.outcome.message in text
    assert '"pressure"' in text
    space = functions_of(source)
    assert space["PARAMETERS"] == fit.params
    assert space["STANDARD_ERRORS"] == fit.standard_errors
    assert doctest.run_docstring_examples(space["predict"], space) is None
    results = doctest.DocTestRunner(verbose=False).run(
        doctest.DocTestParser().get_doctest(space["predict"].__doc__, space, "predict", None, 0)
    )
    assert (results.attempted, results.failed) == (1, 0)


def test_fixed_and_tied_parameters_are_there():
    x = np.linspace(0, 3, 30)
    fit = sd.fit("y ~ a*exp(-b*x) + c + d", {"x": x, "y": 2 * np.exp(-x) + 0.5}, fix={"c": 0.2}, tie="d = a/10")
    space = functions_of(fit.to_python())
    assert space["PARAMETERS"]["c"] == 0.2
    np.testing.assert_array_equal(space["predict"](x), fit.predict())


def test_a_saved_fit_exports_the_same_function(tmp_path):
    fit = sd.fit("log(y) ~ a + b*x", {"x": [0.0, 1, 2, 3], "y": [1.0, 2.5, 7, 21]})
    fit.save(tmp_path / "model.json")
    saved = functions_of(sd.load(tmp_path / "model.json").to_python())
    np.testing.assert_array_equal(saved["predict"](np.arange(9.0)), fit.predict({"x": np.arange(9.0)}))


HOSTILE = [
    '"""\nimport os\n"""',
    "a\\",
    "wind speed",
    "class",
    "np",
    'x"',
    "predict",
    "sigmoid",
    "ß²",
    "u1",
    "a",
    "1st",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_column_name_is_a_safe_argument(name):
    x = np.arange(6.0)
    data = sd.Table({name: x, "y": 3 * x + 1})
    quoted = name.replace("\n", " ")
    if "\n" in name or "`" in name:  # no formula can name it
        return
    fit = sd.fit(f"y ~ intercept + slope*`{quoted}` + exp(-`{quoted}`)*sin(`{quoted}`)", data)
    space = functions_of(fit.to_python())
    np.testing.assert_array_equal(space["predict"](x), fit.predict())


def test_text_in_the_docstring_cannot_become_code():
    from steepest.exports.python.source import docstring

    for text in ('"""', '\\"""', 'a"', "\\", '""""', "\r\n\x00\x1b", '"""\nimport os'):
        tree = ast.parse(docstring(text))
        assert len(tree.body) == 1
        assert isinstance(tree.body[0].value, ast.Constant)


def test_a_formula_without_columns_gives_one_number():
    fit = sd.fit("y ~ c", {"y": [1.0, 2.0, 6.0]})
    assert functions_of(fit.to_python())["predict"]() == fit.params["c"]


def test_a_long_formula_is_broken_into_lines_and_a_deep_one_into_steps():
    x = np.linspace(0.1, 1, 20)
    terms = " + ".join(f"a{k}*sin({k}*x + {k}.5)" for k in range(1, 9))
    fit = sd.fit(f"y ~ {terms}", {"x": x, "y": np.cos(x)})
    source = fit.to_python()
    assert max(map(len, source.splitlines())) < 120
    np.testing.assert_array_equal(functions_of(source)["predict"](x), fit.predict())
    many = " + ".join(f"a*x**{k}" for k in range(300))
    value, expected = expression_value(many, {"a": np.float64(0.5), "x": x})
    np.testing.assert_array_equal(value, expected)


def test_what_is_not_a_model_is_refused():
    x = np.arange(5.0)
    with pytest.raises(sd.ModelError, match="Python function cannot be exported"):
        sd.fit(lambda x, a: a * x, (x,), 2 * x).to_python()
    with pytest.raises(sd.ModelError, match="a fit, a run or a network, not int"):
        sd.to_python(3)
    with pytest.raises(sd.SteepestError, match=r"End its name in \.py"):
        sd.fit("y ~ a*x", {"x": x, "y": x}).to_python("model.txt")


# ---- the functions of the language
VALUES = np.array(
    [-np.inf, -1e300, -3.7, -1.0, -0.5, -1e-300, -0.0, 0.0, 1e-300, 0.25, 1.0, 2.0, 40.0, 1e300, np.inf, np.nan]
)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_is_the_same_to_the_last_bit(name):
    function = FUNCTIONS[name]
    arguments = ["x > 0", "x", "y"] if name == "where" else ["x", "y", "z"][: max(function.least, 1)]
    x, y = (grid.ravel() for grid in np.meshgrid(VALUES, VALUES))
    value, expected = expression_value(f"{name}({', '.join(arguments)})", {"x": x, "y": y, "z": y + 1})
    if name == "erf":
        np.testing.assert_allclose(value, expected, rtol=1e-15)
    else:
        np.testing.assert_array_equal(value, expected)


def expressions():
    leaves = st.sampled_from(["x", "y", "a", "2", "3", "0.1", "pi", "0", "1e16", "1e300"])

    def extend(inner):
        pair = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(
            lambda t: f"({t[0]}){t[1]}({t[2]})"
        )
        call = st.tuples(st.sampled_from(["sin", "exp", "relu", "sigmoid", "floor", "cbrt"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        )
        joined = st.tuples(st.sampled_from(["min", "max", "hypot"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        )
        choice = st.tuples(inner, inner, inner).map(lambda t: f"where({t[0]} >= {t[1]}, {t[2]}, {t[1]})")
        return pair | call | joined | choice | inner.map(lambda t: f"-({t})")

    return st.recursive(leaves, extend, max_leaves=12)


@settings(max_examples=200, deadline=None)
@given(expressions())
def test_random_formulas_are_the_same_to_the_last_bit(text):
    values = {"x": np.array([-1.5, 0.0, 0.3, 7.0]), "y": np.array([2.0, -0.1, 1e3, 5.0]), "a": np.float64(-0.7)}
    try:
        value, expected = expression_value(text, values)
    except sd.FormulaError:  # numbers alone that are not finite
        return
    np.testing.assert_array_equal(np.broadcast_to(value, (4,)), np.broadcast_to(expected, (4,)))


# ---- networks
@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_agrees_to_the_last_bits(name):
    layers, x = NETWORKS[name]
    net = trained(*layers)
    space = functions_of(net.to_python())
    expected = net(net.params, net.state, x, 0, False)[0]
    np.testing.assert_allclose(space["predict"](x), np.asarray(expected), rtol=1e-15, atol=1e-300)
    assert space["predict"](x[:1]).shape == np.shape(expected[:1])


def test_a_classifier_runs_where_steepest_is_not(tmp_path):
    x = RNG.normal(size=(60, 4))
    run = sd.train(sd.MLP(4, [40], 3, "gelu"), x, (x[:, 0] > 0) + (x[:, 1] > 0), loss="cross_entropy", steps=20)
    source = run.to_python(tmp_path / "net.py")
    scores = run_isolated(tmp_path / "net.py", x)
    np.testing.assert_allclose(scores, run.predict(x), rtol=1e-15, atol=2e-15)  # of scores up to 5
    chances = run_isolated(tmp_path / "net.py", x, function="probabilities")
    np.testing.assert_allclose(chances, sd.nn.softmax(run.predict(x)), rtol=1e-14)
    assert "(rows, 4)" in source
    assert run.outcome.message in source


def test_large_arrays_are_bytes_and_exact():
    net = trained(sd.Linear(3, 400), sd.Tanh(), sd.Linear(400, 1))
    source = net.to_python()
    assert len(source) < 40_000
    assert max(map(len, source.splitlines())) < 130
    space = functions_of(source)
    np.testing.assert_array_equal(space["PARAMETERS"]["0.weight"], net.params["0.weight"])
    np.testing.assert_allclose(space["predict"](X), net.forward(X), rtol=1e-15)


def test_float32_stays_float32():
    net = sd.MLP(3, [5], 2, "silu")
    params = {name: p.astype(np.float32) for name, p in net.params.items()}
    x = X.astype(np.float32)
    space = functions_of(sd.to_python(net, params=params))
    expected = net(params, {}, x, 0, False)[0]
    assert space["predict"](x).dtype == expected.dtype == np.float32
    np.testing.assert_array_equal(space["predict"](x), expected)
    assert space["PARAMETERS"]["0.weight"].dtype == np.float32


def test_given_numbers_are_checked():
    net = sd.nn.Sequential(sd.Linear(3, 4), sd.BatchNorm(4))
    with pytest.raises(sd.ModelError, match=r"'1\.weight' is missing"):
        sd.to_python(net, params=sd.nn.Sequential(sd.Linear(3, 4)).params, state=net.state)
    with pytest.raises(sd.ModelError, match="has a state"):
        sd.to_python(net, params=net.params)
    with pytest.raises(sd.ModelError, match=r"parameter '0\.weight' of the network is not finite"):
        sd.to_python(net, params={**net.params, "0.weight": np.full((4, 3), np.nan)}, state=net.state)


class Doubled(sd.Linear):
    def apply(self, params, state, x, key, training):
        out, state = super().apply(params, state, x, key, training)
        return 2 * out, state


class Named(sd.Linear):
    """Computes as its parent does."""


def test_layers_of_ones_own_are_refused_by_name_unless_they_compute_as_their_parent():
    with pytest.raises(sd.ModelError, match=re.escape("layer 1.0 (Linear(4, 2)) cannot be exported to Python")):
        trained(sd.Linear(3, 4), sd.nn.Sequential(Doubled(4, 2))).to_python()
    with pytest.raises(sd.ModelError, match=re.escape("layer 1 (Wave())")):
        trained(sd.Linear(3, 4), Wave()).to_python()
    net = trained(Named(3, 2))
    np.testing.assert_allclose(functions_of(net.to_python())["predict"](X), net.forward(X), rtol=1e-15)
