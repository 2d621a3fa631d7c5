"""Runs that are saved, killed, damaged and taken up again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.training import checkpoint
from steepest.training.logs import Log
from steepest.training.resume import Checkpoint, resume, save
from steepest.training.validation import Validation


def digits_run(steps: int = 60, hooks: tuple = (), hidden: int = 8, seed: int = 3) -> sd.Run:
    """Everything that has a state: momenta, running statistics, dropout, shuffled batches, a schedule that looks at the loss."""
    x = np.random.default_rng(0).normal(size=(90, 5)).astype(np.float32)
    labels = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(np.int64)
    net = sd.Sequential(sd.Linear(5, hidden), sd.BatchNorm(hidden), sd.Tanh(), sd.Dropout(0.3), sd.Linear(hidden, 2))
    params, state = net.init(sd.Key(1))
    start = {name: a.astype(np.float32) for name, a in params.items()}
    problem = sd.Problem(net, start, x, labels, loss="cross_entropy", state=state)
    rate = sd.ReduceOnPlateau(0.01, factor=0.5, patience=2)
    rule = sd.chain(sd.ClipGlobalNorm(1.0), sd.Adam())
    return sd.Run(problem, sd.Descent(rule, rate, sd.Batches(20)), steps=steps, seed=seed, hooks=hooks, snapshots=10)


def assert_same(a: sd.Run, b: sd.Run) -> None:
    np.testing.assert_array_equal(a.params.flat, b.params.flat)
    for column in ("step", "epoch", "loss", "gradient_norm", "rate"):
        np.testing.assert_array_equal(a.history[column], b.history[column])
    assert a.outcome == b.outcome
    assert list(a.history.snapshots) == list(b.history.snapshots)
    for name, array in a.state["model"].items():
        np.testing.assert_array_equal(array, b.state["model"][name])


@pytest.mark.parametrize("at", [0, 1, 17, 45, 60])
def test_resumed_is_the_same_to_the_last_bit(tmp_path: Path, at: int) -> None:
    whole = digits_run().finish()
    part = digits_run()
    part.finish(at)
    save(part, tmp_path)
    assert_same(whole, resume(digits_run(), tmp_path).finish())


@pytest.mark.parametrize("method", ["levenberg_marquardt", "rprop", "nadam", "momentum"])
def test_other_methods(tmp_path: Path, method: str) -> None:
    t = np.linspace(0, 3, 30)

    def model(p, t):  # type: ignore[no-untyped-def]
        return p["a"] * np.exp(-p["b"] * t)

    def make() -> sd.Run:
        rate = None if method == "levenberg_marquardt" else 0.01
        problem = sd.Problem(model, {"a": 1.0, "b": 0.1}, t, 3 * np.exp(-1.3 * t) + 0.01 * np.cos(9 * t))
        from steepest.training.methods import method_named

        return sd.Run(problem, method_named(method, rate), steps=30)

    whole, part = make().finish(), make()
    part.finish(3)
    save(part, tmp_path)
    again = resume(make(), tmp_path).finish()
    np.testing.assert_array_equal(whole.params.flat, again.params.flat)
    np.testing.assert_array_equal(whole.history["loss"], again.history["loss"])


def test_weights_are_stored_under_their_own_names(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    run = digits_run(5).finish()
    stored = load_file(save(run, tmp_path) / "weights.safetensors")
    assert set(stored) == {
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
        "4.weight", "4.bias",
    }  # fmt: skip
    np.testing.assert_array_equal(stored["0.weight"], run.params["0.weight"])
    assert stored["0.weight"].shape == (8, 5)


def test_only_the_newest_two_are_kept(tmp_path: Path) -> None:
    digits_run(50, (Checkpoint(tmp_path, 10, "step"),)).finish()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000000000040", "step-000000000050"]


@pytest.mark.parametrize("file", ["run.json", "state.safetensors", "weights.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, file: str, damage: str) -> None:
    digits_run(50, (Checkpoint(tmp_path, 10, "step"),)).finish()
    victim = tmp_path / "step-000000000050" / file
    data = victim.read_bytes()
    if damage == "gone":
        victim.unlink()
    else:
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        victim.write_bytes(data[:middle] if damage == "cut" else flipped)
    said: list[str] = []
    again = resume(digits_run(60), tmp_path, said.append)
    assert again.steps_done == 40
    assert len(said) == 1
    assert "step-000000000050 is damaged" in said[0]
    assert "step-000000000040, is used" in said[0]
    assert_same(digits_run(60).finish(), again.finish())


def test_no_checkpoint_and_none_whole(tmp_path: Path) -> None:
    with pytest.raises(sd.CheckpointError, match="there is no checkpoint"):
        resume(digits_run(), tmp_path)
    place = save(digits_run(), tmp_path)
    (place / "run.json").write_text("{")
    with pytest.raises(sd.CheckpointError, match="is whole"):
        resume(digits_run(), tmp_path)


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    save(digits_run(), tmp_path)
    with pytest.raises(sd.CheckpointError, match="its seed differs"):
        resume(digits_run(seed=4), tmp_path)
    with pytest.raises(sd.CheckpointError, match=r"its (model|parameters) differ"):
        resume(digits_run(hidden=9), tmp_path)


Changed = Callable[[sd.Problem], tuple[sd.Problem, sd.Descent]]
DESCENT = sd.Descent(sd.Adam(), sd.CosineDecay(0.01, 100), sd.Batches(20))


def problem_like(problem: sd.Problem, net: sd.Module | None = None, x: Any = None, **options: Any) -> sd.Problem:
    model = net or problem.predict
    inputs = problem.data.inputs if x is None else x
    return sd.Problem(model, problem.start, inputs, problem.data.target, state=problem.initial_state, **options)


OTHERS: dict[str, tuple[str, Changed]] = {
    "activation": (
        "its model differs",
        lambda p: (
            problem_like(p, sd.Sequential(sd.Linear(5, 3), sd.LayerNorm(3), sd.ReLU(), sd.Linear(3, 1))),
            DESCENT,
        ),
    ),
    "data": ("its data differ", lambda p: (problem_like(p, x=p.data.inputs + 1e-9), DESCENT)),
    "loss": ("its loss or penalty differs", lambda p: (problem_like(p, loss="huber"), DESCENT)),
    "delta": ("its loss or penalty differs", lambda p: (problem_like(p, loss="huber(2)"), DESCENT)),
    "reduction": ("its loss or penalty differs", lambda p: (problem_like(p, reduction="sum"), DESCENT)),
    "penalty": ("its loss or penalty differs", lambda p: (problem_like(p, penalty=sd.L2(0.1)), DESCENT)),
    "bounds": ("its bounds differ", lambda p: (problem_like(p, bounds={"0.bias": (-9, 9)}), DESCENT)),
    "rule": ("its method differs", lambda p: (p, replace(DESCENT, rule=sd.Adam(0.8)))),
    "schedule": ("its method differs", lambda p: (p, replace(DESCENT, learning_rate=sd.CosineDecay(0.01, 200)))),
    "a function as schedule": ("its method differs", lambda p: (p, replace(DESCENT, learning_rate=lambda k: 0.01))),
    "batches": ("its method differs", lambda p: (p, replace(DESCENT, batches=sd.Batches(30)))),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_differs_is_named(tmp_path: Path, name: str) -> None:
    x = np.random.default_rng(0).normal(size=(60, 5))
    net = sd.Sequential(sd.Linear(5, 3), sd.LayerNorm(3), sd.Tanh(), sd.Linear(3, 1))
    params, state = net.init(1)
    problem = sd.Problem(net, params, x, np.abs(x[:, :1]), state=state)
    save(sd.Run(problem, DESCENT, steps=2).finish(), tmp_path)
    message, change = OTHERS[name]
    with pytest.raises(sd.CheckpointError, match=f"of another run: {message} from this one's. Start anew"):
        resume(sd.Run(*change(problem), steps=2), tmp_path)
    assert resume(sd.Run(problem_like(problem), DESCENT, steps=9), tmp_path).steps_done == 2


def test_a_run_that_has_begun_is_not_resumed(tmp_path: Path) -> None:
    run = digits_run(10).finish()
    save(run, tmp_path)
    with pytest.raises(sd.ModelError, match="has not begun can be resumed; this one has done 10 steps"):
        resume(run, tmp_path)


def test_a_run_that_starts_anew_replaces_the_one_before(tmp_path: Path) -> None:
    digits_run(50, (Checkpoint(tmp_path, 10, "step"),)).finish()
    (tmp_path / ".step-000000000050.x.part").mkdir()  # left by a killed process
    digits_run(20, (Checkpoint(tmp_path, 10, "step"),)).finish()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000000000010", "step-000000000020"]
    assert resume(digits_run(60), tmp_path).steps_done == 20


def test_what_cannot_be_stored_is_named(tmp_path: Path) -> None:
    with pytest.raises(sd.CheckpointError, match=r"'a\.b' holds a object"):
        checkpoint.write(tmp_path, 0, {}, {"a": {"b": object()}})
    assert not list(tmp_path.iterdir())


# Forks a child for every line it reads; the child says when it has begun, and runs until it is killed.
SCRIPT = """
import os, sys
sys.path.insert(0, {here!r})
from test_resume import digits_run
from steepest.training.resume import Checkpoint, resume
import steepest as sd
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run = digits_run(10**9, (Checkpoint({folder!r}, 10, "step"),))
        try:
            resume(run, {folder!r})
        except sd.CheckpointError as error:
            assert "there is no checkpoint" in str(error)
        print(os.getpid(), run.steps_done, flush=True)
        run.finish()
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Children:
    """Processes that run the same descent, each from where the one before left off."""

    def __init__(self, folder: Path) -> None:
        code = SCRIPT.format(here=str(Path(__file__).parent), folder=str(folder))
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # threads and fork do not go together
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def begun_at(self) -> tuple[int, int]:
        """The next one's process number, and the step at which it has taken up the descent."""
        assert self.process.stdin is not None
        print("go", file=self.process.stdin, flush=True)
        number, step = self.line().split()
        return int(number), int(step)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def close(self) -> None:
        self.process.communicate()


