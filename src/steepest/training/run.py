"""Run: one descent, from its start to its outcome."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from steepest.base.checks import positive, whole
from steepest.base.errors import ModelError
from steepest.base.exportable import Exportable
from steepest.base.params import Params
from steepest.base.registry import provided
from steepest.base.reportable import Reportable
from steepest.optim.method import Advance, Method, Step
from steepest.optim.stopping import Stopping
from steepest.program.steps import NotCompilable
from steepest.training import outcome as outcomes
from steepest.training.curvature import largest_curvature
from steepest.training.engines import Engine, chosen_engine, refused_engine
from steepest.training.history import History
from steepest.training.hooks import Cadence, Hook
from steepest.training.outcome import Outcome, remedy_for
from steepest.training.problem import Problem
from steepest.training.timed import Timed, time_spent

BREATH = 0.05  # seconds between looks at the clock, at Ctrl-C and at hooks that go by the clock
DEFAULT_STEPS = 10_000
# Outcomes that another call of step() or finish() overrides.
_MAY_GO_ON = {outcomes.OUT_OF_STEPS, outcomes.OUT_OF_TIME, outcomes.INTERRUPTED, outcomes.STOPPED_EARLY}
# Outcomes after which the best parameters seen are better than the last ones.
_KEEP_BEST = {outcomes.DIVERGED, outcomes.NON_FINITE, outcomes.INTERRUPTED, outcomes.STOPPED_EARLY, outcomes.STALLED}


class Run(Exportable, Reportable):
    """One descent: a problem, a method, and everything that changes on the way.

    Parameters
    ----------
    problem : Problem
    method : Method
    steps : int, optional
        Budget of steps; 10,000 unless given.
    time : float, optional
        Budget in seconds.
    seed : int
        At least 0. All randomness is a function of it and of the step.
    stopping : Stopping, optional
        Tolerance, threshold, patience.
    hooks : sequence of Hook or functions
        Called at their cadence with the run; one that returns a sentence stops the run.
    snapshots : int or collection of int
        Steps whose parameters to keep in ``history.snapshots``: those numbers, or every so many (0, k, 2k, …).
    engine : {"numpy", "llvm", "auto"}, optional
        What computes the steps: NumPy, machine code (docs/program.md says of what), or the one that is worth it. Left out, the
        environment variable SD_ENGINE decides, else "auto".

    Attributes
    ----------
    params : Params
    state : dict
        The method's state.
    history : History
    outcome : Outcome or None
        None while there is more to do.
    engine : str
        What computes the steps, ``numpy`` or ``llvm``; chosen before the first one.
    engine_asked : str
        ``auto``, ``numpy`` or ``llvm``: what it was chosen by.
    engine_reason : str
        Why it is NumPy, where machine code was asked for or would have been worth it but is not there; else empty.
    evaluated : Problem
        The problem as the engine evaluates it.

    Raises
    ------
    ModelError
        A budget, the seed, a hook or a snapshot is not of the kind above, or problem and method do not fit together.

    Examples
    --------
    >>> import steepest as sd
    >>> run = sd.minimize(lambda x: x**2, -1.5, method="gradient_descent", learning_rate=0.25, steps=2)
    >>> run.params["x"], run.outcome.name
    (array(-0.375), 'out_of_steps')
    """

    def __init__(
        self,
        problem: Problem,
        method: Method,
        *,
        steps: int | None = None,
        time: float | None = None,
        seed: int = 0,
        stopping: Stopping | None = None,
        hooks: Sequence[Cadence | Callable[[Any], str | None]] = (),
        snapshots: int | Iterable[int] = (),
        engine: str | None = None,
    ) -> None:
        _check_pieces(problem, method, hooks)
        self.problem, self.method = problem.plain, method
        self.seed = whole("the seed", seed, 0)
        self.steps_asked = None if steps is None else whole("steps", steps, 0)
        self.time = None if time is None else positive("time (in seconds)", time, finite=False)
        self.stopping = stopping or Stopping()
        self.hooks = [hook if isinstance(hook, Cadence) else Hook(hook) for hook in hooks]
        self.snapshots = _steps_to_keep(snapshots)
        self.params = problem.start
        self.state = method.init(problem, self.params, self.seed)
        self.history = History()
        self.outcome: Outcome | None = None
        self.best: tuple[float, Params] | None = None
        self.elapsed = 0.0
        self.resumed_at = 0  # the step at which a checkpoint was taken up
        self.last: Step | None = None
        self._ahead: Params | None = None  # where the descent stands, if `params` were taken back to the best
        self._called: dict[int, float] = {}  # when the hooks that go by the clock were last called
        self._called_step = 0  # at which step the others were last asked
        self._value: tuple[Params, float] | None = None
        self.use_engine(engine, problem)
        self._keep_snapshot()

    def use_engine(self, engine: str | None, problem: Problem | None = None) -> None:
        """Let another engine compute the steps from here on; see the parameter `engine`."""
        self._use(
            chosen_engine(problem or self.problem, self.method, self.params, self.state, engine, self.steps_planned)
        )

    def _use(self, chosen: Engine) -> None:
        self.engine, self._advance_by, self.evaluated = chosen.name, chosen.advance, chosen.problem
        self.engine_asked, self.engine_reason = chosen.asked, chosen.reason

    # ---- going on
    def step(self) -> Step | None:
        """Do one step and return what it saw: ``prediction``, ``loss``, ``gradient``, ``rate``, ``before``, ``after``.

        None where there was nothing more to do, as ``run.outcome`` then says, so that ``while seen := run.step():`` is a loop
        over the steps. Budgets are for `finish`; this does a step in any case.

        Raises
        ------
        ModelError
            The run is over, or its method cannot go step by step.

        Examples
        --------
        >>> import steepest as sd
        >>> run = sd.minimize(lambda x: x**2, 3.0, method="gradient_descent", learning_rate=0.1, steps=0)
        >>> seen = run.step()
        >>> seen.loss, seen.gradient["x"], seen.after["x"]
        (9.0, array(6.), array(2.4))
        """
        if not self.method.stepwise:
            raise ModelError(f"{self.method.name} cannot go step by step; use finish(), or another method.")
        if not self._go_on():
            assert self.outcome is not None
            raise ModelError(f"this run is over: {self.outcome.message}")
        done = self._advance(1)
        self._call_hooks()
        return done.last

    def finish(self, steps: int | None = None) -> Run:
        """Go on until the run is over, or its budget is spent; returns the run.

        Parameters
        ----------
        steps : int, optional
            A budget for this call, in place of the run's own.

        Notes
        -----
        Ctrl-C ends the run with the outcome "interrupted" and the best parameters so far; another call goes on from where the
        descent was. The time budget counts the descent, not the hooks.
        """
        if not self._go_on():
            return self
        last = self.steps_planned if steps is None else self.steps_done + whole("steps", steps, 0)
        chunk = 1
        try:
            while self.outcome is None:
                left = last - self.steps_done
                if left <= 0:
                    self._end(self._spent(steps))
                    break
                if self.time is not None and self.elapsed >= self.time:
                    spent = time_spent(self.time, self.steps_done)
                    self._end(Outcome(outcomes.OUT_OF_TIME, spent, self._remedy(outcomes.OUT_OF_TIME)))
                    break
                n = min(left, chunk, self._steps_to_next_hook()) if self.method.stepwise else left
                began = perf_counter()
                self._advance(n)
                if n == chunk and perf_counter() - began < BREATH / 2:
                    chunk *= 2
                self._call_hooks()
        except KeyboardInterrupt:
            kept = "best parameters so far" if self.best is not None else "parameters so far"
            self._end(Outcome(outcomes.INTERRUPTED, f"interrupted after {self.steps_done} steps; the {kept} are kept.",
                              self._remedy(outcomes.INTERRUPTED), asked=False))  # fmt: skip
        for hook in self.hooks:
            hook.finish(self)
        return self

    def _go_on(self) -> bool:
        """Make ready for more steps; False where the run is over for good."""
        if self.outcome is not None and self.outcome.name not in _MAY_GO_ON:
            return False
        self.outcome = None
        if self._ahead is not None:
            self.params, self._ahead = self._ahead, None
        return True

    def _advance(self, n: int) -> Advance:
        before = self.elapsed
        began = perf_counter()
        tests = self.stopping
        # A method that does not come up for air has tests that look at the clock.
        if not self.method.stepwise and self.time is not None:
            tests = Timed.over_at(tests, began + self.time - before, self.time)
        try:
            done = self._advance_by(self.problem, self.params, self.state, n, tests)
        except NotCompilable as error:  # as LLVM finds only when steps are wanted; the loop does these again
            self._use(refused_engine(self.problem, self.method, self.engine_asked, error))
            done = self._advance_by(self.problem, self.params, self.state, n, tests)
        self.elapsed = before + perf_counter() - began
        self.params, self.state = done.params, done.state
        self.last = done.last or self.last
        self.history.extend({**done.columns, "time": before + np.asarray(done.columns["time"])})
        if done.best is not None and math.isfinite(done.best[0]) and (self.best is None or done.best[0] < self.best[0]):
            self.best = done.best
        if len(done.columns["step"]):
            self._keep_snapshot()
        if done.halt is not None:
            name, message, remedy = done.halt
            self._end(Outcome(name, message, remedy or self._remedy(name), asked=name != outcomes.INTERRUPTED))
        return done

    def _end(self, outcome: Outcome) -> None:
        if outcome.name in _KEEP_BEST and self.best is not None and self._better_before():
            self._ahead, self.params = self.params, self.best[1]
            if outcome.name in (outcomes.DIVERGED, outcomes.NON_FINITE):
                message = f"{outcome.message} The best parameters before that are kept (loss {self.best[0]:.6g})."
                outcome = Outcome(outcome.name, message, outcome.remedy, outcome.asked)
        self.outcome = outcome

    def _better_before(self) -> bool:
        assert self.best is not None
        here = self.problem.value(self.params, self.state.get("model"))
        return not math.isfinite(here) or self.best[0] < here

    def _remedy(self, name: str) -> str:
        residuals = self.problem.has_data and self.problem.loss_function.slope is not None
        batches = getattr(self.method, "batches", None)
        return remedy_for(name, residuals, batches is not None and not batches.is_full(self.problem.rows))

    def _spent(self, steps: int | None) -> Outcome:
        asked = steps is not None or self.steps_asked is not None
        count = self.steps_done
        spent = f"the budget of {count} step{'s' * (count != 1)} is spent"
        if not self._moving():
            return Outcome(outcomes.OUT_OF_STEPS, f"{spent}.", "", asked)
        remedy = self._remedy(outcomes.OUT_OF_STEPS)
        return Outcome(outcomes.OUT_OF_STEPS, f"{spent}; the loss was still changing.", remedy, asked)

    def _moving(self) -> bool:
        if len(self.history) < 2 or self.steps_per_epoch > 1:
            return False  # one loss says nothing about change, nor do those of different batches
        before, last = self.history.latest("loss", 2)
        return bool(abs(before - last) > 1e-9 * abs(last))

    # ---- hooks
    def _steps_to_next_hook(self) -> int:
        """How far the method may go before something is due."""
        gaps = [10**9]
        for hook in self.hooks:
            cadence = hook.steps(self.steps_per_epoch)
            if cadence is not None:
                gaps.append(cadence - self.steps_done % cadence)
        if isinstance(self.snapshots, int):
            gaps.append(self.snapshots - self.steps_done % self.snapshots)
        else:
            gaps += [s - self.steps_done for s in self.snapshots if s > self.steps_done]
        return min(gaps)

    def _call_hooks(self) -> None:
        for i, hook in enumerate(self.hooks):
            cadence = hook.steps(self.steps_per_epoch)
            if cadence is None:
                due = self.elapsed - self._called.get(i, 0.0) >= hook.every
                if due:
                    self._called[i] = self.elapsed
            else:
                due = self.steps_done % cadence == 0 and self.steps_done > self._called_step
                due = due or (not self.method.stepwise and self.outcome is not None)
            # The parameters stay as the hook saw them, or set them.
            if due and (reason := hook(self)) and self.outcome is None:
                self.outcome = Outcome(outcomes.STOPPED_EARLY, f"stopped early at step {self.steps_done}: {reason}")
        self._called_step = self.steps_done

    def _keep_snapshot(self) -> None:
        wanted = self.snapshots
        if (wanted and self.steps_done % wanted == 0) if isinstance(wanted, int) else self.steps_done in wanted:
            self.history.snapshots[self.steps_done] = self.params

    # ---- looking
    @property
    def steps_done(self) -> int:
        return int(self.state["step"])

    @property
    def position(self) -> Params:
        """Where the descent stands: `params`, unless those were taken back to the best that it saw."""
        return self.params if self._ahead is None else self._ahead

    @property
    def steps_planned(self) -> int:
        """The budget: what was asked for, or what the method usually needs at most."""
        return getattr(self.method, "most_steps", DEFAULT_STEPS) if self.steps_asked is None else self.steps_asked

    @property
    def steps_per_epoch(self) -> int:
        batches = getattr(self.method, "batches", None)
        return 1 if batches is None else int(batches.per_epoch(self.problem.rows))

    @property
    def last_loss(self) -> float:
        """The loss that the last step saw; NaN before the first."""
        return self.history.latest("loss", 1)[0] if len(self.history) else math.nan

    @property
    def loss(self) -> float:
        """The objective on all the data at the present parameters."""
        if self._value is None or self._value[0] is not self.params:
            self._value = (self.params, self.problem.value(self.params, self.state.get("model")))
        return self._value[1]

    def predict(self, inputs: Any = None) -> Any:
        """What the model says with the present parameters: for the data, or for other inputs."""
        return self.problem.outputs(self.params, inputs, self.state.get("model"))

    def rate_limit(self) -> float:
        """The largest rate at which plain gradient descent does not diverge here: 2 / largest curvature.

        The curvature is the largest eigenvalue of the Hessian at the present parameters, found from Hessian-vector
        products alone. Infinite where nothing curves upwards, NaN where the curvature is not finite.

        Examples
        --------
        >>> import steepest as sd
        >>> sd.minimize(lambda x: x**2, -1.5, method="gradient_descent", steps=0).rate_limit()
        1.0
        """
        curvature = largest_curvature(lambda v: self.problem.hessian_times(self.params, v), self.params.flat.size)
        if math.isnan(curvature):
            return math.nan  # the curvature is not finite here: nothing is known of a limit
        return 2.0 / curvature if curvature > 0 else math.inf

    def fork(self) -> Run:
        """A run that goes on from here apart from this one."""
        twin = copy.copy(self)
        twin.state = copy.deepcopy(self.state)
        twin.history = self.history.copy()
        twin.hooks = list(self.hooks)
        twin._called = dict(self._called)
        return twin

    @property
    def remarks(self) -> list[str]:
        """What is worth saying about this run, in plain words; empty for a healthy one."""
        return list(provided("Run", "remarks")(self))

    @property
    def plot(self) -> Any:
        """Pictures: ``run.plot("run.png")`` draws the most telling one, ``run.plot.loss()`` and others go by name.

        See `steepest.plot`; ``dir(run.plot)`` lists them.
        """
        return provided("Run", "plot")(self)

    @property
    def animate(self) -> Any:
        """Animations: ``run.animate("run.gif")`` makes the most telling one, ``run.animate.surface()`` and others go by name.

        See `steepest.animate`; ``dir(run.animate)`` lists them.
        """
        return provided("Run", "animate")(self)

    def __repr__(self) -> str:
        ended = self.outcome.message if self.outcome else f"{self.steps_done} steps done"
        return f"Run({self.method.name}, loss {self.loss:.6g}, {self.params!r}: {ended})"


def _check_pieces(problem: Any, method: Any, hooks: Any) -> None:
    if not hasattr(problem, "predict"):
        raise ModelError(f"a run takes a Problem, such as sd.Problem(net, params, x, y), not {problem!r}.")
    if isinstance(method, type) or not hasattr(method, "advance"):
        raise ModelError(f"a run takes a method, such as sd.Descent(sd.Adam(), 0.01), not {method!r}.")
    if not isinstance(hooks, Iterable):
        raise ModelError(f"the hooks of a run are a list, such as [sd.Progress()], not {hooks!r}.")


def _steps_to_keep(snapshots: Any) -> int | frozenset[int]:
    if isinstance(snapshots, Iterable):
        return frozenset(whole("a step to keep a snapshot of", step, 0) for step in snapshots)
    return whole("the distance of snapshots", snapshots)
