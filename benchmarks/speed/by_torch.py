"""The workloads by PyTorch: eager, and with the loss compiled by torch.compile."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.child import Ready

STEPS = {"quadratic": 100, "toy64": 100, "toy32": 100, "mnist64": 50, "mnist512": 10, "logistic": 400, "gru": 5}


def prepare(contender: str, workload: str, threads: int, folder: str) -> Ready | None:
    import torch

    torch.set_num_threads(threads)
    net = workload.startswith("net:")
    if workload not in STEPS and not net:
        return None
    objective, start, rows = task(workload, folder)
    if "compile" in contender:
        objective = torch.compile(objective)
    rate, batch = data.RATES.get(workload, 0.01), data.asked(workload)["batch"] if net else data.BATCH.get(workload)
    steps = data.few_steps(workload) if net else STEPS[workload]
    params = [w.clone().requires_grad_() for w in start]
    order = torch.zeros(0, dtype=torch.int64)

    def batches(count: int) -> Any:
        nonlocal order
        for _ in range(count):
            if not batch:
                yield rows
                continue
            if len(order) < batch:  # an epoch is over
                order = torch.randperm(len(rows[0]))
            these, order = order[:batch], order[batch:]
            yield tuple(x[these] for x in rows)

    def descend(params: list[Any], count: int) -> list[float]:
        losses, norms = [], []
        for these in batches(count):
            loss = objective(params, *these)
            grads = torch.autograd.grad(loss, params)
            losses.append(loss.item())
            norms.append(float(sum((g * g).sum() for g in grads)) ** 0.5)
            with torch.no_grad():
                for p, g in zip(params, grads):
                    p -= rate * g
        return losses

    check = float("nan") if batch else descend([w.clone().requires_grad_() for w in start], 4)[3]
    return Ready(lambda: descend(params, steps), steps / (3907 if workload == "logistic" else 1), check=check)


def task(workload: str, folder: str) -> tuple[Any, list[Any], tuple[Any, ...]]:
    """The objective of parameters and rows, the first parameters, and the rows."""
    import torch

    f = torch.nn.functional
    if workload.startswith("net:"):
        x, y, values, _ = data.network(workload)

        def deep(p: Any, x: Any, y: Any) -> Any:
            for k in range(0, len(p) - 2, 2):
                x = torch.tanh(f.linear(x, p[k], p[k + 1]))
            return ((f.linear(x, p[-2], p[-1]) - y) ** 2).mean()

        return deep, [torch.tensor(w) for w in values], (torch.tensor(x), torch.tensor(y))
    if workload == "quadratic":
        t, y = map(torch.tensor, data.quadratic())
        start = [torch.zeros((), dtype=torch.float64) for _ in range(3)]
        return lambda p, t, y: ((p[0] * t**2 + p[1] * t + p[2] - y) ** 2).mean(), start, (t, y)
    if workload.startswith("toy"):
        x, y, values = data.toy(np.dtype(f"f{int(workload[3:]) // 8}"))

        def small(p: Any, x: Any, y: Any) -> Any:
            h = torch.tanh(f.linear(torch.tanh(f.linear(x, p[0], p[1])), p[2], p[3]))
            return ((f.linear(h, p[4], p[5]) - y) ** 2).mean()

        return small, [torch.tensor(w) for w in values], (torch.tensor(x), torch.tensor(y))
    if workload.startswith("mnist"):
        return classifier(*data.digits(folder=folder))
    if workload == "logistic":
        x, y = map(torch.from_numpy, data.logistic())
        start = [torch.zeros(30), torch.zeros(())]
        return lambda p, x, y: f.binary_cross_entropy_with_logits(x @ p[0] + p[1], y), start, (x, y)
    x, y, values = data.gru()
    net = torch.nn.GRU(data.FEATURES, data.HIDDEN, batch_first=True)
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]

    def cell(p: Any, x: Any, y: Any) -> Any:
        h = torch.func.functional_call(net, dict(zip(names, p)), (x,))[0]
        return ((f.linear(h[:, -1], p[4], p[5]) - y) ** 2).mean()

    return cell, [torch.tensor(w) for w in values], (torch.tensor(x), torch.tensor(y))


def classifier(x: Any, labels: Any, values: list[Any]) -> tuple[Any, list[Any], tuple[Any, ...]]:
    import torch

    f = torch.nn.functional

    def objective(p: Any, x: Any, labels: Any) -> Any:
        for k in range(0, len(p) - 2, 2):
            x = torch.relu(f.linear(x, p[k], p[k + 1]))
        return f.cross_entropy(f.linear(x, p[-2], p[-1]), labels)

    return objective, [torch.tensor(w) for w in values], (torch.from_numpy(x), torch.from_numpy(labels))
