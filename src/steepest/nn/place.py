"""Places: where in a network a module stands, from which its names, its random numbers and its share of the parameters follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import ModelError, ShapeError
from steepest.base.random import Key


class LayerOutput(NamedTuple):
    """What one layer gave: its dotted path, the module, and the output (a Tensor where derivatives are taken)."""

    path: str
    module: Any
    output: Any


class Place(NamedTuple):
    """A key and a dotted path in a network.

    Attributes
    ----------
    key : Key
        Seed, epoch and step.
    path : str
        ``""`` for the outermost module, ``"2.0"`` for the first layer of its third.
    watcher : callable, optional
        Is shown every layer's output; see `Module.layer_outputs`.
    """

    key: Key
    path: str = ""
    watcher: Callable[[LayerOutput], None] | None = None

    def inside(self, name: str) -> Place:
        """The place of the part `name` of the module that stands here."""
        return Place(self.key, self.full(name), self.watcher)

    def full(self, name: str) -> str:
        """The dotted name of a part or parameter of the module that stands here."""
        return f"{self.path}.{name}" if self.path else name

    def generator(self, purpose: str) -> np.random.Generator:
        """Random numbers that depend on (seed, epoch, step, purpose, path) only."""
        return self.key.generator(self.full_stream(purpose))

    def full_stream(self, purpose: str) -> str:
        """The name of the random stream: ``dropout.2.0``."""
        return f"{purpose}.{self.path}" if self.path else purpose

    def show(self, module: Any, output: Any, part: str = "") -> None:
        """Show an output to the watcher, if there is one."""
        if self.watcher is not None:
            self.watcher(LayerOutput(self.full(part) if part else self.path, module, output))


def as_place(key: Any) -> Place:
    """A `Place`, from one, from a `Key`, or from a seed.

    Raises
    ------
    ModelError
        `key` is none of these.

    Examples
    --------
    >>> as_place(7).inside("2").inside("0")
    Place(key=Key(seed=7, epoch=0, step=0), path='2.0', watcher=None)
    """
    if isinstance(key, Place):
        return key
    if isinstance(key, Key):
        return Place(key)
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        return Place(Key(int(key)))
    raise ModelError(f"a key is steepest.Key(seed) or a whole number, not {key!r}.")


class Part(Mapping[str, Any]):
    """The entries of a mapping whose names start with a prefix, under the rest of their names; nothing is copied.

    Examples
    --------
    >>> dict(Part({"0.weight": 1, "0.bias": 2, "2.weight": 3}, "0."))
    {'weight': 1, 'bias': 2}
    """

    __slots__ = ("_prefix", "_whole")

    def __init__(self, whole: Mapping[str, Any], prefix: str) -> None:
        self._whole = whole
        self._prefix = prefix
        if isinstance(whole, Part):  # one look-up however deep the network is
            self._whole, self._prefix = whole._whole, whole._prefix + prefix

    def __getitem__(self, name: str) -> Any:
        try:
            return self._whole[self._prefix + name]
        except KeyError:
            raise missing(self._prefix + name, self._whole) from None

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._prefix + name in self._whole

    def __iter__(self) -> Iterator[str]:
        return (name[len(self._prefix) :] for name in self._whole if name.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def missing(name: str, whole: Mapping[str, Any]) -> ModelError:
    """The error for numbers of a network that are not there."""
    have = f"there are {', '.join(whole)}" if whole else "there are none"
    return ModelError(
        f"the network's '{name}' is missing ({have}). Pass the parameters and the state that init() of this network returned."
    )


class LayerShapeError(ShapeError):
    """An input that a layer cannot take; each container on the way out adds where the layer stands and what came before it.

    Examples
    --------
    >>> inner = LayerShapeError("Linear", "20 features in the last axis", (128, 10))
    >>> print(inner.inside("2", "ReLU 1"))
    Linear 2 expects 20 features in the last axis, got an input of shape (128, 10) from ReLU 1.
    """

    def __init__(
        self, layer: str, expects: str, shape: tuple[int, ...], hint: str = "", path: str = "", source: str = ""
    ) -> None:
        self.layer, self.expects, self.shape, self.hint, self.path, self.source = (
            layer,
            expects,
            shape,
            hint,
            path,
            source,
        )
        name = f"{layer} {path}" if path else layer
        came = f" from {source}" if source else ""
        super().__init__(f"{name} expects {expects}, got an input of shape {shape}{came}.{' ' + hint if hint else ''}")

    def inside(self, name: str, source: str = "") -> LayerShapeError:
        """The same error, seen from the container that calls the layer `name`."""
        path = f"{name}.{self.path}" if self.path else name
        return LayerShapeError(self.layer, self.expects, self.shape, self.hint, path, self.source or source)


def check_features(layer: str, x: Any, features: int, axes: str = "(rows, ..., features)", least: int = 2) -> None:
    """Raise unless `x` has at least `least` axes, the last of them of length `features`."""
    shape = ops.shape(x)
    if len(shape) < least:
        hint = "x.reshape(-1, 1) makes a column of rows, x.reshape(1, -1) a single row." if len(shape) == 1 else ""
        raise LayerShapeError(layer, f"an input {axes} with {features} features", shape, hint)
    if shape[-1] != features:
        raise LayerShapeError(layer, f"{features} features in the last axis", shape)
