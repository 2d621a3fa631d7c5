"""The two walks over the gradient graph: backwards from a result, forwards from its inputs. Both are loops, not recursions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.autodiff.apply import Value, linking, no_grad, scope
from steepest.autodiff.rules import LinearMap, shape_of
from steepest.base.errors import DifferentiationError


def topological(out: Value) -> list[Value]:
    """Every value that requires grad and that `out` depends on, inputs before what is made of them; `out` is last."""
    order: list[Value] = []
    seen: set[int] = set()
    stack: list[tuple[Value, bool]] = [(out, False)]
    while stack:
        value, done = stack.pop()
        if done:
            order.append(value)
            continue
        if id(value) in seen:
            continue
        seen.add(id(value))
        stack.append((value, True))
        stack.extend((x, False) for x in value.inputs if isinstance(x, Value) and x.requires_grad and id(x) not in seen)
    return order


def _linearise(value: Value, on_values: bool) -> LinearMap:
    """The derivative of the node that made `value`, on Tensors if the walk itself is to be differentiated or recorded."""
    assert value.primitive is not None
    assert value.primitive.rule is not None
    if on_values:
        return value.primitive.rule(value, value.inputs, value.static)
    plain = tuple(x._data if isinstance(x, Value) else x for x in value.inputs)
    return value.primitive.rule(value._data, plain, value.static)


def _checked(g: Any, x: Value, maker: Value) -> Any:
    """A wrong rule is found where it acts, not where its result surprises."""
    if shape_of(g) != x.shape or g.dtype != x.dtype:
        name = maker.primitive.name if maker.primitive else "?"
        raise DifferentiationError(
            f"the derivative rule of '{name}' gave a gradient of shape {shape_of(g)} and dtype {g.dtype} for an input of "
            f"shape {x.shape} and dtype {x.dtype}."
        )
    return g


def _reaching(order: Sequence[Value], wrt: Sequence[Value]) -> set[int]:
    """Which values depend on one of `wrt`: the walk visits no others."""
    reaching = {id(v) for v in wrt}
    for value in order:
        if any(id(x) in reaching for x in value.inputs):
            reaching.add(id(value))
    return reaching


def pull_back(
    out: Value, cotangent: Any, wrt: Sequence[Value], create_graph: bool, order: Sequence[Value] | None = None
) -> list[Any]:
    """Reverse walk: the gradient of ``sum(cotangent * out)`` with respect to each of `wrt`.

    The table of gradients belongs to the call, so that walks over the same graph do not disturb each other.

    Returns
    -------
    list
        Plain arrays, or Tensors if `create_graph` or if a recording is on; zeros for what `out` does not depend on.
    """
    order = topological(out) if order is None else order
    reaching = _reaching(order, wrt)
    on_values = create_graph or scope.recorder is not None
    wanted = {id(v) for v in wrt}
    results: dict[int, Any] = {}
    grads: dict[int, Any] = {}
    if not on_values and isinstance(cotangent, Value):
        cotangent = cotangent._data
    grads[id(out)] = np.asarray(cotangent, out.dtype) if not isinstance(cotangent, Value) else cotangent
    # NumPy would warn of 1/0 in branches that `where` masks; what is not finite shows in the result.
    with linking() if create_graph else no_grad(), np.errstate(all="ignore"):
        for value in reversed(order):
            g = grads.pop(id(value), None)
            if g is None:
                continue
            if id(value) in wanted:
                results[id(value)] = g
            if value.primitive is None or not any(id(x) in reaching for x in value.inputs):
                continue
            wants = [id(x) in reaching for x in value.inputs]
            for x, gx in zip(value.inputs, _linearise(value, on_values).pull(g, wants), strict=True):
                if gx is None or id(x) not in reaching:
                    continue
                _checked(gx, x, value)
                before = grads.get(id(x))
                grads[id(x)] = gx if before is None else before + gx
    return [results[id(v)] if id(v) in results else np.zeros(v.shape, v.dtype) for v in wrt]


def push_forward(
    out: Value,
    wrt: Sequence[Value],
    directions: Sequence[Sequence[Any]],
    create_graph: bool,
    order: Sequence[Value] | None = None,
) -> list[Any]:
    """Forward walk: the change of `out` for each of `directions`, each a list of one tangent (or None) for each of `wrt`.

    All directions go through a node together, so that its local derivatives are computed once.
    """
    order = topological(out) if order is None else order
    reaching = _reaching(order, wrt)
    on_values = create_graph or scope.recorder is not None
    tables: list[dict[int, Any]] = [
        {id(v): t for v, t in zip(wrt, direction, strict=True) if t is not None} for direction in directions
    ]
    last_use = {id(x): i for i, value in enumerate(order) for x in value.inputs}
    # NumPy would warn of 1/0 in branches that `where` masks; what is not finite shows in the result.
    with linking() if create_graph else no_grad(), np.errstate(all="ignore"):
        for i, value in enumerate(order):
            if id(value) not in reaching or value.primitive is None or any(id(value) in t for t in tables):
                continue
            rule_map: LinearMap | None = None
            for table in tables:
                tangents = [table.get(id(x)) for x in value.inputs]
                if any(t is not None for t in tangents):
                    rule_map = rule_map or _linearise(value, on_values)
                    pushed = rule_map.push(tangents)
                    if pushed is not None:
                        table[id(value)] = _checked(pushed, value, value)
            for x in value.inputs:  # what nobody needs again is let go
                if last_use[id(x)] == i:
                    for table in tables:
                        table.pop(id(x), None)
    return [table[id(out)] if id(out) in table else np.zeros(out.shape, out.dtype) for table in tables]


def needs_graph(order: Sequence[Value], own: Sequence[Value]) -> bool:
    """Whether something outside of `own` will want derivatives of this walk's results."""
    ours = {id(v) for v in own}
    for value in order:
        if id(value) in ours:
            source = value.inputs[0] if value.inputs else None
            if isinstance(source, Value) and source.requires_grad:
                return True
        elif value.primitive is None:
            return True
    return False
