from __future__ import annotations

import numpy as np
import pytest

import steepest as sd

METHODS = ["lbfgs", "gradient_descent", "momentum", "adam"]


def bowl(x):
    """1 at (1, 2, 3, …), whatever the shape of x; no minimum of it is met exactly."""
    flat = x.reshape(-1)
    return (
        1
        + ((flat - np.arange(1.0, flat.size + 1)) ** 2).sum()
        + 0.1 * ((flat - np.arange(1.0, flat.size + 1)) ** 4).sum()
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "start",
    [0.3, 2, [0.5, 0.4], (0.1, 0.2), np.zeros((2, 3)), np.float32(0.5), np.array([1, 1]).astype(">i4")],
    ids=lambda start: str(np.shape(start)) + type(start).__name__,
)
def test_every_form_of_start(method, start):
    rate = {"adam": 0.1}.get(method)
    run = sd.minimize(bowl, start, method=method, learning_rate=rate, steps=4000)
    assert run.outcome.ok
    (found,) = run.params.values()
    assert found.shape == np.shape(start)
    np.testing.assert_allclose(found.reshape(-1), np.arange(1, found.size + 1), atol=1e-3)
    assert run.loss == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_dict_of_starts(method):
    run = sd.minimize(
        lambda p: (p["a"] - 3) ** 2 + ((p["b"] + p["a"]) ** 2).sum() + 1, {"a": 0.0, "b": [1.0, 2.0]}, method=method,
        steps=20_000,
    )  # fmt: skip
    assert list(run.params) == ["a", "b"]
    np.testing.assert_allclose(run.params.flat, [3, -3, -3], atol=2e-3)


def test_tensors_as_starts():
    for start in (sd.tensor([0.5, 0.5]), sd.tensor([0.5, 0.5]).requires_grad_()):
        np.testing.assert_allclose(sd.minimize(bowl, start).params["x"], [1, 2], atol=1e-4)


def test_the_parameter_is_named_after_the_argument():
    assert list(sd.minimize(lambda height: (height - 1) ** 2 + 1, 0.0).params) == ["height"]


def test_rosenbrock():
    run = sd.minimize(lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, [-1.2, 1.0])
    np.testing.assert_allclose(run.params["x"], [1, 1], rtol=1e-5)
    assert run.outcome.name == "converged"


def test_a_minimum_that_is_met_exactly():
    run = sd.minimize(lambda x: (x**2).sum(), [1.0, 2.0])
    assert run.outcome.name == "converged"
    assert run.params["x"] == pytest.approx([0, 0], abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("result", [lambda x: x, lambda x: x.reshape(1, 2) * 2], ids=["vector", "matrix"])
def test_a_vector_is_no_objective(method, result):
    with pytest.raises(sd.ShapeError, match="must return one number"):
        sd.minimize(result, [1.0, 2.0], method=method)


@pytest.mark.parametrize("method", METHODS)
def test_one_number_in_an_array_is_a_number(method):
    run = sd.minimize(lambda x: ((x - 1) ** 2 + 1).reshape(1, 1), 0.3, method=method)
    assert run.params["x"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("result", [lambda x: [x[0]], lambda x: None, lambda x: "a"], ids=["list", "None", "text"])
def test_what_is_no_number(method, result):
    with pytest.raises(sd.SteepestError):
        sd.minimize(result, [1.0, 2.0], method=method)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_is_at_its_minimum_everywhere(method):
    run = sd.minimize(lambda x: 3.0, [1.0, 2.0], method=method)
    assert run.outcome.name == "converged"
    assert run.params["x"].tolist() == [1, 2]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("f", "start"), [(lambda x: x.sum() * np.nan, [1.0, 2.0]), (lambda x: (x**2).sum(), [np.nan, 1.0])]
)
def test_nan_is_named_at_step_zero(method, f, start):
    run = sd.minimize(f, start, method=method)
    assert run.outcome.name == "non_finite"
    assert "step 0" in run.outcome.message


@pytest.mark.parametrize("start", [[], {}, "a", None, [[1], [1, 2]], {"a": "b"}, {"a": [[1], [1, 2]]}, 1j, {"a": []}])
def test_starts_that_hold_no_numbers(start):
    with pytest.raises(sd.ModelError):
        sd.minimize(lambda x: 1.0, start)


def test_what_is_no_function():
    with pytest.raises(sd.ModelError, match="takes a function"):
        sd.minimize(3.0, [1.0])


def test_least_squares_methods_need_data():
    with pytest.raises(sd.ModelError, match="needs data"):
        sd.minimize(bowl, [1.0], method="levenberg_marquardt")


def test_threshold_and_history():
    run = sd.minimize(bowl, [30.0, -20.0], threshold=50.0)
    assert run.outcome.name == "threshold_reached"
    assert run.loss <= 50
    assert run.history["loss"][0] == pytest.approx(float(bowl(np.array([30.0, -20.0]))))
    assert (run.history["loss"] > 50).all()


@pytest.mark.parametrize(
    "method", ["lbfgs", "gradient_descent", "adam", "random_search", "genetic", "differential_evolution"]
)
def test_bounds_are_kept_by_every_method(method):
    run = sd.minimize(
        lambda x: (x[0] - 3) ** 2 + (x[1] + 1) ** 2, [0.0, 0.5], method=method, bounds=([-1, 0], [2, 1]), steps=300, snapshots=1,
        learning_rate=0.05 if method in ("gradient_descent", "adam") else None,
    )  # fmt: skip
    assert run.params["x"] == pytest.approx([2.0, 0.0], abs=1e-3)
    for kept in run.history.snapshots.values():
        assert (kept["x"] >= [-1, 0]).all()
        assert (kept["x"] <= [2, 1]).all()


def test_bounds_that_make_no_sense():
    with pytest.raises(sd.ModelError, match="dict of pairs"):
        sd.minimize(lambda p: p["a"] ** 2, {"a": 1.0}, bounds=(0, 1))
    with pytest.raises(sd.ModelError, match="pair of numbers"):
        sd.minimize(lambda x: x**2, 1.0, bounds=3)
