"""MLP: the multilayer perceptron."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, overload

from steepest.base.errors import ModelError
from steepest.nn.activations import activation_named
from steepest.nn.initialisers import Initialiser
from steepest.nn.linear import Linear, whole
from steepest.nn.module import Module
from steepest.nn.sequential import Sequential

Activations = str | Module | type[Module]


class MLP(Sequential):
    """Linear layers with an activation between them; none after the last.

    Written ``MLP(inputs, hidden, outputs, activation="relu")``, or with a name in front.

    Parameters
    ----------
    name : str, optional
    inputs : int
    hidden : int or sequence of int
        Sizes of the hidden layers; empty for a linear model.
    outputs : int
    activation : str, Module or Module class
        relu (the default), leaky_relu, elu, selu, gelu, silu, softplus, tanh, sigmoid, linear.
    weight_init, bias_init : str or Initialiser, optional
        As for `Linear`.

    Attributes
    ----------
    name : str
    modules : list of Module
        Linear, activation, Linear, ...

    Raises
    ------
    ModelError
        A size is not a whole number, or the activation is not known (the nearest name is offered).

    Examples
    --------
    >>> MLP("toy", 1, [20, 20], 1, "tanh").modules
    [Linear(1, 20), Tanh(), Linear(20, 20), Tanh(), Linear(20, 1)]
    >>> list(MLP(1, [20], 1, activation="relu").params)
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """

    @overload
    def __init__(
        self, name: str, inputs: int, hidden: int | Iterable[int], outputs: int, activation: Activations = "relu", *,
        weight_init: str | Initialiser | None = None, bias_init: str | Initialiser = "zeros",
    ) -> None: ...  # fmt: skip

    @overload
    def __init__(
        self, inputs: int, hidden: int | Iterable[int], outputs: int, activation: Activations = "relu", *,
        weight_init: str | Initialiser | None = None, bias_init: str | Initialiser = "zeros",
    ) -> None: ...  # fmt: skip

    def __init__(
        self,
        *layout: Any,
        weight_init: str | Initialiser | None = None,
        bias_init: str | Initialiser = "zeros",
        **named: Any,
    ) -> None:
        layout = layout if layout and isinstance(layout[0], str) else ("", *layout)
        given = dict(zip(("name", "inputs", "hidden", "outputs", "activation"), layout))
        settings = {"activation": "relu", **given, **named}
        if len(layout) > 5 or len(settings) != 5 or not settings.keys() >= {"inputs", "hidden", "outputs"}:
            raise ModelError(
                "write MLP(inputs, hidden sizes, outputs, activation), such as MLP(1, [20, 20], 1, 'tanh')."
            )
        self.name = str(settings["name"])
        hidden = settings["hidden"]
        hidden = [hidden] if isinstance(hidden, int) or not isinstance(hidden, Iterable) else list(hidden)
        sizes = [whole("inputs", settings["inputs"]), *(whole("a hidden size", n) for n in hidden)]
        sizes.append(whole("outputs", settings["outputs"]))
        modules: list[Module] = []
        for fan_in, fan_out in itertools.pairwise(sizes):
            modules += [Linear(fan_in, fan_out, weight_init=weight_init, bias_init=bias_init)]
            modules += [activation_named(settings["activation"])]
        super().__init__(*modules[:-1])
