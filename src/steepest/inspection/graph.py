"""`graph`: the blocks and arrows of a loss, collected from its gradient graph."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from steepest.autodiff.apply import Value
from steepest.autodiff.graph import pull_back, topological
from steepest.base.errors import DifferentiationError
from steepest.base.params import Array
from steepest.inspection.blocks import DATA, LAYER, OPERATION, PARAMETER, Arrow, Block, LossGraph
from steepest.inspection.layers import Layers, Unfold
from steepest.inspection.local import Local, follows, gain, local_derivative, local_map, pulled
from steepest.inspection.numbers import Numbers
from steepest.inspection.trace import Subject, Trace, traced
from steepest.inspection.wording import number_text, operation_text
from steepest.nn.module import plain


def graph(
    loss: Subject,
    at: Mapping[str, Any] | None = None,
    *,
    data: Iterable[str] | str = (),
    rows: Any = None,
    unfold: Unfold = None,
    since: Value | Sequence[Value] | None = None,
    names: Mapping[str, Any] | None = None,
) -> LossGraph:
    """The graph of a loss: every value forward, every partial derivative backward, the local derivative on every arrow.

    By the chain rule dL/dx is the sum, over the arrows from x, of the local derivative along the arrow times the partial
    derivative of the block that it leads to. For arrays each element has such a sum, and the graph tells shape, mean and norm.

    Parameters
    ----------
    loss : Tensor, str, Problem, Run or Fit
        A Tensor of one element with a gradient graph; an expression such as ``"-log(sigmoid(w*x))"``; or what to make small, at
        its start or where the run stands. Dropout does nothing here, as when predicting.
    at : mapping of str to number
        A value for each name of an expression.
    data : str or iterable of str
        The names of an expression that are data; the others are parameters. A Tensor is data if it does not require grad.
    rows : int, slice or array of int or bool, optional
        The rows of a Problem's data; all if left out.
    unfold : str or iterable of str, optional
        Paths of layers whose operations are shown, such as ``"0"`` or ``"loss"``; ``"all"`` for every one. Left out, each layer
        of a network is one block.
    since : Tensor or sequence of Tensors, optional
        Draw the part after these: they are shown without what made them.
    names : mapping of str to Tensor or array, optional
        What to call them; the caller's variables if left out.

    Returns
    -------
    LossGraph
        ``print`` shows a table, ``plot(path)`` draws it, a notebook shows the picture.

    Raises
    ------
    DifferentiationError
        There is no graph, the loss is not one number, or an array was changed after the loss was computed.
    FormulaError, ModelError
        A name or a layer is not there (the nearest is offered), or a name has no value.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> w, x = sd.tensor(0.5, requires_grad=True), sd.tensor(2.0)
    >>> u = w * x
    >>> p = sd.ops.sigmoid(u)
    >>> L = -np.log(p)
    >>> print(sd.graph(L))  # doctest: +SKIP
    """
    frame = sys._getframe(1)
    trace = traced(loss, at, data, rows, names, [frame.f_locals, frame.f_globals])
    starts: list[Any] = [] if since is None else [since] if isinstance(since, Value) else list(since)
    if wrong := [start for start in starts if not isinstance(start, Value)]:
        raise DifferentiationError(f"since= is a Tensor or several, not {wrong[0]!r}.")
    return _Collector(trace, Layers.folded(trace, unfold), starts).collect()


Key = int | str  # of a block: the path of a folded layer, or the id of a value or array


class _Use(NamedTuple):
    """Input `i` of the operation that made `value`, coming from another block; `leaf` where it is made of this parameter."""

    value: Value
    i: int
    source: Key
    leaf: Value | None = None


class _Collector:
    """Puts the values of a trace into blocks: each one into its own, those of a folded layer into one together."""

    def __init__(self, trace: Trace, layers: Layers, starts: Sequence[Value]) -> None:
        self.trace, self.layers = trace, layers
        self.starts = {id(value) for value in starts}
        self.order = _since(trace.loss, self.starts)
        known = {id(value) for value in self.order}
        if lost := [value for value in starts if id(value) not in known]:
            raise DifferentiationError(
                f"since= has a Tensor of shape {lost[0].shape} that the loss does not depend on."
            )
        gradients = pull_back(trace.loss, np.ones_like(trace.loss._data), self.order, False)
        self.gradient: dict[int, Array] = {id(v): plain(g) for v, g in zip(self.order, gradients, strict=True)}
        self.members: dict[Key, list[Value]] = {}
        self.constants: dict[Key, Any] = {}
        for value in self.order:
            self.members.setdefault(self._key(value), []).append(value)
        self.names: dict[Key, str] = {}
        self.taken = set(trace.names.values())
        self.counts: dict[str, int] = {}
        self._name_parts()

    def collect(self) -> LossGraph:
        place: dict[Key, int] = {}
        blocks: list[Block] = []
        arrows: list[Arrow] = []
        for key, uses in self._blocks_in_order():
            place[key] = len(blocks)
            blocks.append(self._block(key))
            by_source: dict[Key, list[_Use]] = {}
            for use in uses:
                by_source.setdefault(use.source, []).append(use)
            for source, together in by_source.items():
                arrows.append(Arrow(place[source], place[key], self._local(key, source, together)))
        return LossGraph(self.trace.title or blocks[-1].name, tuple(blocks), tuple(arrows))

    def _blocks_in_order(self) -> list[tuple[Key, list[_Use]]]:
        """Every block with what comes into it, inputs before what is made of them."""
        order: list[tuple[Key, list[_Use]]] = []
        seen: set[Key] = set()
        stack: list[tuple[Key, list[_Use] | None]] = [(self._key(self.trace.loss), None)]
        while stack:
            key, uses = stack.pop()
            if uses is not None:
                order.append((key, uses))
            elif key not in seen:
                seen.add(key)
                uses = self._uses(key)
                stack.append((key, uses))
                stack.extend((use.source, None) for use in reversed(uses))
        return order

    def _uses(self, key: Key) -> list[_Use]:
        folded = isinstance(key, str)
        uses = []
        for value in self.members.get(key, ()):
            if id(value) in self.starts:
                continue
            for i, x in enumerate(value.inputs):
                source = self._key(x) if follows(x) else self._constant(x, folded)
                if source is None or source == key:
                    continue
                if (
                    folded and source in self.layers.own
                ):  # a layer shows the parameters themselves, not what it makes of them
                    leaves = (leaf for leaf in topological(x) if leaf.primitive is None)
                    uses += [_Use(value, i, id(leaf), leaf) for leaf in leaves]
                else:
                    uses.append(_Use(value, i, source))
        return uses

    def _key(self, value: Value) -> Key:
        return id(value) if id(value) in self.starts else self.layers.of.get(id(value), id(value))

    def _constant(self, x: Any, inside: bool) -> Key | None:
        """The block of an input without a derivative; None for a number, which stands in the operation, and inside of layers."""
        array = np.asarray(plain(x))
        if array.dtype.kind not in "fiub":
            return None
        if id(x) not in self.constants:
            if id(x) in self.trace.names:
                self.names[id(x)] = self.trace.names[id(x)]
            if id(x) not in self.names and (array.size == 1 or inside):
                return None
            self.constants[id(x)] = x
        return id(x)

    def _name_parts(self) -> None:
        """Views of an array with a name are called its parts, in the order in which they lie in memory."""
        named = [thing for thing in self.trace.kept if isinstance(thing, np.ndarray)]
        parts: dict[str, dict[int, Array]] = {}
        for x in (x for value in self.order for x in value.inputs if isinstance(x, np.ndarray) and x.size > 1):
            if id(x) not in self.trace.names:
                whole = next((thing for thing in named if np.may_share_memory(thing, x)), None)
                if whole is not None:
                    parts.setdefault(self.trace.names[id(whole)], {})[id(x)] = x
        for name, views in parts.items():
            for k, x in enumerate(sorted(views.values(), key=lambda x: x.ctypes.data), 1):
                self.names[id(x)] = f"{name} part {k}"

    # ---- one block
    def _block(self, key: Key) -> Block:
        if key in self.constants:
            return Block(self._name(key, "c"), DATA, "", Numbers.of(np.asarray(plain(self.constants[key]))), None)
        if isinstance(key, str):
            layer = self.layers.by_name[key]
            value, kind, made_by = layer.output, LAYER, layer.title
            if value is not self.trace.loss:
                self.names[key] = key
        else:
            value = self.members[key][-1]
            kind = OPERATION if value.primitive is not None else DATA if id(value) in self.trace.data else PARAMETER
            made_by = "" if value.primitive is None or id(value) in self.starts else self._made_by(value)
            if (name := self.trace.names.get(id(value))) is not None:
                self.names[key] = name
        letter = "L" if value is self.trace.loss else "w" if kind == PARAMETER else "v"
        gradient = Numbers.of(self.gradient[id(value)])
        return Block(self._name(key, letter), kind, made_by, Numbers.of(value._data), gradient)

    def _made_by(self, value: Value) -> str:
        keys = [self._key(x) if follows(x) else id(x) for x in value.inputs]
        known = (self.names.get(key) for key in keys)
        return operation_text(value, [name or number_text(x) for name, x in zip(known, value.inputs)])

    def _name(self, key: Key, letter: str) -> str:
        """The name of a block; for one that has none L (the loss), or v1, v2, … (c1, …: constants, w1, …: parameters)."""
        if key not in self.names:
            self.names[key] = "L" if letter == "L" and "L" not in self.taken else self._fresh(letter)
        return self.names[key]

    def _fresh(self, start: str) -> str:
        """A name that nobody has: the start and a number."""
        while True:
            self.counts[start] = number = self.counts.get(start, 0) + 1
            if (name := f"{start}{number}") not in self.taken:
                return name

    # ---- one arrow
    def _local(self, key: Key, source: Key, uses: list[_Use]) -> tuple[Local, ...]:
        uses = [use for use in uses if follows(use.value.inputs[use.i])]
        if not isinstance(key, str):
            return tuple(local_derivative(u.value, local_map(u.value), u.i, self.gradient[id(u.value)]) for u in uses)
        if not uses:
            return ()
        sums: dict[int, Array] = {}  # contributions to the same value are added, as its gradient adds them
        for value, i, _, leaf in uses:
            x = value.inputs[i]
            piece = pulled(value, local_map(value), i, self.gradient[id(value)])
            if leaf is not None:
                x, piece = leaf, pull_back(x, piece, [leaf], False)[0]
            sums[id(x)] = sums[id(x)] + piece if id(x) in sums else piece
        after = np.concatenate([np.ravel(piece) for piece in sums.values()])
        return (Local(gain=gain(after, self.gradient[id(self.layers.by_name[key].output)])),)


def _since(loss: Value, starts: set[int]) -> list[Value]:
    """As `topological`, but not beyond where the drawing starts."""
    order: list[Value] = []
    seen: set[int] = set()
    stack: list[tuple[Value, bool]] = [(loss, False)]
    while stack:
        value, made = stack.pop()
        if made:
            order.append(value)
        elif id(value) not in seen:
            seen.add(id(value))
            stack.append((value, True))
            if id(value) not in starts:
                stack.extend((x, False) for x in reversed(value.inputs) if follows(x))
    return order
