"""The two walks over the gradient graph: backwards from a result, forwards from its inputs. Both are loops, not recursions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.autodiff.apply import Value, linking, no_grad, scope
from steepest.autodiff.rules import LinearMap, match, shape_of
from steepest.base.errors import DifferentiationError, SteepestError


def topological(out: Value) -> list[Value]:
    """Every value that requires grad and that `out` depends on, inputs before what is made of them; `out` is last."""
    order: list[Value] = []
    seen: set[int] = set()
    stack: list[Value | None] = [out]
    ready: list[Value] = []  # values whose inputs are above them on the stack, each marked there by a None
    while stack:
        value = stack.pop()
        if value is None:
            order.append(ready.pop())
        elif id(value) not in seen:
            seen.add(id(value))
            if value.primitive is None:
                order.append(value)
                continue
            ready.append(value)
            stack.append(None)
            stack.extend([x for x in value.inputs if isinstance(x, Value) and x.requires_grad])
    return order


def _linearise(value: Value, on_values: bool) -> LinearMap:
    """The derivative of the node that made `value`, on Tensors if the walk itself is to be differentiated or recorded."""
    rule = value.primitive.rule  # type: ignore[union-attr]
    assert rule is not None
    if on_values:
        return rule(value, value.inputs, value.static)
    return rule(value._data, tuple([x._data if isinstance(x, Value) else x for x in value.inputs]), value.static)


def _wrong(g: Any, x: Value, maker: Value) -> DifferentiationError:
    """A wrong rule is found where it acts, not where its result surprises."""
    assert maker.primitive is not None
    return DifferentiationError(
        f"the derivative rule of '{maker.primitive.name}' gave {type(g).__name__} of shape {shape_of(g)} and dtype "
        f"{getattr(g, 'dtype', None)} where shape {x.shape} and dtype {x.dtype} belong."
    )


def _broken(error: Exception, maker: Value) -> DifferentiationError:
    assert maker.primitive is not None
    return DifferentiationError(f"the derivative rule of '{maker.primitive.name}' failed: {error}")


def _fits(g: Any, x: Value) -> bool:
    data = x._data
    return getattr(g, "shape", None) == data.shape and g.dtype == data.dtype


def _reaching(order: Sequence[Value], wrt: Sequence[Value]) -> set[int]:
    """Which values depend on one of `wrt`: the walk visits no others."""
    reaching = {id(v) for v in wrt}
    if all(value.primitive is not None or id(value) in reaching for value in order):
        return {id(value) for value in order}  # every leaf is asked for, so every value depends on one
    for value in order:
        for x in value.inputs:
            if id(x) in reaching:
                reaching.add(id(value))
                break
    return reaching


def pull_back(
    out: Value, cotangent: Any, wrt: Sequence[Value], create_graph: bool, order: Sequence[Value] | None = None
) -> list[Any]:
    """Reverse walk: the gradient of ``sum(cotangent * out)`` with respect to each of `wrt`.

    The table of gradients belongs to the call, so that walks over the same graph do not disturb each other.

    Returns
    -------
    list
        Plain arrays, or Tensors if `create_graph`, if a recording is on or if `cotangent` requires grad (the walk is linear in
        it); zeros for what `out` does not depend on.

    Raises
    ------
    DifferentiationError
        Names the operation whose rule fails or gives a gradient of the wrong shape or dtype.
    """
    order = topological(out) if order is None else order
    reaching = _reaching(order, wrt)
    on_values = create_graph or scope.recorder is not None
    wanted = {id(v) for v in wrt}
    results: dict[int, Any] = {}
    cotangent, followed = _seed(cotangent, out, on_values)
    grads: dict[int, Any] = {id(out): cotangent}
    # NumPy would warn of 1/0 in branches that `where` masks; what is not finite shows in the result.
    with linking() if create_graph or followed else no_grad(), np.errstate(all="ignore"):
        for value in reversed(order):
            g = grads.pop(id(value), None)
            if g is None:
                continue
            if id(value) in wanted:
                results[id(value)] = g
            if value.primitive is None:
                continue
            inputs = value.inputs
            wants = [id(x) in reaching for x in inputs]
            if True not in wants:
                continue
            try:
                pulled = _linearise(value, on_values).pull(g, wants)
            except SteepestError:
                raise
            except Exception as error:
                raise _broken(error, value) from error
            for x, want, gx in zip(inputs, wants, pulled, strict=True):
                if not want or gx is None:
                    continue
                if not _fits(gx, x):
                    raise _wrong(gx, x, value)
                place = id(x)
                grads[place] = grads[place] + gx if place in grads else gx
    return [results[id(v)] if id(v) in results else np.zeros(v.shape, v.dtype) for v in wrt]


def _seed(start: Any, value: Value, on_values: bool) -> tuple[Any, bool]:
    """What a walk starts with at `value`, in its dtype, and whether the walk is to be linked to it."""
    if not isinstance(start, Value):
        return np.asarray(start, value.dtype), False
    if not (on_values or start.requires_grad):
        return start._data.astype(value.dtype, copy=False), False
    return match(start, value), start.requires_grad and scope.linking


def push_forward(
    out: Value,
    wrt: Sequence[Value],
    directions: Sequence[Sequence[Any]],
    create_graph: bool,
    order: Sequence[Value] | None = None,
) -> list[Any]:
    """Forward walk: the change of `out` for each of `directions`, each a list of one tangent (or None) for each of `wrt`.

    All directions go through a node together, so that its local derivatives are computed once. Results and errors are as those of
    `pull_back`.
    """
    order = topological(out) if order is None else order
    reaching = _reaching(order, wrt)
    on_values = create_graph or scope.recorder is not None
    followed = False
    tables: list[dict[int, Any]] = []
    for direction in directions:
        table: dict[int, Any] = {}
        for v, t in zip(wrt, direction, strict=True):
            if t is not None:
                table[id(v)], linked = _seed(t, v, on_values)
                followed = followed or linked
        tables.append(table)
    last_use = {id(x): i for i, value in enumerate(order) for x in value.inputs}
    # NumPy would warn of 1/0 in branches that `where` masks; what is not finite shows in the result.
    with linking() if create_graph or followed else no_grad(), np.errstate(all="ignore"):
        for i, value in enumerate(order):
            if id(value) not in reaching or value.primitive is None or any(id(value) in t for t in tables):
                continue
            rule_map: LinearMap | None = None
            for table in tables:
                tangents = [table.get(id(x)) for x in value.inputs]
                if any(t is not None for t in tangents):
                    try:
                        rule_map = rule_map or _linearise(value, on_values)
                        pushed = rule_map.push(tangents)
                    except SteepestError:
                        raise
                    except Exception as error:
                        raise _broken(error, value) from error
                    if pushed is not None:
                        if not _fits(pushed, value):
                            raise _wrong(pushed, value, value)
                        table[id(value)] = pushed
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
