"""Starts: where a fit of a formula begins when nobody says."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from steepest.base.params import Array, Params
from steepest.base.random import generator
from steepest.fitting.landmarks import landmarks, places
from steepest.fitting.model import FitData, FormulaModel
from steepest.formula.scales import scales
from steepest.formula.structure import linear_parameters
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.optim.stopping import Stopping
from steepest.training.problem import Problem
from steepest.training.run import Run

MOST_ROWS = 500  # a first guess needs no more
CANDIDATES = 400
LEVELS = (27, 13, 7, 5, 3)  # sizes of a parameter to try, fewer where there are more parameters
REFINED = 6
REFINING_STEPS = 15


def natural_scales(model: FormulaModel, data: FitData) -> dict[str, float]:
    """The magnitude of each parameter that lets the formula's terms match the data."""
    sizes = {name: _size(column) for name, column in data.columns.items()}
    return scales(model.bound.formula.tree, model.parameters, sizes, _size(data.observed))


def _size(values: Array) -> float:
    return float(np.max(np.abs(values), initial=0.0)) or 1.0


def linear_of(model: FormulaModel) -> tuple[str, ...]:
    """The parameters in which the formula is linear, together."""
    return linear_parameters(model.bound.formula.tree, model.parameters)


def guess(model: FormulaModel, data: FitData, given: Mapping[str, float], seed: int = 0) -> dict[str, float]:
    """A start for each parameter, keeping those that are given.

    Parameters in which the formula is linear are solved for. The others are tried at values that the data show (a frequency, the
    place of a peak) or at multiples of their natural magnitude, with both signs; the best few are descended a little, and the
    best of those is the start. Nothing here feels the units of the data: a change of unit changes the start as it should.
    """
    units = natural_scales(model, data)
    free = [name for name in model.parameters if name not in given]
    if not free:
        return dict(given)
    linear = [name for name in linear_of(model) if name in free]
    curved = [name for name in free if name not in linear]
    thin = _thinned(data)
    scored: list[tuple[float, int, dict[str, float]]] = []
    with np.errstate(all="ignore"):
        shown = landmarks(model, data, units) if curved else {}
        widths = _widths(model, data) if curved else units
        for values in _trials([(widths[name], shown.get(name)) for name in curved], seed):
            candidate = _solve_linear(model, thin, {**given, **dict(zip(curved, values, strict=True))}, linear, units)
            loss = _mean_square(model, thin, candidate)
            if np.isfinite(loss):
                scored.append((loss, len(scored), candidate))
    if not scored:
        return {**units, **given}  # not finite anywhere: the fit will say where and why
    scored.sort(key=lambda item: item[:2])
    if not curved:
        return scored[0][2]
    return min((_refined(model, thin, candidate) for _, _, candidate in scored[:REFINED]), key=lambda item: item[0])[1]


def _widths(model: FormulaModel, data: FitData) -> dict[str, float]:
    """As `natural_scales`, but where a parameter is a place on a column, what matters of the column is how far it spreads."""
    sizes = {name: _size(column) for name, column in data.columns.items()}
    for _, column in places(model):
        sizes[column] = _size(data.columns[column] - np.median(data.columns[column]))
    return scales(model.bound.formula.tree, model.parameters, sizes, _size(data.observed))


def _thinned(data: FitData) -> FitData:
    n = len(data.observed)
    places = np.unique(np.linspace(0, n - 1, min(n, MOST_ROWS)).astype(int))
    weights = None if data.weights is None else data.weights[places]
    return FitData({k: v[places] for k, v in data.columns.items()}, data.observed[places], weights, data.place)


def _trials(parameters: Sequence[tuple[float, Array | None]], seed: int) -> Iterable[tuple[float, ...]]:
    """Combinations to try of (natural magnitude, values that the data show), the plain ones first."""
    fixed = math.prod(len(shown) for _, shown in parameters if shown is not None)
    open_ended = sum(shown is None for _, shown in parameters)
    levels = next((k for k in LEVELS if fixed * (2 * k) ** open_ended <= CANDIDATES), None)
    if levels is not None:
        sizes = np.logspace(-2, 2, levels)
        multiples = sorted([*sizes, *-sizes], key=lambda m: (abs(math.log(abs(m))), m < 0))
        return itertools.product(*(
            [unit * m for m in multiples] if shown is None else shown.tolist() for unit, shown in parameters
        ))  # fmt: skip
    draws = generator(seed, "starts")
    columns = []
    for unit, shown in parameters:
        sizes = 10.0 ** draws.uniform(-1.5, 1.5, CANDIDATES)
        signs = draws.choice([1.0, -1.0], CANDIDATES, p=[0.7, 0.3])
        columns.append(
            [unit, *(unit * sizes * signs)] if shown is None else [shown[0], *draws.choice(shown, CANDIDATES)]
        )
    return zip(*columns, strict=True)


def _solve_linear(
    model: FormulaModel, data: FitData, fixed: Mapping[str, float], linear: list[str], units: Mapping[str, float]
) -> dict[str, float]:
    """The best linear parameters for fixed other ones: the model is affine in them, so differences give its columns."""
    if not linear:
        return dict(fixed)
    zero = {**fixed, **dict.fromkeys(linear, 0.0)}
    base = np.asarray(model.predict(zero, data.columns) + 0.0 * data.observed)
    columns = [(np.asarray(model.predict({**zero, name: units[name]}, data.columns)) - base) for name in linear]
    design = np.stack([np.broadcast_to(c, base.shape) for c in columns], axis=1)
    rest = data.observed - base
    root = np.ones_like(rest) if data.weights is None else np.sqrt(data.weights)
    design, rest = design * root[:, None], rest * root
    if not (np.isfinite(design).all() and np.isfinite(rest).all()):
        return {**fixed, **{name: units[name] for name in linear}}
    lengths = np.linalg.norm(design, axis=0)
    lengths[lengths == 0] = 1.0
    solution = np.linalg.lstsq(design / lengths, rest, rcond=None)[0] / lengths
    return {**fixed, **{name: float(units[name] * s) for name, s in zip(linear, solution, strict=True)}}


def _mean_square(model: FormulaModel, data: FitData, values: Mapping[str, float]) -> float:
    residual = np.asarray(model.predict(values, data.columns)) - data.observed
    weights = 1.0 if data.weights is None else data.weights
    return float(np.mean(weights * residual**2))


def _refined(model: FormulaModel, data: FitData, values: dict[str, float]) -> tuple[float, dict[str, float]]:
    """The loss and place after a few damped steps."""
    start = Params({name: values[name] for name in model.parameters})
    problem = Problem(model.predict, start, data.columns, data.observed, weights=data.weights)
    run = Run(problem, LevenbergMarquardt(), steps=REFINING_STEPS, stopping=Stopping()).finish()
    return run.loss if np.isfinite(run.loss) else np.inf, {name: float(run.params[name]) for name in model.parameters}
