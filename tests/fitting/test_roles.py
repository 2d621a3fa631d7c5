"""Roles of parameters: whatever the spelling."""

from __future__ import annotations

import numpy as np
import pytest

from steepest.fitting.candidates import Candidates
from steepest.fitting.model import FormulaModel
from steepest.fitting.roles import roles
from steepest.fitting.starts import linear_of, natural_scales

X = np.linspace(0.5, 20, 120)


def read(formula, y=None, **columns):
    data = {"x": X, "y": np.sin(3 * X) if y is None else y, **columns}
    model, rows = FormulaModel.read(f"y ~ {formula}", data, None, False)
    curved = [name for name in model.parameters if name not in linear_of(model)]
    return model, rows, curved, natural_scales(model, rows)


@pytest.mark.parametrize(
    ("formula", "kinds"),
    [
        ("a*exp(-k*x)", {"k": "rate"}),
        ("a*exp(-x/t)", {"t": "rate"}),
        ("a*2**(-x/h)", {"h": "rate"}),
        ("a*exp(-g*w*x)*cos(w*sqrt(1 - g**2)*x - p)", {"w": "frequency", "g": "rate", "p": "angle"}),
        ("a*sin(2*pi*f*x + p)", {"f": "frequency", "p": "angle"}),
        ("a*sin(2*pi*(x - c)/T)", {"T": "frequency", "c": "angle"}),
        ("L/(1 + exp(-k*(x - m)))", {"k": "rate", "m": "place"}),
        ("L*sigmoid(k*x - d)", {"k": "rate", "d": "place"}),
        ("a*exp(-((x - m)/s)**2)", {"s": "rate", "m": "place"}),
        ("a*exp(-(x - m)**2/(2*s**2))", {"s": "magnitude", "m": "place"}),
        ("a*x**n", {"n": "exponent"}),
        ("V*x**n/(K**n + x**n)", {"n": "exponent", "K": "magnitude"}),
        ("V/(1 + exp(-n*(log(x) - k)))", {"n": "rate", "k": "place"}),
        ("V*x/(K + x)", {"K": "place"}),
        ("V*x*z/((K + x)*(M + z))", {"K": "place", "M": "place"}),
    ],
)
def test_kinds(formula, kinds):
    model, rows, curved, units = read(formula, z=np.cos(X))
    assert {role.name: role.kind for role in roles(model, rows, curved, units)} == kinds


@pytest.mark.parametrize(
    ("formula", "name", "value"),
    [
        ("a*sin(w*x + p)", "w", 3.0),
        ("a*cos(2*pi*f*x)", "f", 3.0 / (2 * np.pi)),
        ("a*sin(2*pi*x/T)", "T", 2 * np.pi / 3.0),
        ("a*sin(-w*x)", "w", 3.0),
        ("a*sin(sqrt(k)*x)", "k", 9.0),
        ("a*sin((w + 100)*x) + b*w", "w", -97.0),
    ],
)
def test_candidates_of_a_frequency(formula, name, value):
    model, rows, curved, units = read(formula)
    drawn = Candidates(model, rows, curved, {}, units, seed=0, robust=False).draw()[:, curved.index(name)]
    assert np.mean(np.abs(np.abs(drawn) - abs(value)) < 0.05 * abs(value)) > 0.05  # many of them, not one by luck


@pytest.mark.parametrize(
    ("formula", "place"),
    [
        ("a/(1 + (x - m)**2)", lambda v: v["m"]),
        ("a*sigmoid(k*x - d)", lambda v: v["d"] / v["k"]),
        ("a*exp(-((x - m)/s)**2)", lambda v: v["m"]),
        ("a*sigmoid((m - x)/s)", lambda v: v["m"]),
    ],
)
def test_candidates_of_a_place_are_mostly_in_the_range(formula, place):
    model, rows, curved, units = read(formula, np.exp(-((X - 7) ** 2)))
    drawn = Candidates(model, rows, curved, {}, units, seed=0, robust=False).draw()
    places = place(dict(zip(curved, drawn.T)))
    assert np.mean((places >= X.min() - 1e-9) & (places <= X.max() + 1e-9)) > 0.6
    assert np.mean(np.abs(places - 7) < 0.5) > 0.08  # 0.03 if they were spread evenly over the range alone


def test_candidates_are_finite_seeded_and_keep_what_is_given():
    model, rows, curved, units = read("a*exp(-b*x)*sin(c*x + d)*(x - m)**n")
    one, same, other, batch = (
        Candidates(model, rows, [n for n in curved if n != "b"], {"b": 0.3}, units, seed, robust=False).draw(k)
        for seed, k in ((1, 0), (1, 0), (2, 0), (1, 1))
    )
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert (one != batch).any()


@pytest.mark.parametrize("x", [np.full(9, 3.0), np.arange(9.0) % 2], ids=["constant", "two values"])
def test_a_column_that_says_little(x):
    data = {"x": x, "y": np.cos(np.arange(9.0))}
    for formula in ("a*sin(b*x + c)", "a*exp(-b*x)", "a/(1 + (x - m)**2)"):
        model, rows = FormulaModel.read(f"y ~ {formula}", data, None, False)
        curved = [name for name in model.parameters if name not in linear_of(model)]
        drawn = Candidates(model, rows, curved, {}, natural_scales(model, rows), 0, robust=False).draw()
        assert np.isfinite(drawn).all()
