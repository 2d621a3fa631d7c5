"""Families of curves in many spellings and units, with made data: what a fit without a start is measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from steepest.formula.formula import Formula

Values = dict[str, float]
Draw = Callable[["Units", Values], float]


class Units:
    """Random numbers, and the units in which a problem is written: x is in nanoseconds here and in gigahertz there."""

    def __init__(self, *key: int) -> None:
        self.random = np.random.default_rng(key)
        self.x = float(self.random.choice([1.0, 1e-9, 1e9, 60.0]))
        self.y = float(self.random.choice([1.0, 1e-6, 1e3]))

    def between(self, low: float, high: float) -> float:
        return float(self.random.uniform(low, high))

    def power(self, low: float, high: float) -> float:
        """Evenly in its logarithm."""
        return float(np.exp(self.random.uniform(np.log(low), np.log(high))))


# How one parameter is drawn. x runs from 0 to 10, y is of the size of 10, both in their units.
def number(low: float, high: float) -> Draw:
    return lambda r, _: r.between(low, high)


def ratio(low: float, high: float) -> Draw:
    return lambda r, _: r.power(low, high)


def height(low: float = 1, high: float = 10) -> Draw:
    return lambda r, _: r.between(low, high) * r.y


def signed(low: float = 1, high: float = 10) -> Draw:
    return lambda r, _: r.between(low, high) * r.y * r.random.choice([-1.0, 1.0])


def slope(low: float, high: float, power: int = 1) -> Draw:
    return lambda r, _: r.between(low, high) * r.y / r.x**power


def place(low: float = 2, high: float = 8) -> Draw:
    return lambda r, _: r.between(low, high) * r.x


def width(low: float, high: float) -> Draw:
    return lambda r, _: r.power(low, high) * r.x


def rate(low: float, high: float, power: int = 1) -> Draw:
    return lambda r, _: r.power(low, high) / r.x**power


def faster(than: str, low: float = 4, high: float = 12) -> Draw:
    return lambda r, v: v[than] * r.between(low, high)


def shorter(than: str, low: float = 4, high: float = 12) -> Draw:
    return lambda r, v: v[than] / r.between(low, high)


def apart(from_: str, low: float, high: float, least: float, turn: float = 1.0) -> Draw:
    """A frequency, in cycles times `turn`, that the data can tell from another one."""

    def draw(r: Units, v: Values) -> float:
        while True:
            f = r.between(low, high)
            if abs(f - v[from_] * r.x / turn) >= least:
                return f * turn / r.x

    return draw


def behind(other: str, least: float, most: float) -> Draw:
    """A place to the right of another one."""
    return lambda r, v: v[other] + r.between(least, most) * r.x


@dataclass(frozen=True)
class Spelling:
    """One way to write a curve, how its parameters are drawn one after the other, and where x begins."""

    formula: str
    draws: Mapping[str, Draw]
    begin: float = 0.0


TURN = 2 * np.pi
EXPONENT = number(0.8, 6)

FAMILIES: dict[str, tuple[Spelling, ...]] = {
    "decay": (
        Spelling("a*exp(-b*x) + c", {"a": signed(), "b": rate(0.1, 3), "c": height(-5, 5)}),
        Spelling("c + (a - c)*exp(-x/t)", {"a": height(), "c": height(-9, 0), "t": width(0.3, 10)}),
        Spelling("A*(1 - exp(-k*x))", {"A": height(), "k": rate(0.1, 3)}),
        Spelling("a*2**(-x/h) + c", {"a": height(), "h": width(0.3, 7), "c": height(-5, 5)}),
        Spelling("a*exp(k*x)", {"a": height(), "k": rate(0.05, 1)}),
    ),
    "two exponentials": (
        Spelling("a*exp(-b*x) + c*exp(-d*x)", {"a": height(), "b": rate(0.05, 0.5), "c": signed(), "d": faster("b")}),
        Spelling("a*exp(-x/s) + b*exp(-x/t)", {"a": height(), "s": width(2, 20), "b": signed(), "t": shorter("s")}),
        Spelling(
            "c + a*exp(-k*x) + b*exp(-m*x)",
            {"c": height(-5, 5), "a": height(), "k": rate(0.1, 0.5), "b": signed(), "m": faster("k")},
        ),
        Spelling(
            "a*(1 - exp(-k*x)) + b*(1 - exp(-m*x))", {"a": height(), "k": rate(0.1, 0.5),
             "b": signed(), "m": faster("k")}
        ),
    ),
    "a sine": (
        Spelling("a*sin(2*pi*f*x + p)", {"a": height(), "f": rate(0.07, 2.5), "p": number(-3, 3)}),
        Spelling(
            "a*sin(w*x) + b*cos(w*x) + c", {"a": height(), "b": height(-9, 9), "w": rate(0.4, 15), "c": height(-20, 20)}
        ),
        Spelling("a*cos(2*pi*(x - c)/T) + d", {"a": height(), "c": place(-1, 1),
         "T": width(0.4, 12), "d": height(-20, 20)}),
        Spelling(
            "a + b*x + c*cos(w*x - p)",
            {"a": height(), "b": slope(-2, 2), "c": height(), "w": rate(1, 15), "p": number(-3, 3)},
        ),
    ),
    "two sines": (
        Spelling(
            "a*sin(2*pi*f*x + p) + b*sin(2*pi*g*x + q)",
            {"a": height(), "f": rate(0.15, 2), "p": number(-3, 3), "b": height(),
             "g": apart("f", 0.15, 2, 0.15), "q": number(-3, 3)},
        ),
        Spelling(
            "a*sin(w*x) + b*cos(w*x) + c*sin(h*x) + d*cos(h*x) + e",
            {
                "w": rate(1, 12),
                "h": apart("w", 0.15, 2, 0.15, TURN),
                **dict.fromkeys("abcde", height(-10, 10)),
            },
        ),
        Spelling(
            "c + a*cos(2*pi*(x - p)/S) + b*cos(2*pi*(x - q)/T)",
            {
                "S": width(0.5, 5),
                "f": lambda r, v: 1 / v["S"],
                "g": apart("f", 0.15, 2, 0.15),
                "T": lambda r, v: 1 / v["g"],
                "c": height(-20, 20), "a": height(), "p": place(-1, 1), "b": height(), "q": place(-1, 1),
            },
        ),
    ),
    "logistic": (
        Spelling("L/(1 + exp(-k*(x - m)))", {"L": signed(), "k": rate(0.5, 6), "m": place()}),
        Spelling("L/(1 + exp((x - m)/s)) + c", {"L": height(), "s": width(0.15, 2), "m": place(), "c": height(-9, 9)}),
        Spelling("K/(1 + b*exp(-k*x))", {"K": height(), "b": ratio(3, 300), "k": rate(0.8, 3)}),
        Spelling(
            "c + L*sigmoid(k*x - d)",
            {"c": height(-5, 5), "L": height(), "k": rate(0.5, 5), "d": lambda r, v: v["k"] * r.x * r.between(2, 8)},
        ),
        Spelling("c + a*tanh((x - m)/w)", {"c": height(-5, 5), "a": height(), "m": place(), "w": width(0.2, 3)}),
    ),
    "two logistic steps": (
        Spelling(
            "a/(1 + exp(-k*(x - m))) + b/(1 + exp(-l*(x - n)))",
            {"a": height(), "k": rate(2, 8), "m": place(1, 5), "b": signed(), "l": rate(2, 8), "n": behind("m", 2, 4)},
        ),
        Spelling(
            "c + a*tanh((x - m)/s) + b*tanh((x - n)/t)",
            {"c": height(), "a": height(), "m": place(1, 5), "s": width(0.2, 1), "b": height(),
             "n": behind("m", 2, 4), "t": width(0.2, 1)},
        ),
    ),
    "a peak": (
        Spelling("a*exp(-(x - m)**2/(2*s**2))", {"a": signed(), "m": place(1, 9), "s": width(0.2, 2)}),
        Spelling("a*exp(-((x - m)/w)**2) + c", {"a": height(), "m": place(1, 9),
         "w": width(0.25, 3), "c": height(-9, 9)}),
        Spelling(
            "c + d*x + a*exp(-k*(x - m)**2)",
            {"c": height(-9, 9), "d": slope(-0.5, 0.5), "a": height(3), "k": rate(0.2, 15, 2), "m": place(1, 9)},
        ),
        Spelling(
            "a/(s*sqrt(2*pi))*exp(-0.5*((x - m)/s)**2)",
            {"s": width(0.2, 2), "m": place(1, 9), "a": lambda r, v: v["s"] * r.between(3, 20) * r.y},
        ),
        Spelling("a/(1 + ((x - m)/w)**2) + c", {"a": height(), "m": place(1, 9), "w": width(0.2, 2),
         "c": height(-9, 9)}),
        Spelling("a/cosh((x - m)/w)**2", {"a": height(), "m": place(1, 9), "w": width(0.2, 2)}),
    ),
    "two peaks": (
        Spelling(
            "a*exp(-(x - m)**2/(2*s**2)) + b*exp(-(x - n)**2/(2*t**2))",
            {"a": height(3), "m": place(1, 6), "s": width(0.2, 0.8), "b": height(3),
             "n": behind("m", 1, 3.5), "t": width(0.2, 0.8)},
        ),
        Spelling(
            "a*exp(-((x - m)/s)**2) + b*exp(-((x - n)/t)**2) + c",
            {"a": height(3), "m": place(1, 6), "s": width(0.3, 1), "b": height(3),
             "n": behind("m", 1, 3.5), "t": width(0.3, 1), "c": height(-9, 9)},
        ),
        Spelling(
            "c + d*x + a*exp(-s*(x - m)**2) + b*exp(-t*(x - n)**2)",
            {"c": height(-9, 9), "d": slope(-0.3, 0.3), "a": height(3), "m": place(1, 6),
             "s": rate(1, 12, 2), "b": height(3),
             "n": behind("m", 1, 3.5), "t": rate(1, 12, 2)},
        ),
        Spelling(
            "a/(1 + (x - m)**2/s**2) + b/(1 + (x - n)**2/t**2)",
            {"a": height(3), "m": place(1, 6), "s": width(0.2, 0.7), "b": height(3),
             "n": behind("m", 1.5, 3.5), "t": width(0.2, 0.7)},
        ),
    ),
    "power law": (
        Spelling("a*x**b", {"b": number(-3, 3), "a": lambda r, v: r.between(1, 10) * r.y / r.x ** v["b"]}, 0.3),
        Spelling(
            "a*x**b + c",
            {"b": ratio(0.3, 3), "a": lambda r, v: r.between(1, 10) * r.y / r.x ** v["b"], "c": height(-9, 9)},
            0.3,
        ),
        Spelling("c + (x/k)**(-n)", {"c": height(), "n": ratio(0.5, 3),
         "k": lambda r, v: r.x * r.y ** (1 / v["n"])}, 0.3),
        Spelling(
            "a*(x + s)**(-b)",
            {"b": ratio(0.5, 3), "s": width(0.5, 10), "a": lambda r, v: r.between(1, 10) * r.y * r.x ** v["b"]},
        ),
    ),
    "rational function": (
        Spelling("(a + b*x)/(1 + c*x)", {"a": height(-9, 9), "b": slope(-9, 9), "c": rate(0.1, 3)}),
        Spelling(
            "(a + b*x)/(1 + c*x + d*x**2)",
            {"a": height(-9, 9), "b": slope(1, 10), "d": rate(0.03, 0.5, 2),
             "c": lambda r, v: r.between(-0.3, 1) / r.x},
        ),
        Spelling(
            "(a + b*x + c*x**2)/(1 + d*x + f*x**2)",
            {"a": height(), "b": slope(-5, 5), "c": slope(-1, 1, 2),
             "d": lambda r, v: r.between(-0.3, 1) / r.x, "f": rate(0.03, 0.3, 2)},
        ),
    ),
    "Michaelis-Menten": (
        Spelling("V*x/(K + x)", {"V": height(), "K": width(0.1, 20)}, 0.1),
        Spelling("V/(1 + K/x)", {"V": height(), "K": width(0.1, 20)}, 0.1),
        Spelling("x/(p + q*x)", {"q": lambda r, v: 1 / (r.between(1, 10) * r.y),
         "p": lambda r, v: v["q"] * r.power(0.1, 20) * r.x}, 0.1),
        Spelling("V*x/(K + x + x**2/I)", {"V": height(), "K": width(0.1, 5), "I": width(1, 30)}, 0.1),
        Spelling("b + V*x/(K + x)", {"b": height(-5, 5), "V": height(), "K": width(0.2, 10)}, 0.1),
    ),
    "Hill": (
        Spelling("V*x**n/(K**n + x**n)", {"V": height(), "n": EXPONENT, "K": place(1, 8)}, 0.1),
        Spelling("V/(1 + (K/x)**n)", {"V": height(), "n": EXPONENT, "K": place(1, 8)}, 0.1),
        Spelling("c + (d - c)/(1 + (x/e)**b)", {"c": height(-9, 0), "d": height(), "e": place(1, 8),
         "b": EXPONENT}, 0.1),
        Spelling(
            "c + V/(1 + exp(-n*(log(x) - k)))",
            {"c": height(-5, 5), "V": height(), "n": EXPONENT, "k": lambda r, v: np.log(r.between(1, 8) * r.x)},
            0.1,
        ),
        Spelling(
            "c + V/(1 + 10**((k - log10(x))*n))",
            {"c": height(-5, 5), "V": height(), "n": EXPONENT, "k": lambda r, v: np.log10(r.between(1, 8) * r.x)},
            0.1,
        ),
    ),
    "damped oscillation": (
        Spelling("a*exp(-b*x)*sin(c*x + d)", {"a": height(), "b": rate(0.05, 0.5), "c": rate(1, 10),
         "d": number(-3, 3)}),
        Spelling(
            "exp(-x/T)*(a*cos(2*pi*f*x) + b*sin(2*pi*f*x)) + c",
            {"T": width(2, 20), "a": height(), "b": height(-9, 9), "f": rate(0.15, 1.6), "c": height(-20, 20)},
        ),
        Spelling(
            "c + a*exp(-g*w*x)*cos(w*sqrt(1 - g**2)*x - p)",
            {"c": height(-9, 9), "a": height(), "w": rate(1, 10),
             "g": lambda r, v: r.power(0.05, 0.5) / (v["w"] * r.x), "p": number(-3, 3)},
        ),
    ),
    "two inputs": (
        Spelling("a*exp(-b*x)*z**n", {"a": height(), "b": rate(0.1, 1), "n": number(-2, 2)}),
        Spelling("V*x*z/((K + x)*(M + z))", {"V": height(), "K": width(0.5, 10), "M": ratio(0.5, 10)}, 0.1),
        Spelling(
            "c + a*exp(-(x - m)**2/(2*s**2) - (z - n)**2/(2*t**2))",
            {"c": height(-5, 5), "a": height(3), "m": place(), "s": width(1, 3), "n": number(2, 8), "t": ratio(1, 3)},
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A problem: a formula, data with noise, and the parameters that made them."""

    formula: str
    data: dict[str, np.ndarray]
    truth: Values


