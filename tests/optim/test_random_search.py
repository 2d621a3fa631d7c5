"""Random search: lower than ever seen before, and the one-fifth rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd


def test_the_width_follows_the_success() -> None:
    slope = sd.minimize(
        lambda x: x.sum(), [0.0, 0.0], method=sd.RandomSearch(everywhere=0.0, start_width=1e-3), steps=10
    )
    # On a slope half of the local points are lower: the width grows by exp((1/2 - 1/5) / (4/5)) on average.
    assert np.log(slope.history["rate"][-1] / slope.history["rate"][0]) == pytest.approx(9 * 0.375, rel=0.5)
    bottom = sd.minimize(lambda x: (x**2).sum(), [0.0, 0.0], method=sd.RandomSearch(everywhere=0.0), steps=10)
    # At the bottom none is: it shrinks by exp(-1/4).
    assert bottom.history["rate"] == pytest.approx(0.1 * np.exp(-0.25 * np.arange(10)), rel=1e-12)


def test_points_everywhere_find_what_local_ones_do_not() -> None:
    def two(x: Any) -> Any:
        return np.minimum((x - 3) ** 2 + 1, 50 * (x + 3) ** 2)

    found = [
        float(sd.minimize(two, 3.0, method=sd.RandomSearch(everywhere=e, bounds=(-5, 5), start_width=0.01)).loss)
        for e in (0.0, 0.5)
    ]
    assert found == pytest.approx([1.0, 0.0], abs=1e-9)


@pytest.mark.parametrize(
    "options", [{"points": 0}, {"points": 2.5}, {"everywhere": 1.1}, {"everywhere": -0.1}, {"start_width": 0}]
)
def test_arguments_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(sd.ModelError):
        sd.RandomSearch(**options)
