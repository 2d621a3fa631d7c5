"""The worked derivations: those of the lecture and of linear regression, as text, LaTeX and numbers."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest import FormulaError, ModelError

RNG = np.random.default_rng(3)
X, W, Y = RNG.normal(size=(12, 3)), RNG.normal(size=3), RNG.normal(size=12)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_squares_of_a_linear_unit() -> None:
    # Σ(y - w·x)²: gradient -2 Σ δ x_j, update w_j + 2α Σ δ x_j.
    found = sd.derivation("y ~ dot(w, x)", "w", reduction="sum")
    assert found.text("w") == "-2*sum(δ*x_j)"
    assert found.update("w") == "w_j + 2*α*sum(δ*x_j)"
    assert found.latex_of("w") == r"-2 \sum_{i=1}^{n} \delta_{i} x_{ij}"
    assert found.update_latex("w") == r"w_{j} + 2 \alpha \sum_{i=1}^{n} \delta_{i} x_{ij}"
    assert sd.derivation("sum((y - dot(w, x))**2)", "w").text("w") == "-2*sum(δ*x_j)"
    delta = Y - X @ W
    gradient = found.evaluate({"w": W, "x": X, "y": Y})["w"]
    np.testing.assert_allclose(gradient, -2 * delta @ X, rtol=1e-12)
    np.testing.assert_allclose(gradient, sd.grad(lambda w: ((Y - X @ w) ** 2).sum())(W), rtol=1e-12)


def test_squares_of_a_sigmoid_unit() -> None:
    # Σ(y - σ(w·x))²: gradient -2 Σ δ σ(1-σ) x_j.
    found = sd.derivation("y ~ sigmoid(dot(w, x))", "w", reduction="sum")
    assert found.text("w") == "-2*sum(δ*sigmoid(w·x)*(1 - sigmoid(w·x))*x_j)"
    assert found.update("w") == "w_j + 2*α*sum(δ*sigmoid(w·x)*(1 - sigmoid(w·x))*x_j)"
    unit = r"\sigma\left(w \cdot x_{i}\right)"
    assert found.latex_of("w") == rf"-2 \sum_{{i=1}}^{{n}} \delta_{{i}} {unit} \left(1 - {unit}\right) x_{{ij}}"
    p = sigmoid(X @ W)
    gradient = found.evaluate({"w": W, "x": X, "y": Y})["w"]
    np.testing.assert_allclose(gradient, -2 * ((Y - p) * p * (1 - p)) @ X, rtol=1e-11)
    np.testing.assert_allclose(gradient, sd.grad(lambda w: ((Y - sd.ops.sigmoid(X @ w)) ** 2).sum())(W), rtol=1e-11)
    rules = [line.rule for line in found.lines("w")]
    assert rules[0] == "the derivative of a sum is the sum of the derivatives"
    assert "chain rule, (sigmoid u)' = sigmoid(u)*(1 - sigmoid(u))*u′" in rules


def test_the_mean_has_one_over_n() -> None:
    total = sd.derivation("y ~ dot(w, x)", "w", reduction="sum")
    mean = sd.derivation("y ~ dot(w, x)", "w")
    assert mean.text("w") == "-2*mean(δ*x_j)"
    assert mean.latex_of("w") == r"-\frac{2}{n} \sum_{i=1}^{n} \delta_{i} x_{ij}"
    assert mean.update_latex("w") == r"w_{j} + \frac{2 \alpha}{n} \sum_{i=1}^{n} \delta_{i} x_{ij}"
    values = {"w": W, "x": X, "y": Y}
    np.testing.assert_allclose(mean.evaluate(values)["w"] * 12, total.evaluate(values)["w"], rtol=1e-13)


def test_the_two_derivatives_of_a_line() -> None:
    # d/da mean((y - (a + b x))²) = -2 mean(δ), d/db = -2 mean(δ x).
    found = sd.derivation("y ~ a + b*x", columns=["x", "y"])
    assert found.names == ("a", "b")
    assert [found.text(name) for name in found.names] == ["-2*mean(δ)", "-2*mean(δ*x)"]
    assert [found.update(name) for name in found.names] == ["a + 2*α*mean(δ)", "b + 2*α*mean(δ*x)"]
    values = {"a": 0.3, "b": -1.2, "x": X[:, 0], "y": Y}
    gradient = found.evaluate(values)
    expected = sd.grad(lambda p: ((Y - (p["a"] + p["b"] * X[:, 0])) ** 2).mean())({"a": 0.3, "b": -1.2})
    assert gradient == pytest.approx({name: float(value) for name, value in expected.items()}, rel=1e-13)


@pytest.mark.parametrize(
    "model", ["exp(-a*x)", "a/(b + x**2)", "tanh(a*x + b)", "max(a*x, b)", "a*sin(b*x) + sqrt(abs(x))", "a**2*b"]
)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_any_model_follows_the_chain_rule(model: str, reduction: str) -> None:
    # -2 Σ δ ∂f/∂w, checked against automatic differentiation of the loss.
    found = sd.derivation(f"y ~ {model}", columns=["x", "y"], reduction=reduction)
    values = {"a": 0.7, "b": 1.3, "x": X[:, 0], "y": Y}
    loss = found.objective.function()
    for name, value in found.evaluate(values).items():
        expected = sd.grad(lambda v, name=name: loss({**values, name: v}))(values[name])
        assert value == pytest.approx(float(expected), rel=1e-11), name
        assert found.text(name).startswith(f"-2*{reduction}(") or "δ" in found.text(name)


def test_the_steps_of_the_lectures_example() -> None:
    text = str(sd.derivation("-log(sigmoid(w*x))", "w"))
    for line in (
        "d/dw(-log(sigmoid(w*x))) = -d/dw(log(sigmoid(w*x)))",
        "d/dw(log(sigmoid(w*x))) = d/dw(sigmoid(w*x))/sigmoid(w*x)",
        "d/dw(sigmoid(w*x)) = sigmoid(w*x)*(1 - sigmoid(w*x))*d/dw(w*x)",
        "d/dw(w*x) = x",
        "dL/dw = -(1 - sigmoid(w*x))*x",
        "descent: w <- w + α*(1 - sigmoid(w*x))*x",
    ):
        assert line in text


def test_every_step_is_true() -> None:
    # What a step says is an identity: with every pending derivative replaced by its value, both sides agree.
    from steepest.differentiation.engine import differentiate
    from steepest.formula.callable import compile_tree
    from steepest.formula.tree import Call, Node, postorder

    found = sd.derivation("sin(w)**2*exp(-w/x) + w**x", "w")
    values = {"w": 0.7, "x": 1.9}

    def value(tree: Node) -> float:
        from steepest.differentiation.algebra import Algebra

        pending = [node for node in postorder(tree) if isinstance(node, Call) and node.function == "d/dw"]
        replaced = {node: differentiate(node.arguments[0], "w")[0] for node in pending}
        return float(compile_tree(Algebra().substitute(tree, replaced))(values))

    for step in found.steps["w"]:
        assert value(step.before) == pytest.approx(value(step.after), rel=1e-13), step.rule


def test_latex_of_the_whole() -> None:
    latex = sd.derivation("y ~ sigmoid(dot(w, x))", "w", reduction="sum").latex()
    assert latex.startswith("\\begin{align*}\n\\frac{\\partial}{\\partial w_{j}} \\sum_{i=1}^{n} \\delta_{i}^{2} &= ")
    assert latex.endswith("\n\\end{align*}")
    assert latex.count("{") == latex.count("}")
    assert "_j" not in latex.replace(r"\_j", "")  # an underscore in text is escaped
    assert sd.derivation("w**2", "w")._repr_latex_() == sd.derivation("w**2", "w").latex()


def test_what_does_not_depend() -> None:
    found = sd.derivation("x**2", "x")
    assert found.lines("x")[-1].right == "2*x"
    assert sd.derivation("w", "w").text("w") == "1"
    assert sd.derivation("w", "w").update("w") == "w - α"
    assert sd.derivation("sign(w)*x", "w").text("w") == "0"


def test_columns_named_like_our_own_symbols() -> None:
    found = sd.derivation("y ~ a*`δ` + `w·x`", "a", reduction="sum")
    values = {"a": 2.0, "y": Y, "δ": X[:, 0], "w·x": X[:, 1]}
    expected = -2 * ((Y - 2 * X[:, 0] - X[:, 1]) * X[:, 0]).sum()
    assert found.evaluate(values)["a"] == pytest.approx(expected, rel=1e-12)
    assert found.text("a") == "-2*sum(δ*`δ`)"


def test_refusals() -> None:
    with pytest.raises(ModelError, match="the text does not tell them apart"):
        sd.derivation("y ~ a + b*x")
    with pytest.raises(ModelError, match="'c' is not in"):
        sd.derivation("y ~ a + b*x", "c")
    with pytest.raises(ModelError, match="'x_j' is the j-th element of x"):
        sd.derivation("y ~ dot(w, x) + x_j", "w")
    with pytest.raises(ModelError, match="has no value"):
        sd.derivation("w*x", "w").evaluate({"w": 1.0})
    with pytest.raises(FormulaError):
        sd.derivation("w*", "w")
