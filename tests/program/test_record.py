"""Recording: what a program holds, what it refuses, and what its listing says."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import DifferentiationError, RecordingError, ShapeError
from steepest.program.interpreter import Interpreter
from steepest.program.record import recorded


def names(program):
    return [operation.name for operation in program.operations]


def test_operations_in_order_with_shapes_and_dtypes():
    program = sd.record(lambda x, w: np.tanh(x @ w).sum(), np.zeros((4, 3)), np.zeros((3, 2)))
    assert names(program) == ["matmul", "tanh", "sum"]
    assert [program.specs[o.out].shape for o in program.operations] == [(4, 2), (4, 2), ()]
    single = sd.record(lambda x: x * 2.0, np.zeros(3, np.float32))
    assert single.specs[single.operations[0].out].dtype == np.float32


def test_gradients_are_recorded_as_ordinary_operations():
    program = sd.record(sd.grad(lambda w: (w**3).sum()), np.ones(2))
    (gradient,) = Interpreter(program)([np.array([1.0, 2.0])])
    assert gradient.tolist() == [3.0, 12.0]
    curvature = sd.record(sd.hessian(lambda w: (w**4).sum()), np.ones(2))
    assert Interpreter(curvature)([np.array([1.0, 2.0])])[0].tolist() == [[12.0, 0.0], [0.0, 48.0]]


def test_containers_come_back_as_they_were():
    program, _ = recorded(lambda p: {"a": p["x"] + 1.0, "rest": (p["y"], 3.0)}, [{"x": np.ones(2), "y": np.zeros(1)}])
    made = program.rebuild(Interpreter(program)([np.array([1.0, 2.0]), np.array([5.0])]))
    assert made["a"].tolist() == [2.0, 3.0]
    assert made["rest"][0].tolist() == [5.0]
    assert made["rest"][1] == 3.0
    assert [program.names[n] for n in program.inputs] == ["p[x]", "p[y]"]


@pytest.mark.parametrize(
    ("f", "asked"),
    [
        (lambda x: x if x.sum() > 0 else -x, "if"),
        (lambda x: x * float(x[0]), "float"),
        (lambda x: x * x[0].item(), "item"),
        (lambda x: x * len([i for i in range(int(x[0]))]), "int"),  # noqa: C416
        (lambda x: x * np.array([x[0], x[1]]), ""),
    ],
)
def test_a_number_behind_a_value_is_refused_and_the_line_named(f, asked):
    with pytest.raises(DifferentiationError, match=r"test_record\.py") as caught:
        sd.record(f, np.ones(2))
    assert "recording" in str(caught.value)


def test_what_is_no_array_is_not_returned():
    with pytest.raises(RecordingError, match="is a `return` missing"):
        sd.record(lambda x: None, np.ones(2))
    with pytest.raises(RecordingError, match="str"):
        sd.record(lambda x: (x, "text"), np.ones(2))
    with pytest.raises(RecordingError, match="complex"):
        sd.record(lambda x: x, np.ones(2, complex))


def test_outside_arrays_are_constants_that_nobody_can_change_later():
    outside = np.array([1.0, 2.0])
    program = sd.record(lambda x: x * outside, np.ones(2))
    outside[:] = 100.0
    assert Interpreter(program)([np.ones(2)])[0].tolist() == [1.0, 2.0]


def test_other_shapes_or_dtypes_are_refused_by_name():
    run = Interpreter(sd.record(lambda weight: weight * 2.0, np.ones(2)))
    with pytest.raises(ShapeError, match=r"weight of float64\[2\], not float64\[3\]"):
        run([np.ones(3)])
    with pytest.raises(ShapeError, match="float32"):
        run([np.ones(2, np.float32)])
    with pytest.raises(ShapeError, match="takes 1 arrays, not 2"):
        run([np.ones(2), np.ones(2)])


def test_results_are_the_callers_own():
    x = np.ones(3)
    run = Interpreter(sd.record(lambda x: (x, x + 1.0), x))
    first, second = run([x])
    first[:], second[:] = 7.0, 7.0
    assert x.tolist() == [1.0, 1.0, 1.0]
    assert run([x])[1].tolist() == [2.0, 2.0, 2.0]


def test_the_listing_names_shape_dtype_operation_loop_and_peak():
    text = str(sd.record(lambda x, w: (np.tanh(x @ w) * 2.0).sum(), np.zeros((4, 3)), np.zeros((3, 2)))).splitlines()
    assert text[0].split() == ["x0", "float64[4,", "3]", "input", "x"]
    assert text[2].split() == ["v0", "float64[4,", "2]", "matmul(x0,", "x1)"]
    assert text[3].endswith("loop 0")
    assert text[4].endswith("loop 0")  # tanh, the product and the sum in one loop
    assert text[5].endswith("loop 0")
    assert text[6] == "return v3"
    assert text[7] == "# 4 operations, 1 fused loop, buffers 128 bytes at most"


def test_buffers_are_used_again():
    def chain(x):
        for _ in range(50):
            x = np.sin(x)
        return x

    text = str(sd.record(chain, np.zeros(1000)))
    assert "buffers 16,000 bytes" in text  # two of 8,000 bytes
