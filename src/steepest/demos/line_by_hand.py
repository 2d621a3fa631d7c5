"""Turn slope and intercept of a line yourself."""

from __future__ import annotations

import sys

import numpy as np

import steepest as sd
from steepest.base.errors import DataError
from steepest.demos.sliders import Slider, turn
from steepest.demos.stage import Stage

COLUMNS, LINES = 60, 18


def show(stage: Stage) -> None:
    """With sliders on a terminal, or for the slope and the intercept that were given."""
    rng = np.random.default_rng(3)
    x = np.arange(10.0)
    y = x + rng.standard_normal(10)
    given = {name: _number(name, stage.options[name]) for name in ("slope", "intercept") if name in stage.options}
    stage.say("""Ten points lie about a line. Guess its slope and its intercept, look at the loss (the mean of the squares of
        what the line misses), turn one of them a little, and go on as long as the loss falls: that is what gradient
        descent does.""")
    sliders = [Slider("slope", 0.0, 0.05), Slider("intercept", 6.0, 0.25)]
    if not given and sys.stdin.isatty() and sys.stdout.isatty():
        slope, intercept = turn(sliders, lambda values: drawn(x, y, *values))
    else:
        slope, intercept = given.get("slope", 0.0), given.get("intercept", 6.0)
        stage.show(drawn(x, y, slope, intercept))
    by_hand = _loss(x, y, slope, intercept)
    fit = sd.fit("y ~ slope*x + intercept", {"x": x, "y": y})
    stage.show(
        f"by hand     slope {slope:8.4f}   intercept {intercept:8.4f}   loss {by_hand:.4f}\n"
        f"by descent  slope {fit.params['slope']:8.4f}   intercept {fit.params['intercept']:8.4f}   loss {fit.loss:.4f}"
    )
    down = [2 * np.mean((slope * x + intercept - y) * x), 2 * np.mean(slope * x + intercept - y)]
    words = ["lower" if d > 0 else "raise" for d in down]
    stage.say(f"""At your line the derivative of the loss by the slope is {down[0]:.3f} and by the intercept {down[1]:.3f}: to
        get lower, {words[0]} the slope and {words[1]} the intercept.""")
    fit.plot(stage.file("line.png"), theme=stage.theme)


def drawn(x: np.ndarray, y: np.ndarray, slope: float, intercept: float) -> str:
    """Points and line in characters, with the loss below."""
    low, high = float(min(y.min(), 0.0)) - 1, float(y.max()) + 2
    grid = [[" "] * COLUMNS for _ in range(LINES)]

    def put(px: float, py: float, mark: str) -> None:
        column = round((px - x.min()) / np.ptp(x) * (COLUMNS - 1))
        line = round((high - py) / (high - low) * (LINES - 1))
        if 0 <= line < LINES and 0 <= column < COLUMNS:
            grid[line][column] = mark

    for px in np.linspace(x.min(), x.max(), 2 * COLUMNS):
        put(px, slope * px + intercept, "·")
    for px, py in zip(x, y):
        put(px, py, "o")
    picture = "\n".join("".join(line).rstrip() for line in grid)
    return f"{picture}\nslope {slope:.3f}   intercept {intercept:.3f}   loss {_loss(x, y, slope, intercept):.4f}"


def _loss(x: np.ndarray, y: np.ndarray, slope: float, intercept: float) -> float:
    return float(np.mean((slope * x + intercept - y) ** 2))


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(f"--{name} must be a number, not {text}.") from None
