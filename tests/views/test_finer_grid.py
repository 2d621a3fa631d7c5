"""Finer grids for contours."""

from __future__ import annotations

import numpy as np
import pytest

from steepest.views.landscapes.finer_grid import finer_grid


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("points", [9, 20, 81])
def test_a_bowl_is_met_exactly(size: float, points: int) -> None:
    x, y = np.linspace(-3.0, 5.0, points), np.linspace(1.0, 2.0, points + 1)
    z = size * ((x[None, :] - 1) ** 2 + 10 * (y[:, None] - 1.5) ** 2) / 20
    fine_x, fine_y, fine = finer_grid(x, y, z, 0.0, 0.01 * size)
    assert fine.shape == (4 * points + 1, 4 * points - 3)
    expected = (fine_x[None, :] - 1) ** 2 + 10 * (fine_y[:, None] - 1.5) ** 2
    np.testing.assert_allclose(fine / size * 20, expected, atol=1e-11)
    assert (fine >= 0).all()


@pytest.mark.parametrize(
    "z",
    [
        np.where(np.add.outer(np.arange(20), np.arange(20)) > 19, 1e6, 1.0),  # a cliff
        np.full((20, 20), np.nan),
        np.full((20, 20), np.inf),
        np.zeros((20, 20)),
        np.random.default_rng(0).random((20, 20)),
        np.ones((3, 3)),
    ],
)
def test_what_no_spline_foretells_stays_as_it_is(z: np.ndarray) -> None:
    x, y = np.arange(float(z.shape[1])), np.arange(float(z.shape[0]))
    for before, after in zip((x, y, z), finer_grid(x, y, z, 0.0, 1e-3), strict=True):
        assert after is before
