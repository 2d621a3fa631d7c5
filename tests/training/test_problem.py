"""What a Problem promises: its objective and gradient, and refusals that name the piece that does not fit."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import steepest as sd

X = np.array([0.0, 1.0, 2.0, 3.0])
Y = np.array([1.0, 2.0, 5.0, 4.0])


def line(p, x):
    return p["a"] + p["b"] * x


def problem(**options) -> sd.Problem:
    return sd.Problem(line, {"a": 0.5, "b": 1.0}, X, Y, **options)


def test_value_and_gradient_by_hand():
    r = 0.5 + X - Y
    value, gradient = problem().value_and_gradient(problem().start)
    assert value == pytest.approx(np.mean(r**2), rel=1e-15)
    np.testing.assert_allclose(gradient, [2 * np.mean(r), 2 * np.mean(r * X)], rtol=1e-14)


def test_the_full_contract_passes_state_key_and_training():
    seen = []

    def predict(params, state, inputs, key, training):
        seen.append((state, key, training))
        return params["a"] * inputs, state + 1

    made = sd.Problem(predict, {"a": 1.0}, X, Y, state=10)
    stopping = sd.Stopping(tolerance=0)  # a recording would call the model too
    run = sd.Run(made, sd.Descent(learning_rate=0.01), seed=7, steps=3, stopping=stopping, engine="numpy").finish()
    training = [(state, key) for state, key, training in seen if training]
    assert training == [(10 + k, sd.Key(7, k, k)) for k in range(3)]
    assert run.state["model"] == 13
    seen.clear()
    assert run.loss == made.value(run.params, 13)
    assert seen[0][0] == 13
    assert seen[0][2] is False


@pytest.mark.parametrize(
    "predict", [lambda p: p, lambda p, x, y: x, lambda: 0, lambda a, b, c, d, e, f: a], ids=["1", "3", "0", "6"]
)
def test_other_numbers_of_arguments_are_refused(predict):
    with pytest.raises(sd.ModelError, match="predict must be a function"):
        sd.Problem(predict, {"a": 1.0}, X, Y)


def test_partial_functions_and_methods_count_what_is_left():
    class Model:
        def predict(self, p, x):
            return p["a"] * x

    scaled = functools.partial(lambda factor, p, x: factor * p["a"] * x, 2.0)
    assert sd.Problem(scaled, {"a": 1.0}, X, 2 * X).value(sd.Params({"a": 1.0})) == 0
    assert sd.Problem(Model().predict, {"a": 1.0}, X, X).value(sd.Params({"a": 1.0})) == 0


REFUSED = {
    "a row short": (lambda: sd.Problem(line, {"a": 0, "b": 0}, X[:3], Y), "number of rows"),
    "no rows": (lambda: sd.Problem(line, {"a": 0, "b": 0}, X[:0], Y[:0]), "no rows"),
    "text": (lambda: sd.Problem(line, {"a": 0, "b": 0}, X, np.array(list("abcd"))), "real numbers"),
    "complex inputs": (lambda: sd.Problem(line, {"a": 0, "b": 0}, X * 1j, Y), "real numbers"),
    "weights of a matrix": (lambda: problem(weights=np.ones((4, 1))), "one a row"),
    "short weights": (lambda: problem(weights=[1, 2]), "one a row"),
    "negative weight": (lambda: problem(weights=[1, -1, 1, 1]), "row 2"),
    "NaN weight": (lambda: problem(weights=[1, 1, np.nan, 1]), "row 3"),
    "no weight": (lambda: problem(weights=np.zeros(4)), "all weights are zero"),
    "reduction": (lambda: problem(reduction="max"), "'mean' or 'sum'"),
    "loss": (lambda: problem(loss="mean"), "unknown loss"),
    "no parameters": (lambda: sd.Problem(line, {}, X, Y), "no parameters"),
    "text parameter": (lambda: sd.Problem(line, {"a": "b"}, X, Y), "real numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_in_words(case):
    call, says = REFUSED[case]
    with pytest.raises(sd.SteepestError, match=says):
        call()


@pytest.mark.parametrize("turned", ["outputs", "target"])
def test_a_column_against_a_vector_never_broadcasts(turned):
    def predict(p, x):
        return (p["a"] * x)[:, None] if turned == "outputs" else p["a"] * x

    made = sd.Problem(predict, {"a": 1.0}, X, Y[:, None] if turned == "target" else Y)
    for call in (made.value, made.value_and_gradient, made.residuals_and_jacobian):
        with pytest.raises(sd.ShapeError, match=r"\(4, 1\)"):
            call(made.start)


def test_weights_are_repetitions():
    times = np.array([3, 0, 1, 2])
    weighted = problem(weights=times)
    repeated = sd.Problem(line, {"a": 0.5, "b": 1.0}, np.repeat(X, times), np.repeat(Y, times))
    for loss in ("mse", "mae", "huber", "rmse", "log_cosh"):
        one = problem(weights=times, loss=loss).value_and_gradient(weighted.start)
        other = sd.Problem(line, {"a": 0.5, "b": 1.0}, np.repeat(X, times), np.repeat(Y, times), loss=loss)
        two = other.value_and_gradient(weighted.start)
        assert one[0] == pytest.approx(two[0], rel=1e-14)
        np.testing.assert_allclose(one[1], two[1], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(weighted.hessian(weighted.start), repeated.hessian(weighted.start), rtol=1e-13)


def test_a_penalty_adds_its_gradient_and_curvature():
    ridge = problem(penalty=lambda p: 3.0 * (p["a"] ** 2 + p["b"] ** 2))
    plain = problem()
    value, gradient = ridge.value_and_gradient(ridge.start)
    assert value == pytest.approx(plain.value(plain.start) + 3 * 1.25, rel=1e-15)
    np.testing.assert_allclose(gradient, plain.value_and_gradient(plain.start)[1] + 6 * ridge.start.flat, rtol=1e-14)
    np.testing.assert_allclose(ridge.hessian(ridge.start), plain.hessian(plain.start) + 6 * np.eye(2), rtol=1e-13)


def test_hessian_and_its_products_by_hand():
    made = problem()
    hessian = 2 * np.array([[1, X.mean()], [X.mean(), np.mean(X**2)]])
    np.testing.assert_allclose(made.hessian(made.start), hessian, rtol=1e-14)
    np.testing.assert_allclose(made.hessian_times(made.start, [1.0, -2.0]), hessian @ [1, -2], rtol=1e-14)


def test_residuals_and_jacobian_by_hand():
    r, jacobian = problem().residuals_and_jacobian(problem().start)
    np.testing.assert_allclose(r, 0.5 + X - Y, rtol=1e-15)
    np.testing.assert_allclose(jacobian, np.stack([np.ones(4), X], axis=1), rtol=1e-15)


def test_without_data_the_function_is_the_objective():
    made = sd.Problem.of_function(lambda p: p["x"] ** 2 + 1, {"x": 3.0})
    assert made.value_and_gradient(made.start) == (10.0, [6.0])
    assert made.rows == 1


FORMS = {
    "big-endian": lambda a: a.astype(">f8"),
    "read-only": lambda a: np.frombuffer(a.tobytes()),
    "strided": lambda a: np.repeat(a, 3)[::3],
    "reversed": lambda a: a[::-1].copy()[::-1],
    "list": list,
    "integers": lambda a: a.astype(np.int32),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_layout_gives_the_same_bits(form):
    made = sd.Problem(line, {"a": 0.5, "b": 1.0}, FORMS[form](X), FORMS[form](Y))
    value, gradient = made.value_and_gradient(made.start)
    assert value == problem().value(made.start)
    assert gradient.tolist() == problem().value_and_gradient(made.start)[1].tolist()
    assert gradient.dtype == np.dtype("=f8")


def test_float32_stays_float32():
    start = {"a": np.float32(0.5), "b": np.float32(1.0)}
    made = sd.Problem(line, start, X.astype(np.float32), Y.astype(np.float32))
    assert made.start.flat.dtype == np.float32
    assert made.value_and_gradient(made.start)[1].dtype == np.float32
    run = sd.Run(made, sd.Descent(learning_rate=0.05), steps=5).finish()
    assert run.params.flat.dtype == np.float32


def test_data_of_the_user_is_not_changed():
    x, y = X.copy(), Y.copy()
    sd.Run(sd.Problem(line, {"a": 0, "b": 0}, x, y), sd.Descent(sd.Adam(), batches=sd.Batches(2)), steps=6).finish()
    assert x.tolist() == X.tolist()
    assert y.tolist() == Y.tolist()


def test_inputs_may_be_nested():
    made = sd.Problem(lambda p, d: p["a"] * d["u"] + d["v"][0], {"a": 1.0}, {"u": X, "v": (X,)}, 3 * X)
    run = sd.Run(made, sd.LevenbergMarquardt()).finish()
    assert run.params["a"] == pytest.approx(2, rel=1e-12)
    batched = sd.Run(made, sd.Descent(sd.Momentum(0.5), 0.01, sd.Batches(2)), steps=400).finish()
    assert batched.params["a"] == pytest.approx(2, rel=1e-6)
