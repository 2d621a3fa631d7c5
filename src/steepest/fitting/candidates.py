"""Candidates: combinations of values to try for the parameters that cannot be solved for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from steepest.base.params import Array
from steepest.base.random import generator
from steepest.fitting.landmarks import bumps, calmed, frequencies, log_slopes
from steepest.fitting.model import FitData, FormulaModel
from steepest.fitting.roles import Line, Role, roles

COUNTS = (96, 400, 1000, 2000)  # of candidates for one curved parameter, two, three, and more
POWERS = {"magnitude": 2.0, "exponent": 1.0}  # of 10 on both sides of the natural magnitude
NEGATIVE = 0.3  # share of the signs that formulas are not usually written for
SLOWEST = 0.02  # of the natural rate
FASTEST = 0.7  # of one over the mean distance between rows

WORDS = {
    "frequency": "the spectrum along {}",
    "rate": "log-slopes and the spread of {}",
    "angle": "a full turn",
    "place": "peaks, steps and the range of {}",
    "exponent": "powers of ten around 1",
    "magnitude": "powers of ten around its natural magnitude",
}


class Candidates:
    """Values to try, seeded: a Latin hypercube (McKay, Beckman and Conover, Technometrics 21, 1979) over what the data show.

    Attributes
    ----------
    sources : dict of str to str
        In words, where the values of each come from.
    """

    def __init__(
        self,
        model: FormulaModel,
        data: FitData,
        curved: list[str],
        given: Mapping[str, float],
        units: Mapping[str, float],
        seed: int,
        robust: bool,
    ) -> None:
        self.curved, self.given, self.units, self.seed = curved, given, units, seed
        self.observed = calmed(data.observed) if robust else data.observed
        self.count = COUNTS[min(len(curved), len(COUNTS)) - 1]
        self.roles = roles(model, data, curved, units)
        self.waves = sum(role.kind == "frequency" for role in self.roles)
        self.sources = {
            role.name: WORDS[role.kind].format(role.line.column if role.line else "") for role in self.roles
        }
        self._shown: dict[tuple[str, str], Array] = {}

    def draw(self, batch: int = 0) -> Array:
        """Values of the curved parameters, (k, p); another batch has others."""
        self.draws = generator(self.seed, "starts", epoch=batch)
        values = {name: np.full(self.count, unit) for name, unit in self.units.items()}
        values |= {name: np.full(self.count, float(value)) for name, value in self.given.items()}
        with np.errstate(all="ignore"):
            drawn = [(role, self._drawn(role)) for role in self.roles]
            for _ in range(2):  # again: a slope may rest on parameters that came after it
                for role, target in drawn:
                    values[role.name] = self._valued(role, target, values)
        return np.stack([values[name] for name in self.curved], axis=1)

    def _uniform(self) -> Array:
        """One number in each of `count` equal cells of (0, 1), in random order."""
        return np.asarray((self.draws.permutation(self.count) + self.draws.uniform(size=self.count)) / self.count)

    def _sign(self) -> Array:
        return np.where(self._uniform() < NEGATIVE, -1.0, 1.0)

    # ---- what a role aims at: a slope, a place on the column, an angle, or the value itself
    def _drawn(self, role: Role) -> Array:
        u, v = self._uniform(), self._uniform()
        line = role.line
        if line is None:
            return self.units[role.name] * 10.0 ** (POWERS[role.kind] * (2 * u - 1)) * self._sign()
        if role.kind == "angle":
            return np.pi * (2 * u - 1)
        if role.kind == "place":
            return self._places(line, u, v)
        natural = abs(float(line.at(self.units)[1]))
        natural = natural if np.isfinite(natural) and natural > 0 else 1.0 / line.size
        points = len(np.unique(line.x))
        if role.kind == "frequency":
            slow = 6.0 / line.span * 10.0 ** (1.5 * (v - 1))  # up to a wave over the whole range
            shown = self._known("frequency", line)
            picked = _pick(shown, u / 0.85) if shown.size else slow
            return np.where(u < 0.85, picked, slow)
        fastest = max(FASTEST * points * line.size / line.span, 10.0)
        rate = natural * SLOWEST * (fastest / SLOWEST) ** v
        shown = self._known("rate", line) if line.exponential else np.array([])
        return np.asarray(np.where((u < 0.3) & (shown.size > 0), _pick(shown, u / 0.3, 1.0), rate) * self._sign())

    def _places(self, line: Line, u: Array, v: Array) -> Array:
        """Half of them where the data have a peak or a step, others anywhere in the range, and some outside of it."""
        shown = self._known("place", line)
        inside = line.low + line.span * v
        outside = line.size * 10.0 ** (3.5 * v - 2)
        below, above = line.low - outside, line.low + line.span + outside
        peaks = _pick(shown, u / 0.4) if shown.size else inside
        return np.select([u < 0.4, u < 0.7, u < 0.9], [peaks, inside, below], above)

    def _known(self, kind: str, line: Line) -> Array:
        """What the data show along the line's column, worked out once."""
        key = (kind, line.column)
        if key not in self._shown:
            if kind == "frequency":
                self._shown[key] = frequencies(line.x, self.observed, self.waves)
            else:
                self._shown[key] = (log_slopes if kind == "rate" else bumps)(line.x, self.observed)
        return self._shown[key]

    # ---- the parameter that gives it
    def _valued(self, role: Role, target: Array, values: Mapping[str, Array]) -> Array:
        if role.line is None:
            return target
        unit = self.units[role.name]
        line = role.line

        def at(value: Array | float) -> tuple[Array, Array]:
            return line.at({**values, role.name: value})

        if role.kind == "angle":
            (one, slope), (other, _) = at(unit), at(2 * unit)
            turning = (other - one) / unit
            value, turn = unit + (target - one) / turning, 2 * np.pi / turning
            # Any number of turns more is the same: the place nearest to the column's beginning, or the angle nearest to 0.
            near = np.where(np.abs(np.abs(turning / slope) - 1.0) < 1e-6, line.low, 0.0)
            return _finite(value - turn * np.round((value - near) / turn), unit)
        if role.kind == "place":
            one, other = (line.low - start / slope for start, slope in map(at, (unit, 2 * unit)))
            return _finite(unit + (target - one) * unit / (other - one), unit)
        one, two, four = (slope for _, slope in map(at, (unit, 2 * unit, 4 * unit)))
        power = np.log2(np.abs(two / one))
        straight = unit + (np.abs(target) - one) * unit / (two - one)
        value = unit * np.abs(target / one) ** (1.0 / power)
        value = np.where(np.abs(np.log2(np.abs(four / two)) - power) < 1e-3 * np.abs(power), value, straight)
        return _finite(value * np.where(target < 0, -1.0, 1.0), unit)


def _pick(shown: Array, u: Array, leaning: float = 1.5) -> Array:
    """Values of a list for u in (0, 1), leaning towards its beginning."""
    if not shown.size:
        return u
    return np.asarray(shown[np.minimum((np.clip(u, 0, 1) ** leaning * len(shown)).astype(int), len(shown) - 1)])


def _finite(values: Array, otherwise: float) -> Array:
    return np.asarray(np.where(np.isfinite(values), values, otherwise))
