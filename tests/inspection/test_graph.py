"""The graph of a loss: the numbers by hand derivation, the names, the layers, what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import DifferentiationError, FormulaError, ModelError
from steepest.inspection.blocks import DATA, LAYER, OPERATION, PARAMETER
from steepest.nn import MLP, RNN, Linear, Module, Sequential


def number(block) -> float:
    return block.value.elements[0]


def slope(block) -> float:
    return block.gradient.elements[0]


def arrows(g) -> dict[tuple[str, str], list[float | None]]:
    names = [block.name for block in g.blocks]
    return {(names[a.source], names[a.target]): [local.number for local in a.local] for a in g.arrows}


# ---- row L7: -log(sigmoid(w x)) as u = w x, p = sigmoid(u), L = -log p, by hand
W, X = 0.5, 2.0
U = W * X
P = 1 / (1 + math.exp(-U))
BY_HAND = {  # value, dL/d value; dL/dp = -1/p, dp/du = p (1 - p), so dL/du = p - 1
    "w": (W, (P - 1) * X),
    "u": (U, P - 1),
    "p": (P, -1 / P),
    "L": (-math.log(P), 1.0),
}


def test_blocks_of_a_tensor_by_hand():
    w, x = sd.tensor(W, requires_grad=True), sd.tensor(X)
    u = w * x
    p = sd.ops.sigmoid(u)
    L = -np.log(p)
    g = sd.graph(L)  # the names are those of the variables here
    for name, (value, gradient) in BY_HAND.items():
        assert number(g[name]) == pytest.approx(value, rel=1e-14)
        assert slope(g[name]) == pytest.approx(gradient, rel=1e-14)
    assert [(b.name, b.kind, b.made_by) for b in g.blocks] == [
        ("w", PARAMETER, ""), ("x", DATA, ""), ("u", OPERATION, "w * x"), ("p", OPERATION, "sigmoid(u)"),
        ("v1", OPERATION, "log(p)"), ("L", OPERATION, "-v1"),
    ]  # fmt: skip
    assert g["x"].gradient is None
    assert arrows(g) == {
        ("w", "u"): [X], ("x", "u"): [], ("u", "p"): [pytest.approx(P * (1 - P))], ("p", "v1"): [pytest.approx(1 / P)],
        ("v1", "L"): [-1.0],
    }  # fmt: skip


def test_blocks_of_a_formula_by_hand():
    g = sd.graph("-log(sigmoid(w*x))", at={"w": W, "x": X}, data="x")
    assert [b.name for b in g.blocks] == ["w", "x", "v1", "v2", "v3", "L"]
    assert g["x"].kind == DATA
    assert slope(g["x"]) == pytest.approx((P - 1) * W, rel=1e-14)  # dL/du du/dx
    assert slope(g["w"]) == pytest.approx((P - 1) * X, rel=1e-14)
    assert number(g.loss) == pytest.approx(-math.log(P), rel=1e-14)


# Every block of row L7, with its derivative by hand at a = 0.7, b = 0.4.
A, B = 0.7, 0.4
ONE_NUMBER = {
    "a + b": (1, 1), "a - b": (1, -1), "a*b": (B, A), "a/b": (1 / B, -A / B**2),
    "a**b": (B * A ** (B - 1), A**B * math.log(A)), "max(a, b)": (1, 0), "min(a, b)": (0, 1),
    "where(a > b, a, b)": (1, 0),
}  # fmt: skip
OF_A = {
    "sin(a)": math.cos(A), "cos(a)": -math.sin(A), "tan(a)": 1 / math.cos(A) ** 2, "log(a)": 1 / A, "exp(a)": math.exp(A),
    "sqrt(a)": 0.5 / math.sqrt(A), "abs(a)": 1, "tanh(a)": 1 - math.tanh(A) ** 2, "relu(a)": 1, "-a": -1,
    "sigmoid(a)": math.exp(-A) / (1 + math.exp(-A)) ** 2,
}  # fmt: skip


@pytest.mark.parametrize("formula", ONE_NUMBER)
def test_blocks_of_two_numbers(formula):
    local = arrows(sd.graph(formula, at={"a": A, "b": B}))
    assert local["a", "L"][0] == pytest.approx(ONE_NUMBER[formula][0], rel=1e-13)
    assert local["b", "L"][0] == pytest.approx(ONE_NUMBER[formula][1], rel=1e-13)


@pytest.mark.parametrize("formula", OF_A)
def test_blocks_of_one_number(formula):
    assert arrows(sd.graph(formula, at={"a": A}))["a", "L"] == [pytest.approx(OF_A[formula], rel=1e-13)]


def test_blocks_of_arrays():
    x = sd.tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    y = sd.tensor(np.ones((3, 2)), requires_grad=True)
    product = x @ y
    joined = np.concatenate([product.reshape(4), x[0]])
    L = joined.sum() + x.T.mean()
    g = sd.graph(L)
    assert g["product"].made_by == "x @ y"
    assert g["product"].value.shape == (2, 2)
    made = {b.made_by for b in g.blocks}
    assert {"reshape(product, 4)", "x[0]", "transpose(x)", "mean(v4)", "sum(joined)"} <= made
    # d sum(x @ y) / dy = column sums of x, twice: 3, 5, 7
    assert np.linalg.norm([3, 5, 7, 3, 5, 7]) == pytest.approx(g["y"].gradient.norm, rel=1e-14)
    local = arrows(g)
    assert local["v4", "v5"] == [pytest.approx(1 / 6)]
    assert local["product", "v1"] == [1.0]
    gains = [a.local[0].gain for a in g.arrows if g.blocks[a.target].name == "product"]
    # dL/dproduct is all 1, norm 2; times y' it is all 2 (6 elements), x' times it is (3, 5, 7) twice
    assert gains == [pytest.approx(math.sqrt(24) / 2), pytest.approx(g["y"].gradient.norm / 2)]


def test_ranges_of_elementwise_derivatives():
    x = sd.tensor([-1.0, 2.0, 3.0], requires_grad=True)
    g = sd.graph((sd.ops.relu(x) ** 2).sum())
    local = {g.blocks[a.target].made_by: a.local[0] for a in g.arrows}
    assert (local["relu(x)"].low, local["relu(x)"].high) == (0.0, 1.0)
    assert (local["v1 ** 2"].low, local["v1 ** 2"].high) == (0.0, 6.0)


# ---- values that are shared, constants, names
def test_a_value_used_twice_is_one_block_with_one_arrow_a_target():
    x = sd.tensor(3.0, requires_grad=True)
    L = x * x + x
    g = sd.graph(L)
    assert [b.name for b in g.blocks] == ["x", "v1", "L"]
    assert arrows(g) == {("x", "v1"): [3.0, 3.0], ("v1", "L"): [1.0], ("x", "L"): [1.0]}
    assert slope(g["x"]) == 7.0
    assert g.arrows[0].label == "×3 + ×3"


def test_names_come_from_variables_dicts_and_lists_or_are_given():
    params = {"w": sd.tensor(1.0, requires_grad=True)}
    more = [sd.tensor(2.0, requires_grad=True)]
    L = params["w"] * more[0]
    assert {b.name for b in sd.graph(L).blocks} == {"params.w", "more[0]", "L"}
    given = sd.graph(L, names={"weight": params["w"]})
    assert {b.name for b in given.blocks} == {"weight", "w1", "L"}


def test_automatic_names_avoid_those_that_are_taken():
    g = sd.graph("sin(v1)*cos(L)", at={"v1": 1, "L": 2})
    names = [b.name for b in g.blocks]
    assert len(set(names)) == len(names) == 5


def test_shared_constants_are_one_block_and_single_numbers_stand_in_the_operation():
    x, table = sd.tensor(np.ones(4), requires_grad=True), np.arange(4.0)
    g = sd.graph((2 * x * table + table * x**3).sum())
    assert [b.name for b in g.blocks if b.kind == DATA] == ["table"]
    assert "2 * x" in {b.made_by for b in g.blocks}
    assert "x ** 3" in {b.made_by for b in g.blocks}


def test_since_shows_the_part_behind_it():
    x = sd.tensor(0.5, requires_grad=True)
    u = np.sin(x)
    L = np.exp(u)
    g = sd.graph(L, since=u)
    assert [b.name for b in g.blocks] == ["u", "L"]
    assert slope(g["u"]) == pytest.approx(math.exp(math.sin(0.5)))
    with pytest.raises(DifferentiationError, match="does not depend on"):
        sd.graph(L, since=sd.tensor(1.0))


# ---- networks
def network(loss="cross_entropy"):
    net = MLP(3, [4], 2, "tanh")
    params, state = net.init(0)
    x = np.random.default_rng(0).normal(size=(5, 3))
    target = np.array([0, 1, 1, 0, 1]) if loss == "cross_entropy" else np.ones((5, 2))
    return sd.Problem(net, params, x, target, loss=loss, state=state)


def test_each_layer_is_a_block():
    problem = network()
    g = sd.graph(problem)
    layers = [(b.name, b.made_by) for b in g.blocks if b.kind == LAYER]
    assert layers == [("0", "Linear(3, 4)"), ("1", "Tanh()"), ("2", "Linear(4, 2)"), ("L", "cross_entropy")]
    assert [b.name for b in g.blocks if b.kind == PARAMETER] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    value, gradient = problem.value_and_gradient(problem.start)
    assert number(g.loss) == pytest.approx(value, rel=1e-14)
    by_name = problem.start.view(gradient)
    for name, part in by_name.items():
        assert g[name].gradient.norm == pytest.approx(np.linalg.norm(part), rel=1e-12)
    hidden = np.tanh(problem.data.inputs @ problem.start["0.weight"].T)
    assert g["1"].value.norm == pytest.approx(np.linalg.norm(hidden), rel=1e-12)


def test_gain_of_a_layer_is_the_ratio_of_gradient_norms():
    g = sd.graph(network())
    gain = {(g.blocks[a.source].name, g.blocks[a.target].name): a.local[0].gain for a in g.arrows if a.local}
    for source, target in (("0", "1"), ("1", "2"), ("2", "L"), ("0.weight", "0"), ("2.bias", "2")):
        assert gain[source, target] == pytest.approx(g[source].gradient.norm / g[target].gradient.norm, rel=1e-12)


def test_layers_unfold():
    problem = network("mse")
    assert {b.made_by for b in sd.graph(problem, unfold="0").blocks} >= {"inputs @ v1", "v2 + 0.bias", "Tanh()"}
    everything = sd.graph(problem, unfold="all")
    assert not [b for b in everything.blocks if b.kind == LAYER]
    assert "target" in {b.name for b in everything.blocks}
    assert "square" in " ".join(b.made_by for b in sd.graph(problem, unfold="loss").blocks)
    with pytest.raises(ModelError, match=r"no layer 'los'.*Did you mean 'loss'"):
        sd.graph(problem, unfold="los")


def test_time_steps_unfold_and_share_their_weights():
    net = Sequential(RNN(2, 3, last=True), Linear(3, 1))
    params, state = net.init(0)
    x = np.random.default_rng(3).normal(size=(4, 3, 2))
    problem = sd.Problem(net, params, x, np.ones((4, 1)), state=state)
    folded = sd.graph(problem)
    assert [b.name for b in folded.blocks if b.kind == LAYER] == ["0", "1", "L"]
    steps = sd.graph(problem, unfold="0")
    assert [b.name for b in steps.blocks if b.kind == LAYER] == ["0.l0.t0", "0.l0.t1", "0.l0.t2", "1", "L"]
    pairs = set(arrows(steps))
    for t in range(3):
        assert ("0.weight_hh_l0", f"0.l0.t{t}") in pairs
        assert (f"inputs part {t + 1}", f"0.l0.t{t}") in pairs
    part = steps["inputs part 2"]
    assert part.value.norm == pytest.approx(np.linalg.norm(x[:, 1]))


class Twice(Module):
    """A module that calls one layer two times and adds its own operation."""

    def __init__(self):
        self.inner = Linear(2, 2)

    @property
    def children(self):
        return {"inner": self.inner}

    def init(self, key, follower=None):
        params, state = self.inner.init(key)
        return {f"inner.{name}": x for name, x in params.items()}, state

    def apply(self, params, state, x, key, training):
        from steepest.nn.place import Part, as_place

        place = as_place(key).inside("inner")
        for _ in range(2):
            x, _ = self.inner.apply(Part(params, "inner."), {}, x, place, training)
            place.show(self.inner, x)
        return np.sin(x), state


def test_a_layer_called_twice_is_two_blocks():
    net = Twice()
    params, state = net.init(0)
    problem = sd.Problem(net, params, np.ones((3, 2)), np.zeros((3, 2)), state=state)
    g = sd.graph(problem)
    assert [b.name for b in g.blocks if b.kind == LAYER] == ["inner", "inner#2", "L"]
    assert "sin(inner#2)" in {b.made_by for b in g.blocks}
    pairs = set(arrows(g))
    assert ("inner.weight", "inner") in pairs
    assert ("inner.weight", "inner#2") in pairs


def test_a_network_of_one_layer_and_a_recurrent_one_alone():
    net = Linear(2, 1)
    params, state = net.init(0)
    problem = sd.Problem(net, params, np.ones((3, 2)), np.zeros((3, 1)), state=state, penalty=sd.L2(0.1))
    g = sd.graph(problem)
    assert [b.name for b in g.blocks if b.kind == LAYER] == ["Linear", "L"]
    assert {("weight", "Linear"), ("weight", "L"), ("Linear", "L")} <= set(arrows(g))  # the penalty is part of the loss
    net = RNN(2, 3, last=True)
    params, state = net.init(0)
    problem = sd.Problem(net, params, np.ones((4, 2, 2)), np.zeros((4, 3)), state=state)
    assert [b.name for b in sd.graph(problem).blocks if b.kind == LAYER] == ["RNN", "L"]
    steps = sd.graph(problem, unfold="RNN")
    assert [b.name for b in steps.blocks if b.kind == LAYER] == ["l0.t0", "l0.t1", "L"]


def test_a_run_is_shown_where_it_stands_and_rows_are_chosen():
    run = sd.Run(network(), sd.Descent(sd.Adam(), 0.01), steps=5).finish()
    assert number(sd.graph(run).loss) == pytest.approx(run.loss, rel=1e-12)
    assert sd.graph(run, rows=2)["inputs"].value.shape == (2, 3)
    assert sd.graph(run, rows=slice(1, 4))["inputs"].value.shape == (3, 3)
    assert sd.graph(run, rows=np.array([True, False, True, True, True]))["inputs"].value.shape == (4, 3)
    for wrong in ([7], 0, -1, True, slice(0, 0), "all", [0.5], [True]):
        with pytest.raises(ModelError, match="from 0 to 4"):
            sd.graph(run, rows=wrong)


def test_a_fit_and_a_function_without_data():
    fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0], "y": [1.0, 2.9, 5.1]})
    g = sd.graph(fit)
    assert {b.name for b in g.blocks} >= {"a", "b", "x", "target"}
    assert g.title == "mse of y ~ a + b*x on 3 rows"
    assert abs(slope(g["a"])) < 1e-12
    run = sd.minimize(lambda x: x**2, 3.0, method="gradient_descent", learning_rate=0.1, steps=1)
    assert slope(sd.graph(run)["x"]) == pytest.approx(2 * 2.4)


# ---- what is refused
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sd.tensor(2.0) * 3, "no graph"),
        (lambda: sd.tensor(2.0, requires_grad=True), "a parameter itself"),
        (lambda: sd.tensor([1.0, 2.0], requires_grad=True) * 3, r"shape \(2,\).*\.sum\(\)"),
        (lambda: 3.0, "a loss is a Tensor"),
        (lambda: np.ones(3), "a loss is a Tensor"),
    ],
)
def test_no_loss(make, message):
    with pytest.raises(DifferentiationError, match=message):
        sd.graph(make())


@pytest.mark.parametrize(
    ("formula", "at", "message"),
    [
        ("w*x", {"w": 1}, "'x' has no value"),
        ("w*x", None, "'w' has no value"),
        ("w*x", {"w": 1, "x": 2, "weigth": 3}, "no 'weigth'"),
        ("2*3", {}, "no names"),
        ("y ~ w*x", {"w": 1}, "leave away ~"),
    ],
)
def test_bad_formulas(formula, at, message):
    with pytest.raises(FormulaError, match=message):
        sd.graph(formula, at=at)


def test_bad_arguments():
    with pytest.raises(FormulaError, match="Did you mean 'speed'"):
        sd.graph("w*speed", at={"w": 1, "speed": 2}, data="sped")
    with pytest.raises(DifferentiationError, match=r"shape \(2,\)"):
        sd.graph("w*x", at={"w": 1, "x": [1, 2]})
    with pytest.raises(ModelError, match="must be a number"):
        sd.graph("w*x", at={"w": "a", "x": 1})
    for wrong in ({"at": [1, 2]}, {"data": 3}, {"names": ["w"]}, {"unfold": 3}):
        with pytest.raises(ModelError, match=f"{next(iter(wrong))}= is a"):
            sd.graph("w*x", **{"at": {"w": 1, "x": 2}, **wrong})
    with pytest.raises(DifferentiationError, match="since= is a"):
        sd.graph("w*x", at={"w": 1, "x": 2}, since="w")
    with pytest.raises(ModelError, match="rows="):
        sd.graph("w*x", at={"w": 1, "x": 2}, rows=3)
    with pytest.raises(ModelError, match="for a formula"):
        sd.graph(network(), at={"w": 1})
    with pytest.raises(ModelError, match=r"no block 'vv1'.*Did you mean 'v1'"):
        sd.graph("sin(a)*2", at={"a": 1})["vv1"]
    with pytest.raises(DifferentiationError, match="no graph"):
        sd.graph("floor(w)", at={"w": 1.5})


def test_an_array_that_was_changed_since_is_noticed():
    w = sd.tensor([1.0, 2.0], requires_grad=True)
    L = (w**2).sum()
    w.data[0] = 5.0
    with pytest.raises(DifferentiationError, match="w of 'pow' was changed in place"):
        sd.graph(L)
    with pytest.raises(DifferentiationError, match="changed in place"):
        sd.explain(L, w, 0)
    random = np.random.default_rng(0)
    noisy = sd.primitive("noisy", lambda x: x + random.normal(), partials=[1])
    assert sd.graph(noisy(w).sum()).loss.name == "L"  # what a user's own operation does again is its own business


# ---- attacks
def test_graph_after_backward_and_again():
    w = sd.tensor(3.0, requires_grad=True)
    L = w**2
    L.backward()
    assert slope(sd.graph(L)["w"]) == 6.0
    assert slope(sd.graph(L)["w"]) == 6.0
    assert w.grad.item() == 6.0


def test_values_that_are_not_finite():
    g = sd.graph("log(w)*0 + sqrt(w)", at={"w": -1.0})
    assert math.isnan(number(g.loss))
    assert "NaN" in str(g)
    told = json.dumps(g.as_object())
    assert told
    x = sd.tensor([1.0, np.nan, np.inf, 1e308], requires_grad=True)
    with np.errstate(all="ignore"):
        L = (x * 10).sum()
    g = sd.graph(L)
    assert g["x"].value.not_finite == 2
    assert "not finite" in str(g)


def test_float32_keeps_its_dtype_and_0d_and_one_element():
    w = sd.tensor(np.float32([0.1, 0.2]), requires_grad=True)
    L = (w * np.float32(3)).sum()
    assert number(sd.graph(L).loss) == pytest.approx(0.9, rel=1e-6)
    one = sd.tensor([[2.0]], requires_grad=True)
    g = sd.graph(one**2)
    assert g["one"].gradient.shape == (1, 1)
    assert slope(g["one"]) == 4.0


def test_strided_and_read_only_inputs():
    data = np.arange(12.0).reshape(3, 4)[:, ::2]
    data.flags.writeable = False
    w = sd.tensor(np.ones(2), requires_grad=True)
    g = sd.graph((data @ w).sum())
    assert g["w"].gradient.elements == (12.0, 18.0)


def test_a_chain_of_ten_thousand_operations():
    y = x = sd.tensor(0.5, requires_grad=True)
    for _ in range(10_000):
        y = np.sin(y)
    g = sd.graph(y)
    assert len(g.blocks) == 10_001
    text = str(g)
    assert "9,851 more" in text
    assert len(text.splitlines()) < 160
    with pytest.raises(ModelError, match=r"10,001 blocks.*since="):
        g.plot()
    assert g._repr_html_().startswith("<pre>")
    assert x.grad is None
