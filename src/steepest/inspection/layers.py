"""Which layer of a network an operation belongs to, and which layers are shown as one block."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.autodiff.apply import Value
from steepest.autodiff.graph import topological
from steepest.base.errors import ModelError
from steepest.inspection.local import follows
from steepest.inspection.trace import Trace
from steepest.nn.module import plain

ALL = "all"
Unfold = str | Iterable[str] | None


@dataclass(frozen=True)
class Layer:
    """One call of a layer, or of a part of it, such as a time step.

    Attributes
    ----------
    path : str
        Its dotted path, with the number of the call after a # from the second call on.
    title : str
        What it is: ``Linear(2, 3)``.
    output : Value
    """

    path: str
    title: str
    output: Any


@dataclass(frozen=True)
class Layers:
    """The layers that are shown folded, and the operations in each.

    Attributes
    ----------
    of : dict
        From the id of a value inside a folded layer to that layer's path.
    by_path : dict
        The folded layers.
    own : set of int
        The ids of results that are made of parameters alone.
    """

    of: Mapping[int, str]
    by_path: Mapping[str, Layer]
    own: Set[int]

    @classmethod
    def folded(cls, trace: Trace, unfold: Unfold) -> Layers:
        """Fold each layer of the trace's network into one block, except those that `unfold` names.

        What a layer's output depends on, and no earlier output does, is inside of that layer. So arrows go from earlier layers to
        later ones only, and folding makes no circle. What is made of parameters alone, such as a transposed weight, is in no
        layer: several time steps may use it.

        Raises
        ------
        ModelError
            `unfold` names no layer; the nearest is offered.
        """
        opened = _opened(trace, unfold)
        if unfold == ALL:
            return cls({}, {}, set())
        calls = [*_calls(trace)]
        own = _of_parameters_alone(trace.loss)
        inside: dict[int, int] = {}  # from the id of a value to the place of the call in which it arises
        for k, call in enumerate(calls):
            stack = [call.output] if follows(call.output) else []
            while stack:
                value: Value = stack.pop()
                if id(value) not in inside and id(value) not in own and value.primitive is not None:
                    inside[id(value)] = k
                    stack.extend(x for x in value.inputs if follows(x))
        chains = [_enclosing(calls, k) for k in range(len(calls))]
        of: dict[int, str] = {}
        for place, k in inside.items():
            shown = next((j for j in chains[k] if calls[j].path not in opened), None)
            if shown is not None:
                of[place] = calls[shown].path
        return cls(of, {call.path: call for call in calls if call.path in set(of.values())}, own)


def layer_of(trace: Trace) -> dict[int, str]:
    """From the id of each value inside a layer to the layer's path, time steps told apart."""
    calls = _calls(trace)
    return {place: calls[k].path for place, k in _inside(calls, set()).items()}


def _inside(calls: list[Layer], own: Set[int]) -> dict[int, int]:
    """From the id of a value to the place of the call in which it arises."""
    inside: dict[int, int] = {}
    for k, call in enumerate(calls):
        stack = [call.output] if follows(call.output) else []
        while stack:
            value: Value = stack.pop()
            if id(value) not in inside and id(value) not in own and value.primitive is not None:
                inside[id(value)] = k
                stack.extend(x for x in value.inputs if follows(x))
    return inside


def _of_parameters_alone(loss: Value) -> set[int]:
    """Results that depend on nothing but parameters and single numbers."""
    own: set[int] = set()
    for value in topological(loss):
        if value.primitive is not None and value is not loss:
            rest = [x for x in value.inputs if not (follows(x) and (x.primitive is None or id(x) in own))]
            if all(np.size(plain(x)) == 1 for x in rest):
                own.add(id(value))
    return own


def _calls(trace: Trace) -> list[Layer]:
    seen: dict[str, int] = {}
    calls = []
    for path, module, output in trace.layers:
        if path == "":
            continue
        seen[path] = seen.get(path, 0) + 1
        title = trace.title.partition(" of ")[0] if module is None else _title(trace, path, module)
        calls.append(Layer(path if seen[path] == 1 else f"{path}#{seen[path]}", title, output))
    return calls


def _title(trace: Trace, path: str, module: Any) -> str:
    """What stands at a path: the module, or the part of it that the rest of the path names, as a time step."""
    whole = [p for p, m, _ in trace.layers if m is module and p and path.startswith(f"{p}.")]
    return f"{type(module).__name__} {path.removeprefix(f'{whole[0]}.')}" if whole else repr(module)


def _enclosing(calls: list[Layer], k: int) -> list[int]:
    """The calls that call number `k` is part of, outermost first, itself last: later ones whose path is the start of its own."""
    path = calls[k].path.partition("#")[0]
    parts = path.split(".")
    chain = []
    for length in range(1, len(parts)):
        start = ".".join(parts[:length])
        later = next((j for j in range(k, len(calls)) if calls[j].path.partition("#")[0] == start), None)
        if later is not None:
            chain.append(later)
    return [*chain, k]


def _opened(trace: Trace, unfold: Unfold) -> set[str]:
    """The paths whose inside is shown: containers always, since they are no layers themselves."""
    known = {call.path for call in _calls(trace)}
    containers = {path for path, module, _ in trace.layers if module is not None and module.children}
    asked = [] if unfold is None or unfold == ALL else [unfold] if isinstance(unfold, str) else list(unfold)
    for path in asked:
        if path not in known:
            if not known:
                raise ModelError(f"unfold={path!r}: this loss has no layers, so all its operations are shown anyway.")
            near = difflib.get_close_matches(str(path), sorted(known), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            listed = ", ".join(path for path in sorted(known - containers) if path.count(".") < 2)
            raise ModelError(
                f"there is no layer {path!r} to unfold.{hint} There are {listed}; 'all' unfolds every one."
            )
    containers |= {call.path for call in _calls(trace) if call.path.partition("#")[0] in containers}
    return containers | set(asked)
