"""A user's own operations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

import steepest as sd
from steepest import DifferentiationError, ShapeError

X = np.array([0.5, 1.5, -2.5])
cube = sd.primitive("cube", lambda x: x**3, partials=[lambda out, x: 3 * x**2])


def test_an_elementwise_operation() -> None:
    x = sd.tensor(2.0, requires_grad=True)
    y = cube(x)
    assert repr(y) == "tensor(8., grad_fn=<CubeBackward0>)"
    y.backward()
    assert x.grad.item() == 12
    assert cube(3.0) == 27
    assert cube([1.0, 2.0]).tolist() == [1, 8]
    assert type(cube(X)) is np.ndarray
    assert sd.hessian(cube)(2.0) == 12
    assert repr(cube) == "<operation cube>"
    sd.check_grads(cube, (X,))
    sd.check_grads(cube, (X.astype(np.float32),))


def test_broadcasting_constants_and_static_arguments() -> None:
    scaled = sd.primitive(
        "scaled", lambda x, y, factor: factor * x - y + 0 * x, partials=[lambda out, x, y, factor: factor, -1]
    )
    sd.check_grads(lambda x, y: scaled(x, y, factor=3.0), (np.ones((3, 1)), np.ones(4)))
    assert sd.grad(lambda x: scaled(x, 1.0, factor=5.0))(2.0) == 5
    step = sd.primitive("step", lambda x, y: (x > 0) * y, partials=[None, lambda out, x, y: 1.0 * (x > 0)])
    gx, gy = sd.grad(lambda x, y: step(x, y).sum(), (0, 1))(X, X)
    assert gx.tolist() == [0, 0, 0]
    assert gy.tolist() == [1, 1, 0]
    flat = sd.primitive("flat", np.floor, partials=[0])
    assert sd.grad(lambda x: flat(x).sum())(X).tolist() == [0, 0, 0]
    half = sd.primitive("half", lambda x: x / 2, partials=[0.5])
    sd.check_grads(half, (X,))


def test_foreign_forward_functions_with_rules_of_each_other() -> None:
    """Bessel functions: J0' = -J1, J1' = J0 - J1/x."""
    j0 = sd.primitive("j0", special.j0, partials=[lambda out, x: -j1(x)])
    j1 = sd.primitive("j1", special.j1, partials=[lambda out, x: j0(x) - out / x])
    sd.check_grads(j0, (X,))
    np.testing.assert_allclose(sd.grad(sd.grad(j0))(1.5), -(special.j0(1.5) - special.j1(1.5) / 1.5), rtol=1e-15)


MATRIX = sd.primitive("product", lambda a, b: a @ b, vjp=lambda g, out, a, b: (g @ b.T, a.T @ g))
PUSHED = sd.primitive("product", lambda a, b: a @ b, jvp=lambda t, out, a, b: t[0] @ b + a @ t[1])


@pytest.mark.parametrize("operation", [MATRIX, PUSHED], ids=["vjp", "jvp"])
def test_one_direction_gives_the_other(operation: Any) -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4) / 5
    sd.check_grads(operation, (a, b))
    sd.check_grads(lambda a: np.sin(operation(a, b)), (a,))
    w = sd.tensor(a, requires_grad=True)
    operation(w, b).sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), np.ones((2, 4)) @ b.T)


def test_a_masked_partial_is_zero() -> None:
    root = sd.primitive("root", lambda x: np.sqrt(x), partials=[lambda out, x: 0.5 / out])
    f = lambda x: np.where(x > 0, root(x), 0.0).sum()
    assert sd.grad(f)(np.array([0.0, 4.0])).tolist() == [0, 0.25]


def test_it_is_recorded() -> None:
    class Log(list[str]):
        def record(self, primitive: Any, inputs: Any, static: Any, output: Any) -> None:
            self.append(primitive.name)

    log = Log()
    with sd.autodiff.apply.recording(log):
        cube(sd.tensor(2.0)) + 1
    assert log == ["cube", "add"]


def test_foreign_code_in_a_rule() -> None:
    """First order in reverse mode works; the rest says what is missing."""
    j0 = sd.primitive("j0", special.j0, vjp=lambda g, out, x: -special.j1(np.asarray(x)) * np.asarray(g))
    sd.check_grads(j0, (X,), order=1, modes=("reverse",))
    with pytest.raises(DifferentiationError, match=r"'j0' was given vjp= only.*Give jvp= too"):
        sd.jvp(j0, (X,), (X,))
    with pytest.raises(DifferentiationError, match="drop its derivative"):
        sd.hvp(lambda x: j0(x).sum(), (X,), (X,))
    pushed = sd.primitive("j0", special.j0, jvp=lambda t, out, x: -special.j1(np.asarray(x)) * np.asarray(t[0]))
    with pytest.raises(DifferentiationError, match=r"'j0' was given jvp= only.*Give vjp= too"):
        sd.grad(lambda x: pushed(x).sum())(X)


def test_wrong_definitions() -> None:
    with pytest.raises(DifferentiationError, match="identifier"):
        sd.primitive("not a name", np.sin, partials=[np.cos])
    with pytest.raises(DifferentiationError, match=r"either partials= or vjp="):
        sd.primitive("f", np.sin)
    with pytest.raises(DifferentiationError, match=r"either partials= or vjp="):
        sd.primitive("f", np.sin, partials=[1], vjp=lambda g, out, x: g)
    with pytest.raises(DifferentiationError, match="function, a number or None"):
        sd.primitive("f", np.sin, partials=["cos"])


def test_wrong_calls_and_rules() -> None:
    with pytest.raises(DifferentiationError, match=r"'cube' has 1 partial derivatives.*called with 2"):
        cube(1.0, 2.0)
    for wrong in (lambda x: None, lambda x: "a", lambda x: sd.tensor(1.0), lambda x: {}):
        with pytest.raises(DifferentiationError, match="'f' must return an array or a number"):
            sd.primitive("f", wrong, partials=[1])(sd.tensor(2.0))
    with pytest.raises(ShapeError, match=r"'f' has partials=.*returned shape \(\).*\(3,\)"):
        sd.primitive("f", np.sum, partials=[1])(X)
    two = sd.primitive("f", np.multiply, vjp=lambda g, out, x, y: (g,))
    with pytest.raises(ShapeError, match="'f' returned 1 gradients for 2 inputs"):
        sd.grad(lambda x: two(x, x).sum())(X)
    total = sd.primitive("f", np.sum, vjp=lambda g, out, x: g)
    with pytest.raises(ShapeError, match=r"'f' gave a gradient of shape \(\) for input 0 of shape \(3,\)"):
        sd.grad(total)(X)
    failing = sd.primitive("f", np.sin, partials=[lambda out, x: 1 / 0])
    with pytest.raises(DifferentiationError, match="rule of 'f' failed: division by zero"):
        sd.grad(failing)(1.0)
    with pytest.raises(DifferentiationError, match="rule of 'f' failed"):
        sd.grad(sd.primitive("f", np.sin, partials=[lambda x: 1.0]))(1.0)
