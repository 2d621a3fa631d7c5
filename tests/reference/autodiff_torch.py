"""Record PyTorch's values, gradients and Hessian-vector products (float64) for tests/autodiff/test_reference.py.

Needs PyTorch (recorded with torch 2.13.0 for the CPU), which the tests do not: ``python tests/reference/autodiff_torch.py``
writes autodiff_torch.json beside this file. Each case is a function of arrays; with w and v seeded random arrays it records

    inputs x, output f(x), weights w, gradients of sum(w * f(x)), directions v, and the Hessian of sum(w * f) times v.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

RANDOM = np.random.default_rng(20240607)


def draw(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return RANDOM.uniform(low, high, shape)


def positive(*shape: int) -> np.ndarray:
    return draw(*shape, low=0.3, high=3.0)


def inside(*shape: int) -> np.ndarray:
    return draw(*shape, low=-0.9, high=0.9)


def log_cosh(x):
    return x + torch.nn.functional.softplus(-2 * x) - np.log(2.0)


def einsum(text):
    return lambda *xs: torch.einsum(text, *xs)


ROWS = torch.tensor([2, 0, 2])
MASK = torch.tensor([[True, False, True], [False, True, True]])
PLACES = torch.tensor([[0, 2], [1, 1]])

CASES = {
    "add": (torch.add, [draw(3, 1), draw(1, 4)]),
    "subtract": (torch.subtract, [draw(2, 3), draw(3)]),
    "multiply": (torch.multiply, [draw(3, 1), draw(1, 4)]),
    "divide": (torch.divide, [draw(2, 3), positive(3)]),
    "negative": (torch.negative, [draw(3)]),
    "power": (torch.pow, [positive(2, 3), draw(3)]),
    "power_2": (lambda x: x**2, [draw(4)]),
    "power_3": (lambda x: x**3, [draw(4)]),
    "power_minus_1": (lambda x: x**-1, [draw(4)]),
    "power_half": (lambda x: x**0.5, [positive(4)]),
    "two_to_the": (lambda x: 2.0**x, [draw(4)]),
    "square": (torch.square, [draw(3)]),
    "reciprocal": (torch.reciprocal, [draw(4)]),
    "remainder": (torch.remainder, [draw(5), positive(5)]),
    "exp": (torch.exp, [draw(5)]),
    "exp2": (torch.exp2, [draw(5)]),
    "expm1": (torch.expm1, [np.array([1e-12, -1e-6, 0.5, 2.0])]),
    "log": (torch.log, [positive(5)]),
    "log1p": (torch.log1p, [np.array([1e-12, -1e-6, 0.5, 2.0])]),
    "log2": (torch.log2, [positive(5)]),
    "log10": (torch.log10, [positive(5)]),
    "sqrt": (torch.sqrt, [positive(5)]),
    "sin": (torch.sin, [draw(5)]),
    "cos": (torch.cos, [draw(5)]),
    "tan": (torch.tan, [inside(5)]),
    "arcsin": (torch.arcsin, [inside(5)]),
    "arccos": (torch.arccos, [inside(5)]),
    "arctan": (torch.arctan, [draw(5)]),
    "sinh": (torch.sinh, [draw(5)]),
    "cosh": (torch.cosh, [draw(5)]),
    "tanh": (torch.tanh, [draw(5)]),
    "arcsinh": (torch.arcsinh, [draw(5)]),
    "arccosh": (torch.arccosh, [draw(5, low=1.2, high=4.0)]),
    "arctanh": (torch.arctanh, [inside(5)]),
    "erf": (torch.erf, [draw(5)]),
    "sigmoid": (torch.sigmoid, [draw(5)]),
    "softplus": (torch.nn.functional.softplus, [draw(5)]),
    "log_cosh": (log_cosh, [draw(5)]),
    "absolute": (torch.abs, [np.array([-1.5, 0.0, 2.0])]),
    "relu": (torch.relu, [np.array([-1.5, 0.0, 2.0])]),
    "maximum": (torch.maximum, [np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 1.0])]),
    "minimum": (torch.minimum, [np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 1.0])]),
    "arctan2": (torch.arctan2, [draw(3, 1), draw(4)]),
    "hypot": (torch.hypot, [draw(3, 1), draw(4)]),
    "logaddexp": (torch.logaddexp, [draw(3, 1), draw(4)]),
    "clip": (lambda x: torch.clamp(x, -1.0, 1.0), [np.array([-3.0, -1.0, 0.3, 1.0, 2.0])]),
    "where": (lambda x, y: torch.where(x > y, x, y * 2), [draw(2, 3), draw(3)]),
    "sum": (torch.sum, [draw(2, 3)]),
    "sum_axis": (lambda x: torch.sum(x, 1), [draw(2, 3, 2)]),
    "mean": (torch.mean, [draw(2, 3)]),
    "mean_axes": (lambda x: torch.mean(x, (0, 2), keepdim=True), [draw(2, 3, 2)]),
    "max": (lambda x: torch.amax(x, 1), [np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]])]),
    "min": (lambda x: torch.amin(x, 0), [np.array([[1.0, 3.0, 3.0], [1.0, 0.0, 4.0]])]),
    "prod": (lambda x: torch.prod(x, 1), [np.array([[1.5, -2.0, 3.0], [2.0, 0.0, 1.0], [0.0, 0.0, 3.0]])]),
    "var": (lambda x: torch.var(x, 1, unbiased=False), [draw(2, 4)]),
    "var_ddof": (lambda x: torch.var(x), [draw(2, 4)]),
    "std": (lambda x: torch.std(x, 0), [draw(4, 2)]),
    "logsumexp": (lambda x: torch.logsumexp(x, 1), [draw(2, 4)]),
    "cumsum": (lambda x: torch.cumsum(x, 1), [draw(2, 4)]),
    "norm": (lambda x: torch.linalg.vector_norm(x, dim=1), [draw(2, 4)]),
    "trace": (torch.trace, [draw(3, 3)]),
    "diagonal": (lambda x: torch.diagonal(x, 1), [draw(3, 4)]),
    "matmul": (torch.matmul, [draw(2, 3), draw(3, 4)]),
    "matmul_stack": (torch.matmul, [draw(2, 2, 3), draw(3, 2)]),
    "matmul_vector": (torch.matmul, [draw(2, 3), draw(3)]),
    "vector_matmul": (torch.matmul, [draw(3), draw(2, 3, 2)]),
    "dot": (torch.dot, [draw(4), draw(4)]),
    "outer": (torch.outer, [draw(3), draw(2)]),
    "tensordot": (lambda a, b: torch.tensordot(a, b, dims=([1, 0], [0, 1])), [draw(2, 3, 2), draw(3, 2, 2)]),
    "einsum": (einsum("bij,bjk->bik"), [draw(2, 2, 3), draw(2, 3, 2)]),
    "einsum_three": (einsum("i,ij,j->"), [draw(2), draw(2, 3), draw(3)]),
    "einsum_sum": (einsum("ij->j"), [draw(3, 2)]),
    "reshape": (lambda x: torch.reshape(x, (3, 2)) ** 2, [draw(2, 3)]),
    "transpose": (lambda x: torch.permute(x, (2, 0, 1)) ** 2, [draw(2, 3, 2)]),
    "broadcast_to": (lambda x: torch.broadcast_to(x, (2, 3)) ** 2, [draw(3)]),
    "concatenate": (lambda a, b: torch.cat([a, b], 1) ** 2, [draw(2, 1), draw(2, 2)]),
    "stack": (lambda a, b: torch.stack([a, b], 1) ** 2, [draw(3), draw(3)]),
    "pad": (lambda x: torch.nn.functional.pad(x, (2, 1)) ** 2, [draw(2, 3)]),
    "flip": (lambda x: torch.flip(x, (0,)) ** 3, [draw(3)]),
    "sort": (lambda x: torch.sort(x, 1)[0] ** 2, [draw(2, 4)]),
    "index_slice": (lambda x: x[:, 1:3] ** 2, [draw(3, 4)]),
    "index_repeated": (lambda x: x[ROWS] ** 2, [draw(3, 2)]),
    "index_mask": (lambda x: x[MASK] ** 2, [draw(2, 3)]),
    "take_along_axis": (lambda x: torch.gather(x, 1, PLACES) ** 2, [draw(2, 3)]),
    "network": (
        lambda x, w, u: torch.mean((torch.tanh(x @ w) @ u) ** 2) + torch.logsumexp(x @ w, 1).sum(),
        [draw(4, 2), draw(2, 3), draw(3, 1)],
    ),
}  # fmt: skip


def listed(t) -> object:
    return t.detach().numpy(force=True).tolist()


def record(function, arrays) -> dict[str, object]:
    inputs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    out = function(*inputs)
    weights = torch.tensor(RANDOM.normal(size=out.shape), dtype=torch.float64)
    directions = [torch.tensor(RANDOM.normal(size=x.shape), dtype=torch.float64) for x in inputs]
    grads = torch.autograd.grad((weights * out).sum(), inputs, create_graph=True)
    slope = sum((g * v).sum() for g, v in zip(grads, directions))
    if slope.requires_grad:
        products = torch.autograd.grad(slope, inputs, allow_unused=True)
        products = [torch.zeros_like(x) if h is None else h for h, x in zip(products, inputs)]
    else:
        products = [torch.zeros_like(x) for x in inputs]
    return {
        "inputs": [listed(x) for x in inputs],
        "output": listed(out),
        "weights": listed(weights),
        "gradients": [listed(g) for g in grads],
        "directions": [listed(v) for v in directions],
        "products": [listed(h) for h in products],
    }


if __name__ == "__main__":
    recorded = {name: record(function, arrays) for name, (function, arrays) in CASES.items()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in recorded.items())
    Path(__file__).with_suffix(".json").write_text(f"{{\n{lines}\n}}\n")
