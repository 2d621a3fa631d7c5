"""Where a run first met a number that is not finite: the operation, the layer, the row, found by replaying the step."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from steepest.autodiff import graph
from steepest.autodiff.apply import Value, inside_transform, linking
from steepest.base.params import Array
from steepest.doctor.finding import listed
from steepest.doctor.layer_history import named
from steepest.doctor.probes import network_of, setting_of
from steepest.nn.module import plain
from steepest.nn.place import LayerOutput

SWELL = 1e8  # times the largest number before the layer: no weights of a network that learns do that

Place = Callable[[int], str]


class Origin(NamedTuple):
    """The first operation that gave something that is not finite although what it was made of is.

    Attributes
    ----------
    operation : str
        Name of the primitive; ``""`` for a number that was not finite before any operation on parameters: the data's.
    layer : str
        ``"Linear 2"``, ``"RNN 0, time step 17"``, ``"the loss"``; ``""`` for models without layers.
    row : int or None
        Row of the data, counted from 0, where that can be said.
    value : float
        inf or nan.
    inputs : tuple of float
        The numbers that the operation took there; for one that is not elementwise the largest of each input.
    elementwise : bool
    of_gradient : bool
        Whether it is the derivative of the operation that is not finite, its result being so.
    swell : (str, float, float) or None
        A layer in which the largest number grew out of all proportion on the way there, and from what to what.
    """

    operation: str
    layer: str
    row: int | None
    value: float
    inputs: tuple[float, ...]
    elementwise: bool
    of_gradient: bool = False
    swell: tuple[str, float, float] | None = None

    def words(self, place: Place | None = None) -> str:
        """``"exp of 812 is inf in Linear 2 at row 18 of the data"``.

        Parameters
        ----------
        place : callable, optional
            Row number (from 0) to words, such as "line 17 of co2.csv".
        """
        rows = "" if self.row is None else f" in {place(self.row)}" if place else f" at row {self.row + 1} of the data"
        where = f" in {self.layer}" if self.layer else ""
        if not self.operation:
            return f"a number that the model was given is {self.value}{where}{rows}"
        numbers = listed([f"{x:.4g}" for x in self.inputs]) if self.inputs else "nothing"
        if self.of_gradient:
            return f"the derivative of {self.operation}{where} at {numbers} is not finite{rows}"
        of = numbers if self.elementwise else f"numbers as large as {numbers}"
        return f"{self.operation} of {of} is {self.value}{where}{rows}"


def origin(run: Any) -> Origin | None:
    """Replay the step at which `run` stands, and find where its loss or its gradient first is not finite; None if all is.

    Examples
    --------
    >>> import steepest as sd
    >>> x = np.array([1.0, 2.0, 400.0])
    >>> problem = sd.Problem(lambda p, x: np.exp(p["a"] * x), {"a": 2.0}, x, x)
    >>> origin(sd.Run(problem, sd.Descent(learning_rate=0.1), steps=1).finish()).words()
    'exp of 800 is inf at row 3 of the data'
    """
    problem, step = run.problem, run.steps_done
    network = network_of(run)
    setting = setting_of(run, step)
    batches = getattr(run.method, "batches", None)
    cut = [None] if batches is None else batches.cut(batches.at(problem.rows, run.seed, step)[1], problem.rows)
    state = run.state.get("model", problem.initial_state)
    for k, places in enumerate(cut):
        batch = problem.batch(places)
        leaves = problem.leaves(run.position)
        key = setting.key._replace(step=setting.key.step + k)
        seen: list[LayerOutput] = []
        with np.errstate(all="ignore"), linking(), inside_transform():
            if network is None:
                outputs, _ = problem.predict(leaves, state, batch.inputs, key, setting.training)
            else:
                seen = network.layer_outputs(leaves, state, batch.inputs, key, setting.training)
                outputs = seen[-1].output
            objective = problem.objective(outputs, batch, leaves)
        if isinstance(objective, Value) and (found := _search(objective, seen, places, batch.rows)) is not None:
            return found if problem.has_data else found._replace(row=None)
    return None


def _search(objective: Value, seen: list[LayerOutput], places: Any, rows: int) -> Origin | None:
    order = graph.topological(objective)
    found = _forward(objective, order) if not _finite(objective) else _backward(objective, order)
    if found is None:
        return None
    value, index, result = found
    if len(index) and value.shape[0] == rows and rows > 1:
        row = _in_data(index[0], places)
        result = result._replace(row=row)
    return result._replace(layer=_layer_of(value, seen), swell=_swell(seen))


def _swell(seen: list[LayerOutput]) -> tuple[str, float, float] | None:
    """The layer whose largest output is most out of proportion to that of the one before, both finite."""
    sizes = [float(np.max(np.abs(plain(shown.output)), initial=0.0)) for shown in seen]
    worst: tuple[float, int] | None = None
    for k in range(1, len(seen)):
        before, after = sizes[k - 1], sizes[k]
        if before > 0 and after < np.inf and after / before > SWELL and (worst is None or after / before > worst[0]):
            worst = (after / before, k)
    return None if worst is None else (place_named(seen[worst[1]]), sizes[worst[1] - 1], sizes[worst[1]])


Found = tuple[Value, tuple[int, ...], Origin]


def _forward(objective: Value, order: Sequence[Value]) -> Found | None:
    """From the loss back along what is not finite, to the first operation whose inputs are."""
    bad = {id(objective)}
    for value in reversed(order):
        if id(value) in bad:
            bad |= {id(x) for x in value.inputs if isinstance(x, Value) and not _finite(x)}
    for value in order:  # inputs come before what is made of them
        if id(value) not in bad or value.primitive is None:
            continue
        arrays = [np.asarray(plain(x)) for x in value.inputs]
        spoilt = [a for a in arrays if not _finite(a)]
        if not spoilt:
            index = _first(value._data)
            numbers, elementwise = _inputs_at(arrays, value._data, index)
            return value, index, Origin(value.primitive.name, "", None, float(value._data[index]), numbers, elementwise)
        if not any(id(x) in bad for x in value.inputs):  # a constant that is not finite: from the data
            index = _first(spoilt[0])
            return value, index, Origin("", "", None, float(spoilt[0][index]), (), True)
    return None


def _backward(objective: Value, order: Sequence[Value]) -> Found | None:
    """From the loss back to the first operation that makes a finite gradient one that is not."""
    gradients = graph.pull_back(objective, np.ones_like(objective._data), order, False, order)
    finite = {id(value): _finite(g) for value, g in zip(order, gradients, strict=True)}
    found: Found | None = None
    for value in order:  # the last one found is the first on the way back
        if value.primitive is None or not finite[id(value)]:
            continue
        for x in value.inputs:
            if isinstance(x, Value) and not finite.get(id(x), True):
                gradient = next(g for v, g in zip(order, gradients, strict=True) if v is x)
                index = _first(gradient)
                numbers, elementwise = _inputs_at([np.asarray(x._data)], gradient, index)
                found = (
                    x,
                    index,
                    Origin(value.primitive.name, "", None, float(gradient[index]), numbers, elementwise, True),
                )
                break
    return found


def _finite(x: Any) -> bool:
    data = np.asarray(plain(x))
    return data.dtype.kind != "f" or bool(np.isfinite(data).all())


def _first(data: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(~np.isfinite(data))[0])


def _inputs_at(arrays: list[Array], result: Array, index: tuple[int, ...]) -> tuple[tuple[float, ...], bool]:
    """What the operation took at `index`, if it works element by element as far as the shapes tell; else the largest numbers."""
    if arrays and all(_broadcasts(a.shape, result.shape) for a in arrays) and _covers(arrays, result.shape):
        return tuple(float(np.broadcast_to(a, result.shape)[index]) for a in arrays), True
    return tuple(float(np.max(np.abs(a), initial=0.0)) for a in arrays), False


def _covers(arrays: list[Array], shape: tuple[int, ...]) -> bool:
    return np.broadcast_shapes(*(a.shape for a in arrays)) == shape


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def _in_data(row: int, places: Any) -> int:
    if isinstance(places, np.ndarray):
        return int(places[row])
    return row + (places.start or 0) if isinstance(places, slice) else row


def _layer_of(value: Value, seen: list[LayerOutput]) -> str:
    """The first layer whose output depends on `value`."""
    if not seen:
        return ""
    visited: set[int] = set()
    for shown in seen:
        stack = [shown.output]
        while stack:
            x = stack.pop()
            if not isinstance(x, Value) or id(x) in visited:
                continue
            if x is value:
                return place_named(shown)
            visited.add(id(x))
            stack.extend(x.inputs)
    return "the loss"


def place_named(shown: LayerOutput) -> str:
    """``"Linear 2"``, or ``"RNN 0, time step 17"``."""
    if match := re.search(r"^(?:(.*)\.)?l(\d+)\.t(\d+)$", shown.path):
        path, layer, time = match.groups()
        part = f", layer {layer}" if getattr(shown.module, "layers", 1) > 1 else ""
        return f"{named(shown.module, path or '')}{part}, time step {time}"
    return named(shown.module, shown.path)
