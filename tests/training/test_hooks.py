from __future__ import annotations

import io
import itertools
import sys

import numpy as np
import pytest

import steepest as sd

X = np.arange(10.0)


def run(hooks=(), steps=23, batch=None, **options) -> sd.Run:
    problem = sd.Problem(lambda p, x: p["a"] * x, {"a": 0.0}, X, 3 * X + np.sin(X))
    method = sd.Descent(sd.Adam(), 0.01, sd.Batches(batch))
    return sd.Run(problem, method, steps=steps, hooks=hooks, stopping=sd.Stopping(tolerance=0), **options)


@pytest.mark.parametrize("every", [1, 2, 5, 7, 23, 24])
def test_called_exactly_when_due(every):
    seen = []
    run([sd.Hook(lambda run: seen.append(run.steps_done), every)]).finish()
    assert seen == list(range(every, 24, every))


def test_epochs_count_in_steps_of_their_batches():
    seen = []
    run([sd.Hook(lambda run: seen.append((run.steps_done, run.history["epoch"][-1])), 2, "epoch")], batch=4).finish()
    assert seen == [(6, 1), (12, 3), (18, 5)]


def test_several_cadences_and_finish_in_parts():
    seen = []
    hooks = [sd.Hook(lambda run, k=k: seen.append((k, run.steps_done)), k) for k in (3, 4)]
    going = run(hooks)
    for steps in (1, 2, 3, 6, 0):
        going.finish(steps)
    assert seen == [(3, 3), (4, 4), (3, 6), (4, 8), (3, 9), (3, 12), (4, 12)]


def test_single_steps_call_them_too():
    seen = []
    going = run([sd.Hook(lambda run: seen.append(run.steps_done), 2)])
    for _ in range(5):
        going.step()
    assert seen == [2, 4]


def test_not_twice_for_a_step_after_which_the_run_ends():
    seen = []
    problem = sd.Problem.of_function(lambda p: p["x"] ** 2, {"x": 1.0})
    # With rate 1/2 the first step lands on the minimum exactly, and the second finds nothing to do.
    going = sd.Run(problem, sd.Descent(learning_rate=0.5), hooks=[lambda run: seen.append(run.steps_done)]).finish()
    assert going.outcome.name == "converged"
    assert seen == [1]


def test_a_function_is_a_hook_of_every_step():
    seen = []
    run([lambda run: seen.append(run.last_loss)], steps=4).finish()
    assert len(seen) == 4


def test_by_the_second_about_as_often_as_asked():
    calls = []
    hook = sd.Hook(lambda run: calls.append(run.elapsed), 0.02, "second")
    going = run([hook], steps=None, time=0.3, engine="numpy").finish()  # machine code would be done too soon
    assert 1 <= len(calls) <= going.elapsed / 0.02
    assert all(b - a >= 0.02 for a, b in itertools.pairwise(calls))
    assert calls[0] >= 0.02


@pytest.mark.parametrize(("value", "says"), [("enough", "step 4: enough"), (True, "step 4: a hook asked for it")])
def test_a_reason_stops_the_run(value, says):
    going = run([sd.Hook(lambda run: value if run.steps_done == 4 else None, 2)]).finish()
    assert going.outcome.name == "stopped_early"
    assert says in going.outcome.message
    assert going.steps_done == 4
    assert going.outcome.ok


@pytest.mark.parametrize("value", [None, "", False])
def test_nothing_to_say_goes_on(value):
    assert run([lambda run: value]).finish().outcome.name == "out_of_steps"


def test_a_hook_that_returns_something_else_is_told():
    with pytest.raises(sd.ModelError, match=r"this one returned 3\.5"):
        run([lambda run: 3.5]).finish()


def test_what_a_hook_raises_comes_through():
    def broken(run):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        run([sd.Hook(broken, 5)]).finish()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"every": 0}, "whole number, at least 1"),
        ({"every": 1.5}, "whole number, at least 1"),
        ({"every": "a"}, "whole number, at least 1"),
        ({"every": -1, "unit": "second"}, "positive number"),
        ({"every": np.nan, "unit": "second"}, "positive number"),
        ({"unit": "minute"}, "one of step, epoch, second"),
    ],
)
def test_cadences_that_make_no_sense(options, says):
    with pytest.raises(sd.ModelError, match=says):
        sd.Hook(print, **options)


def test_what_is_no_function():
    with pytest.raises(sd.ModelError, match="a hook is a function of the run"):
        sd.Hook("print")


def test_a_method_that_is_not_stepwise_calls_hooks_at_its_end():
    seen = []
    going = sd.minimize(
        lambda x: (x**2).sum() + (x**4).sum() + x.sum(),
        [1.0, 2.0],
        hooks=[sd.Hook(lambda run: seen.append(run.steps_done), 3)],
    )
    assert going.outcome.name == "converged"
    assert seen == [going.steps_done]


def test_hooks_do_not_change_the_answer():
    plain = run(steps=60, batch=4).finish()
    busy = run([sd.Hook(lambda run: None, 1), sd.Hook(lambda run: None, 7)], steps=60, batch=4, snapshots=5).finish()
    assert plain.params.flat.tolist() == busy.params.flat.tolist()
    assert plain.history["loss"].tolist() == busy.history["loss"].tolist()


def test_without_hooks_nothing_of_theirs_is_called():
    called = []

    def look(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.endswith("training/hooks.py"):
            called.append(frame.f_code.co_name)

    def calls(hooks):
        called.clear()
        sys.setprofile(look)
        try:
            sd.minimize(lambda x: x**2, 1.0, method="gradient_descent", learning_rate=1e-3, steps=200, hooks=hooks)
        finally:
            sys.setprofile(None)
        return called

    assert calls([]) == []
    assert calls([sd.Hook(lambda run: None, every=50)]).count("__call__") == 4


def test_a_validation_records_the_objective_of_its_rows():
    x = np.linspace(-1.0, 1.0, 30)
    held = sd.Problem(lambda p, x: p["a"] * x, {"a": 0.0}, x, 2 * x, penalty=sd.L2(0.1, on="all"))
    validation = sd.Validation(held, {"rows": lambda outputs, y: len(outputs)})
    run = sd.Run(held, sd.Descent(sd.GradientDescent(), 0.1), steps=3, hooks=[validation]).finish()
    assert validation.rows[-1]["loss"] == held.value(run.params)
    assert [row["rows"] for row in validation.rows] == [30, 30, 30]


def test_progress_tells_step_epoch_loss_and_validation():
    stream = io.StringIO()
    train, held = sd.Problem(lambda p, x: p["a"] * x, {"a": 0.0}, X, 3 * X).split(0.2)
    hooks = [sd.Validation(held), sd.Progress(every=4, unit="step", stream=stream)]
    sd.Run(train, sd.Descent(sd.Adam(), 0.01, sd.Batches(4)), steps=8, hooks=hooks).finish()
    first, last = stream.getvalue().splitlines()
    assert first.startswith("step 4 of 8   epoch 2   loss ")
    assert "validation loss" in last


def test_progress_on_a_terminal_writes_one_line_over():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    told = sd.Progress(every=2, unit="step", stream=stream)
    sd.minimize(lambda x: x**2, 1.0, method="gradient_descent", learning_rate=0.25, steps=6, hooks=[told])
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\n")
    assert stream.getvalue().count("\r") == 4
