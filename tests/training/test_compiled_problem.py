"""Problems evaluated by machine code, against the same problems evaluated by NumPy."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from steepest.base.errors import CompilationWarning
from steepest.training import compiled_problem
from steepest.training.compiled_problem import CHUNK, CompiledProblem

RNG = np.random.default_rng(0)
TRUE = {"a": 3.0, "b": 0.7, "c": 1.0, "d": 0.2}


def decay(p, t):
    return p["a"] * np.exp(-p["b"] * t) + p["c"] + p["d"] * t


def data(rows):
    rng = np.random.default_rng(rows)
    t = rng.uniform(0, 10, rows)
    return t, decay(TRUE, t) + rng.normal(0, 0.1, rows)


def pair(rows, **options):
    t, y = data(rows)
    plain = sd.Problem(decay, {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}, t, y, **options)
    return plain, CompiledProblem(plain)


ROWS = [20, CHUNK, CHUNK + 1, 5 * CHUNK - 1, 5 * CHUNK]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("loss", ["mse", "rmse", "mae", "huber", "log_cosh"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_values_and_slopes(rows, loss, reduction):
    weights = RNG.uniform(0, 2, rows) if reduction == "mean" else None
    plain, fast = pair(rows, loss=loss, reduction=reduction, weights=weights, penalty=sd.L2(0.1, on="all"))
    p = plain.start
    assert fast.value(p) == pytest.approx(plain.value(p), rel=1e-13)
    value, slope = plain.value_and_gradient(p)
    found, fast_slope = fast.value_and_gradient(p)
    assert found == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(fast_slope, slope, rtol=1e-11, atol=1e-12)
    assert fast.can("value")
    assert fast.can("slope")


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("weighted", [False, True])
def test_residuals_jacobian_and_curvature(rows, weighted):
    plain, fast = pair(rows, weights=RNG.uniform(0, 2, rows) if weighted else None)
    p = plain.start
    np.testing.assert_allclose(fast.residuals(p), plain.residuals(p), rtol=1e-13, atol=1e-13)
    residual, jacobian = plain.residuals_and_jacobian(p)
    found, fast_jacobian = fast.residuals_and_jacobian(p)
    np.testing.assert_allclose(found, residual, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(fast_jacobian, jacobian, rtol=1e-13, atol=1e-13)
    v = np.array([1.0, -2.0, 0.5, 3.0])
    np.testing.assert_allclose(fast.hessian_times(p, v), plain.hessian_times(p, v), rtol=1e-11)


@pytest.mark.parametrize("rows", [CHUNK + 1, 5 * CHUNK])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_pass_gives_triangle_squares_and_bend(rows, weighted):
    plain, fast = pair(rows, weights=RNG.uniform(0, 2, rows) if weighted else None)
    p, root = plain.start, np.sqrt(plain.row_weights)
    residual, jacobian = plain.residuals_and_jacobian(p)
    table = np.column_stack([jacobian, residual]) * root[:, None]
    expected = np.linalg.qr(table, mode="r")
    np.testing.assert_allclose(np.abs(fast.triangle(p)), np.abs(expected), rtol=1e-11, atol=1e-11)
    assert fast.squares(p) == pytest.approx(np.sum((root * residual) ** 2), rel=1e-13)
    assert fast.target_norm == pytest.approx(np.linalg.norm(root * plain.data.target), rel=1e-14)
    step, h = np.array([0.1, 0.2, -0.3, 0.4]), 0.1
    # The second derivative of a exp(-b t) along the step is (a t^2 sb^2 - 2 sa sb t) exp(-b t).
    t = plain.data.inputs
    exact = (p["a"] * t**2 * step[1] ** 2 - 2 * step[0] * step[1] * t) * np.exp(-p["b"] * t)
    size, slope = fast.bend(p, step, h)
    assert size == pytest.approx(np.linalg.norm(root * exact), rel=0.05)
    second = 2 / h * ((plain.residuals(p.replaced(p.flat + h * step)) - residual) / h - jacobian @ step)
    np.testing.assert_allclose(slope, jacobian.T @ (plain.row_weights * second), rtol=1e-9, atol=1e-9)


def test_few_rows_have_no_pass_of_their_own():
    _, fast = pair(CHUNK)
    assert fast.triangle(fast.start) is None
    assert fast.squares(fast.start) is None
    assert fast.bend(fast.start, np.ones(4), 0.1) is None


@pytest.mark.parametrize("rows", [30, 3 * CHUNK + 7])
def test_a_population_in_one_call(rows):
    plain, fast = pair(rows)
    points = [plain.start.replaced(RNG.uniform(0, 2, 4)) for _ in range(9)]
    np.testing.assert_array_equal(plain.values(points), [plain.value(p) for p in points])
    np.testing.assert_allclose(fast.values(points), plain.values(points), rtol=1e-13)
    assert fast.values([]).shape == (0,)


def test_a_function_without_data():
    plain = sd.functions.rosenbrock.problem()
    fast = CompiledProblem(plain)
    p = plain.start
    assert fast.value(p) == pytest.approx(plain.value(p), rel=1e-14)
    np.testing.assert_allclose(fast.value_and_gradient(p)[1], plain.value_and_gradient(p)[1], rtol=1e-13)
    np.testing.assert_allclose(fast.hessian_times(p, np.ones(2)), plain.hessian_times(p, np.ones(2)), rtol=1e-13)


def test_rows_of_several_outputs_and_inputs():
    x, y = RNG.standard_normal((3 * CHUNK + 5, 3)), RNG.standard_normal((3 * CHUNK + 5, 2))
    net = sd.MLP(3, [4], 2, activation="tanh")
    params, state = net.init(sd.Key(0))
    plain = sd.Problem(net, params, x, y, state=state, weights=RNG.uniform(0, 1, len(x)))
    fast = CompiledProblem(plain)
    p = plain.start
    assert fast.value(p) == pytest.approx(plain.value(p), rel=1e-13)
    np.testing.assert_allclose(fast.value_and_gradient(p)[1], plain.value_and_gradient(p)[1], rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(fast.residuals(p), plain.residuals(p), rtol=1e-12, atol=1e-13)
    assert fast.can("slope")


def test_models_that_look_at_all_rows_stay_whole():
    t, y = data(3 * CHUNK)
    plain = sd.Problem(lambda p, t: p["a"] * (t - t.mean()), {"a": 1.0}, t, y)
    fast = CompiledProblem(plain)
    assert not fast.can("value")
    assert "rows" in fast.refused
    assert fast.value(plain.start) == plain.value(plain.start)


def test_what_cannot_be_recorded_stays_with_numpy():
    t, y = data(50)
    plain = sd.Problem(lambda p, t: p["a"] * t if float(p["a"]) > 0 else t, {"a": 1.0}, t, y)
    fast = CompiledProblem(plain)
    assert not fast.can("value")
    assert fast.value(plain.start) == plain.value(plain.start)
    with pytest.warns(CompilationWarning, match="NumPy"):
        run = sd.Run(plain, sd.RandomSearch(), engine="llvm", steps=3)
    assert run.engine == "numpy"


def test_bits_do_not_depend_on_the_cores(monkeypatch):
    rows = 2 * CHUNK * compiled_problem.SHARD + 3 * CHUNK + 11
    found = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(compiled_problem, "cores", lambda cores=cores: cores)
        _, fast = pair(rows, rowwise=True)
        found.append((fast.value_and_gradient(fast.start)[1].tobytes(), fast.triangle(fast.start).tobytes(),
                      fast.residuals(fast.start).tobytes()))  # fmt: skip
    assert len(set(found)) == 1


def test_other_rows_need_no_other_program():
    _, fast = pair(4 * CHUNK + 3)
    fast.value_and_gradient(fast.start)
    other = copy.copy(fast)
    other.data = fast.batch(slice(5, 2 * CHUNK + 100))
    expected = other.plain.value_and_gradient(other.start)[1]
    np.testing.assert_allclose(other.value_and_gradient(other.start)[1], expected, rtol=1e-11)
    assert other._programs is fast._programs
    assert len(fast._programs) == 1


def test_numbers_beyond_squares_are_left_to_numpy():
    t, y = data(3 * CHUNK)
    for factor in (1e200, 1e-200):
        plain = sd.Problem(decay, {"a": factor, "b": 1.0, "c": factor, "d": factor}, t, factor * y, rowwise=True)
        fast = CompiledProblem(plain)
        assert fast.triangle(plain.start) is None
        np.testing.assert_allclose(fast.residuals(plain.start), plain.residuals(plain.start), rtol=1e-13)


@pytest.mark.parametrize("bad", [-800.0, np.nan])
def test_what_is_not_finite(bad):
    plain, fast = pair(3 * CHUNK)
    p = plain.start.replaced(np.array([1.0, bad, 1.0, 1.0]))
    assert fast.triangle(p) is None
    assert not np.isfinite(fast.value(p))
    np.testing.assert_array_equal(np.isfinite(fast.residuals(p)), np.isfinite(plain.residuals(p)))


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 4 * CHUNK), seed=st.integers(0, 99))
def test_any_number_of_rows(rows, seed):
    rng = np.random.default_rng(seed)
    t = rng.uniform(0, 10, rows)
    plain = sd.Problem(decay, {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}, t, rng.normal(size=rows), rowwise=True)
    fast = CompiledProblem(plain)
    p = plain.start.replaced(rng.uniform(0, 2, 4))
    assert fast.value(p) == pytest.approx(plain.value(p), rel=1e-12)
    np.testing.assert_allclose(fast.residuals(p), plain.residuals(p), rtol=1e-12, atol=1e-12)


# ---- runs
def runs(method, rows, **options):
    t, y = data(rows)
    start = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}
    made = []
    for engine in ("numpy", "llvm"):
        run = sd.Run(sd.Problem(decay, start, t, y), method, engine=engine, **options)
        assert run.engine == engine
        made.append(run.finish())
    return made


@pytest.mark.parametrize("rows", [40, 4 * CHUNK + 9])
def test_levenberg_marquardt_by_both_engines(rows):
    slow, fast = runs(sd.LevenbergMarquardt(), rows)
    assert fast.outcome.name == slow.outcome.name == "converged"
    np.testing.assert_allclose(fast.params.flat, slow.params.flat, rtol=1e-12)
    np.testing.assert_allclose(fast.history["loss"][:4], slow.history["loss"][:4], rtol=1e-10)
    np.testing.assert_allclose(fast.last.prediction, slow.last.prediction, rtol=1e-9)


@pytest.mark.parametrize("method", [sd.LBFGS(), sd.RandomSearch(), sd.GeneticAlgorithm(), sd.DifferentialEvolution()])
def test_other_methods_by_both_engines(method):
    slow, fast = runs(method, 40, steps=30)
    np.testing.assert_allclose(fast.history["loss"][:20], slow.history["loss"][:20], rtol=1e-6)
    if "points" in slow.state:
        assert fast.state["points"] == slow.state["points"]


def test_restarts_by_both_engines():
    slow, fast = runs(sd.Restarts(sd.LBFGS(), starts=3, bounds=(0.5, 2)), 40)
    np.testing.assert_allclose(fast.params.flat, slow.params.flat, rtol=1e-4)


def test_auto_takes_machine_code_for_many_rows_alone(monkeypatch):
    monkeypatch.delenv("SD_ENGINE", raising=False)
    for rows, expected in ((1000, "numpy"), (1_000_000, "llvm")):
        t = np.linspace(0, 10, rows)
        problem = sd.Problem(decay, TRUE, t, decay(TRUE, t), rowwise=True)
        assert sd.Run(problem, sd.LevenbergMarquardt(), engine="auto").engine == expected


def test_a_fit_of_many_rows_as_curve_fit_has_it(monkeypatch):
    from scipy.optimize import curve_fit

    monkeypatch.setenv("SD_ENGINE", "llvm")
    t, y = data(100_003)
    fit = sd.fit("y ~ a*exp(-b*t) + c + d*t", {"t": t, "y": y})
    assert fit.run.engine == "llvm"

    def jacobian(t, a, b, c, d):
        return np.stack([np.exp(-b * t), -a * t * np.exp(-b * t), np.ones_like(t), t], axis=1)

    expected, covariance = curve_fit(
        lambda t, a, b, c, d: a * np.exp(-b * t) + c + d * t, t, y, p0=[1.0] * 4, jac=jacobian, xtol=1e-14, ftol=1e-14
    )
    np.testing.assert_allclose(list(fit.params.values()), expected, rtol=1e-9)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-6)
    assert fit.remarks == []
    monkeypatch.setenv("SD_ENGINE", "numpy")
    plain = sd.fit("y ~ a*exp(-b*t) + c + d*t", {"t": t, "y": y})
    np.testing.assert_allclose(list(fit.params.values()), list(plain.params.values()), rtol=1e-13)
    assert fit.steps == plain.steps


def test_the_same_formula_is_compiled_once(monkeypatch):
    monkeypatch.setenv("SD_ENGINE", "llvm")
    fits = []
    for rows in (2000, 3000):
        t, y = data(rows)
        fits.append(sd.fit("y ~ a*exp(-b*t) + c + d*t", {"t": t, "y": y}))
    assert fits[0].run.evaluated._programs is fits[1].run.evaluated._programs


def test_copies_of_all_kinds():
    _, fast = pair(3 * CHUNK, weights=RNG.uniform(0, 1, 3 * CHUNK))
    expected = fast.value(fast.start)
    twin = copy.copy(fast)
    assert twin._programs is fast._programs
    assert type(twin.plain) is sd.Problem
    assert twin.value(twin.start) == copy.deepcopy(fast).value(fast.start) == expected


def test_an_error_on_another_core_is_not_lost(monkeypatch):
    rows = 2 * CHUNK * compiled_problem.SHARD + 3 * CHUNK
    monkeypatch.setattr(compiled_problem, "cores", lambda: 2)
    _, fast = pair(rows, rowwise=True)
    run = fast._runs("residual")

    def broken(*arguments):
        raise MemoryError

    monkeypatch.setattr(type(run), "__call__", broken)
    with pytest.raises(MemoryError):
        fast.residuals(fast.start)


def test_threads_that_ask_more_kinds_than_are_kept(monkeypatch):
    monkeypatch.setattr(compiled_problem, "KEPT", 1)
    plain, fast = pair(20)
    expected = plain.value(plain.start), plain.hessian_times(plain.start, np.ones(4)).tolist()

    def ask(_):
        return fast.value(plain.start), fast.hessian_times(plain.start, np.ones(4)).tolist()

    with ThreadPoolExecutor(4) as threads:
        for value, product in threads.map(ask, range(12)):
            assert value == pytest.approx(expected[0], rel=1e-13)
            assert product == pytest.approx(expected[1], rel=1e-11)
    assert len(fast._programs) == 1
