"""sd.compile: records once for each shape and dtype, agrees with the function, falls back with one warning."""

from __future__ import annotations

import gc
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

import steepest as sd
from steepest import ops
from steepest.autodiff.primitives import TABLE
from steepest.base.errors import CompilationWarning, DifferentiationError, ModelError, RecordingError
from steepest.program.fusion import ELEMENTWISE, REDUCTIONS, VIEWS
from steepest.program.moving import MOVES
from steepest.program.routines import ROUTINES

ENGINES = ("llvm", "numpy")


@pytest.mark.parametrize("engine", ENGINES)
def test_recorded_once_for_each_combination_of_shapes_and_dtypes(engine):
    calls = []

    def f(x, scale):
        calls.append(1)
        return (x * scale).sum()

    fast = sd.compile(f, engine=engine)
    for _ in range(3):
        for x in (np.ones(3), np.ones(4), np.ones(3, np.float32)):
            assert fast(x, np.asarray(2.0)) == 2.0 * len(x)
    assert fast.recordings == len(calls) == 3
    assert fast(np.ones(3), 2.0) == fast(np.ones(3), 2.0) == 6.0  # a Python number is part of the program
    assert fast(np.ones(3), 3.0) == 9.0
    assert fast.recordings == 5


@pytest.mark.parametrize("engine", ENGINES)
def test_gradients_and_containers(engine):
    x = np.linspace(-1, 1, 30)

    def loss(p):
        return ((p["a"] * x**2 + p["b"] - np.cos(x)) ** 2).mean()

    p = {"a": np.asarray(0.3), "b": np.asarray(0.7)}
    value, gradient = sd.compile(sd.value_and_grad(loss), engine=engine)(p)
    expected, other = sd.value_and_grad(loss)(p)
    assert value == pytest.approx(expected, rel=1e-14)
    assert gradient.keys() == other.keys()
    assert all(gradient[k] == pytest.approx(other[k], rel=1e-13) for k in other)


def test_weak_numbers_keep_float32():
    x = np.ones(3, np.float32)
    assert sd.compile(lambda x: x * 0.1 + 1)(x).dtype == np.float32


def test_strided_and_read_only_inputs():
    f = sd.compile(lambda x: x.sum(axis=0) * 2.0, engine="llvm")
    x = np.arange(24.0).reshape(4, 6)
    x.flags.writeable = False
    assert f(x[::2, ::-1]).tolist() == (x[::2, ::-1].sum(axis=0) * 2).tolist()
    assert f(x.T[:2]).tolist() == (x.T[:2].sum(axis=0) * 2).tolist()


def test_what_there_is_no_machine_code_for_runs_in_numpy_with_one_warning():
    f = sd.compile(lambda x: ops.sort(x[x > 0.0]) * 2.0, engine="llvm")
    with pytest.warns(CompilationWarning, match="no machine code for indexing by booleans"):
        assert f(np.array([3.0, 1.0])).tolist() == [2.0, 6.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(np.array([5.0, 4.0])).tolist() == [8.0, 10.0]


def test_every_operation_has_machine_code():
    """docs/program.md says so, with their number."""
    there = VIEWS | REDUCTIONS | ELEMENTWISE | set(MOVES) | set(ROUTINES) | {"matmul", "einsum"}
    assert there == set(TABLE)
    page = Path(__file__).parents[2] / "docs" / "program.md"
    assert f"All {len(TABLE)} operations" in page.read_text()


def test_control_flow_names_the_line():
    with pytest.raises(DifferentiationError, match=r"test_compile\.py"):
        sd.compile(lambda x: x if x[0] > 0 else -x)(np.ones(2))


def test_what_may_change_is_no_part_of_a_program():
    f = sd.compile(lambda x, some: x * len(some))
    assert f(np.ones(1), frozenset([1, 2])).tolist() == [2.0]
    with pytest.raises(RecordingError, match="not of type set"):
        f(np.ones(1), {1, 2})


def test_under_differentiation_the_function_itself_is_called():
    f = sd.compile(lambda x: (x**2).sum())
    assert sd.grad(lambda x: f(x * 3.0))(np.array([1.0, 2.0])).tolist() == [18.0, 36.0]


def test_an_unknown_engine_offers_the_nearest(monkeypatch):
    with pytest.raises(ModelError, match="Did you mean 'llvm'"):
        sd.compile(lambda x: x, engine="lvm")
    monkeypatch.setenv("SD_ENGINE", "numpi")
    with pytest.raises(ModelError, match="Did you mean 'numpy'"):
        sd.compile(lambda x: x)


def test_threads_do_not_share_a_call():
    f = sd.compile(lambda x: np.tanh(x).sum() + x[0], engine="llvm")
    wrong = []

    def work(k):
        x = np.full(5000, float(k))
        wrong.extend(k for _ in range(200) if f(x) != pytest.approx(5000 * np.tanh(k) + k, rel=1e-12))

    threads = [threading.Thread(target=work, args=(k,)) for k in (1, 2, 3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert wrong == []
    assert f.recordings == 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 7, 3), (128, 20, 20), (20, 128, 1), (33, 1, 17), (130, 129, 131)])
def test_products_in_every_layout(shape, dtype):
    m, k, n = shape
    rng = np.random.default_rng(0)
    bound = 2 * k * np.finfo(dtype).eps
    for turn_a in (False, True):
        for turn_b in (False, True):
            a = rng.standard_normal((k, m) if turn_a else (m, k)).astype(dtype)
            b = rng.standard_normal((n, k) if turn_b else (k, n)).astype(dtype)
            f = sd.compile(lambda a, b: (a.T if turn_a else a) @ (b.T if turn_b else b), engine="llvm")  # noqa: B023
            a_, b_ = (a.T if turn_a else a).astype(np.float64), (b.T if turn_b else b).astype(np.float64)
            assert (np.abs(f(a, b) - a_ @ b_) <= bound * (np.abs(a_) @ np.abs(b_)) + 1e-300).all()


def test_machine_code_in_cycles_of_references_is_given_back():
    """The garbage collector takes the parts of a cycle in any order; a module must not outlive what it stands on."""
    for i in range(5):
        f = sd.compile(lambda x: np.tanh(x) * i, engine="llvm")  # noqa: B023
        f(np.ones(3))
        (_, run), *_ = f._known.values()
        run.machine_and_back = [run._machine, run, f, run._machine._engine]
        f.me = f
    del f, run
    gc.collect()
