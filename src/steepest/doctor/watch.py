"""Watch: a hook that probes a network while it trains."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from steepest.base.checks import positive, whole
from steepest.base.errors import ModelError
from steepest.doctor.finding import Finding
from steepest.doctor.gradient_findings import gradient_findings
from steepest.doctor.layer_history import LayerHistory
from steepest.doctor.network_remarks import ended_badly, network_findings
from steepest.doctor.probes import ROWS, measure, update_ratios
from steepest.doctor.step_findings import jumps, large_steps
from steepest.doctor.step_sizes import fell, held
from steepest.training.hooks import Cadence

RECENT = 5  # probes that a remark is made from
SPARE = 1.5  # what the next probe may cost, against the last one


@dataclass
class Watch(Cadence):
    """A hook that looks into a network while it trains, keeps what it sees, and says what is wrong as soon as it sees it.

    Parameters
    ----------
    every : int, optional
        Probe every so many steps. Left out, as often as `share` allows: after the first step, and then whenever the probes so
        far have cost no more than that share of the descent; which steps are probed then depends on the clock.
    share : float
        The largest part of the training time that probes may take; 0.04 is 4 %.
    rows : int
        How many rows of a step's batch a probe looks at, at most.
    say : callable, optional
        Is given each remark once, when it is first true; `print` unless given, None for silence.

    Attributes
    ----------
    history : LayerHistory
        Gradient norm, activation size and update-to-weight ratio, layers by probes.
    remarks : list of str
        What has been said, in order.
    seconds : float
        What the probes have cost.

    Raises
    ------
    ModelError
        `every` or `rows` is no positive whole number, or `share` is no number above 0 and below 1.

    Notes
    -----
    A probe repeats one step on a few of its rows: its batch and its random numbers are a function of the seed and of the step.
    It changes nothing in the run. A model that is no `Module` has no layers, and nothing is measured.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> net = sd.MLP(4, [16] * 12, 1, "sigmoid")
    >>> params, state = net.init(0)
    >>> x = np.random.default_rng(0).standard_normal((64, 4))
    >>> problem = sd.Problem(net, params, x, x[:, :1], state=state)
    >>> watch = sd.Watch(every=10, say=None)
    >>> run = sd.Run(problem, sd.Descent(sd.SGD(), 0.1), steps=20, hooks=[watch]).finish()
    >>> watch.history
    LayerHistory(25 layers, 2 probes of steps 9 to 19)
    """

    every: Any = None
    share: float = 0.04
    rows: int = ROWS
    say: Callable[[str], Any] | None = print
    unit: str = field(default="step", init=False)
    history: LayerHistory = field(default_factory=LayerHistory, init=False, repr=False)
    remarks: list[str] = field(default_factory=list, init=False, repr=False)
    seconds: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.every is not None:
            self.check_cadence("a watch")
        whole("the rows of a probe", self.rows)
        if not 0 < positive("the share of the time that probes may take", self.share) < 1:
            raise ModelError(f"the share of the time that probes may take is below 1, not {self.share!r}.")
        if self.say is not None and not callable(self.say):
            raise ModelError(f"say is a function that is given a sentence, not {self.say!r}.")
        self._next = 1
        self._looked_at = 0
        self._told: set[tuple[str, str]] = set()

    def steps(self, per_epoch: int) -> int | None:
        """The cadence in steps: fixed, or the number of the step after which the next probe is due."""
        return self._next if self.every is None else int(self.every)

    def __call__(self, run: Any) -> None:
        began = perf_counter()
        try:
            self._probe(run)
        except Exception as error:  # the training itself goes on
            self._tell([Finding("not watched", "", run.steps_done, f"The network cannot be watched: {error}")])
        cost = perf_counter() - began
        self.seconds += cost
        a_step = run.elapsed / max(run.steps_done, 1)
        due = (self.seconds + SPARE * cost) / (self.share * a_step) if a_step > 0 else 0.0
        self._next = max(run.steps_done + 1, math.ceil(due))

    def _probe(self, run: Any) -> None:
        last = run.last
        params, step = (run.params, run.steps_done) if last is None else (last.before, last.number)
        probe = measure(run, params, run.state.get("model"), step, self.rows)
        if probe is None:
            return
        self.history.append(probe, None if last is None else update_ratios(probe.paths, last.before, last.after))
        if len(self.history) > 1:
            recent = self.history.latest(RECENT)
            self._tell(gradient_findings(recent, run.problem.start, params, fell=fell(run.history)))
            self._tell(jumps(run, False, self._looked_at))
            if len(recent) == RECENT and not held(run.history):
                self._tell(large_steps(run, recent, False, look_at_curvature=False))
        self._looked_at = max(0, len(run.history) - 3)  # a jump shows in the losses of the next steps

    def finish(self, run: Any) -> None:
        """Say why a run ended badly."""
        if ended_badly(run):
            self._tell(network_findings(run))

    def _tell(self, found: list[Finding]) -> None:
        for each in found:
            if (each.symptom, each.where) not in self._told:
                self._told.add((each.symptom, each.where))
                self.remarks.append(each.words)
                if self.say is not None:
                    self.say(each.words)
