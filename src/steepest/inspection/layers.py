"""Which layer of a network an operation belongs to, and which layers are shown as one block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from steepest.autodiff.apply import Value
from steepest.autodiff.graph import topological
from steepest.base.choices import suggestion
from steepest.base.errors import ModelError
from steepest.inspection.local import follows
from steepest.inspection.trace import Trace, texts
from steepest.nn.module import plain

ALL = "all"
Unfold = str | Iterable[str] | None


@dataclass(frozen=True)
class Layer:
    """One call of a layer, or of a part of it, such as a time step.

    Attributes
    ----------
    name : str
        Its dotted path, or the kind of the outermost module; with the number of the call after a # from the second call on.
    path : str
    title : str
        What it is: ``Linear(2, 3)``.
    output : Value
    container : bool
        Whether it is made of other layers.
    """

    name: str
    path: str
    title: str
    output: Any
    container: bool


@dataclass(frozen=True)
class Layers:
    """The layers that are shown folded, and the operations in each.

    Attributes
    ----------
    of : dict
        From the id of a value inside a folded layer to that layer's name.
    by_name : dict
        The folded layers.
    own : set of int
        The ids of results that are made of parameters alone.
    """

    of: Mapping[int, str]
    by_name: Mapping[str, Layer]
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
        if unfold == ALL:
            return cls({}, {}, set())
        calls = _calls(trace)
        opened = _opened(calls, unfold)
        own = _of_parameters_alone(trace.loss) if calls else set()
        of: dict[int, str] = {}
        chains = [_enclosing(calls, k) for k in range(len(calls))]
        for place, k in _inside(calls, own).items():
            shown = next((calls[j].name for j in chains[k] if calls[j].name not in opened), None)
            if shown is not None:
                of[place] = shown
        names = set(of.values())
        return cls(of, {call.name: call for call in calls if call.name in names}, own)


def layer_of(trace: Trace) -> dict[int, str]:
    """From the id of each value inside a layer to the layer's name, time steps told apart."""
    calls = _calls(trace)
    return {place: calls[k].name for place, k in _inside(calls, set()).items()}


def _calls(trace: Trace) -> list[Layer]:
    seen: dict[str, int] = {}
    calls = []
    for path, module, output in trace.layers:
        name = path or type(module).__name__
        seen[name] = seen.get(name, 0) + 1
        name = name if seen[name] == 1 else f"{name}#{seen[name]}"
        title = trace.title.partition(" of ")[0] if module is None else _title(trace, path, module)
        calls.append(Layer(name, path, title, output, module is not None and bool(module.children)))
    return calls


def _title(trace: Trace, path: str, module: Any) -> str:
    """What stands at a path: the module, or the part of it that the rest of the path names, as a time step."""
    whole = [p for p, m, _ in trace.layers if m is module and _within(path, p)]
    return f"{type(module).__name__} {path.removeprefix(f'{whole[0]}.')}" if whole else repr(module)


def _within(path: str, whole: str) -> bool:
    """Whether a path leads into another one."""
    return path != whole and (whole == "" or path.startswith(f"{whole}."))


def _inside(calls: Sequence[Layer], own: Set[int]) -> dict[int, int]:
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


def _enclosing(calls: Sequence[Layer], k: int) -> list[int]:
    """The calls that call number `k` is part of, outermost first, itself last: later ones whose path leads to its own."""
    found: dict[str, int] = {}
    for j in range(k + 1, len(calls)):
        if _within(calls[k].path, calls[j].path):
            found.setdefault(calls[j].path, j)
    return [*sorted(found.values(), key=lambda j: len(calls[j].path)), k]


def _of_parameters_alone(loss: Value) -> set[int]:
    """Results that depend on nothing but parameters and single numbers."""
    own: set[int] = set()
    for value in topological(loss):
        if value.primitive is not None and value is not loss:
            rest = [x for x in value.inputs if not (follows(x) and (x.primitive is None or id(x) in own))]
            if all(np.size(plain(x)) == 1 for x in rest):
                own.add(id(value))
    return own


def _opened(calls: Sequence[Layer], unfold: Unfold) -> set[str]:
    """The layers whose inside is shown: containers always, since they are no layers themselves."""
    asked = [] if unfold is None else texts("unfold", unfold)
    known = [call.name for call in calls]
    for name in asked:
        if name not in known:
            if not known:
                raise ModelError(f"unfold={name!r}: this loss has no layers, so all its operations are shown anyway.")
            outer = ", ".join(call.name for call in calls if not call.container and not call.title.endswith(call.path))
            raise ModelError(
                f"there is no layer {name!r} to unfold.{suggestion(str(name), known)} There are {outer}; 'all' unfolds every one."
            )
    return {call.name for call in calls if call.container} | set(asked)
