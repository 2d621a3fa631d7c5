"""Which layers can be exported: a table from what a layer does to the rule that writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from steepest.base.errors import ModelError
from steepest.nn.activations import Activation
from steepest.nn.module import Module
from steepest.nn.recurrent import Recurrent

Rule = TypeVar("Rule")


def rule_of(layer: Module, path: str, rules: Mapping[Any, Rule], what: str) -> Rule:
    """The rule for a layer, found by the function that computes it: a subclass that computes otherwise has none.

    Raises
    ------
    ModelError
        There is none; names the layer and its place.
    """
    computes = type(layer).apply
    if computes is Activation.apply:
        computes = type(layer).of  # type: ignore[attr-defined]
    elif computes is Recurrent.apply:
        computes = type(layer).cell  # type: ignore[attr-defined]
    if computes in rules:
        return rules[computes]
    place = f"layer {path} ({layer!r})" if path else repr(layer)
    raise ModelError(f"{place} cannot be exported to {what}: steepest knows no way to write it there.")


def walk(net: Module, path: str, containers: Mapping[Any, Any], visit: Callable[[Module, str], None]) -> None:
    """Call ``visit(layer, path)`` for each layer of nested sequences, in order."""
    if type(net).apply in containers:
        for name, child in net.children.items():
            walk(child, f"{path}.{name}" if path else name, containers, visit)
    else:
        visit(net, path)
