"""Values, gradients and Hessian-vector products against PyTorch's, recorded by tests/reference/autodiff_torch.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import steepest as sd
from steepest import ops

RECORDED = json.loads((Path(__file__).parents[1] / "reference" / "autodiff_torch.json").read_text())

FUNCTIONS = {
    "power_2": lambda x: x**2,
    "power_3": lambda x: x**3,
    "power_minus_1": lambda x: x**-1,
    "power_half": lambda x: x**0.5,
    "two_to_the": lambda x: 2.0**x,
    "clip": lambda x: ops.clip(x, -1.0, 1.0),
    "where": lambda x, y: ops.where(x > y, x, y * 2),
    "sum_axis": lambda x: x.sum(1),
    "mean_axes": lambda x: x.mean((0, 2), keepdims=True),
    "max": lambda x: x.max(1),
    "min": lambda x: x.min(0),
    "prod": lambda x: x.prod(1),
    "var": lambda x: x.var(1),
    "var_ddof": lambda x: x.var(ddof=1),
    "std": lambda x: x.std(0, ddof=1),
    "logsumexp": lambda x: x.logsumexp(1),
    "cumsum": lambda x: x.cumsum(1),
    "norm": lambda x: x.norm(1),
    "diagonal": lambda x: ops.diagonal(x, 1),
    "matmul_stack": ops.matmul,
    "matmul_vector": ops.matmul,
    "vector_matmul": ops.matmul,
    "tensordot": lambda a, b: ops.tensordot(a, b, ((1, 0), (0, 1))),
    "einsum": lambda a, b: ops.einsum("bij,bjk->bik", a, b),
    "einsum_three": lambda a, b, c: ops.einsum("i,ij,j->", a, b, c),
    "einsum_sum": lambda a: ops.einsum("ij->j", a),
    "reshape": lambda x: x.reshape(3, 2) ** 2,
    "transpose": lambda x: x.transpose(2, 0, 1) ** 2,
    "broadcast_to": lambda x: ops.broadcast_to(x, (2, 3)) ** 2,
    "concatenate": lambda a, b: ops.concatenate([a, b], 1) ** 2,
    "stack": lambda a, b: ops.stack([a, b], 1) ** 2,
    "pad": lambda x: ops.pad(x, ((0, 0), (2, 1))) ** 2,
    "flip": lambda x: ops.flip(x, 0) ** 3,
    "sort": lambda x: ops.sort(x, 1) ** 2,
    "index_slice": lambda x: x[:, 1:3] ** 2,
    "index_repeated": lambda x: x[np.array([2, 0, 2])] ** 2,
    "index_mask": lambda x: x[np.array([[True, False, True], [False, True, True]])] ** 2,
    "take_along_axis": lambda x: ops.take_along_axis(x, np.array([[0, 2], [1, 1]]), 1) ** 2,
    "network": lambda x, w, u: ((np.tanh(x @ w) @ u) ** 2).mean() + (x @ w).logsumexp(1).sum(),
}


@pytest.mark.parametrize("name", RECORDED)
def test_agrees_with_pytorch(name: str) -> None:
    case = RECORDED[name]
    f = FUNCTIONS.get(name) or getattr(ops, name)
    inputs, directions = ([np.array(x) for x in case[key]] for key in ("inputs", "directions"))
    weights = np.array(case["weights"])
    near = {"rtol": 2e-13, "atol": 1e-13}

    def weighted(*xs):
        return (weights * f(*xs)).sum()

    np.testing.assert_allclose(f(*map(sd.tensor, inputs)).numpy(), case["output"], **near)
    gradients = sd.grad(weighted, tuple(range(len(inputs))))(*inputs)
    products = sd.hvp(weighted, inputs, directions)
    changes = sd.jvp(lambda *xs: sd.grad(weighted, tuple(range(len(xs))))(*xs)[0], inputs, directions)[1]
    for computed, recorded in zip(gradients, case["gradients"], strict=True):
        np.testing.assert_allclose(computed, recorded, **near)
    for computed, recorded in zip(products, case["products"], strict=True):
        np.testing.assert_allclose(computed, recorded, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(changes, case["products"][0], rtol=1e-12, atol=1e-12)  # forward over reverse
