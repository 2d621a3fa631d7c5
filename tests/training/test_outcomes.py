"""Each of the nine outcomes from a real run, with a message and a remedy that fit; and interruption by the keyboard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import steepest as sd
from steepest.training import outcome as outcomes


def gd(f, start, rate, **options):
    return sd.minimize(f, start, method="gradient_descent", learning_rate=rate, **options)


def stop_at(step):
    return [lambda run: "enough" if run.steps_done == step else None]


def interrupt_at(step):
    def hook(run):
        if run.steps_done == step:
            raise KeyboardInterrupt

    return [hook]


RUNS = {
    "converged": (lambda: gd(lambda x: (x - 1) ** 2 + 3, 0.0, 0.3), True, "converged after", ""),
    "stalled": (lambda: gd(lambda x: np.abs(x), 0.35, 0.5), False, "has not gone below", "Lower the learning rate"),
    "diverged": (lambda: gd(lambda x: x**2, 1.0, 1.1), False, "grew from", "Lower the learning rate"),
    "non_finite": (
        lambda: gd(lambda x: np.log(x), 1.0, 1.5),
        False,
        "became nan at step 1",
        "start where the model is",
    ),
    "out_of_steps": (lambda: gd(lambda x: x**2, 1.0, 0.01, steps=9), True, "9 steps", "Allow more steps"),
    "out_of_time": (lambda: gd(lambda x: x**2, 1.0, 0.01, time=1e-9), True, "1e-09 s", "Allow more time"),
    "threshold_reached": (lambda: gd(lambda x: x**2, 1.0, 0.01, threshold=0.5), True, "threshold 0.5", ""),
    "stopped_early": (lambda: gd(lambda x: x**2, 1.0, 0.01, hooks=stop_at(6)), True, "step 6: enough", ""),
    "interrupted": (lambda: gd(lambda x: x**2, 1.0, 0.01, hooks=interrupt_at(6)), False, "after 6 steps", ""),
}


@pytest.mark.parametrize("name", RUNS)
def test_each_outcome_has_its_evidence_and_its_remedy(name):
    call, ok, message, remedy = RUNS[name]
    outcome = call().outcome
    assert outcome.name == name
    assert outcome.ok is ok
    assert message in outcome.message
    assert outcome.message.rstrip().endswith((".", "enough"))
    assert remedy in outcome.remedy
    assert bool(outcome.remedy) or ok
    assert str(outcome) == f"{outcome.message} {outcome.remedy}".strip()


@pytest.mark.parametrize("name", ["diverged", "non_finite"])
def test_a_failed_descent_gives_back_the_best_it_had(name):
    run = RUNS[name][0]()
    assert np.isfinite(run.loss)
    assert run.loss == pytest.approx(run.history["loss"].min())
    assert "best parameters before that are kept" in run.outcome.message


def test_a_start_that_is_not_finite_is_named_at_once():
    run = gd(lambda x: np.sqrt(x), -1.0, 0.1)
    assert run.outcome.name == "non_finite"
    assert run.steps_done == 0
    assert run.params["x"] == -1


def test_an_infinite_slope_at_a_finite_loss():
    run = gd(lambda x: np.sqrt(x), 0.0, 0.1)
    assert run.outcome.name == "non_finite"
    assert "gradient" in run.outcome.message


# ---- interruption
@pytest.mark.parametrize("batch", [None, 5])
def test_an_interrupted_run_keeps_what_it_has_and_goes_on_to_the_same_bits(batch):
    x = np.arange(20.0) / 10

    def run(hooks):
        problem = sd.Problem(lambda p, x: p["a"] + p["b"] * x, {"a": 0.0, "b": 0.0}, x, np.sin(3 * x))
        method = sd.Descent(sd.Momentum(0.9), 0.2, sd.Batches(batch))  # it overshoots: the best is not the last
        return sd.Run(problem, method, steps=40, hooks=hooks, stopping=sd.Stopping(tolerance=0)).finish()

    stopped = run(interrupt_at(17))
    assert stopped.outcome.name == "interrupted"
    assert ("best parameters so far" in stopped.outcome.message) is (batch is None)
    if batch is None:
        assert stopped.loss <= stopped.history["loss"].min()
    stopped.finish()
    whole = run([])
    assert stopped.outcome == whole.outcome
    assert stopped.params.flat.tobytes() == whole.params.flat.tobytes()
    assert stopped.history["loss"].tobytes() == whole.history["loss"].tobytes()


def test_a_model_interrupted_in_the_middle_of_a_step():
    calls = []

    def f(x):
        calls.append(1)
        if len(calls) == 30:
            raise KeyboardInterrupt
        return (x**2).sum()

    run = gd(f, [3.0, 4.0], 0.1, engine="numpy")  # machine code does not call f
    assert run.outcome.name == "interrupted"
    assert run.steps_done == len(run.history)
    assert run.loss < 25
    assert run.finish().outcome.name == "converged"


@pytest.mark.skipif(os.name == "nt", reason="Windows has another Ctrl-C")
@pytest.mark.parametrize("method", ["gradient_descent", "adam"])
def test_ctrl_c_in_a_process_of_its_own(method):
    code = (
        "import steepest as sd\n"
        "def tell(run):\n"
        "    print('going', flush=True)\n"
        f"run = sd.minimize(lambda x: 1 + ((x - 1)**2).sum(), [5.0, 5.0], method={method!r}, learning_rate=1e-6,\n"
        "                  tolerance=0, steps=10**9, hooks=[sd.Hook(tell, 0.05, 'second')])\n"
        "print(run.outcome.name, run.outcome.ok, run.loss < 33, run.loss <= run.history['loss'].min())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "going\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert out.splitlines()[-1] == "interrupted False True True"
    assert err == ""


def test_remedies_name_only_what_the_problem_can_use():
    x = np.arange(12.0)
    net = sd.Linear(1, 2)
    params, state = net.init(0)
    problem = sd.Problem(net, params, x[:, None], np.arange(12) % 2, loss="cross_entropy", state=state)
    whole = sd.Run(problem, sd.Descent(learning_rate=1e-3), steps=5).finish().outcome
    assert whole.remedy == "Allow more steps, or use a faster method (lbfgs)."
    for name in outcomes.REMEDIES:
        told = outcomes.remedy_for(name, residuals=True, batches=True)
        assert "lbfgs" not in told
        assert told == "" or told.endswith(".")