@pytest.mark.parametrize("fresh", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["forked", "fresh process"])
def test_killed_at_twenty_random_moments(tmp_path: Path, fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGKILL while it computes or writes a checkpoint; each goes on from the last, and the end is that of one run."""
    monkeypatch.setenv("SD_ENGINE", "numpy")  # to compile may take longer than such a process lives
    folder = tmp_path / "run"
    draws = random.Random(5)
    taken_up = []
    children = Children(folder)
    for _ in range(20):
        number, step = children.begun_at()
        taken_up.append(step)
        time.sleep(draws.uniform(0.0, 0.15))
        os.kill(number, signal.SIGKILL)
        assert int(children.line()) == -signal.SIGKILL
        if fresh:
            children.close()
            children = Children(folder)
    children.close()
    assert taken_up == sorted(taken_up)
    assert taken_up[-1] > 0
    part = resume(digits_run(10**9), folder)
    end = part.steps_done + 30
    assert_same(digits_run(end).finish(), resume(digits_run(end), folder).finish())


def test_validation_restores_the_best_and_says_so(tmp_path: Path) -> None:
    x = np.linspace(-1, 1, 12)
    noise = np.random.default_rng(2).normal(size=12)

    def model(p, x):  # type: ignore[no-untyped-def]
        return sum(p["w"][i] * x**i for i in range(10))

    train = sd.Problem(model, {"w": np.zeros(10)}, x[::2], (x + 0.5 * noise)[::2])
    held = sd.Problem(model, {"w": np.zeros(10)}, x[1::2], (x + 0.5 * noise)[1::2])
    watch = Validation(held, {"worst": lambda out, y: float(np.abs(out - y).max())}, patience=20)
    run = sd.Run(train, sd.Descent(sd.GradientDescent(), 0.1), steps=5000, hooks=[watch]).finish()
    assert run.outcome is not None
    assert run.outcome.name == "stopped_early"
    assert "validation loss has not got better" in run.outcome.message
    assert watch.best is not None
    assert watch.best["loss"] == min(watch.column("loss"))
    assert held.value(run.params) == watch.best["loss"]
    assert watch.rows[-1]["epoch"] - watch.best["epoch"] == 20
    with pytest.raises(sd.ModelError, match="no metric 'f1' to watch"):
        Validation(held, watch="f1")


def test_validation_goes_on_after_a_resume(tmp_path: Path) -> None:
    def make() -> tuple[sd.Run, Validation]:
        base = digits_run(60)
        watch = Validation(base.problem, {"accuracy": sd.accuracy}, watch="accuracy", larger_is_better=True)
        return digits_run(60, (watch,)), watch

    (whole, expected), (part, _) = make(), make()
    whole.finish()
    part.finish(33)
    save(part, tmp_path)
    again, watch = make()
    resume(again, tmp_path).finish()
    assert watch.rows == expected.rows
    assert watch.best == expected.best


@pytest.mark.parametrize("name", ["log.csv", "log.jsonl"])
def test_logs(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    whole = digits_run(60, (Log(path, 7),)).finish()
    text = path.read_text()
    assert text.count("\n") == 60 + (name == "log.csv")
    shutil.rmtree(tmp_path / "c", ignore_errors=True)
    part = digits_run(60, (Log(path, 7),))
    part.finish(33)
    save(part, tmp_path / "c")
    part.finish(5)  # rows that the killed process wrote after its last checkpoint
    resume(digits_run(60, (Log(path, 7),)), tmp_path / "c").finish()
    lines = path.read_text().splitlines()
    assert len(lines) == 60 + (name == "log.csv")
    if name == "log.csv":
        assert [int(line.split(",")[0]) for line in lines[1:]] == list(range(60))
        assert float(lines[-1].split(",")[2]) == whole.history["loss"][-1]


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(sd.SteepestError, match="cannot write the log"):
        digits_run(5, (Log(tmp_path / "no" / "log.csv", 1),)).finish()
