"""Redundancy: which combination of parameters is all that the data see of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.base.params import Array

SMALL_NUMBERS = 6  # exponents above are no formula that anybody wrote
MOVE = 0.2  # how far the parameters are moved to see whether a combination is really all that matters
SAME = 1e-7  # relative change of the predictions that is rounding


def components(groups: list[list[int]]) -> list[list[int]]:
    """Groups that share a member are one."""
    joined: list[set[int]] = []
    for group in groups:
        together = set(group)
        apart = []
        for other in joined:
            if other & together:
                together |= other
            else:
                apart.append(other)
        joined = [*apart, together]
    return sorted(sorted(each) for each in joined)


def combination(fit: Any, group: list[int]) -> str | None:
    """What of these parameters matters, such as ``a*b``, ``a + 2*b`` or ``a*exp(b)``; None where it is nothing as simple.

    The open directions d of the group leave combinations: products of powers w with sum(w d / p) = 0, weighted sums with
    sum(w d) = 0, or one with the other. Each is tried by moving far along what should not matter.
    """
    if not fit.uncertainty.open.size:
        return None
    values = fit.run.params.flat[group]
    directions = fit.uncertainty.open[group]
    names = [fit.run.params.element_names()[i] for i in group]
    count = len(group)
    # Which parameters count by their logarithm: all of them, none, or one of two.
    kinds = [np.ones(count, bool), np.zeros(count, bool)]
    if count == 2:
        kinds += [np.array([True, False]), np.array([False, True])]
    for logs in kinds:
        if not values[logs].all():
            continue
        weights = _left_over(directions / np.where(logs, values, 1.0)[:, None])
        if weights is None or not all(_simple(row[logs]) for row in weights):
            continue
        aside = _aside(weights)
        size = max(float(np.abs(values).max()), 1e-300) if not logs.any() else 1.0
        moved = np.where(logs, values * np.exp(MOVE * np.where(logs, aside, 0.0)), values + MOVE * aside * size)
        if _unchanged(fit, group, moved):
            return " and ".join(_written(names, row, logs) for row in weights)
    return None


def _left_over(directions: Array) -> Array | None:
    """The combinations at right angles to all directions, in echelon form; None if there are none."""
    scaled = directions / np.maximum(np.abs(directions).max(axis=0), 1e-300)
    left, singular, _ = np.linalg.svd(scaled, full_matrices=True)
    rank = int(np.count_nonzero(singular > 1e-6 * singular.max(initial=0.0)))
    rows = left[:, rank:].T.copy()
    if not 0 < len(rows) < len(directions):
        return None
    for k in range(len(rows)):
        column = int(np.argmax((np.abs(rows[k:]) > 1e-5).any(axis=0)))
        pivot = k + int(np.argmax(np.abs(rows[k:, column])))
        rows[[k, pivot]] = rows[[pivot, k]]
        rows[k] /= rows[k, column]
        for other in range(len(rows)):
            if other != k:
                rows[other] -= rows[other, column] * rows[k]
        rows[np.abs(rows) < 1e-5] = 0.0
    return rows


def _simple(powers: Array) -> bool:
    """Whether exponents are small whole numbers, up to a common factor."""
    used = powers[powers != 0]
    if not used.size:
        return True
    whole = used / np.abs(used).min()
    return bool(np.abs(whole).max() <= SMALL_NUMBERS and np.allclose(whole, np.round(whole), atol=1e-4))


def _aside(weights: Array) -> Array:
    """A move that leaves the weighted sums as they are."""
    move = np.where(np.arange(weights.shape[1]) % 2 == 0, 1.0, -0.7)
    return np.asarray(move - np.linalg.pinv(weights) @ (weights @ move))


def _unchanged(fit: Any, group: list[int], values: Array) -> bool:
    flat = fit.run.params.flat.copy()
    flat[group] = values
    there = fit.problem.outputs(fit.run.params.replaced(flat))
    here = fit.problem.outputs(fit.run.params)
    if not np.isfinite(there).all():
        return False
    size = max(float(np.max(np.abs(here), initial=0.0)), 1e-300)
    return float(np.max(np.abs(there - here), initial=0.0)) <= SAME * size


def _written(names: list[str], weights: Array, logs: Array) -> str:
    used = weights != 0
    if logs[used].all():
        whole = weights / np.abs(weights[used]).min()
        chosen = [(name, round(float(w))) for name, w in zip(names, whole) if w]
        return _product(*map(list, zip(*chosen)))
    if not logs[used].any():
        return _sum([n for n, u in zip(names, used) if u], weights[used] / weights[used][0])
    base, exponent = int(np.flatnonzero(logs)[0]), int(np.flatnonzero(~logs)[0])
    return f"{names[base]}*exp({_term(weights[exponent] / weights[base], names[exponent])})"


def _product(names: list[str], powers: list[int]) -> str:
    if powers[0] < 0 and not sum(k > 0 for k in powers) > sum(k < 0 for k in powers):
        powers = [-k for k in powers]

    def factor(name: str, power: int) -> str:
        return name if power == 1 else f"{name}**{power}"

    above = [factor(name, k) for name, k in zip(names, powers) if k > 0]
    below = [factor(name, -k) for name, k in zip(names, powers) if k < 0]
    if not above:
        above, below = below, []
    over = "*".join(above)
    return over if not below else f"{over}/{below[0]}" if len(below) == 1 else f"{over}/({'*'.join(below)})"


def _sum(names: list[str], weights: Array) -> str:
    text = names[0]
    for name, weight in zip(names[1:], weights[1:]):
        text += f" {'+' if weight > 0 else '-'} {_term(abs(float(weight)), name)}"
    return text


def _term(factor: float, name: str) -> str:
    return name if abs(factor - 1) < 1e-6 else f"-{name}" if abs(factor + 1) < 1e-6 else f"{factor:.6g}*{name}"
