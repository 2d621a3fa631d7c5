"""Tensors from nothing."""

from __future__ import annotations

import numpy as np

import steepest as sd


def test_seeded_numbers() -> None:
    sd.manual_seed(3)
    first, second = sd.randn(1000, 2), sd.rand(1000)
    sd.manual_seed(3)
    again = sd.randn(1000, 2), sd.rand(1000)
    assert np.array_equal(first, again[0])
    assert np.array_equal(second, again[1])
    assert not np.array_equal(first, sd.randn(1000, 2))  # the next draw is another
    sd.manual_seed(4)
    assert not np.array_equal(first, sd.randn(1000, 2))
    assert first.dtype == np.float64
    assert abs(first.mean().item()) < 0.1
    assert abs(first.std().item() - 1) < 0.1
    assert 0 <= second.min().item() < 0.01 < 0.99 < second.max().item() < 1
    assert sd.randn().shape == ()


def test_ranges_and_fills() -> None:
    assert sd.arange(3).tolist() == [0, 1, 2]
    assert sd.arange(1.0, 2.0, 0.5).tolist() == [1, 1.5]
    assert sd.linspace(0, 1, 3).tolist() == [0, 0.5, 1]
    assert sd.zeros(2, 3).shape == (2, 3)
    assert sd.ones(2, dtype=np.float32).dtype == np.float32
    assert sd.full((2,), 1.5).tolist() == [1.5, 1.5]
    assert sd.eye(2).tolist() == [[1, 0], [0, 1]]
    w = sd.zeros(2).requires_grad_()
    w.data += 1  # writable
    assert w.tolist() == [1, 1]
