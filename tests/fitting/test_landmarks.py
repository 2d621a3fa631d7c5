"""What data show: frequencies, rates, places."""

from __future__ import annotations

import numpy as np
import pytest

from steepest.fitting.landmarks import _Spectrum, bumps, calmed, frequencies, log_slopes


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
def test_two_waves_on_a_trend(uneven, unit):
    rng = np.random.default_rng(3)
    x = np.sort(rng.uniform(50, 70, 150)) if uneven else np.linspace(50, 70, 150)
    y = 5 + 0.1 * x + 3 * np.sin(2.7 * x + 1) + np.sin(4.1 * x) + 0.3 * rng.standard_normal(150)
    found = frequencies(x * unit, y, waves=2) * unit
    assert abs(found[0] - 2.7) < 0.1
    assert np.min(np.abs(found - 4.1)) < 0.1


def test_the_strongest_wave_survives_outliers_in_ranks():
    rng = np.random.default_rng(1)
    x = np.linspace(0, 20, 200)
    y = np.sin(3 * x) + np.where(rng.random(200) < 0.2, 50.0, 0.0)
    assert abs(frequencies(x, calmed(y))[0] - 3) < 0.15


def test_ranks():
    np.testing.assert_array_equal(calmed(np.array([3.0, -1e300, 7.0])), [0.5, 0.0, 1.0])


def test_too_few_points_for_a_spectrum():
    assert frequencies(np.array([0.0, 1, 2, 2]), np.arange(4.0)).size == 0


@pytest.mark.parametrize("level", [0.0, 30.0])
@pytest.mark.parametrize("rate", [-0.7, 0.7, 5.0])
def test_log_slopes_hold_the_rate(rate, level):
    x = np.linspace(0, 8, 100)
    found = log_slopes(x, level + 4 * np.exp(-rate * x))
    assert np.min(np.abs(found / abs(rate) - 1)) < 0.25


def test_no_log_slopes_in_a_constant():
    assert log_slopes(np.arange(10.0), np.full(10, 3.0)).size == 0


def test_bumps_are_peaks_and_steps():
    rng = np.random.default_rng(0)
    x = rng.permutation(np.linspace(0, 10, 300))
    y = np.exp(-((x - 2) ** 2)) - np.exp(-((x - 5) ** 2)) + 2 / (1 + np.exp(-8 * (x - 8)))
    found = bumps(x, y + 0.02 * rng.standard_normal(300))
    for place in (2, 5, 8):
        assert np.min(np.abs(found - place)) < 0.3


def test_a_fast_wave_in_many_rows():
    x = np.linspace(0, 10, 5000)
    assert abs(frequencies(x, np.sin(700 * x))[0] - 700) < 0.4  # 1114 turns


def test_the_spectrum_is_the_least_squares_one():
    """The share of the sum of squares that a wave with a mean takes off, against plain least squares."""
    rng = np.random.default_rng(0)
    t = np.sort(rng.uniform(0, 1, 40))
    t[0], t[-1] = 0, 1
    y = rng.standard_normal(40)
    y -= y.mean()
    spectrum = _Spectrum(t, 80)
    for k in (3, 10, 40):
        angle = spectrum.grid[k] * t
        design = np.stack([np.cos(angle), np.sin(angle), np.ones(40)], axis=1)
        residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        assert spectrum.of(y)[k] == pytest.approx(y @ y - residual @ residual, abs=0.02 * y @ y)
