"""Programs over chunks of rows, and the triangle of rows that come a piece at a time, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from steepest import ops
from steepest.program.native.chunks import ChunkProgram, Chunks
from steepest.program.optimise import optimised
from steepest.program.record import recorded
from steepest.program.steps import NotCompilable

RNG = np.random.default_rng(0)
CHUNK = 64


def chunks(f, *examples, **about):
    """Machine code for ``f(point, *rows)``."""
    program = optimised(recorded(f, examples)[0])
    return Chunks(ChunkProgram("test", program, **about))


def total_of(point, x):
    return [ops.reshape(ops.sum(ops.exp(-point[0] * x) * point[1]), (1,))]


def test_sums_over_chunks_at_many_points():
    x = RNG.uniform(0, 3, 7 * CHUNK)
    points = RNG.uniform(0, 2, (5, 2))
    run = chunks(total_of, points[0], x[:CHUNK], summed=1)
    out = np.empty((5, 1))
    run(points, [x], 7, out)
    np.testing.assert_allclose(out[:, 0], [(b * np.exp(-a * x)).sum() for a, b in points], rtol=1e-14)


def test_rows_of_one_chunk_serve_all():
    x, ones = RNG.uniform(0, 3, 4 * CHUNK), np.full(CHUNK, 2.0)
    run = chunks(lambda p, x, w: [ops.reshape(ops.sum(p[0] * x * w), (1,))], np.ones(1), x[:CHUNK], ones, summed=1)
    out = np.empty((1, 1))
    run(np.array([[3.0]]), [x, ones], 4, out)
    assert out[0, 0] == pytest.approx(6.0 * x.sum(), rel=1e-14)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_rows_of_several_numbers_come_in_their_own_order(dtype):
    x = RNG.integers(-9, 9, (3 * CHUNK, 2, 5)).astype(dtype)
    w = np.arange(10.0).reshape(2, 5)
    run = chunks(
        lambda p, x: [ops.reshape(ops.sum(p[0] * ops.sum(x * w, axis=(1, 2))), (1,))], np.ones(1), x[:CHUNK], summed=1
    )
    out = np.empty((1, 1))
    run(np.array([[2.0]]), [x], 3, out)
    assert out[0, 0] == pytest.approx(2.0 * (x * w).sum(), rel=1e-6)


def test_columns_come_whole():
    x = RNG.uniform(0, 3, 5 * CHUNK)

    def f(point, x):
        return [ops.concatenate([ops.exp(point[0] * x), x * point[1]])]

    run = chunks(f, np.ones(2), x[:CHUNK], summed=0, columns=2)
    made = np.empty((2, 5 * CHUNK))
    run(np.array([[0.5, 2.0]]), [x], 5, np.empty((1, 0)), made)
    np.testing.assert_allclose(made, [np.exp(0.5 * x), 2.0 * x], rtol=1e-14)


def triangle_of(table):
    """By machine code, of the columns of a table."""
    width = table.shape[1]

    def f(point, *rows):
        return [ops.concatenate([row * point[0] for row in rows])]

    rows = [np.ascontiguousarray(column) for column in table.T]
    run = chunks(f, np.ones(1), *[row[:CHUNK] for row in rows], summed=0, columns=width, triangle=True)
    out = np.empty((1, width * width))
    run(np.ones((1, 1)), rows, len(table) // CHUNK, out)
    return out[0].reshape(width, width)


@pytest.mark.parametrize("width", [1, 2, 5, 9])
def test_triangles_of_any_width(width):
    table = RNG.standard_normal((6 * CHUNK, width)) * 10.0 ** RNG.uniform(-3, 3, width)
    found, expected = triangle_of(table), np.linalg.qr(table, mode="r")
    np.testing.assert_array_equal(np.tril(found, -1), 0.0)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=1e-12, atol=1e-13 * np.abs(expected).max())


def test_a_triangle_keeps_the_digits_that_normal_equations_lose():
    # Two columns that differ by 1e-9: their angle squared is below the rounding of 1.
    x = RNG.standard_normal(8 * CHUNK)
    other = RNG.standard_normal(8 * CHUNK)
    other -= (other @ x) / (x @ x) * x
    table = np.stack([x, x + 1e-9 * other], axis=1)
    assert abs(triangle_of(table)[1, 1]) == pytest.approx(1e-9 * np.linalg.norm(other), rel=1e-5)


def test_zeros_have_a_triangle():
    table = np.zeros((2 * CHUNK, 3))
    np.testing.assert_array_equal(triangle_of(table), np.zeros((3, 3)))
    table[:, 1] = 3.0
    assert np.abs(triangle_of(table)).max() == pytest.approx(3.0 * np.sqrt(2 * CHUNK), rel=1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_shows(bad):
    table = RNG.standard_normal((2 * CHUNK, 3))
    table[70, 1] = bad
    assert not np.isfinite(triangle_of(table)).all()


def test_the_same_program_is_compiled_once():
    x = RNG.uniform(0, 3, CHUNK)
    first = chunks(total_of, np.ones(2), x, summed=1)
    second = chunks(total_of, np.zeros(2), 5.0 * x, summed=1)
    assert first._machine is second._machine


def test_a_result_that_is_a_number_is_refused():
    with pytest.raises(NotCompilable):
        chunks(lambda p, x: (1.0,), np.ones(1), np.ones(CHUNK), summed=1)
