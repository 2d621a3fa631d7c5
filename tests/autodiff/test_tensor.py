"""Tensor: PyTorch's names with PyTorch's meaning."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref
from fractions import Fraction

import numpy as np
import pytest

import steepest as sd
from steepest import DifferentiationError, ShapeError


def test_the_tutorials_derivative() -> None:
    xt = sd.tensor(3.0).requires_grad_()
    yt = xt**2
    assert repr(yt) == "tensor(9., grad_fn=<PowBackward0>)"
    yt.backward()
    assert xt.grad.item() == 6


def test_gradients_accumulate_until_reset() -> None:
    xt = sd.tensor(3.0).requires_grad_()
    (xt**2).backward()
    assert xt.grad.item() == 6
    (xt**2).backward()
    assert xt.grad.item() == 12
    xt.grad = None
    (xt**2).backward()
    assert xt.grad.item() == 6
    xt.grad.zero_()
    assert xt.grad.item() == 0
    (xt**2).backward()
    assert xt.grad.item() == 6
    xt.grad.data[...] = 0
    (xt**2).backward()
    assert xt.grad.item() == 6


def test_backward_twice_on_one_graph_adds_once_more_each_time() -> None:
    x = sd.tensor(2.0, requires_grad=True)
    y = x * x
    z = y * y + y  # x**4 + x**2, slope 4 x**3 + 2 x = 36
    for times in (1, 2, 3):
        z.backward()
        assert x.grad.item() == 36 * times


def test_the_tutorials_hand_loop() -> None:
    """The quadratic a t**2 + b t + c fitted step by step; each gradient is 2 mean(residual * power of t)."""
    time = sd.arange(0, 20).double()
    speed = 0.5 * (time - 9.5) ** 2 + 1
    params = sd.tensor([0.0121, -0.6397, 0.6416]).requires_grad_()

    def f(t, params):
        a, b, c = params
        return a * (t**2) + (b * t) + c

    def mse(preds, targets):
        return ((preds - targets) ** 2).mean()

    lr = 1e-5
    losses = []
    for _ in range(3):
        preds = f(time, params)
        loss = mse(preds, speed)
        loss.backward()
        t = np.arange(20.0)
        residual = preds.detach().numpy() - 0.5 * (t - 9.5) ** 2 - 1
        by_hand = [2 * (residual * t**2).mean(), 2 * (residual * t).mean(), 2 * residual.mean()]
        np.testing.assert_allclose(params.grad.numpy(), by_hand, rtol=1e-13)
        params.data -= lr * params.grad.data
        params.grad = None
        losses.append(loss.item())
    assert losses[0] > losses[1] > losses[2]
    assert loss.sqrt().item() == losses[-1] ** 0.5


def test_names_and_leaves() -> None:
    x = sd.tensor([1.0, 2.0], requires_grad=True)
    assert x.is_leaf
    assert x.grad_fn is None
    y = (x * 2).retain_grad()
    assert not y.is_leaf
    assert y.grad_fn.name == "MulBackward0"
    z = y.sum() * y.mean()
    assert repr(z.grad_fn.next_functions) == "(<SumBackward0>, <MeanBackward0>)"
    z.backward()
    assert y.grad.numpy().tolist() == [6, 6]  # d(s * s/2)/dy = s = 6
    assert x.grad.numpy().tolist() == [12, 12]


def test_detach_clone_and_copies() -> None:
    x = sd.tensor([1.0, 2.0], requires_grad=True)
    cut = x.detach()
    assert not cut.requires_grad
    cut.data[0] = 5
    assert x.data[0] == 5  # the same memory
    twin = x.clone()
    twin.sum().backward()
    assert x.grad.numpy().tolist() == [1, 1]
    assert twin.data is not x.data
    deep = copy.deepcopy(x)
    assert deep.requires_grad
    assert deep.grad is not x.grad
    assert deep.grad.numpy().tolist() == [1, 1]
    assert copy.copy(x).data is x.data
    for copier in (copy.copy, copy.deepcopy):
        with pytest.raises(DifferentiationError, match="clone"):
            copier(x * 2)
    with pytest.raises(DifferentiationError, match="not pickled"):
        pickle.dumps(x)


def test_conversions() -> None:
    x = sd.tensor([1, 2])
    assert x.dtype == np.int64
    assert x.float().dtype == np.float32
    assert x.double().dtype == np.float64
    y = sd.tensor([1.7, 2.0], requires_grad=True)
    assert not y.astype(int).requires_grad  # whole numbers have no derivative
    y.float().sum().backward()
    assert y.grad.dtype == np.float64
    assert sd.tensor(np.array([1.0, 2.0], ">f4")).dtype == np.dtype("=f4")
    assert sd.Tensor(np.array([1.0, 2.0], ">f8")).dtype.isnative
    source = np.ones(2)
    held = sd.tensor(source)
    source[0] = 7
    assert held.tolist() == [1, 1]


def test_views_and_shapes() -> None:
    x = sd.arange(6).double()
    assert x.view(2, 3).T.shape == (3, 2)
    assert x.reshape((3, -1)).shape == (3, 2)
    assert x.view(2, 3).transpose((1, 0)).shape == x.view(2, 3).transpose(1, 0).shape == (3, 2)
    assert (x.ndim, x.size, len(x), x.shape) == (1, 6, 6, (6,))
    assert [row.item() for row in x] == [0, 1, 2, 3, 4, 5]
    assert sum([x, x]).tolist() == [0, 2, 4, 6, 8, 10]
    assert x.max().item() == max(x).item() == 5
    assert 3.0 in x
    assert 9.0 not in x
    assert x in [x]
    assert x.mean(0).item() == 2.5
    assert len({x, x}) == 1


def test_repr_and_format() -> None:
    assert repr(sd.tensor([1.0, 2.0], requires_grad=True)) == "tensor([1., 2.], requires_grad=True)"
    assert repr(sd.tensor(1.5, dtype=np.float32)) == "tensor(1.5, dtype=float32)"
    assert f"{sd.tensor(2.0):.3f}" == "2.000"
    assert f"{sd.tensor(2.0)}" == "tensor(2.)"


def test_operators() -> None:
    x = sd.tensor([7.0, -7.0])
    assert (x // 2).tolist() == [3, -4]
    assert (x % 4).tolist() == [3, 1]
    assert (15 // x).tolist() == [2, -3]
    assert (15 % x).tolist() == [1, -6]
    assert (2**x)[0].item() == 128
    assert (1 - x).tolist() == [-6, 8]
    assert (1 / x)[0].item() == 1 / 7
    assert abs(x).tolist() == [7, 7]
    assert (+x) is x
    assert (-x).tolist() == [-7, 7]
    assert ((x > 0) & (x < 9)).tolist() == [True, False]
    assert ((x > 8) | ~(x > 0)).tolist() == [False, True]
    assert (np.array([True, True]) & (x > 0)).tolist() == [True, False]
    assert (x != 7).tolist() == [False, True]
    assert (x == None) is False  # noqa: E711
    assert x != "seven"
    assert x.__add__([1.0, 2.0]).tolist() == [8, -5]
    assert (np.ones((2, 2)) @ x).tolist() == [0, 0]
    assert (x @ np.ones((2, 2))).tolist() == [0, 0]
    assert (np.float64(2) ** sd.tensor(3.0)).item() == 8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_python_numbers_stay_weak(dtype: type) -> None:
    x = sd.tensor([0.5, 2.0], dtype=dtype, requires_grad=True)
    zero_d = sd.tensor(0.5, dtype=dtype, requires_grad=True)
    for t in (x, zero_d):
        y = 2 ** (1.5 * t + 1) / 3 - np.maximum(t, 1.0) + np.where(t > 1, t, 0.0)
        assert y.dtype == dtype
        y.sum().backward()
        assert t.grad.dtype == dtype


def test_whole_number_tensors_mix_in() -> None:
    x = sd.tensor([1.0, 2.0], requires_grad=True)
    (x * sd.tensor([3, 4]) + sd.tensor([True, False])).sum().backward()
    assert x.grad.numpy().tolist() == [3, 4]


def test_each_leaf_has_its_own_grad() -> None:
    x, y = sd.tensor(1.0, requires_grad=True), sd.tensor(2.0, requires_grad=True)
    (x + y).backward()
    x.grad.zero_()
    assert y.grad.item() == 1
    (x + y).backward(create_graph=True)
    assert x.grad is not y.grad
    (x.sum() + y).backward(sd.tensor(3.0))
    assert (x.grad.item(), y.grad.item()) == (4, 5)


def test_gradient_penalty() -> None:
    """Double backward: d/dx (df/dx)**2 with f = x**3 is 2 * 3x**2 * 6x = 36 x**3."""
    x = sd.tensor(2.0, requires_grad=True)
    (x**3).backward(create_graph=True)
    first, x.grad = x.grad, None
    (first**2).backward()
    assert x.grad.item() == 36 * 8


def test_backward_with_a_given_gradient() -> None:
    x = sd.tensor([1.0, 2.0], requires_grad=True)
    (x**2).backward([10.0, 1.0])
    assert x.grad.numpy().tolist() == [20, 4]
    with pytest.raises(DifferentiationError, match=r"scalar.*\(2,\)"):
        (x**2).backward()
    with pytest.raises(DifferentiationError, match=r"shape of the Tensor"):
        (x**2).backward([1.0])
    with pytest.raises(DifferentiationError, match="does not depend"):
        sd.tensor(1.0).backward()


def test_no_grad() -> None:
    w = sd.tensor(2.0, requires_grad=True)
    with sd.no_grad():
        y = w * 3
        inner = sd.grad(lambda x: w * x * x)(2.0)
    assert not y.requires_grad
    assert inner == 8  # a transform differentiates also here
    assert isinstance(inner, np.float64)  # and its result is a constant to what is outside
    assert (w * 3).requires_grad


def test_no_grad_holds_for_its_own_thread() -> None:
    w = sd.tensor(2.0, requires_grad=True)
    seen = []
    with sd.no_grad():
        thread = threading.Thread(target=lambda: seen.append((w * 3).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_errors_of_the_user() -> None:
    x = sd.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(DifferentiationError, match="floating-point"):
        sd.tensor(3, requires_grad=True)
    with pytest.raises(DifferentiationError, match=r"use \.detach"):
        (x * 2).requires_grad_(False)
    with pytest.raises(DifferentiationError, match="numbers"):
        sd.tensor(["a"])
    with pytest.raises(DifferentiationError, match="regular shape"):
        sd.tensor([[1.0], [1.0, 2.0]])
    with pytest.raises(DifferentiationError, match="stack"):
        sd.tensor([x, x])
    with pytest.raises(DifferentiationError, match="leaf"):
        (x * 2).data = np.ones(2)
    with pytest.raises(ShapeError, match=r"\(3,\).*\(2,\)"):
        x.data = np.ones(3)
    with pytest.raises(DifferentiationError, match="complex128"):
        x.data = np.ones(2) * 1j
    with pytest.raises(ShapeError, match=r"'add' of shapes \(2,\) and \(3,\)"):
        x + np.ones(3)
    with pytest.raises(ShapeError, match="axis 5"):
        x.sum(5)
    with pytest.raises(ShapeError, match=r"one element.*\(2,\)"):
        x.item()
    with pytest.raises(ShapeError, match="one element"):
        float(x)
    with pytest.raises(ShapeError, match="ambiguous"):
        bool(x > 0)
    with pytest.raises(DifferentiationError, match="no length"):
        len(sd.tensor(1.0))
    with pytest.raises(DifferentiationError, match="cannot be iterated"):
        iter(sd.tensor(1.0))
    with pytest.raises(DifferentiationError, match=r"set \.grad = None"):
        (x * 2).zero_()
    with pytest.raises(DifferentiationError, match="'mul' of a Tensor takes arrays and numbers, not Fraction"):
        x * Fraction(1, 2)
    with pytest.raises(DifferentiationError, match="NoneType"):
        x + None
    with pytest.raises(DifferentiationError, match="MaskedArray"):
        x + np.ma.masked_array([1.0, 2.0], [True, False])
    with pytest.raises(DifferentiationError, match="not real"):
        x * 1j
    with pytest.raises(DifferentiationError, match="truth values"):
        sd.tensor([1, 2]) & 1


def test_new_data_keeps_the_dtype() -> None:
    x = sd.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    x.data = np.array([3.0, 4.0])
    assert x.dtype == np.float32


def test_graphs_are_freed_without_the_collector() -> None:
    gc.disable()
    try:
        x = sd.tensor(np.ones(10), requires_grad=True)
        y = np.exp(x) * x
        z = (np.tanh(y) ** 2).sum()
        watched = [weakref.ref(y), weakref.ref(z)]
        z.backward()
        del y, z
        assert [ref() for ref in watched] == [None, None]
        held: list[weakref.ref[sd.Tensor]] = []

        def f(v: sd.Tensor) -> sd.Tensor:
            u = np.exp(v)
            held.extend([weakref.ref(u), weakref.ref(v)])
            return u.sum()

        sd.grad(f)(np.ones(3))
        sd.hessian(f)(np.ones(3))
        sd.jvp(f, (np.ones(3),), (np.ones(3),))
        sd.hvp(f, (np.ones(3),), (np.ones(3),))
        assert [ref() for ref in held] == [None] * len(held)
    finally:
        gc.enable()
