"""The workloads by hand, with plain NumPy; and the two large products of the classifier alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.child import Ready


def prepare(contender: str, workload: str, threads: int, folder: str) -> Ready | None:
    if contender == "products":
        return products(data.BATCH[workload]) if workload.startswith("mnist") else None
    if workload == "quadratic":
        return Ready(lambda: quadratic(300), 300, check=quadratic(5)[3])
    if workload.startswith("toy"):
        dtype = np.dtype(f"f{int(workload[3:]) // 8}")
        return Ready(lambda: toy(dtype, 200), 200, check=toy(dtype, 5)[3])
    if workload.startswith("mnist"):
        x, labels, start = data.digits(folder=folder)
        batch, steps = data.BATCH[workload], 6400 // data.BATCH[workload]
        params = [w.copy() for w in start]
        places = data.shuffled(len(x), batch, steps)
        return Ready(lambda: network(x, labels, params, places), steps)
    if workload == "logistic":
        x, y = data.logistic()
        w = np.zeros(31, np.float32)
        return Ready(lambda: logistic(x, y, w), 1)
    return None


def quadratic(steps: int) -> list[float]:
    t, y = data.quadratic()
    powers = np.stack([t**2, t, np.ones_like(t)])
    p, rows = np.zeros(3), []
    for _ in range(steps):
        r = p @ powers - y
        g = powers @ r * (2 / len(t))
        rows.append((r @ r / len(t), np.sqrt(g @ g)))
        p -= 1e-5 * g
    return [float(loss) for loss, _ in rows]


def toy(dtype: Any, steps: int) -> list[float]:
    x, y, (W1, b1, W2, b2, W3, b3) = data.toy(dtype)
    rate, rows = x.dtype.type(0.05), []
    for _ in range(steps):
        h1 = np.tanh(x @ W1.T + b1)
        h2 = np.tanh(h1 @ W2.T + b2)
        r = h2 @ W3.T + b3 - y
        e = r * x.dtype.type(2 / len(x))
        d2 = e * W3 * (1 - h2 * h2)
        d1 = d2 @ W2 * (1 - h1 * h1)
        gradients = (d1.T @ x, d1.sum(0), d2.T @ h1, d2.sum(0), e.T @ h2, e.sum(0))
        rows.append((float(np.vdot(r, r)) / len(x), sum(float(np.vdot(g, g)) for g in gradients) ** 0.5))
        for w, g in zip((W1, b1, W2, b2, W3, b3), gradients):
            w -= rate * g
    return [loss for loss, _ in rows]


def network(x: Any, labels: Any, params: list[Any], places: Any) -> list[tuple[float, float]]:
    W1, b1, W2, b2 = params
    rate, rows = np.float32(data.RATES["mnist64"]), []
    for these in places:
        xb, one = x[these], (np.arange(len(these)), labels[these])
        h = np.maximum(xb @ W1.T + b1, 0)
        s = h @ W2.T + b2
        s -= s.max(1, keepdims=True)
        e = np.exp(s)
        total = e.sum(1, keepdims=True)
        loss = float(np.mean(np.log(total[:, 0]) - s[one]))
        e /= total
        e[one] -= 1
        e *= np.float32(1 / len(these))
        d = (e @ W2) * (h > 0)
        gradients = (d.T @ xb, d.sum(0), e.T @ h, e.sum(0))
        rows.append((loss, sum(float(np.vdot(g, g)) for g in gradients) ** 0.5))
        for w, g in zip(params, gradients):
            w -= rate * g
    return rows


def products(batch: int) -> Ready:
    rng = np.random.default_rng(0)
    x, w = rng.random((batch, 784), np.float32), rng.random((128, 784), np.float32)
    d = rng.random((batch, 128), np.float32)
    forward, backward = np.empty((batch, 128), np.float32), np.empty((128, 784), np.float32)
    steps = 6400 // batch

    def go() -> None:
        for _ in range(steps):
            np.matmul(x, w.T, out=forward)
            np.matmul(d.T, x, out=backward)

    return Ready(go, steps)


def logistic(x: Any, y: Any, w: Any) -> list[tuple[float, float]]:
    rate, rows = np.float32(data.RATES["logistic"]), []
    for these in np.array_split(np.random.default_rng(0).permutation(len(x)), range(256, len(x), 256)):
        xb, yb = x[these], y[these]
        z = xb @ w[:-1] + w[-1]
        loss = float(np.mean(np.maximum(z, 0) - z * yb + np.log1p(np.exp(-np.abs(z)))))
        e = (1 / (1 + np.exp(-z)) - yb) * np.float32(1 / len(these))
        g = np.append(e @ xb, e.sum())
        rows.append((loss, float(np.sqrt(g @ g))))
        w -= rate * g
    return rows
