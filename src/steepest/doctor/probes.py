"""Probes: what one step of training looks like from inside the network, layer by layer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from steepest.autodiff import graph
from steepest.autodiff.apply import Value, inside_transform, linking
from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.nn.module import Module, plain
from steepest.nn.place import LayerOutput
from steepest.optim.method import norm

ROWS = 64  # of a batch: enough for norms, few enough for a probe to cost about a step

_TIME_STEP = re.compile(r"(?:^|\.)l(\d+)\.t(\d+)$")


@dataclass(frozen=True)
class Probe:
    """What one step looks like from inside.

    Attributes
    ----------
    step : int
    loss : float
        Of the rows looked at.
    layers : tuple of Module
        Those whose output depends on a parameter, in the order in which they act; each output counts once.
    paths : tuple of str
        Their dotted places.
    gradient_norm : ndarray, shape (layers,)
        Euclidean norm of the error gradient: of the loss, with respect to the layer's output.
    activation_size : ndarray, shape (layers,)
        Root mean square of the layer's output.
    over_time : dict of str to ndarray of shape (time steps,)
        For each recurrent layer (``"0.l0"``) the norm of the error gradient at the hidden state of each time step.
    """

    step: int
    loss: float
    layers: tuple[Module, ...]
    paths: tuple[str, ...]
    gradient_norm: Array
    activation_size: Array
    over_time: dict[str, Array]


class Setting(NamedTuple):
    """Which rows a step sees, with which random numbers, and whether it is one of training."""

    key: Key
    places: Any
    training: bool


def setting_of(run: Any, step: int) -> Setting:
    """The setting of step number `step` of a run: a pure function of its seed (of the first part, for accumulated gradients)."""
    batches = getattr(run.method, "batches", None)
    if batches is None:
        return Setting(Key(run.seed), None, False)
    epoch, places = batches.at(run.problem.rows, run.seed, step)
    return Setting(Key(run.seed, epoch, step * batches.parts), batches.cut(places, run.problem.rows)[0], True)


def network_of(run: Any) -> Module | None:
    """The network that a run trains; None where its model is no module."""
    predict = run.problem.predict
    return predict if isinstance(predict, Module) and run.problem.has_data else None


def measure(run: Any, params: Params, model_state: Any, step: int, rows: int | None = ROWS) -> Probe | None:
    """Probe the network of `run` at `params`, on up to `rows` rows of the batch of `step`, or of the one before if it is short.

    Returns None where there is nothing to measure: the model is no module, or its loss does not depend on its parameters.

    Examples
    --------
    >>> import steepest as sd
    >>> net = sd.MLP(1, [4, 4], 1, "tanh")
    >>> params, state = net.init(0)
    >>> x = np.linspace(0, 1, 9)[:, None]
    >>> run = sd.Run(sd.Problem(net, params, x, x, state=state), sd.Descent(sd.Adam()), steps=5).finish()
    >>> measure(run, run.params, run.state["model"], 5).paths
    ('0', '1', '2', '3', '4')
    """
    network = network_of(run)
    if network is None:
        return None
    key, places, training = setting_of(run, _full_batch(run, step))
    problem = run.problem
    batch = problem.batch(_thinned(places, problem.rows, rows))
    leaves = problem.leaves(params)
    with np.errstate(all="ignore"), linking(), inside_transform():
        seen = network.layer_outputs(leaves, model_state, batch.inputs, key, training)
        objective = problem.objective(seen[-1].output, batch, leaves)
    if not isinstance(objective, Value) or not objective.requires_grad:
        return None
    layers, times = _sorted_out(seen)
    wanted = [s.output for s in layers] + [s.output for steps in times.values() for s in steps]
    with np.errstate(all="ignore"):
        norms = np.array(
            [norm(np.ravel(g)) for g in graph.pull_back(objective, np.ones_like(objective._data), wanted, False)]
        )
        sizes = np.array([norm(np.ravel(s.output._data)) / np.sqrt(max(s.output._data.size, 1)) for s in layers])
    over_time, start = {}, len(layers)
    for name, steps in times.items():
        over_time[name] = norms[start : start + len(steps)]
        start += len(steps)
    return Probe(
        step,
        float(plain(objective)),
        tuple(s.module for s in layers),
        tuple(s.path for s in layers),
        norms[: len(layers)],
        sizes,
        over_time,
    )


def _full_batch(run: Any, step: int) -> int:
    """`step`, or the one before it where an epoch leaves it less than half a batch: few rows say little, least with BatchNorm."""
    batches = getattr(run.method, "batches", None)
    if batches is None or batches.is_full(run.problem.rows):
        return step
    left = run.problem.rows % batches.size
    ends_epoch = (step + 1) % batches.per_epoch(run.problem.rows) == 0
    return step - 1 if ends_epoch and step > 0 and 0 < 2 * left < batches.size else step


def _thinned(places: Any, count: int, rows: int | None) -> Any:
    """At most `rows` of the rows at `places`, evenly spread."""
    if isinstance(places, np.ndarray):
        count = len(places)
    elif isinstance(places, slice):
        places = np.arange(places.start, places.stop)
        count = len(places)
    if rows is None or count <= rows:
        return places
    chosen = np.linspace(0, count - 1, rows).astype(np.intp)
    return chosen if places is None else places[chosen]


def _sorted_out(seen: list[LayerOutput]) -> tuple[list[LayerOutput], dict[str, list[LayerOutput]]]:
    """The layers' outputs, each once (a container's is that of its last layer), and those of the time steps."""
    layers: list[LayerOutput] = []
    times: dict[str, list[LayerOutput]] = {}
    taken: set[int] = set()
    for shown in seen:
        output = shown.output
        if not isinstance(output, Value) or not output.requires_grad:
            continue
        if _TIME_STEP.search(shown.path):
            times.setdefault(shown.path.rpartition(".")[0], []).append(shown)
        elif id(output) not in taken:
            taken.add(id(output))
            layers.append(shown)
    return layers, times


def owner(name: str) -> str:
    """The place of the layer to which a parameter belongs: ``"2"`` for ``"2.weight"``."""
    return name.rpartition(".")[0]


def update_ratios(paths: tuple[str, ...], before: Params, after: Params) -> Array:
    """|change| / |weights| of each layer in one step, shape (layers,); NaN for layers without parameters or all at 0."""
    squares = {path: [0.0, 0.0] for path in paths}
    was, now = before.flat.astype(np.float64), after.flat.astype(np.float64)
    with np.errstate(all="ignore"):
        for name, place in before.places().items():
            if (pair := squares.get(owner(name))) is not None:
                pair[0] = float(np.hypot(pair[0], norm(now[place] - was[place])))
                pair[1] = float(np.hypot(pair[1], norm(was[place])))
    return np.array([change / size if size > 0 else np.nan for change, size in squares.values()])
