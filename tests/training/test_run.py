"""What a Run promises: the same bits however it is cut up, snapshots, forks, budgets, and errors that come through."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd

RNG = np.random.default_rng(11)
X = RNG.normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.3 * RNG.normal(size=40)

METHODS = {
    "gradient descent": lambda: sd.Descent(learning_rate=0.05),
    "momentum in batches": lambda: sd.Descent(sd.Momentum(0.9), 0.01, sd.Batches(7)),
    "nesterov in sequence": lambda: sd.Descent(sd.Momentum(0.9, nesterov=True), 0.01, sd.Batches(16, "sequence")),
    "adam in batches": lambda: sd.Descent(sd.Adam(), 0.02, sd.Batches(7)),
    "schedule": lambda: sd.Descent(learning_rate=lambda step: 0.1 / (1 + step)),
    "levenberg-marquardt": lambda: sd.LevenbergMarquardt(),
}


def problem(**options) -> sd.Problem:
    """Curved in its parameters, so that Levenberg-Marquardt needs several steps."""
    return sd.Problem(lambda p, x: np.tanh(x @ p["w"]) * p["s"], {"w": np.full(3, 0.1), "s": 1.0}, X, Y, **options)


def run(method: str, seed: int = 3, steps: int = 60, **options) -> sd.Run:
    return sd.Run(problem(), METHODS[method](), seed=seed, steps=steps, **options)


def assert_same_bits(a: sd.Run, b: sd.Run) -> None:
    assert a.params.flat.tobytes() == b.params.flat.tobytes()
    for column in ("step", "epoch", "loss", "gradient_norm", "rate"):
        assert a.history[column].tobytes() == b.history[column].tobytes(), column
    assert a.outcome == b.outcome


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_bits(method):
    assert_same_bits(run(method).finish(), run(method).finish())


@pytest.mark.parametrize("method", METHODS)
def test_steps_then_finish_is_finish(method):
    stepped = run(method)
    for _ in range(4):
        stepped.step()
    assert_same_bits(stepped.finish(), run(method).finish())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pieces", [(1, 1, 1), (5, 0, 2, 11), (59, 1)])
def test_pieces_never_change_bits(method, pieces):
    cut = run(method)
    for steps in pieces:
        cut.finish(steps)
    assert_same_bits(cut.finish(), run(method).finish())


@pytest.mark.parametrize("method", METHODS)
def test_a_fork_goes_on_alone_and_alike(method):
    parent = run(method)
    parent.finish(3)
    twin = parent.fork()
    before = parent.params.flat.tobytes(), len(parent.history), parent.steps_done
    twin.finish()
    assert (parent.params.flat.tobytes(), len(parent.history), parent.steps_done) == before
    assert_same_bits(parent.finish(), twin)
    assert_same_bits(twin, run(method).finish())


@pytest.mark.parametrize("method", ["momentum in batches", "adam in batches"])
def test_another_seed_draws_other_batches(method):
    one, other = run(method, seed=1).finish(), run(method, seed=2).finish()
    assert one.history["loss"].tolist() != other.history["loss"].tolist()


def test_the_seed_does_not_matter_where_nothing_is_random():
    a, b = (run("gradient descent", seed=s).finish() for s in (1, 2))
    assert a.params.flat.tolist() == b.params.flat.tolist()


def test_a_step_shows_what_its_method_did():
    going = run("gradient descent")
    seen = going.step()
    assert seen.number == 0
    assert seen.prediction.shape == Y.shape
    np.testing.assert_array_equal(seen.prediction, problem().outputs(problem().start))
    value, gradient = problem().value_and_gradient(problem().start)
    assert seen.loss == value == going.history["loss"][0]
    np.testing.assert_array_equal(seen.gradient.flat, gradient)
    np.testing.assert_array_equal(seen.after.flat, seen.before.flat - seen.rate * gradient)
    assert going.params.flat.tolist() == seen.after.flat.tolist()


def test_steps_in_a_while_loop_end_with_the_run():
    going = sd.minimize(lambda x: (x - 2) ** 2 + 1, 0.0, method="gradient_descent", learning_rate=0.3, steps=0)
    count = 0
    while going.step():
        count += 1
    assert count == going.steps_done == len(going.history)
    assert going.outcome.name == "converged"
    with pytest.raises(sd.ModelError, match="this run is over: converged"):
        going.step()
    assert going.finish() is going


def test_no_steps_leave_the_start():
    still = run("adam in batches", steps=0).finish()
    assert still.params.flat.tolist() == problem().start.flat.tolist()
    assert still.outcome.name == "out_of_steps"
    assert "still changing" not in still.outcome.message
    assert len(still.history) == 0
    assert "no steps" in repr(still.history)


# ---- budgets
def test_a_spent_budget_says_how_far_it_was_and_goes_on():
    going = run("gradient descent", steps=5).finish()
    assert going.outcome.name == "out_of_steps"
    assert "5 steps" in going.outcome.message
    assert "still changing" in going.outcome.message
    assert going.outcome.remedy
    assert going.outcome.ok  # the budget was asked for
    assert_same_bits(going.finish(55), run("gradient descent").finish(60))


def test_the_default_budget_is_no_success():
    going = sd.minimize(lambda x: -x, 1.0, method="gradient_descent", learning_rate=0.01)
    assert going.steps_done == 10_000 == going.steps_planned
    assert not going.outcome.ok


def test_the_time_budget_holds_within_a_few_chunks_and_can_be_renewed():
    stopping = sd.Stopping(tolerance=0)  # machine code stalls before the time is spent
    going = run("gradient descent", steps=None, time=0.1, stopping=stopping, engine="numpy").finish()
    assert going.outcome.name == "out_of_time"
    assert "0.1 s" in going.outcome.message
    assert 0.1 <= going.elapsed < 2.0
    done = going.steps_done
    going.time = 0.2
    assert going.finish().steps_done > done


def test_a_hook_at_each_step_does_not_make_one_endless_chunk():
    """With snapshots at the first steps only, the rest of the run must still come up for air."""
    going = run("gradient descent", steps=None, time=0.1, snapshots=range(200), stopping=sd.Stopping(tolerance=0))
    assert going.finish().elapsed < 2.0


def test_a_method_that_does_not_come_up_for_air_minds_the_clock():
    going = sd.minimize(lambda x: (x**4).sum() + (x**2).sum(), np.full(3, 50.0), time=1e-9)
    assert going.outcome.name == "out_of_time"
    assert going.loss <= 3 * (50.0**4 + 50**2)


REFUSED = {
    "steps": ([{"steps": s} for s in (-1, 2.5, "9", np.nan, np.inf, True)], "steps must be a whole number"),
    "time": ([{"time": t} for t in (0, -1.0, "1", np.nan, True)], "time .* must be a positive number"),
    "seed": ([{"seed": s} for s in (-1, 0.5, "x", None)], "the seed must be a whole number"),
    "snapshots": ([{"snapshots": s} for s in (0, -1, 2.5, [1.5], ["a"], None)], "snapshot"),
    "hooks": ([{"hooks": [3]}], "a hook is a function"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_options_that_make_no_sense(name):
    cases, says = REFUSED[name]
    for options in cases:
        with pytest.raises(sd.ModelError, match=says):
            sd.Run(problem(), sd.Descent(), **options)


# ---- snapshots
@pytest.mark.parametrize(
    ("snapshots", "kept"),
    [(4, [0, 4, 8]), (np.int64(5), [0, 5, 10]), ([1, 7, 99], [1, 7]), ({0}, [0]), ((), []), (11, [0])],
)
@pytest.mark.parametrize("method", ["gradient descent", "adam in batches"])
def test_snapshots(snapshots, kept, method):
    going = run(method, steps=10, snapshots=snapshots).finish()
    assert list(going.history.snapshots) == kept
    for step, params in going.history.snapshots.items():
        assert params.flat.tobytes() == run(method, steps=step).finish().params.flat.tobytes()


# ---- errors of the user's model
@pytest.mark.parametrize("at", [0, 3])
def test_what_the_model_raises_comes_through(at):
    calls = []

    def predict(p, x):
        calls.append(1)
        if len(calls) > at + 1:
            raise LookupError("mine")
        return x @ p["w"]

    going = sd.Run(sd.Problem(predict, {"w": np.zeros(3)}, X, Y), sd.Descent(learning_rate=0.1), steps=50)
    with pytest.raises(LookupError, match="mine"):
        going.finish()
    assert going.outcome is None
    assert going.steps_done == len(going.history)


def test_a_model_that_ignores_its_parameters_has_nothing_to_descend():
    made = sd.Problem(lambda p, x: x[:, 0] * 2.0, {"w": 1.0}, X, Y)
    going = sd.Run(made, sd.Descent(learning_rate=0.1)).finish()
    assert going.outcome.name == "converged"
    assert going.steps_done == 0
    assert going.rate_limit() == np.inf


def test_history_and_repr_tell_the_run():
    going = run("gradient descent", steps=3).finish()
    assert "gradient descent" in repr(going)
    assert "3 steps" in repr(going)
    assert repr(going.history).startswith("History(3 steps, loss ")
    assert going.last_loss == going.history["loss"][-1]
    assert np.isnan(run("gradient descent").last_loss)


def test_predict_uses_the_present_parameters():
    going = run("gradient descent", steps=3).finish()
    p = going.params
    np.testing.assert_allclose(going.predict(X[:2]), np.tanh(X[:2] @ p["w"]) * p["s"], rtol=1e-15)
    assert going.predict().shape == Y.shape


def test_an_unbounded_descent_is_told_from_a_spent_one():
    assert (
        sd.minimize(lambda x: -x, 1.0, method="gradient_descent", learning_rate=0.1, steps=50).outcome.name
        == "out_of_steps"
    )


def test_rate_limit_is_two_over_the_largest_eigenvalue():
    hessian = np.diag([1.0, 7.0, 3.0]) + 0.5
    made = sd.Problem.of_function(lambda p: 0.5 * (p["x"] @ (hessian @ p["x"])), {"x": np.ones(3)})
    going = sd.Run(made, sd.Descent(learning_rate=0.01))
    limit = 2 / np.linalg.eigvalsh(hessian)[-1]
    assert going.rate_limit() == pytest.approx(limit, rel=1e-8)
    below = sd.Run(made, sd.Descent(learning_rate=0.98 * limit)).finish()
    above = sd.Run(made, sd.Descent(learning_rate=1.02 * limit)).finish()
    assert below.outcome.name == "converged"
    assert above.outcome.name == "diverged"
