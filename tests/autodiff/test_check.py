"""The checker: right rules pass, each kind of wrong rule is found and located."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest import DifferentiationError, GradientMismatch, ops
from steepest.autodiff import check

X = np.array([0.5, 1.5, 2.5])


def square(partial: Any) -> Any:
    return sd.primitive("square", np.square, partials=[partial])


def test_a_rule_wrong_in_the_fourth_digit() -> None:
    with pytest.raises(GradientMismatch) as caught:
        sd.check_grads(square(lambda out, x: 2.001 * x), (X,))
    assert str(caught.value) == (
        "order 1, forward mode: the derivative of output[0] with respect to argument 0[0] is 1 numerically, "
        "but 1.0005 by the rules. Operations used: square."
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_right_rule(dtype: type) -> None:
    f = square(lambda out, x: 2.0 * x)
    sd.check_grads(f, (X.astype(dtype),))
    sd.check_grads(lambda x: f(f(x)).sum(), (X.astype(dtype),))


def test_a_grossly_wrong_rule_in_float32() -> None:
    with pytest.raises(GradientMismatch):
        sd.check_grads(square(lambda out, x: 2.05 * x), (X.astype(np.float32),))


def test_a_rule_wrong_in_one_mode() -> None:
    forward = sd.primitive("f", np.square, vjp=lambda g, out, x: 2 * x * g, jvp=lambda t, out, x: 2.001 * x * t[0])
    sd.check_grads(forward, (X,), modes=("reverse",), order=2)
    with pytest.raises(GradientMismatch, match="order 1, forward mode"):
        sd.check_grads(forward, (X,))
    reverse = sd.primitive("f", np.square, vjp=lambda g, out, x: 2.001 * x * g, jvp=lambda t, out, x: 2 * x * t[0])
    sd.check_grads(reverse, (X,), modes=("forward",), order=2)
    with pytest.raises(GradientMismatch, match="order 1, reverse mode"):
        sd.check_grads(reverse, (X,))


def test_a_rule_wrong_in_second_order() -> None:
    def forgets(out: Any, x: Any) -> Any:
        return 2 * (x.detach() if isinstance(x, sd.Tensor) else x)

    sd.check_grads(square(forgets), (X,), order=1)
    for outer in check.MODES:
        with pytest.raises(GradientMismatch, match=f"order 2, {outer} over {outer} mode.*but 0 by the rules"):
            sd.check_grads(square(forgets), (X,), modes=(outer,))


@pytest.mark.parametrize("mode", check.MODES)
def test_a_rule_wrong_in_one_element(mode: str) -> None:
    wrong = np.zeros((2, 3))
    wrong[1, 2] = 0.01
    f = square(lambda out, x: 2 * x + wrong)
    with pytest.raises(
        GradientMismatch, match=rf"{mode} mode.*output\[1, 2\] with respect to argument 1\['w'\]\[0\]\[1, 2\] "
    ):
        sd.check_grads(lambda x, tree: f(tree["w"][0]) * x, (2.0, {"w": (np.ones((2, 3)),)}), modes=(mode,))


def test_a_gradient_of_the_wrong_argument() -> None:
    swapped = sd.primitive("product", lambda x, y: x * y, partials=[lambda out, x, y: x, lambda out, x, y: y])
    with pytest.raises(GradientMismatch, match=r"argument 0 is 3 numerically, but 2 by the rules"):
        sd.check_grads(swapped, (2.0, 3.0))


def test_a_wrong_nan() -> None:
    with pytest.raises(GradientMismatch, match="nan by the rules"):
        sd.check_grads(square(lambda out, x: x * np.nan), (X,))


def test_arguments_and_results_of_all_kinds() -> None:
    def f(params: Any, places: Any, flag: bool, name: str) -> Any:
        assert flag
        assert name == "n"
        picked = params["w"][places]
        return {"a": picked * params["b"][0], "b": (picked.sum(), params["b"][1] * 2), "n": places}

    args = ({"w": X, "b": (2.0, [1.0, 2.0])}, np.array([0, 0, 2]), True, "n")
    sd.check_grads(f, args)
    sd.check_grads(lambda x: x**3, (2,))  # a Python integer is a number
    sd.check_grads(lambda t: t * 2, (sd.tensor(X),))
    sd.check_grads(lambda x: 3.0, (X,))
    sd.check_grads(lambda x: x[:0], (X,))
    sd.check_grads(lambda x, y: x, (X, np.zeros(0)))


def test_functions_that_look_at_numbers_or_are_not_analytic() -> None:
    sd.check_grads(lambda x: x * 2 if x > 1 else x * 3, (2.0,))
    sd.check_grads(lambda x: ops.absolute(x) * ops.sigmoid(x), (X,))
    sd.check_grads(lambda x: sd.grad(lambda y: np.sin(y) * y)(x), (0.7,))
    sd.check_grads(lambda x: ops.astype(x, np.float64) * 2, (X,))


def test_magnitudes() -> None:
    sd.check_grads(ops.log, (np.array([1e-8, 1e-3, 1.0, 1e8]),))
    sd.check_grads(lambda x: ops.absolute(x) * ops.log(x), (np.array([1e-8, 1e8]),))  # real steps
    sd.check_grads(lambda x: ops.maximum(x, 1.0) ** 2, (np.array([1e5, 0.99]),))


def test_the_complex_step_is_exact() -> None:
    """Digits that no difference has: 1e-13 of 2 is found where asked for."""
    f = sd.primitive("square", np.square, partials=[lambda out, x: (2 + 1e-12) * x], analytic=True)
    with pytest.raises(GradientMismatch):
        sd.check_grads(f, (X,), order=1, rtol=1e-14, atol=0.0)
    exact = sd.primitive("square", np.square, partials=[lambda out, x: 2 * x], analytic=True)
    sd.check_grads(exact, (X,), order=1, rtol=1e-14, atol=0.0)


def test_wrong_calls() -> None:
    with pytest.raises(DifferentiationError, match="order"):
        sd.check_grads(np.sin, (X,), order=0)
    with pytest.raises(DifferentiationError, match="sideways"):
        sd.check_grads(np.sin, (X,), modes=("sideways",))
    with pytest.raises(DifferentiationError, match="floating-point"):
        sd.check_grads(np.sin, (np.array([1, 2]),))
    with pytest.raises(DifferentiationError, match="not finite"):
        sd.check_grads(ops.log, (np.array([0.0, 1.0]),))


@pytest.mark.parametrize("x", [-700.0, -40.0, -1.0, 1e-9, 0.5, 2.0, 40.0, 700.0])
def test_complex_steps_keep_their_digits_far_out(x: float) -> None:
    # s(x) = 1/(1 + exp(-x)): softplus' = s, sigmoid' = s (1 - s); with math's functions, on the side that keeps digits.
    small = math.exp(-abs(x))
    slope = small / (1 + small) ** 2
    sigmoid = (1.0 if x >= 0 else small) / (1 + small)
    step = 1e-30
    assert np.imag(ops.sigmoid(np.array([x + 1j * step])))[0] / step == pytest.approx(slope, rel=1e-14)
    assert np.imag(ops.softplus(np.array([x + 1j * step])))[0] / step == pytest.approx(sigmoid, rel=1e-14)
    assert np.real(ops.softplus(np.array([x + 0j])))[0] == pytest.approx(max(x, 0) + math.log1p(small), rel=1e-15)
    assert np.imag(ops.log_cosh(np.array([x + 1j * step])))[0] / step == pytest.approx(math.tanh(x), rel=1e-14)
