"""Where a law begins: as the formula fits with every network a constant."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from steepest.base.params import Array
from steepest.data.table import Table
from steepest.fitting.constraints import Constraints
from steepest.fitting.model import FitData, FormulaModel
from steepest.fitting.networks.law import Law
from steepest.fitting.networks.target import Units
from steepest.fitting.prepare import Given, prepared
from steepest.formula.formula import Formula
from steepest.formula.tokens import quoted_name
from steepest.formula.tree import Node
from steepest.nn.module import Module
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.training.run import Run

UNDETERMINED = 1e-9  # of the largest singular value: directions that move nothing
LEAST = 1e-3  # of the target's width: what a network has to explain at least
STEPS = 500


def law_at_start(
    tree: Node,
    formula: Formula,
    networks: Mapping[str, Module],
    encoded: Mapping[str, Array],
    rows: FitData,
    training: Array,
    target: Units,
    given: Given,
    seed: int,
) -> tuple[Law, Constraints]:
    """A law whose parameters are those of a fit without its networks, in directions that all move the output alike.

    The formula with a constant in the place of each network is fitted by least squares. The Jacobian J there says how
    parameters and constants move the output: with J = U S Vᵀ the law moves in the directions V / S, so that a descent sees a
    well-conditioned problem whatever the parameters' units. Directions that the data do not determine, such as a constant beside
    a network, which has one of its own, stay where they are.

    Returns
    -------
    law : Law
    told : Constraints
        What is fixed and tied.

    Raises
    ------
    FormulaError, DataError, ModelError
        As of `steepest.fit` for the formula with constants.
    """
    plain = Formula(f"{quoted_name(formula.target_name)} ~ {tree}")
    lines = {name: rows.columns[name][training] for name in plain.names if name in rows.columns}
    lines[formula.target_name] = rows.observed[training]
    weights = None if rows.weights is None else rows.weights[training]
    ready = prepared(
        plain,
        Table(lines, "the rows that are learned from"),
        Given(start=given.start, weights=weights, fix=given.fix, tie=given.tie),
        seed,
        somewhere_to_go=False,
    )
    run = Run(ready.problem, LevenbergMarquardt(), steps=STEPS, seed=seed).finish()
    residuals, jacobian = run.problem.residuals_and_jacobian(run.params)
    root = np.ones(len(residuals)) if weights is None else np.sqrt(weights / np.mean(weights))
    left = max(float(np.sqrt(np.mean((root * residuals) ** 2))), LEAST * target.width)
    directions = _directions(root[:, None] * jacobian, left)
    names_ = tuple(run.params)
    size = dict(zip(names_, np.sqrt(np.mean((root[:, None] * jacobian) ** 2, axis=0)).tolist()))
    units = {name: left / size[name] if size[name] > 0 else max(abs(float(run.params[name])), 1.0) for name in networks}
    settled = ready.model.settled(ready.told) if isinstance(ready.model, FormulaModel) else None
    final = tree if settled is None else settled.bound.formula.tree
    law = Law(final, names_, np.array(run.params.flat), directions, networks, units, target.middle, target.width)
    return law, ready.told


def _directions(jacobian: Array, size: float) -> Array:
    """Directions in parameters, (k, r), each of which moves the output by `size` in the mean square."""
    scale = np.linalg.norm(jacobian, axis=0)
    scale = np.where((scale > 0) & np.isfinite(scale), scale, 1.0)
    _, singular, right = np.linalg.svd(np.nan_to_num(jacobian / scale), full_matrices=False)
    kept = singular > UNDETERMINED * max(float(singular[0]), 1e-300)
    inverse = right[kept].T / singular[kept]
    return np.asarray(inverse / scale[:, None] * size * np.sqrt(len(jacobian)))
