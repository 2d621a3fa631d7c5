"""Recurrent layers: RNN, GRU and LSTM, over sequences (rows, time, features)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import ModelError
from steepest.nn.initialisers import Initialiser, glorot_uniform, initialiser_named, orthogonal
from steepest.nn.linear import whole
from steepest.nn.module import Module, Numbers, State
from steepest.nn.place import LayerShapeError, Place, as_place, check_features


class Recurrent(Module):
    """What RNN, GRU and LSTM share: layers of cells that go through time with the hidden state h, which starts at 0.

    Input (rows, time, features), PyTorch's ``batch_first=True``; output (rows, time, hidden), or (rows, hidden) for ``last``.
    Parameters of layer k are ``weight_ih_lk`` (gates * hidden, features), ``weight_hh_lk`` (gates * hidden, hidden),
    ``bias_ih_lk`` and ``bias_hh_lk`` (gates * hidden,), the gates one behind the other in PyTorch's order.

    Parameters
    ----------
    inputs, hidden : int
        Features of the input, and of the output.
    layers : int
        Each layer above the first takes the outputs of the one below.
    bias : bool
    last : bool
        Whether only the output of the last time step is returned.
    weight_init, recurrent_init : str or Initialiser
        For each gate's block: of ``weight_ih`` (Glorot uniform), and of ``weight_hh`` (orthogonal, so that at the start the
        hidden state neither grows nor fades: Saxe et al., ICLR 2014). Biases start at 0.

    Raises
    ------
    ModelError
        A size is not a whole number.
    LayerShapeError
        The input is no sequence, or has another number of features.
    """

    gates: ClassVar[int]
    sums_inputs: ClassVar[bool] = True  # whether what comes from the input and from h is only ever added

    def __init__(
        self,
        inputs: int,
        hidden: int,
        layers: int = 1,
        bias: bool = True,
        *,
        last: bool = False,
        weight_init: str | Initialiser = glorot_uniform,
        recurrent_init: str | Initialiser = orthogonal,
    ) -> None:
        self.inputs, self.hidden, self.layers = (
            whole("inputs", inputs),
            whole("hidden", hidden),
            whole("layers", layers),
        )
        self.bias, self.last = bool(bias), bool(last)
        self.weight_init, self.recurrent_init = initialiser_named(weight_init), initialiser_named(recurrent_init)

    def init(self, key: Any, follower: Module | None = None) -> tuple[Numbers, Numbers]:
        place = as_place(key)
        params: Numbers = {}
        for k in range(self.layers):
            fan_in = self.inputs if k == 0 else self.hidden
            params[f"weight_ih_l{k}"] = self._blocks(self.weight_init, place, f"weight_ih_l{k}", fan_in)
            params[f"weight_hh_l{k}"] = self._blocks(self.recurrent_init, place, f"weight_hh_l{k}", self.hidden)
            if self.bias:
                params |= {f"bias_{kind}_l{k}": self._first_bias(kind) for kind in ("ih", "hh")}
        return params, {}

    def _blocks(self, initialiser: Initialiser, place: Place, name: str, fan_in: int) -> Any:
        names = [place.full(f"{name}.{gate}") for gate in range(self.gates)]
        return np.concatenate([initialiser((self.hidden, fan_in), place, each) for each in names])

    def _first_bias(self, kind: str) -> Any:
        return np.zeros(self.gates * self.hidden)

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        shape, name = ops.shape(x), type(self).__name__
        if len(shape) != 3 or shape[1] == 0:
            raise LayerShapeError(name, "sequences (rows, time, features) of at least one time step", shape)
        check_features(name, x, self.inputs)
        steps = [x[:, t] for t in range(shape[1])]
        place = as_place(key)
        for k in range(self.layers):
            steps = self._through_time(params, k, steps)
            for t, h in enumerate(steps):
                place.show(self, h, f"l{k}.t{t}")
        return steps[-1] if self.last else ops.stack(steps, axis=1), state

    def _through_time(self, params: Mapping[str, Any], k: int, steps: list[Any]) -> list[Any]:
        """The hidden states of layer `k`, one a time step."""
        to_gates, from_hidden = ops.transpose(params[f"weight_ih_l{k}"]), ops.transpose(params[f"weight_hh_l{k}"])
        bias_ih = bias_hh = None
        if self.bias:
            bias_ih, bias_hh = params[f"bias_ih_l{k}"], params[f"bias_hh_l{k}"]
            if self.sums_inputs:  # one addition a step less
                bias_ih, bias_hh = bias_ih + bias_hh, None
        h = memory = np.zeros((ops.shape(steps[0])[0], self.hidden), from_hidden.dtype)
        out = []
        for x in steps:
            h, memory = self.cell(
                _plus(ops.matmul(x, to_gates), bias_ih), _plus(ops.matmul(h, from_hidden), bias_hh), h, memory
            )
            out.append(h)
        return out

    def cell(self, from_input: Any, from_hidden: Any, h: Any, memory: Any) -> tuple[Any, Any]:
        """One time step: the next h and memory from what reaches the gates, (rows, gates * hidden) each."""
        raise NotImplementedError

    def _gates(self, x: Any, first: int, stop: int) -> Any:
        """What belongs to some of the gates, side by side."""
        return x[:, first * self.hidden : stop * self.hidden]

    @property
    def features_expected(self) -> int | None:
        return self.inputs

    def features_after(self, features: int | None) -> int | None:
        return self.hidden

    def __repr__(self) -> str:
        layers = f", layers={self.layers}" if self.layers > 1 else ""
        return f"{type(self).__name__}({self.inputs}, {self.hidden}{layers}{', last=True' if self.last else ''})"


def _plus(x: Any, bias: Any) -> Any:
    return x if bias is None else x + bias


class RNN(Recurrent):
    """h = tanh(W_ih x + b_ih + W_hh h + b_hh), the plain recurrent net; see `Recurrent` for shapes and parameters.

    Elman, Cognitive Science 14, 1990. Over long sequences its gradients grow or fade: see `GRU` and `LSTM`.

    Parameters
    ----------
    inputs, hidden, layers, bias, last, weight_init, recurrent_init
        As in `Recurrent`.
    nonlinearity : {"tanh", "relu"}

    Examples
    --------
    >>> RNN(3, 5).forward(np.ones((2, 7, 3))).shape, RNN(3, 5, last=True).forward(np.ones((2, 7, 3))).shape
    ((2, 7, 5), (2, 5))
    """

    gates = 1

    def __init__(self, inputs: int, hidden: int, layers: int = 1, bias: bool = True, *, nonlinearity: str = "tanh",
                 last: bool = False, weight_init: str | Initialiser = glorot_uniform,
                 recurrent_init: str | Initialiser = orthogonal) -> None:  # fmt: skip
        super().__init__(
            inputs, hidden, layers, bias, last=last, weight_init=weight_init, recurrent_init=recurrent_init
        )
        if nonlinearity not in ("tanh", "relu"):
            raise ModelError(f"RNN: nonlinearity is 'tanh' or 'relu', not {nonlinearity!r}.")
        self.nonlinearity = nonlinearity

    def cell(self, from_input: Any, from_hidden: Any, h: Any, memory: Any) -> tuple[Any, Any]:
        return (ops.tanh if self.nonlinearity == "tanh" else ops.relu)(from_input + from_hidden), memory


class GRU(Recurrent):
    """The gated recurrent unit; see `Recurrent` for shapes and parameters.

    r = sigmoid(W_ir x + b_ir + W_hr h + b_hr), z = sigmoid(W_iz x + b_iz + W_hz h + b_hz),
    n = tanh(W_in x + b_in + r (W_hn h + b_hn)), h = (1 - z) n + z h; gates in the order r, z, n.

    Cho et al., EMNLP 2014, with PyTorch's place of r (after the product with W_hn).
    """

    gates = 3
    sums_inputs = False

    def cell(self, from_input: Any, from_hidden: Any, h: Any, memory: Any) -> tuple[Any, Any]:
        rz = ops.sigmoid(self._gates(from_input, 0, 2) + self._gates(from_hidden, 0, 2))
        r, z = self._gates(rz, 0, 1), self._gates(rz, 1, 2)
        n = ops.tanh(self._gates(from_input, 2, 3) + r * self._gates(from_hidden, 2, 3))
        return n + z * (h - n), memory


class LSTM(Recurrent):
    """Long short-term memory; see `Recurrent` for shapes and parameters.

    i, f, o = sigmoid(W x + b + W' h + b') each, g = tanh(W_ig x + b_ig + W_hg h + b_hg), c = f c + i g, h = o tanh(c);
    gates in the order i, f, g, o.

    Hochreiter and Schmidhuber, Neural Computation 9, 1997; forget gate: Gers et al., Neural Computation 12, 2000. The forget
    gate's ``bias_ih`` starts at 1, so that memory lasts at the start (Jozefowicz, Zaremba and Sutskever, ICML 2015).
    """

    gates = 4

    def _first_bias(self, kind: str) -> Any:
        bias = super()._first_bias(kind)
        if kind == "ih":
            bias[self.hidden : 2 * self.hidden] = 1.0
        return bias

    def cell(self, from_input: Any, from_hidden: Any, h: Any, memory: Any) -> tuple[Any, Any]:
        total = from_input + from_hidden
        i_f, o = ops.sigmoid(self._gates(total, 0, 2)), ops.sigmoid(self._gates(total, 3, 4))
        i, f = self._gates(i_f, 0, 1), self._gates(i_f, 1, 2)
        memory = f * memory + i * ops.tanh(self._gates(total, 2, 3))
        return o * ops.tanh(memory), memory
