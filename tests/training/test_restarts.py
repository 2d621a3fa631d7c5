"""restarts: which minima there are, how often each is reached, and which is the global one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd


def himmelblau(x: Any) -> Any:
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


def tilted(x: Any) -> Any:
    """Three wells near -2, 0 and 2, the lowest at -2."""
    return x**2 * (x**2 - 4) ** 2 / 10 + 0.1 * x


def test_the_four_minima_of_himmelblau() -> None:
    found = sd.restarts(himmelblau, [0.0, 0.0], bounds=(-5, 5), starts=24, known_minimum=0.0)
    # Himmelblau, Applied Nonlinear Programming, 1972.
    expected = {(3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)}
    assert {tuple(m.params["x"].round(6).tolist()) for m in found} == expected
    assert all(m.is_global and m.settled for m in found)
    assert sum(m.count for m in found) == 24 == sum(len(m.starts) for m in found)
    assert found.lost == 0


def test_local_minima_are_told_from_the_global_one_where_it_is_known() -> None:
    known = float(tilted(np.array(sd.minimize(tilted, -2.0).params["x"])))
    found = sd.restarts(tilted, 2.0, bounds=(-3, 3), known_minimum=known)
    assert [m.is_global for m in found] == [True, False, False]
    assert [round(float(m.params["x"])) for m in found] == [-2, 0, 2]
    assert 2.0 in [float(start["x"]) for each in found for start in each.starts]
    only_local = sd.restarts(
        tilted, 2.0, method=sd.Descent(learning_rate=0.02), bounds=(1.5, 2.5), known_minimum=known, starts=4
    )
    assert [m.is_global for m in only_local] == [False]
    assert "None of them is the known global minimum" in repr(only_local)
    assert [m.is_global for m in sd.restarts(tilted, 2.0, bounds=(-3, 3))] == [None] * 3


def test_the_text_says_what_it_knows() -> None:
    text = repr(sd.restarts(himmelblau, [0.0, 0.0], bounds=(-5, 5), starts=24))
    assert "24 descents by L-BFGS-B ended in 4 places." in text
    assert text.count("lowest found") == 4
    assert "more than once" in text
    lost = repr(sd.restarts(lambda x: np.log(x), -2.0, bounds=(-3, -1), starts=3))
    assert "None has a finite loss" in lost


def test_a_problem_with_data_and_a_method_by_name() -> None:
    x = np.linspace(0, 6, 40)
    problem = sd.Problem(lambda p, x: np.sin(p["f"] * x), {"f": 5.0}, x, np.sin(2 * x))
    found = sd.restarts(problem, method="lm", starts=30, bounds={"f": (0, 8)}, known_minimum=0.0)
    assert found.lowest.is_global
    assert float(found.lowest.params["f"]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        ((himmelblau, [0.0, 0.0]), {"known_minimum": np.nan}, "finite number"),
        ((sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": 1.0}), 3.0), {}, "leave start out"),
        ((himmelblau, [0.0, 0.0]), {"method": "lm"}, "needs data"),
        ((himmelblau, [0.0, 0.0]), {"starts": 0}, "whole number"),
        ((3, 1.0), {}, "function of the parameters"),
    ],
)
def test_what_makes_no_sense(arguments: Any, options: Any, says: str) -> None:
    with pytest.raises(sd.ModelError, match=says):
        sd.restarts(*arguments, **options)


def test_interrupted_restarts_keep_what_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_ENGINE", "numpy")  # machine code does not call f
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        if len(calls) == 60:
            raise KeyboardInterrupt
        return himmelblau(x)

    found = sd.restarts(f, [0.0, 0.0], bounds=(-5, 5))
    assert found.run.outcome.name == "interrupted"
    assert 0 < len(found) < 4
