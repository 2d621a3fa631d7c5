"""The one door: what it computes, links and tells."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest import DifferentiationError, Primitive, ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import apply, recording


class Log:
    """A recorder that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []

    def record(self, primitive: Any, inputs: Any, static: Any, output: Any) -> None:
        self.lines.append((primitive.name, inputs, static, output))

    @property
    def names(self) -> list[str]:
        return [line[0] for line in self.lines]


def replayed(log: Log, changed: dict[int, Any]) -> dict[int, Any]:
    """The recorded program run again in plain NumPy, with new arrays for some Tensors."""
    values = dict(changed)
    for name, inputs, static, output in log.lines:
        arrays = [values.get(id(x), x._data) if isinstance(x, sd.Tensor) else x for x in inputs]
        values[id(output)] = p.TABLE[name].forward(*arrays, **static)
    return values


@pytest.mark.parametrize("requires_grad", [False, True])
def test_the_recorder_sees_every_operation_in_order(requires_grad: bool) -> None:
    x = sd.tensor([1.0, 2.0], requires_grad=requires_grad)
    log = Log()
    with recording(log):
        y = (np.sin(x) * 2 + x).sum()
    assert log.names == ["sin", "mul", "add", "sum"]
    assert log.lines[0][1] == (x,)
    assert log.lines[-1][3] is y
    assert log.lines[-1][2] == {"axis": None, "keepdims": False}
    np.sin(x)
    assert len(log.lines) == 4


@pytest.mark.parametrize("how", ["backward", "grad", "jvp", "hvp", "hessian"])
def test_a_recorded_derivative_is_an_ordinary_program(how: str) -> None:
    """Recorded at one point and replayed at another, it gives the derivative there."""
    f = lambda x: (np.exp(x) * x**2).sum()
    here, there, v = np.array([0.5, 1.0]), np.array([-1.0, 2.0]), np.array([1.0, -2.0])
    x = sd.tensor(here)
    log = Log()
    with recording(log):
        if how == "backward":
            x.requires_grad_()
            f(x).backward()
            result = x.grad
        elif how == "grad":
            result = sd.grad(f)(x)
        elif how == "jvp":
            result = sd.jvp(f, (x,), (v,))[1]
        elif how == "hvp":
            result = sd.hvp(f, (x,), (v,))[0]
        else:
            result = sd.hessian(f)(x)
    first = np.exp(there) * (there**2 + 2 * there)
    second = np.exp(there) * (there**2 + 4 * there + 2)
    expected = {"backward": first, "grad": first, "jvp": first @ v, "hvp": second * v, "hessian": np.diag(second)}[how]
    assert isinstance(result, sd.Tensor)
    np.testing.assert_allclose(replayed(log, {id(x): there})[id(result)], expected, rtol=1e-13)


def test_a_recording_follows_what_a_transform_closes_over() -> None:
    """d/dy (x y**2) at the constant 3 is 6 x: recorded as a function of x, although grad is asked at a plain number."""
    x = sd.tensor(2.0)
    log = Log()
    with recording(log):
        value, slope = sd.value_and_grad(lambda y: x * y**2)(3.0)
    values = replayed(log, {id(x): np.array(5.0)})
    assert values[id(slope)] == 30
    assert values[id(value)] == 45


def test_recordings_nest() -> None:
    outer, inner = Log(), Log()
    x = sd.tensor(1.0)
    with recording(outer):
        x + 1
        with recording(inner):
            x * 2
        x - 1
    assert (outer.names, inner.names) == (["add", "sub"], ["mul"])


def test_plain_in_plain_out() -> None:
    assert apply(p.add, 1, 2) == 3
    assert type(ops.sin(np.ones(2))) is np.ndarray
    assert type(ops.sum([1.0, 2.0])) is np.float64
    assert type(ops.sin(0.5)) is np.float64


def test_operations_without_a_rule() -> None:
    bare = Primitive("bare", lambda x: x * 1.0)
    assert sd.apply(bare, sd.tensor(2.0)).item() == 2
    with pytest.raises(DifferentiationError, match=r"'bare' has no derivative rule.*steepest\.primitive"):
        sd.apply(bare, sd.tensor(2.0, requires_grad=True))
    with sd.no_grad():
        assert sd.apply(bare, sd.tensor(2.0, requires_grad=True)).item() == 2
    assert repr(bare) == "<primitive bare>"
    assert p.log_cosh.grad_name == "LogCoshBackward0"


def test_shape_errors_name_the_operation() -> None:
    with pytest.raises(sd.ShapeError, match=r"'where' of shapes \(2,\) and \(3,\) and \(\)"):
        ops.where(sd.tensor([True, False]), np.ones(3), 0.0)
    with pytest.raises(sd.ShapeError, match=r"'amax'.*zero-size"):
        ops.max(sd.tensor(np.zeros(0)))
    with pytest.raises(ValueError, match="negative integer powers"):
        sd.tensor([2, 3]) ** np.array([-1, -1])
    with pytest.raises(IndexError):
        sd.tensor([2, 3])[5]
