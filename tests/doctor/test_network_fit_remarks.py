"""Remarks on networks in formulas: each fires on a case made for it, and is silent on healthy fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd

ROWS = 240


def columns(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    x, z = rng.standard_normal((2, ROWS))
    noise = 0.3 * rng.standard_normal(ROWS)
    return {"x": x, "z": z, "y": np.tanh(2 * x) + z + noise, "side": np.where(x + z + noise > 0, "up", "down")}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("formula", ["y ~ mlp(x, z, 8)", "side ~ mlp(x, z, 8)", "y ~ a*z + mlp(x, 8, activation=tanh)"])
def test_silence_on_healthy_fits(formula: str, seed: int) -> None:
    fit = sd.fit(formula, columns(seed), seed=seed, epochs=150)
    assert fit.remarks == []


def test_columns_that_tell_nothing() -> None:
    data = {**columns(1), "noise": np.random.default_rng(9).standard_normal(ROWS)}
    numbers = sd.fit("noise ~ mlp(x, z, 8)", data, epochs=60)
    classes = sd.fit("coin ~ mlp(x, z, 8)", {**data, "coin": np.where(data["noise"] > -1, "a", "b")}, epochs=30)
    assert any("no better than the mean of noise" in remark for remark in numbers.remarks)
    assert any("always saying the most frequent class would be right in" in remark for remark in classes.remarks)


def test_rows_that_were_not_held_out_or_not_read() -> None:
    few = {name: values[:25] for name, values in columns(2).items()}
    assert any(
        "No rows were held out, since there are only 25" in r for r in sd.fit("y ~ mlp(x, 4)", few, epochs=9).remarks
    )
    none = sd.fit("y ~ mlp(x, 4)", columns(2), epochs=9, validation=0.0)
    assert any(r.startswith("No rows were held out: how well") for r in none.remarks)
    holes = {**columns(2), "x": np.where(np.arange(ROWS) < 2, np.nan, columns(2)["x"])}
    dropped = sd.fit("y ~ mlp(x, z, 4)", holes, epochs=9, drop_missing=True)
    assert dropped.remarks[0] == "2 rows were left out because a value was missing or infinite."


def test_what_a_network_takes_over() -> None:
    level = sd.fit("y ~ a + b*z + mlp(x, 4)", columns(3), epochs=60)
    assert any(r.startswith("What the data say of a depends on the level") for r in level.remarks)
    shared = sd.fit("y ~ b*z + mlp(x, z, 4)", columns(3), epochs=60)
    assert any(r.startswith("The network reads z, too") for r in shared.remarks)


def test_training_that_was_cut_off() -> None:
    fit = sd.fit("y ~ mlp(x, z, 8)", columns(4), epochs=40, learning_rate=0.001)
    assert any("still falling at the end" in remark for remark in fit.remarks)


def test_a_rate_that_is_too_large() -> None:
    fit = sd.fit("side ~ mlp(x, z, 8)", columns(5), epochs=20, learning_rate=1e6)
    assert any("Lower the learning rate" in remark for remark in fit.remarks)
