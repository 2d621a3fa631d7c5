"""Where a run went: from its snapshots, or from the run done again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import steepest as sd
from steepest.views.landscapes.descent_path import named_runs, path_of, steps_shown

X = np.linspace(-1, 2, 30)
PROBLEM = sd.Problem(lambda p, x: p["a"] + p["b"] * x, {"a": 0.0, "b": 0.0}, X, 1 + X**2)


def descended(steps: int = 20, **options: Any) -> sd.Run:
    return sd.Run(PROBLEM, sd.Descent(sd.Adam(), 0.1, sd.Batches(8)), steps=steps, seed=3, **options).finish()


def test_done_again_gives_the_same_bits_as_the_snapshots() -> None:
    kept = descended(snapshots=1)
    path = path_of(descended(), frames=range(21))
    assert path.steps.tolist() == list(range(21))
    for step, params in zip(path.steps, path.params):
        np.testing.assert_array_equal(params.flat, kept.history.snapshots[step].flat)


def test_a_run_stays_as_it_is() -> None:
    run = descended()
    before = run.params, run.steps_done, len(run.history)
    path_of(run)
    assert (run.params, run.steps_done, len(run.history)) == before


def test_quadratic_by_hand() -> None:
    run = sd.minimize(lambda z: z**2, -4.0, method="gradient_descent", learning_rate=0.05, steps=50)
    path = path_of(run)
    np.testing.assert_allclose(path.flat[:, 0], -4 * 0.9 ** np.arange(51), rtol=1e-13)
    np.testing.assert_allclose(path.losses, 16 * 0.81 ** np.arange(51), rtol=1e-13)
    assert path.flat[50, 0] == pytest.approx(-0.020615, abs=5e-7)


def test_snapshots_that_are_dense_enough_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    run = descended(200, snapshots=10)
    monkeypatch.setattr("steepest.views.landscapes.descent_path._done_again", lambda *_: pytest.fail("done again"))
    assert path_of(run, frames=15).steps.size == 15
    assert set(path_of(run, frames=15).steps) <= {*range(0, 201, 10)}


def test_a_run_in_pieces_and_step_by_step() -> None:
    run = sd.Run(PROBLEM, sd.Descent(learning_rate=0.1), steps=5).finish()
    run.finish(3)
    run.step()
    assert path_of(run).steps.tolist() == list(range(10))


def test_methods_that_cannot_stop_on_the_way() -> None:
    run = sd.Run(PROBLEM, sd.LBFGS()).finish()
    path = path_of(run)
    assert path.steps[-1] == run.steps_done
    np.testing.assert_array_equal(path.params[0].flat, PROBLEM.start.flat)
    np.testing.assert_allclose(path.losses[:-1], run.history["loss"], rtol=1e-12)


def test_the_end_of_a_diverged_run_is_where_it_went_and_not_its_best() -> None:
    run = sd.minimize(lambda x: x**2, 1.0, method="gradient_descent", learning_rate=1.5, steps=500)
    assert run.outcome.name == "diverged"
    path = path_of(run)
    assert path.flat[-1, 0] == (-2.0) ** run.steps_done
    assert run.params["x"] == 1.0


def test_hooks_that_change_the_run() -> None:
    def shrink(run: sd.Run) -> None:
        run.params = run.params.replaced(run.params.flat * 0.9)

    with pytest.raises(sd.SteepestError, match=r"its hooks changed something.*snapshots=10"):
        path_of(descended(hooks=[shrink]))
    kept = descended(100, hooks=[shrink], snapshots=4)
    assert path_of(kept, frames=90).steps.tolist() == list(range(0, 101, 4))
    with pytest.raises(sd.SteepestError, match=r"Show the steps that it kept, 0, 4, 8, …"):
        path_of(kept, frames=[0, 3])


@given(last=st.integers(0, 10**6), frames=st.integers(2, 300))
def test_steps_shown(last: int, frames: int) -> None:
    steps = steps_shown(last, frames)
    assert steps[0] == 0
    assert steps[-1] == last
    assert steps.size == min(frames, last + 1)
    gaps = np.diff(steps)
    assert gaps.size == 0 or (gaps.min() > 0 and gaps.max() - gaps.min() <= 1)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([0, 21], "step 21 cannot be shown: this run did 20 steps"),
        ([], "frames is empty"),
        (1, "frames must be a whole number, at least 2"),
        ([-1], "a step to show must be a whole number, at least 0"),
        ([1.5], "a step to show must be a whole number"),
    ],
)
def test_frames_that_are_not_there(frames: Any, said: str) -> None:
    with pytest.raises(sd.SteepestError, match=said):
        path_of(descended(), frames=frames)


def test_names() -> None:
    slow, fast = (sd.Run(PROBLEM, sd.Descent(learning_rate=rate), steps=1) for rate in (0.01, 0.1))
    assert list(named_runs([slow, fast], "it")) == ["gradient descent, rate 0.01", "gradient descent, rate 0.1"]
    assert list(named_runs([slow, slow], "it")) == [
        "gradient descent, rate 0.01 (1)",
        "gradient descent, rate 0.01 (2)",
    ]
    assert list(named_runs({"mine": slow, 3: fast}, "it")) == ["mine", "3"]
    with pytest.raises(sd.SteepestError, match="a race needs at least one run"):
        named_runs([], "a race")
    with pytest.raises(sd.SteepestError, match="from a run or a fit, not from an int"):
        named_runs([slow, 3], "a race")


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    path_of(sd.Run(PROBLEM, sd.LBFGS()).finish(), progress=lambda done, total: told.append((done, total)))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]
