"""Sequential: modules one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steepest.base.errors import ModelError, ShapeError
from steepest.nn.module import Module, Numbers, State
from steepest.nn.place import LayerShapeError, Part, as_place


class Sequential(Module):
    """Modules one after the other: each one's output is the next one's input.

    Parameters
    ----------
    *modules : Module
        Their places are their names, as in PyTorch: the first layer's weight is ``0.weight``.

    Attributes
    ----------
    modules : list of Module

    Raises
    ------
    ModelError
        Something is no module, or one module stands in two places (its parameters would have two names).
    ShapeError
        A layer expects another number of features than the one before it gives; names both.

    Examples
    --------
    >>> import numpy as np
    >>> from steepest.nn import Linear, Tanh
    >>> net = Sequential(Linear(2, 3), Tanh(), Linear(3, 1))
    >>> params, state = net.init(0)
    >>> {name: x.shape for name, x in params.items()}
    {'0.weight': (3, 2), '0.bias': (3,), '2.weight': (1, 3), '2.bias': (1,)}
    >>> outputs, state = net(params, state, np.ones((5, 2)), key=0, training=False)
    >>> outputs.shape
    (5, 1)
    """

    def __init__(self, *modules: Module) -> None:
        if not modules:
            raise ModelError(f"{type(self).__name__} needs at least one module.")
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise ModelError(
                    f"{type(self).__name__}: number {i} is no module but {module!r}; write ReLU(), not ReLU."
                )
        if len({id(m) for m in modules}) < len(modules):
            raise ModelError(f"{type(self).__name__}: the same module stands in two places; make a new one for each.")
        self.modules = list(modules)
        self._children = {str(i): module for i, module in enumerate(modules)}
        _check_meeting(self._children)
        for module in modules:
            module._owner = self

    @property
    def children(self) -> dict[str, Module]:
        return self._children

    def init(self, key: Any, follower: Module | None = None) -> tuple[Numbers, Numbers]:
        place = as_place(key)
        params: Numbers = {}
        state: Numbers = {}
        for i, (name, child) in enumerate(self._children.items()):
            child_params, child_state = child.init(place.inside(name), self._follower(i, follower))
            params |= {f"{name}.{inner}": x for inner, x in child_params.items()}
            state |= {f"{name}.{inner}": x for inner, x in child_state.items()}
        return params, state

    def _follower(self, i: int, after: Module | None) -> Module | None:
        """The activation that the output of module number `i` meets first; dropout and normalisations are looked through."""
        for module in self.modules[i + 1 :]:
            if not module.looked_through:
                return module
        return after

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        place = as_place(key)
        changed: dict[str, Any] = {}
        source = ""
        for name, child in self._children.items():
            before, here = Part(state, f"{name}."), place.inside(name)
            try:
                x, after = child.apply(Part(params, f"{name}."), before, x, here, training)
            except LayerShapeError as error:
                raise error.inside(name, source) from None
            if after is not before:
                changed |= {f"{name}.{inner}": value for inner, value in after.items()}
            here.show(child, x)
            source = f"{type(child).__name__} {here.path}"
        return x, {**state, **changed} if changed else state

    @property
    def features_expected(self) -> int | None:
        for child in self.modules:
            if child.features_expected is not None:
                return child.features_expected
            if child.features_after(-1) != -1:
                break
        return None

    def features_after(self, features: int | None) -> int | None:
        for child in self.modules:
            features = child.features_after(features)
        return features

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.modules))})"


def _check_meeting(children: Mapping[str, Module]) -> None:
    """Raise where a layer gives another number of features than the next one expects, as far as that is known without data."""
    features: int | None = None
    source = ""
    for name, child in children.items():
        expected = child.features_expected
        if features is not None and expected is not None and expected != features:
            raise ShapeError(
                f"layer sizes do not meet: {_described(name, child)} expects {expected} features, but "
                f"{_described(source, children[source])} before it gives {features}."
            )
        after = child.features_after(features)
        if after != features:
            source = name
        features = after


def _described(name: str, module: Module) -> str:
    """A layer's kind and place, and the shape of its first parameter."""
    first = next(iter(module.init(0)[0].items()), None)
    return f"{type(module).__name__} {name}" + (f" ({first[0]} {first[1].shape})" if first else "")