def problems(family: str, seeds: range, outliers: float = 0.0) -> Iterator[Made]:
    """One problem for each seed: the spellings take turns, x is even or uneven, noise is 0.5 to 5 % of the curve's range.

    `outliers` is the share of rows that lie up to three ranges off, upwards.
    """
    for seed in seeds:
        spelling = FAMILIES[family][seed % len(FAMILIES[family])]
        r = Units(seed, list(FAMILIES).index(family))
        rows = int(r.random.integers(50, 200))
        low, high = spelling.begin, 10.0
        x = np.linspace(low, high, rows) if r.random.random() < 0.5 else np.sort(r.random.uniform(low, high, rows))
        columns = {"x": x * r.x, "z": r.random.uniform(0.3, 10, rows)}
        drawn: Values = {}
        for name, draw in spelling.draws.items():
            drawn[name] = float(draw(r, drawn))
        bound = Formula(f"y ~ {spelling.formula}").bind(["x", "y", "z"])
        truth = {name: drawn[name] for name in bound.parameters}
        clean = np.asarray(bound.predict(truth, columns))
        y = clean + r.power(0.005, 0.05) * np.ptp(clean) * r.random.standard_normal(rows)
        off = r.random.random(rows) < outliers
        y = y + np.where(off, r.random.uniform(0.5, 3, rows), 0.0) * np.ptp(clean)
        yield Made(bound.formula.text, {**columns, "y": y}, truth)
