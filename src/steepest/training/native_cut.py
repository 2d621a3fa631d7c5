"""How a batch is cut into shards and groups for machine code: by the problem alone, never by the processors there are.

The figures were measured on two cores of an Intel Sapphire Rapids; they need to be right within a factor of two or so.
"""

from __future__ import annotations

import numpy as np

from steepest.base.params import Params
from steepest.base.random import Key
from steepest.optim.method import State
from steepest.program.fusion import VIEWS, Plan
from steepest.program.native.compiled import Layout
from steepest.program.native.loops import SHORT
from steepest.program.native.shards import Cut
from steepest.program.program import Program
from steepest.training.problem import Problem, detached

PROBE = 256  # rows with which the work of a row is found out
MOST_GROUPS = 8
# Nanoseconds of a multiplication in a product, of a number in a simple and in any other operation, and of a byte of gradient that
# is written and added to another.
MULTIPLY, SIMPLE, FUNCTION, ADD = 0.015, 0.1, 1.0, 0.1
# A group is worth a thread where it takes so many nanoseconds, and so many times as long as adding its gradient to another.
GROUP, TIMES = 100_000.0, 10.0
# Bytes of a batch's values from which on they do not stay close to the processor, and of those of a shard that do.
LARGE, CACHED = 1 << 20, 1 << 18
ROUND = 64  # shards are of a multiple of so many rows, which fills vectors


def cut_of(problem: Problem, program: Program, rows: int, batch: int) -> Cut:
    """How the batches of a problem are cut.

    Parameters
    ----------
    program : Program
        The gradient of so many `rows`.
    batch : int
        Rows of a batch.
    """
    whole = Cut(problem.rows, batch, batch, 1)
    flat = program.specs[program.inputs[0]]
    work, gradient = _work(program) / rows, ADD * flat.nbytes
    size = max(1, (Layout(Plan(program)).end - 2 * flat.nbytes) // rows)
    groups = int(min(MOST_GROUPS, batch * work // (GROUP + TIMES * gradient)))
    shard = max(CACHED // size, int(TIMES * gradient / work / 2))
    if groups < 2 and (shard >= batch or batch * size <= LARGE):
        return whole
    groups = 1 << max(1, groups).bit_length() - 1  # two, four or eight, so that two or four threads have the same to do
    shard = -(-min(shard, -(-batch // groups)) // ROUND) * ROUND
    shards = -(-batch // shard)
    return whole if shards == 1 else Cut(problem.rows, batch, shard, min(groups, shards))


def may_be_cut(problem: Problem, params: Params, state: State, rows: int) -> bool:
    """Whether the objective is made of rows that stand for themselves, as far as some of them show."""
    if not problem.has_data or problem.loss_function.root or rows < 2:
        return False
    half = rows // 2
    outputs = []
    for count in (rows, half):
        inputs = problem.batch(slice(0, count)).inputs
        try:
            with np.errstate(all="ignore"):
                found = problem.predict(dict(params), state["model"], inputs, Key(0), True)[0]
        except Exception:  # a model that holds arrays of all rows may raise anything here
            return False
        outputs.append(np.asarray(detached(found)))
    whole, part = outputs
    if whole.ndim == 0 or len(whole) != rows or len(part) != half:
        return False
    tolerance = float(np.finfo(whole.dtype).eps) ** 0.6 if whole.dtype.kind == "f" else 0.0
    scale = float(np.max(np.abs(whole), where=np.isfinite(whole), initial=0.0))
    return bool(np.allclose(part, whole[:half], rtol=tolerance, atol=tolerance * scale, equal_nan=True))


def _work(program: Program) -> float:
    """About how many nanoseconds a program takes."""
    total = 0.0
    for operation in program.operations:
        out = program.specs[operation.out]
        if operation.name == "matmul":
            total += MULTIPLY * out.size * program.specs[operation.values[0]].shape[-1]
        elif operation.name not in VIEWS and operation.name != "concatenate":
            largest = max([out.size, *(program.specs[x].size for x in operation.values)])
            total += (SIMPLE if operation.name in _SIMPLE else FUNCTION) * largest
    return total


_SIMPLE = SHORT | {
    "div", "neg", "sqrt", "sign", "sum", "mean", "amax", "amin", "sum_to", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "clip",
}  # fmt: skip
