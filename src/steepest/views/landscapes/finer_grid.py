"""A finer grid for contours: lines through a coarse one are jagged in narrow valleys."""

from __future__ import annotations

import numpy as np

from steepest.base.params import Array

_FINER = 4
_FEWEST = 9  # points along an axis
_MISSED = 0.25  # at half the points, which is about a sixteenth of it at all of them
_OFTEN = 0.999


def finer_grid(x: Array, y: Array, z: Array, lowest: float, floor: float) -> tuple[Array, Array, Array]:
    """The grid with four times as many points along each axis, by a cubic spline, where such a spline can be trusted.

    It can if the one through every other point foretells the points between: to a quarter of their height above `lowest`, heights
    below `floor` not counted. Otherwise the grid is returned as it is.

    Parameters
    ----------
    x, y : ndarray, shape (nx,), (ny,)
    z : ndarray, shape (ny, nx)
    lowest, floor : float
        The lowest value there is, and the height above it from which on differences are seen.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 9)
    >>> fine, _, z = finer_grid(x, x, x[None, :] ** 2 + x[:, None] ** 2, 0.0, 0.01)
    >>> fine.size, bool(np.allclose(z, fine[None, :] ** 2 + fine[:, None] ** 2))
    (33, True)
    """
    size = float(np.max(np.abs(z), initial=0.0))
    if min(z.shape) < _FEWEST or not 0 < size < np.inf:
        return x, y, z
    from scipy.interpolate import RectBivariateSpline

    # On numbers of its own: windows may be very small, or very large.
    across, along = np.linspace(0.0, 1.0, x.size), np.linspace(0.0, 1.0, y.size)
    last_x, last_y = 2 * ((x.size - 1) // 2) + 1, 2 * ((y.size - 1) // 2) + 1  # every other point, both ends among them
    seen = z[:last_y, :last_x] / size
    half = RectBivariateSpline(along[:last_y:2], across[:last_x:2], seen[::2, ::2], s=0)
    height = np.maximum(seen - lowest / size, max(floor / size, np.finfo(float).tiny))
    missed = np.abs(half(along[:last_y], across[:last_x]) - seen) / height
    if not np.quantile(missed, _OFTEN) <= _MISSED:
        return x, y, z
    fine_x, fine_y = (np.linspace(0.0, 1.0, _FINER * (n - 1) + 1) for n in (x.size, y.size))
    fine = RectBivariateSpline(along, across, z / size, s=0)(fine_y, fine_x) * size
    return (
        x[0] + fine_x * (x[-1] - x[0]),
        y[0] + fine_y * (y[-1] - y[0]),
        np.maximum(fine, lowest),
    )
