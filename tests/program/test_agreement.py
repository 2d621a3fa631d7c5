"""Eager, interpreted and compiled programs agree on random programs: to the last bit where they promise it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.program.random_programs import check_each, function_of, inputs_of, same_bits

import steepest as sd
from steepest import ops
from steepest.autodiff.tensor import Tensor
from steepest.program.interpreter import Interpreter
from steepest.program.native.compiled import Compiled
from steepest.program.optimise import optimised
from steepest.program.program import Literal
from steepest.program.record import recorded
from steepest.program.steps import NotCompilable


def case(seed, length, special):
    rng = np.random.default_rng(seed)
    return inputs_of(rng, special), function_of(rng, length)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 12), st.booleans())
def test_the_interpreter_gives_the_bits_of_the_function(seed, length, special):
    arrays, f = case(seed, length, special)
    with np.errstate(all="ignore"):
        eager = [t._data for t in f(*map(Tensor, arrays))]
    program = recorded(f, arrays)[0]
    for version in (program, optimised(program)):
        run = Interpreter(version)
        for _ in range(2):  # the buffers are used again
            for got, expected in zip(run(arrays), eager, strict=True):
                assert same_bits(got, expected)


def check_native(seed, length, special):
    """Every operation by itself, and the fused program against the one that keeps every value."""
    arrays, f = case(seed, length, special)
    program = optimised(recorded(f, arrays)[0])
    whole = program.replaced(program.operations, outputs=tuple(program.specs))
    try:
        compiled = Compiled(whole)
    except NotCompilable:
        return False
    values = dict(zip(whole.specs, compiled(arrays), strict=True))
    check_each(whole, values)
    last = program.replaced(program.operations, outputs=program.outputs[-1:])
    (end,) = Compiled(last)(arrays)
    out = last.outputs[0]
    if not isinstance(out, Literal):
        assert same_bits(end, values[out])
    return True


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 10), st.booleans())
def test_machine_code_agrees(seed, length, special):
    check_native(seed, length, special)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 8))
def test_gradients_agree(seed, length):
    arrays, f = case(seed, length, False)

    def loss(arrays):
        return sum(ops.mean(v) for v in f(*arrays) if v.dtype.kind == "f")

    with np.errstate(all="ignore"):
        eager = sd.grad(loss)(arrays)
    program = optimised(recorded(sd.grad(loss), [arrays])[0])
    for got, expected in zip(program.rebuild(Interpreter(program)(arrays)), eager, strict=True):
        assert same_bits(got, expected)
    whole = program.replaced(program.operations, outputs=tuple(program.specs))
    try:
        compiled = Compiled(whole)
    except NotCompilable:
        return
    check_each(whole, dict(zip(whole.specs, compiled(arrays), strict=True)))


@pytest.mark.slow
def test_two_thousand_programs_neither_crash_nor_leak():
    import gc
    import resource

    def memory():
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for seed in range(300):
        check_native(seed, 6, seed % 2 == 0)
    before = memory()
    assert sum(check_native(seed, 6, seed % 2 == 0) for seed in range(300, 2000)) > 1500
    assert memory() - before < 60_000  # KiB: less than 40 KiB for each of 1,700 programs, each of them compiled twice
