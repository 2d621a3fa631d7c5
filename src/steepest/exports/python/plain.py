"""The functions that an exported Python file carries with it: their source is copied there, so they use NumPy and nothing else.

Each does the same operations in the same order as the operation or layer of its name, so that the last bits agree.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
# Without type hints, since what is copied goes into files of people who may not write them.

from __future__ import annotations

import math

import numpy as np


def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1.0, small) / (1.0 + small)


def softplus(x):
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def erf(x):
    """The error function."""
    x = np.asarray(x)
    try:
        from scipy.special import erf as special_erf
    except ImportError:
        return np.vectorize(math.erf, otypes=[x.dtype])(x)
    return special_erf(x)


def leaky_relu(x, slope):
    """x for x > 0, slope * x elsewhere."""
    return np.where(x > 0, x, slope * x)


def elu(x, alpha, scale=1.0):
    """scale * x for x > 0, scale * alpha * (exp(x) - 1) elsewhere."""
    positive = x > 0
    return scale * np.where(positive, x, alpha * np.expm1(np.where(positive, 0.0, x)))


def gelu(x):
    """x times the normal distribution function of x."""
    return 0.5 * x * (1.0 + erf(x / math.sqrt(2.0)))


def gelu_tanh(x):
    """The approximation of x times the normal distribution function by a tanh."""
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))


def softmax(x, axis=-1):
    """exp(x_i) / sum_j exp(x_j) over an axis, without overflow."""
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def affine(x, weight, bias=None):
    """x times the transpose of weight, plus bias, over the last axis of x."""
    out = x.reshape(-1, x.shape[-1]) @ weight.T
    if bias is not None:
        out = out + bias
    return out.reshape(*x.shape[:-1], len(weight))


def layer_norm(x, eps, shape, weight=None, bias=None):
    """Each row less its mean, in units of its standard deviation, over the last axes."""
    if x.shape[-len(shape) :] != shape:
        raise ValueError(f"the last axes must be {shape}, not those of {x.shape}")
    axes = tuple(range(-len(shape), 0))
    centred = x - np.mean(x, axis=axes, keepdims=True)
    out = centred / np.sqrt(np.mean(np.square(centred), axis=axes, keepdims=True) + eps)
    return out if weight is None else out * weight + bias


def batch_norm(x, eps, mean, variance, weight=None, bias=None):
    """Each feature less its running mean, in units of its running standard deviation."""
    out = (x - mean) / np.sqrt(variance + eps)
    return out if weight is None else out * weight + bias


def rnn_tanh(from_input, from_hidden, h, memory):
    """One time step of a plain recurrent layer."""
    return np.tanh(from_input + from_hidden), memory


def rnn_relu(from_input, from_hidden, h, memory):
    """One time step of a plain recurrent layer."""
    return np.maximum(from_input + from_hidden, 0), memory


def gru(from_input, from_hidden, h, memory):
    """One time step of a gated recurrent unit; gates in the order r, z, n."""
    size = h.shape[1]
    gates = sigmoid(from_input + from_hidden)
    r, z = gates[:, :size], gates[:, size : 2 * size]
    n = np.tanh(from_input[:, 2 * size :] + r * from_hidden[:, 2 * size :])
    return n + z * (h - n), memory


def lstm(from_input, from_hidden, h, memory):
    """One time step of long short-term memory; gates in the order i, f, g, o."""
    size = h.shape[1]
    total = from_input + from_hidden
    gates = sigmoid(total)
    i, f, o = gates[:, :size], gates[:, size : 2 * size], gates[:, 3 * size :]
    memory = f * memory + i * np.tanh(total[:, 2 * size : 3 * size])
    return o * np.tanh(memory), memory


def recurrent(x, cell, layers, sums_inputs, last):
    """Layers of cells that go through time, from x of shape (rows, time, features); the hidden states start at 0."""
    steps = [x[:, t] for t in range(x.shape[1])]
    for weight_ih, weight_hh, bias_ih, bias_hh in layers:
        if sums_inputs and bias_ih is not None:
            bias_ih, bias_hh = bias_ih + bias_hh, None
        h = memory = np.zeros((len(x), weight_hh.shape[1]), weight_hh.dtype)
        for t, step in enumerate(steps):
            from_input, from_hidden = step @ weight_ih.T, h @ weight_hh.T
            if bias_ih is not None:
                from_input = from_input + bias_ih
            if bias_hh is not None:
                from_hidden = from_hidden + bias_hh
            h, memory = cell(from_input, from_hidden, h, memory)
            steps[t] = h
    return steps[-1] if last else np.stack(steps, axis=1)


def one_feature(values):
    """Numbers as a column of features, one a row."""
    return np.atleast_1d(np.asarray(values, dtype=np.float64))[:, None]


def level_features(labels, levels):
    """A feature for each level: 1 in its rows, 0 elsewhere."""
    known = {(isinstance(level, bool), level): code for code, level in enumerate(levels)}
    labels = np.atleast_1d(np.asarray(labels)).tolist()
    codes = [known.get((isinstance(label, bool), label), -1) for label in labels]
    if -1 in codes:
        raise ValueError(f"{labels[codes.index(-1)]!r} is not among the levels that were learned: {levels}")
    return (np.asarray(codes)[:, None] == np.arange(len(levels))).astype(np.float64)
