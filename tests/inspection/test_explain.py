"""Explanations: the products add up to the gradient, and the largest ones are the largest; by hand and by listing all paths."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

import steepest as sd
from inspection.random_programs import random_program
from steepest.autodiff.graph import pull_back, topological
from steepest.base.errors import DifferentiationError, ModelError, ShapeError
from steepest.inspection.local import follows, local_map, pulled


def every_product(loss, start, element):
    """The product along each path, by going along all of them over whole local Jacobians."""
    jacobians = []  # (input's id, output's id, matrix)
    for value in topological(loss):
        for i, x in enumerate(value.inputs):
            if follows(x):
                rows = [
                    pulled(value, local_map(value), i, unit.reshape(value.shape)).reshape(-1)
                    for unit in np.eye(value.size)
                ]
                jacobians.append((id(x), id(value), np.array(rows)))
    products = []

    def go(place, k, product):
        if place == id(loss):
            products.append(product)
            return
        for source, target, matrix in jacobians:
            if source == place:
                for j in np.flatnonzero(matrix[:, k]):
                    go(target, j, product * matrix[j, k])

    go(id(start), element, 1.0)
    return products


@pytest.mark.parametrize("seed", range(60))
def test_random_programs(seed):
    loss, w = random_program(seed, steps=2 + seed % 4)
    gradient = pull_back(loss, np.ones(()), [w], False)[0].reshape(-1)
    for element in range(4):
        products = every_product(loss, w, element)
        why = sd.explain(loss, w, divmod(element, 2))
        assert why.gradient == gradient[element]
        assert why.paths == len(products)
        assert sum(row.product for row in why.rows) + why.rest == pytest.approx(why.gradient, rel=1e-12, abs=1e-14)
        sizes = sorted(map(abs, products), reverse=True)[:10]
        assert [abs(row.product) for row in why.rows] == pytest.approx(sizes, rel=1e-12)
        assert math.fsum(products) == pytest.approx(why.gradient, rel=1e-10, abs=1e-13)
        for row in why.rows:
            assert row.product == pytest.approx(math.prod(step.derivative for step in row.steps), rel=1e-14)
        # Each path once: as many as there are of every product, but for ties at the end of the list.
        every = sd.explain(loss, w, divmod(element, 2), most=len(products) + 1)
        assert len(every.rows) == len(products)
        assert (
            len({tuple((s.name, s.element, s.derivative) for s in row.steps) for row in every.rows}) > 0 or not products
        )
        counts = Counter(round(math.log(abs(x)), 9) for x in products)
        assert counts == Counter(round(math.log(abs(row.product)), 9) for row in every.rows)


# ---- by hand
def test_two_ways_to_a_product():
    why = sd.explain("x*x + sin(x)", wrt="x", at={"x": 0.5})
    assert [row.product for row in why.rows] == pytest.approx([math.cos(0.5), 0.5, 0.5])
    assert why.gradient == pytest.approx(1 + math.cos(0.5))
    assert why.paths == 3
    assert "in all" in str(why)


def test_one_element_of_a_weight():
    w = sd.tensor(np.arange(12.0).reshape(4, 3) - 4, requires_grad=True)
    x = np.array([1.0, 2.0, 0.5])
    u = w @ x
    L = (sd.ops.relu(u) ** 2).sum()
    why = sd.explain(L, wrt=w, element=(3, 1))
    # u_3 = 5 + 6*2 + 7/2 = 20.5, dL/dw_31 = 2 u_3 x_1 = 82
    assert why.gradient == 82.0
    assert [(s.name, s.element, s.derivative) for s in why.rows[0].steps] == [
        ("matmul", (3, 0), 2.0), ("u", (3,), 1.0), ("relu", (3,), 1.0), ("pow", (3,), 41.0), ("L", (), 1.0),
    ]  # fmt: skip
    assert str(why).splitlines() == [
        "dL/dw[3,1] = 82: one product of the local derivatives from w[3,1] to L.",
        "",
        "  82  w[3,1] → matmul[3,0] (×2) → u[3] (×1) → relu[3] (×1) → pow[3] (×41) → L (×1)",
    ]
    assert sd.explain(L, wrt=w, element=(-1, -2)).gradient == 82.0


def test_a_dead_unit_is_told():
    w = sd.tensor([-1.0, 1.0], requires_grad=True)
    hidden = sd.ops.relu(w)
    L = hidden.sum()
    why = sd.explain(L, w, 0)
    assert (why.gradient, why.rows, why.paths, why.rest) == (0.0, (), 0.0, 0.0)
    assert (
        str(why)
        == "dL/dw[0] = 0, since no path leads from w[0] to L: it ends at hidden, where the local derivatives are 0."
    )


def test_a_network_by_name():
    net = sd.MLP(3, [4], 2, "tanh")
    params, state = net.init(0)
    x = np.random.default_rng(0).normal(size=(5, 3))
    problem = sd.Problem(net, params, x, [0, 1, 1, 0, 1], loss="cross_entropy", state=state)
    _, gradient = problem.value_and_gradient(problem.start)
    why = sd.explain(problem, "0.weight", (3, 1))
    assert why.gradient == pytest.approx(problem.start.view(gradient)["0.weight"][3, 1], rel=1e-12)
    assert sum(r.product for r in why.rows) + why.rest == pytest.approx(why.gradient, rel=1e-12)
    assert "1.tanh[" in str(why)
    assert "loss." in str(why)
    one = sd.explain(problem, "0.weight", (3, 1), rows=1)
    assert one.paths < why.paths
    run = sd.Run(problem, sd.Descent(sd.Adam(), 0.01), steps=3).finish()
    assert sd.explain(run, "2.bias", 0).gradient != sd.explain(problem, "2.bias", 0).gradient


def test_any_value_on_the_way_may_be_asked_for():
    x = sd.tensor(2.0, requires_grad=True)
    u = x**2
    L = np.sin(u) * u
    assert sd.explain(L, u).gradient == pytest.approx(math.cos(4) * 4 + math.sin(4))
    assert sd.explain(L, "u").parameter == "u"


# ---- many paths
def test_exponentially_many_paths():
    y = x = sd.tensor(0.5, requires_grad=True)
    for _ in range(60):
        y = y * 0.5 + y * 0.25
    why = sd.explain(y, x)
    assert why.paths == 2**60
    # The largest: always 0.5; then one factor 0.25 in one of 60 places.
    assert why.rows[0].product == 0.5**60
    assert [row.product for row in why.rows[1:]] == [0.5**61] * 9
    assert why.gradient == pytest.approx(0.75**60)
    assert why.rest == pytest.approx(0.75**60 - 0.5**60 - 9 * 0.5**61)
    assert len({tuple(step.derivative for step in row.steps) for row in why.rows}) == 10
    assert "about 1.2e+18" in str(why)


def test_ties_and_opposite_signs_cancel_in_the_rest():
    x = sd.tensor(np.ones(40), requires_grad=True)
    signs = np.where(np.arange(40) % 2, -1.0, 1.0)
    total = x.sum()
    L = (total * signs).sum()
    why = sd.explain(L, x, 7)
    assert why.gradient == 0.0
    assert why.paths == 40
    assert {abs(row.product) for row in why.rows} == {1.0}
    assert sum(row.product for row in why.rows) + why.rest == 0.0


def test_a_chain_of_ten_thousand():
    y = x = sd.tensor(0.5, requires_grad=True)
    for _ in range(10_000):
        y = np.sin(y)
    why = sd.explain(y, x)
    assert why.rows[0].product == pytest.approx(why.gradient, rel=1e-9)
    assert len(why.rows[0].steps) == 10_000
    assert "more steps" in str(why)
    assert len(str(why)) < 500


def test_products_that_underflow_are_still_in_order():
    y = x = sd.tensor(1.0, requires_grad=True)
    for _ in range(200):
        y = y * 1e-10 + y * 2e-10
    why = sd.explain(y, x)
    assert why.gradient == 0.0
    assert why.rows[0].product == 0.0
    assert all(step.derivative != 1e-10 for step in why.rows[0].steps)


# ---- what is refused
def test_errors():
    w = sd.tensor(np.ones((2, 3)), requires_grad=True)
    L = (w**2).sum()
    with pytest.raises(ShapeError, match=r"which element.*element=\(0, 0\)"):
        sd.explain(L, w)
    for wrong in [(2, 0), (0, 3), (0,), 1, (0, 0, 0), (0.5, 1), "01", 0.5, (0, True)]:
        with pytest.raises(ShapeError, match=r"there is no element.*the last one is \(1, 2\)"):
            sd.explain(L, w, wrong)
    with pytest.raises(ModelError, match="Did you mean 'w'"):
        sd.explain(L, "ww", (0, 0))
    with pytest.raises(DifferentiationError, match="does not depend on"):
        sd.explain(L, sd.tensor(1.0, requires_grad=True))
    with pytest.raises(DifferentiationError, match="wrt= is a Tensor"):
        sd.explain(L, np.ones(3))
    with pytest.raises(DifferentiationError, match=r"\.sum\(\)"):
        sd.explain(w * 2, w, (0, 0))
    with pytest.raises(ModelError, match="most must be"):
        sd.explain(L, w, (0, 0), most=0)
    with pytest.raises(DifferentiationError, match="local derivative of 'sqrt' is inf"):
        sd.explain("sqrt(a)*2", "a", at={"a": 0.0})
    with pytest.raises(DifferentiationError, match="local derivative of 'log' is nan"):
        sd.explain("log(a)", "a", at={"a": math.nan})
    big = sd.tensor(np.ones((300, 300)), requires_grad=True)
    cubed = (np.ones((300, 300)) @ big @ big @ big).sum()
    with pytest.raises(ModelError, match=r"more than 2,000,000.*rows="):
        sd.explain(cubed, big, (0, 0))


def test_a_masked_branch_with_an_infinite_derivative_is_no_path():
    x = sd.tensor([0.0, 4.0], requires_grad=True)
    L = np.where(x > 0, np.sqrt(x), 3.0 * x).sum()
    assert sd.explain(L, x, 0).gradient == 3.0
    assert sd.explain(L, x, 1).gradient == 0.25


def test_float32():
    w = sd.tensor(np.float32([[1, 2], [3, 4]]), requires_grad=True)
    L = np.tanh(w @ w).sum()
    why = sd.explain(L, w, (0, 1))
    assert sum(r.product for r in why.rows) + why.rest == pytest.approx(why.gradient, rel=1e-6)


def test_as_object_is_json():
    import json

    told = json.loads(json.dumps(sd.explain("x*x", "x", at={"x": 2}).as_object()))
    assert told["gradient"] == 4.0
    assert [row["product"] for row in told["rows"]] == [2.0, 2.0]
