"""Where a program does the same operations again and again."""

from __future__ import annotations

import numpy as np

from steepest import ops
from steepest.program.periods import periods
from steepest.program.program import Program
from steepest.program.record import record

X = np.full((3, 4), 0.5)


def found(f, *args) -> list[tuple[int, int]]:
    """The length of an iteration and how many there are."""
    return [(stretch.step, len(stretch)) for stretch in periods(record(f, *args))]


def test_a_loop_is_found_with_its_shortest_iteration():
    def f(x):
        for _ in range(10):
            x = ops.tanh(ops.sin(x) * 2.0)
        return x

    assert found(f, X) == [(3, 9)]  # the first reads an input


def test_two_loops_after_each_other():
    def f(x):
        for _ in range(8):
            x = ops.sin(x) * 2.0
        x = ops.sum(x, axis=0)
        for _ in range(9):
            x = ops.exp(-x)
        return x

    assert [count for _, count in found(f, X)] == [7, 9]


def test_a_loop_within_a_loop_is_part_of_the_outer_one():
    def f(x):
        for _ in range(20):
            for _ in range(4):
                x = x + ops.sin(x)
            x = ops.exp(-x)
        return x

    assert [(step, count) for step, count in found(f, X) if count > 15] == [(10, 19)]


def test_iterations_are_not_cut_where_much_would_leave_the_registers():
    def f(x):
        total = np.asarray(0.0)
        for _ in range(10):
            total = total + ops.sum(ops.exp(ops.sin(x + total)))
        return total

    program = record(f, np.ones(1000))
    (stretch,) = periods(program)
    last = program.operations[stretch.stop - 1]
    assert program.specs[last.out].shape == ()  # only numbers go from one iteration to the next


def test_nothing_where_nothing_repeats():
    assert found(lambda x: ops.sum(ops.exp(ops.sin(x) * 2.0) / (1.0 + ops.square(x))), X) == []


def test_views_alone_are_no_loop():
    assert found(lambda x: [x[i] for i in range(3)] * 4 + [x[0, k] for k in range(4)], X) == []


def test_programs_of_any_length():
    assert found(lambda x: x, X) == []
    assert found(lambda x: x + 1.0, X) == []
    program = record(lambda x: x + 1.0, X)
    assert isinstance(program, Program)


def test_ten_thousand_operations_take_no_time_worth_noting():
    def f(x):
        for k in range(5000):
            x = ops.sin(x) if k % 7 else ops.cos(x)
        return x

    assert sum(step * count for step, count in found(f, X)) > 4900
