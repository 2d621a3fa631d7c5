"""Networks of every layer, and rows for them, for the tests of all exports."""

from __future__ import annotations

import numpy as np

import steepest as sd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 3))
SEQUENCES = RNG.normal(size=(4, 5, 3))


def trained(*layers):
    """A network whose numbers, running statistics included, are not the first ones."""
    net = sd.nn.Sequential(*layers)
    net.load(
        {name: RNG.normal(size=p.shape) for name, p in net.params.items()},
        {name: np.abs(RNG.normal(size=s.shape)) + 0.1 for name, s in net.state.items()},
    )
    return net


ACTIVATIONS = [
    sd.ReLU(), sd.LeakyReLU(0.2), sd.ELU(1.3), sd.SELU(), sd.GELU(), sd.GELU("tanh"), sd.SiLU(), sd.Softplus(),
    sd.Softplus(2.5), sd.Tanh(), sd.Sigmoid(), sd.Softmax(), sd.Softmax(0), sd.nn.Identity(),
]  # fmt: skip
NETWORKS = {
    **{repr(layer): ([sd.Linear(3, 4), layer, sd.Linear(4, 2)], X) for layer in ACTIVATIONS},
    "no bias": ([sd.Linear(3, 4, bias=False)], X),
    "more axes": ([sd.Linear(3, 4), sd.LayerNorm((5, 4)), sd.Flatten(), sd.Linear(20, 2)], SEQUENCES),
    "norms": ([sd.Linear(3, 4), sd.BatchNorm(4), sd.Dropout(0.5), sd.LayerNorm(4), sd.Linear(4, 2)], X),
    "plain norms": ([sd.BatchNorm(3, affine=False), sd.LayerNorm(3, affine=False, eps=0.1)], X),
    "rnn": ([sd.RNN(3, 4, 2), sd.Linear(4, 1)], SEQUENCES),
    "rnn relu": ([sd.RNN(3, 4, nonlinearity="relu", bias=False, last=True), sd.Linear(4, 1)], SEQUENCES),
    "gru": ([sd.GRU(3, 4, 2, last=True), sd.Linear(4, 1)], SEQUENCES),
    "lstm": ([sd.LSTM(3, 4, 2), sd.Linear(4, 1)], SEQUENCES),
    "nested": ([sd.nn.Sequential(sd.Linear(3, 4), sd.nn.Sequential(sd.Tanh())), sd.MLP(4, [3], 2)], X),
}


class Wave(sd.nn.Activation):
    def of(self, x):
        return sd.ops.sin(x)
