"""A batch in parts takes the same step as the batch at once."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("size", "order", "parts"), [(None, "random", 4), (9, "random", 2), (10, "sequence", 3), (7, "random", 50)]
)
def test_parts_add_up(reduction: str, weighted: bool, size: int | None, order: str, parts: int) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(31, 2)), rng.normal(size=31)
    weights = rng.uniform(0.5, 2.0, 31) if weighted else None
    problem = sd.Problem(
        lambda p, x: x @ p["w"],
        {"w": [0.1, 0.2]},
        x,
        y,
        weights=weights,
        reduction=reduction,
        penalty=lambda p: (p["w"] ** 2).sum(),
    )
    one = sd.Run(problem, sd.Descent(sd.Adam(), 0.05, sd.Batches(size, order)), steps=12, seed=4).finish()
    many = sd.Run(problem, sd.Descent(sd.Adam(), 0.05, sd.Batches(size, order, parts)), steps=12, seed=4).finish()
    np.testing.assert_allclose(many.params.flat, one.params.flat, rtol=1e-10)
    np.testing.assert_allclose(many.history["loss"], one.history["loss"], rtol=1e-12)
    assert one.last is not None
    assert many.last is not None
    np.testing.assert_allclose(many.last.prediction, one.last.prediction, rtol=1e-10)


def test_a_root_of_a_mean_is_not_cut() -> None:
    problem = sd.Problem(lambda p, x: p["a"] * x, {"a": 1.0}, np.arange(4.0), np.ones(4), loss="rmse")
    with pytest.raises(sd.ModelError, match="all rows at once"):
        sd.Run(problem, sd.Descent(sd.GradientDescent(), 0.1, sd.Batches(parts=2)))


@pytest.mark.parametrize("parts", [0, -1, 1.5])
def test_bad_parts(parts: float) -> None:
    with pytest.raises(sd.ModelError, match="parts"):
        sd.Batches(4, parts=parts)  # type: ignore[arg-type]
