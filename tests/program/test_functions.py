"""Elementary functions of machine code against mpmath: at most 4 units in the last place, and right at the edges."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import steepest as sd
from steepest import ops

EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 709.78, 709.79, -745.1, -745.2, -708.4, 710.0, 1e22, 1e5,
         99999.9, -1e300, np.pi, np.pi / 2, 3 * np.pi / 2, 1.0, -1.0, 2.0, 0.5, 1 - 1e-16, 1 + 3e-16, 88.8, -103.9]  # fmt: skip
TRUTH = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "tanh": mpmath.tanh, "sigmoid": lambda v: 1 / (1 + mpmath.exp(-v)),
    "log": mpmath.log, "log1p": mpmath.log1p, "sin": mpmath.sin, "cos": mpmath.cos, "erf": mpmath.erf,
}  # fmt: skip


def points(dtype, count):
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal(count) * s for s in (1e-3, 0.3, 1.0, 5.0, 30.0, 300.0)]
    parts += [10.0 ** rng.uniform(-320, 308, count) * rng.choice([-1, 1], count), rng.uniform(0.6, 1.5, count)]
    parts += [np.arange(-40, 40) * np.pi / 2, np.array(EDGES)]
    with np.errstate(all="ignore"):
        return np.concatenate(parts).astype(dtype)


def worst(got, x, truth, dtype):
    """The largest error in units of the last place, over arguments with a finite result."""
    largest = 0.0
    with mpmath.workprec(2200 if truth in (mpmath.sin, mpmath.cos) else 200):  # sin(1e300) needs them
        for v, g in zip(x.tolist(), got.tolist(), strict=True):
            t = truth(mpmath.mpf(v))
            if not isinstance(t, mpmath.mpf) or not mpmath.isfinite(t):
                continue
            spacing = float(np.spacing(np.abs(dtype(float(t)))))
            if np.isfinite(spacing):
                largest = max(largest, float(abs(mpmath.mpf(g) - t) / spacing))
            else:
                assert g == np.sign(g) * np.inf
    return largest


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", TRUTH)
def test_four_units_in_the_last_place(name, dtype):
    x = points(dtype, 60)
    function = getattr(ops, name)
    got = sd.compile(function, engine="llvm")(x)
    with np.errstate(all="ignore"):
        expected = function(x)
    edge = ~np.isfinite(x) | (x == 0) | ~np.isfinite(expected)
    same = (got == expected) & (np.signbit(got) == np.signbit(expected)) | (np.isnan(got) & np.isnan(expected))
    assert same[edge].all(), (x[edge][~same[edge]], got[edge][~same[edge]])
    assert worst(got[~edge], x[~edge], TRUTH[name], dtype) <= 4.0


# Where the C standard says what a power is.
BASES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    0.5,
    -0.5,
    np.inf,
    -np.inf,
    np.nan,
    1e300,
    -1e300,
    5e-324,
    -5e-324,
    1 - 1e-16,
    7.0,
]
POWERS = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    3.0,
    -3.0,
    0.5,
    -7.5,
    np.inf,
    -np.inf,
    np.nan,
    2.0**53,
    -(2.0**53) + 1,
    1e308,
    -1075.0,
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_powers_at_the_edges(dtype):
    with np.errstate(all="ignore"):
        x, y = (np.ravel(z).astype(dtype) for z in np.meshgrid(BASES, POWERS))
        expected = x**y
        got = sd.compile(lambda x, y: x**y, engine="llvm")(x, y)
        near = np.abs(got - expected) <= 4 * np.spacing(np.abs(expected))
    same = ((got == expected) | near) & (np.signbit(got) == np.signbit(expected)) | (np.isnan(got) & np.isnan(expected))
    assert same.all(), (x[~same], y[~same], got[~same], expected[~same])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_powers(dtype):
    """Results of all magnitudes, denormals among them, from bases far from 1 and near to it."""
    rng = np.random.default_rng(1)
    least, most = (-745, 709) if dtype is np.float64 else (-103, 88)
    parts = [10.0 ** rng.uniform(-320, 300, 150), 10.0 ** rng.uniform(-3, 3, 150), 1 + rng.normal(size=150) * 1e-6]
    with np.errstate(all="ignore"):
        x = np.concatenate(parts).astype(dtype)
        x = np.where((x == 0) | ~np.isfinite(x), dtype(3), x)
        y = (rng.uniform(least, most, len(x)) / np.log(x.astype(np.float64))).astype(dtype)
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    got = sd.compile(lambda x, y: x**y, engine="llvm")(x, y)
    with mpmath.workprec(200):
        for a, b, g in zip(x.tolist(), y.tolist(), got.tolist(), strict=True):
            t = mpmath.mpf(a) ** mpmath.mpf(b)
            spacing = float(np.spacing(np.abs(dtype(float(t)))))
            assert not np.isfinite(spacing) or abs(mpmath.mpf(g) - t) <= 4 * spacing, (a, b, g, t)
