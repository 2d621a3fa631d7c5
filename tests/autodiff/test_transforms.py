"""Gradients, products with the Jacobian, Jacobians and Hessians, alone and within each other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from steepest import DifferentiationError, ShapeError, ops

X = np.array([0.3, -0.7, 1.2])


def rosenbrock(x: Any) -> Any:
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_hessian(x: np.ndarray) -> np.ndarray:
    """For two variables, by hand."""
    return np.array([[1200 * x[0] ** 2 - 400 * x[1] + 2, -400 * x[0]], [-400 * x[0], 200.0]])


def test_grad_and_value() -> None:
    value, gradient = sd.value_and_grad(rosenbrock)(np.array([-1.2, 1.0]))
    np.testing.assert_allclose(value, 24.2, rtol=1e-14)
    np.testing.assert_allclose(
        gradient, [-215.6, -88.0], rtol=1e-14
    )  # Moré, Garbow and Hillstrom (1981), standard start
    assert sd.grad(lambda x: x**2)(3) == 6  # whole numbers are numbers too


def test_hessian_of_rosenbrock() -> None:
    for x in (np.array([1.0, 1.0]), np.array([-1.2, 1.0])):
        h = sd.hessian(rosenbrock)(x)
        np.testing.assert_allclose(h, rosenbrock_hessian(x), rtol=1e-14)
        v = np.array([0.5, -2.0])
        np.testing.assert_allclose(sd.hvp(rosenbrock, (x,), (v,))[0], h @ v, rtol=1e-14)
    h = sd.hessian(lambda x: (x**3).sum())(np.arange(6.0).reshape(2, 3))
    assert h.shape == (2, 3, 2, 3)
    np.testing.assert_array_equal(h.reshape(6, 6), np.diag(6 * np.arange(6.0)))


def test_arguments_and_containers() -> None:
    class Line(NamedTuple):
        slope: Any
        intercept: Any

    f = lambda p, x: (p["a"] * x + p["b"][0]).sum()
    g = sd.grad(f)({"a": 2.0, "b": (np.ones(3),)}, X)
    assert g["a"] == X.sum()
    assert g["b"][0].tolist() == [1, 1, 1]
    line = sd.grad(lambda line: line.slope * 3 + line.intercept)(Line(1.0, 2.0))
    assert line == Line(3, 1)
    first, second = sd.grad(lambda x, y: x * y**2, (0, 1))(3.0, 5.0)
    assert (first, second) == (25, 30)
    assert sd.grad(lambda x, y: x * y**2, -1)(3.0, 5.0) == 30
    assert sd.grad(lambda x, scale=1.0: scale * x)(3.0, scale=4.0) == 4
    assert sd.grad(lambda w: (w**2).sum())([1.0, 2.0]).tolist() == [2, 4]
    with pytest.raises(DifferentiationError, match="argnums=2"):
        sd.grad(lambda x: x, 2)(1.0)


def test_aux() -> None:
    (value, aux), gradient = sd.value_and_grad(lambda x: (x**2, {"twice": 2 * x, "note": "n"}), has_aux=True)(3.0)
    assert (value, gradient, aux) == (9, 6, {"twice": 6, "note": "n"})
    assert not isinstance(aux["twice"], sd.Tensor)
    with pytest.raises(DifferentiationError, match="two things"):
        sd.value_and_grad(lambda x: x, has_aux=True)(3.0)


def test_results_are_plain_for_plain_arguments_and_tensors_for_tensors() -> None:
    f = lambda x: (x**2).sum()
    assert type(sd.grad(f)(X)) is np.ndarray
    assert isinstance(sd.grad(f)(2.0), np.float64)
    for result in (sd.grad(f)(sd.tensor(X)), sd.hvp(f, (sd.tensor(X),), (X,))[0], sd.jacobian(f)(sd.tensor(X))):
        assert isinstance(result, sd.Tensor)
        assert not result.requires_grad


def test_results_belong_to_the_caller() -> None:
    x, y = np.ones(3), np.ones(3)
    gx, gy = sd.grad(lambda x, y: (x + y).sum(), (0, 1))(x, y)
    gx *= 7
    assert gy.tolist() == [1, 1, 1]
    v = np.ones(3)
    out, change = sd.jvp(lambda x: x, (x,), (v,))
    change *= 7
    out *= 7
    assert (x.tolist(), v.tolist()) == ([1, 1, 1], [1, 1, 1])
    (back,) = sd.vjp(lambda x: x, x)[1](v)
    back *= 7
    assert v.tolist() == [1, 1, 1]


def test_ignored_arguments_and_constants() -> None:
    assert sd.grad(lambda x, y: x * 2.0, 1)(1.0, X).tolist() == [0, 0, 0]
    for constant in (3.0, np.float32(3), np.array(3.0), 3, sd.tensor(3.0)):
        assert sd.grad(lambda x, c=constant: c)(X).tolist() == [0, 0, 0]
        assert sd.jvp(lambda x, c=constant: c, (X,), (X,))[1] == 0
        assert sd.jacobian(lambda x, c=constant: c)(X).tolist() == [0, 0, 0]
        assert sd.hessian(lambda x, c=constant: c)(X).tolist() == [[0, 0, 0]] * 3
        assert sd.hvp(lambda x, c=constant: c, (X,), (X,))[0].tolist() == [0, 0, 0]
    assert sd.hessian(lambda x: x.sum())(X).tolist() == [[0, 0, 0]] * 3
    assert sd.jacobian(lambda x, y: y * 2, 0)(X, X).tolist() == np.zeros((3, 3)).tolist()


@settings(deadline=None, max_examples=30)
@given(rows=st.integers(0, 3), columns=st.integers(0, 3), seed=st.integers(0, 9))
def test_jacobians_agree_in_both_modes(rows: int, columns: int, seed: int) -> None:
    a = np.random.default_rng(seed).normal(size=(rows, columns))
    x = np.random.default_rng(seed + 1).normal(size=columns)
    f = lambda x: np.sin(a @ x) * 2
    expected = 2 * np.cos(a @ x)[:, None] * a
    for mode in ("forward", "reverse", "auto"):
        np.testing.assert_allclose(sd.jacobian(f, mode=mode)(x), expected, rtol=1e-12, atol=1e-15)


def test_jacobian_of_several_arguments() -> None:
    a = np.arange(6.0).reshape(2, 3)
    for mode in ("forward", "reverse"):
        ja, jx = sd.jacobian(lambda a, x: a @ x, (0, 1), mode=mode)(a, X)
        assert ja.shape == (2, 2, 3)
        np.testing.assert_array_equal(ja[1], [[0, 0, 0], X])
        np.testing.assert_array_equal(jx, a)
    with pytest.raises(DifferentiationError, match="'sideways'"):
        sd.jacobian(lambda x: x, mode="sideways")


def test_vjp_and_jvp() -> None:
    f = lambda x, y: np.sin(x) * y
    v = np.array([1.0, 2.0, 3.0])
    out, pull = sd.vjp(f, X, 2.0)
    np.testing.assert_allclose(out, np.sin(X) * 2)
    for _ in range(2):  # the same pull again
        gx, gy = pull(v)
        np.testing.assert_allclose(gx, 2 * np.cos(X) * v)
        np.testing.assert_allclose(gy, np.sin(X) @ v)
    out, change = sd.jvp(f, (X, 2.0), (v, 0.5))
    np.testing.assert_allclose(change, 2 * np.cos(X) * v + 0.5 * np.sin(X))
    with pytest.raises(ShapeError, match=r"\(2,\).*\(3,\)"):
        pull(np.ones(2))
    with pytest.raises(ShapeError, match="jvp"):
        sd.jvp(f, (X, 2.0), (v,))


def test_perturbation_confusion() -> None:
    """d/dx (x * d/dy (x + y)) = 1 (Siskind and Pearlmutter, 2005), in all four pairs of modes."""
    forward = lambda f: lambda x: sd.jvp(f, (x,), (1.0,))[1]
    for outer in (sd.grad, forward):
        for inner in (sd.grad, forward):
            assert outer(lambda x, inner=inner: x * inner(lambda y: x + y)(1.0))(1.0) == 1
            assert outer(lambda x, inner=inner: x * inner(lambda y: x * y)(2.0))(3.0) == 6


def test_grad_within_a_function() -> None:
    f = lambda x: sd.grad(lambda y: y**3)(x) * x  # 3 x**3
    assert sd.grad(f)(2.0) == 36
    assert sd.jvp(f, (2.0,), (1.0,))[1] == 36
    assert sd.grad(sd.grad(sd.grad(lambda x: x**4)))(2.0) == 48


def test_closures_over_parameters_that_require_grad() -> None:
    """A gradient penalty, (d/dx w x**2)**2 = 4 w**2 x**2, whose derivative by w is 8 w x**2."""
    w = sd.tensor(3.0, requires_grad=True)
    penalty = sd.grad(lambda x: w * x**2)(2.0) ** 2
    assert penalty.requires_grad
    penalty.backward()
    assert w.grad.item() == 8 * 3 * 4
    w.grad = None
    sd.jvp(lambda x: w * x**2, (2.0,), (1.0,))[1].backward()  # 2 w x
    assert w.grad.item() == 4
    w.grad = None
    sd.hvp(lambda x: w * x**3, (2.0,), (1.0,))[0].backward()  # 6 w x
    assert w.grad.item() == 12
    w.grad = None
    x = sd.tensor(2.0, requires_grad=True)
    sd.grad(lambda x: w * x**2)(x).backward()
    assert (w.grad.item(), x.grad.item()) == (4, 6)


def test_modes_over_modes() -> None:
    f = lambda x: np.exp(x) * x
    v, u = np.array([1.0, 0.5, -2.0]), np.array([0.1, 2.0, 3.0])
    second = np.exp(X) * (X + 2)
    np.testing.assert_allclose(sd.jvp(lambda x: sd.vjp(f, x)[1](u)[0], (X,), (v,))[1], u * second * v)
    np.testing.assert_allclose(sd.vjp(lambda x: sd.jvp(f, (x,), (v,))[1], X)[1](u)[0], u * second * v)
    np.testing.assert_allclose(sd.jvp(lambda x: sd.jvp(f, (x,), (v,))[1], (X,), (u,))[1], u * second * v)
    np.testing.assert_allclose(sd.vjp(lambda x: sd.vjp(f, x)[1](u)[0], X)[1](v)[0], u * second * v)


def test_products_are_linear_in_their_vector() -> None:
    """Differentiating v -> J v and u -> u J gives J again, as a plain array."""
    f = lambda x: np.sin(x) * X[::-1]
    j = sd.jacobian(f)(X)
    pushed = sd.jacobian(lambda v: sd.jvp(f, (X,), (v,))[1])(np.ones(3))
    pulled = sd.jacobian(lambda u: sd.vjp(f, X)[1](u)[0])(np.ones(3))
    assert type(pushed) is type(pulled) is np.ndarray
    np.testing.assert_allclose(pushed, j, atol=1e-16)
    np.testing.assert_allclose(pulled, j.T, atol=1e-16)


def test_dtypes() -> None:
    x = X.astype(np.float32)
    assert sd.grad(lambda x: (x**2).sum())(x).dtype == np.float32
    assert sd.jvp(np.sin, (x,), (X,))[1].dtype == np.float32
    assert sd.hessian(lambda x: (x**3).sum())(x).dtype == np.float32
    assert sd.grad(lambda x: (x**2).sum())(sd.tensor([1, 2])).numpy().tolist() == [2, 4]
    with pytest.raises(DifferentiationError, match="complex128"):
        sd.grad(lambda x: x)(1j)
    with pytest.raises(DifferentiationError, match=r"<U1|object"):
        sd.grad(lambda x: x)("a")


def test_wrong_results_are_named() -> None:
    with pytest.raises(ShapeError, match=r"one number.*\(3,\)"):
        sd.grad(lambda x: x)(X)
    with pytest.raises(DifferentiationError, match=r"NoneType.*return"):
        sd.grad(lambda x: None)(X)
    with pytest.raises(DifferentiationError, match=r"tuple.*has_aux"):
        sd.grad(lambda x: (x, x))(1.0)
    with pytest.raises(DifferentiationError, match=r"jacobian .* list"):
        sd.jacobian(lambda x: [x, x])(1.0)


def test_arguments_are_not_changed_and_not_shared() -> None:
    x = X.copy()

    def f(t: Any) -> Any:
        y = t * 2
        x[0] = 99  # the function changes the caller's array after it was used
        return (y * t).sum()

    assert sd.grad(f)(x).tolist() == (4 * X).tolist()


def test_masked_branches_in_transforms() -> None:
    with np.errstate(invalid="ignore"):
        g = sd.grad(lambda x: ops.where(x > 0, np.sqrt(x), 0.0).sum())(np.array([-1.0, 0.0, 4.0]))
    assert g.tolist() == [0, 0, 0.25]
