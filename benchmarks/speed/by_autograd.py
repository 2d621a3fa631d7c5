"""The workloads by HIPS autograd."""

from __future__ import annotations

from typing import Any

import numpy as onp

from benchmarks.speed import data
from benchmarks.speed.child import Ready


def prepare(contender: str, workload: str, threads: int, folder: str) -> Ready | None:
    import autograd.numpy as np
    from autograd import value_and_grad

    def descend(objective: Any, params: list[Any], rate: float, batches: Any) -> list[float]:
        both, losses, norms = value_and_grad(objective), [], []
        for batch in batches:
            loss, grads = both(params, *batch)
            losses.append(float(loss))
            norms.append(sum(float(onp.vdot(g, g)) for g in grads) ** 0.5)
            for k, g in enumerate(grads):
                params[k] = params[k] - params[k].dtype.type(rate) * g
        return losses

    rate = data.RATES.get(workload, 0.0)
    if workload == "quadratic":
        t, y = data.quadratic()

        def line(p: Any) -> Any:
            return np.mean((p[0] * t**2 + p[1] * t + p[2] - y) ** 2)

        start = [onp.zeros(()) for _ in range(3)]
        return Ready(
            lambda: descend(line, list(start), rate, [()] * 50), 50, check=descend(line, list(start), rate, [()] * 4)[3]
        )
    if workload.startswith("toy"):
        x, y, start = data.toy(onp.dtype(f"f{int(workload[3:]) // 8}"))

        def small(p: Any) -> Any:
            h = np.tanh(np.dot(np.tanh(np.dot(x, p[0].T) + p[1]), p[2].T) + p[3])
            return np.mean((np.dot(h, p[4].T) + p[5] - y) ** 2)

        return Ready(
            lambda: descend(small, list(start), rate, [()] * 20),
            20,
            check=descend(small, list(start), rate, [()] * 4)[3],
        )
    if workload.startswith("mnist"):
        x, labels, params = data.digits(folder=folder)
        batch = data.BATCH[workload]
        places = data.shuffled(len(x), batch, 3200 // batch)

        def classifier(p: Any, xb: Any, lb: Any) -> Any:
            s = np.dot(np.maximum(np.dot(xb, p[0].T) + p[1], 0), p[2].T) + p[3]
            s = s - np.max(s, axis=1, keepdims=True)
            return np.mean(np.log(np.sum(np.exp(s), axis=1)) - s[onp.arange(len(lb)), lb])

        return Ready(lambda: descend(classifier, params, rate, ((x[q], labels[q]) for q in places)), len(places))
    if workload == "logistic":
        x, y = data.logistic()
        params = [onp.zeros(30, onp.float32), onp.zeros((), onp.float32)]
        places = data.shuffled(len(x), 256, 400)

        def scores(p: Any, xb: Any, yb: Any) -> Any:
            z = np.dot(xb, p[0]) + p[1]
            return np.mean(np.maximum(z, 0) - z * yb + np.log1p(np.exp(-np.abs(z))))

        return Ready(lambda: descend(scores, params, rate, ((x[q], y[q]) for q in places)), 400 / 3907)
    if workload == "gru":
        x, y, params = data.gru()
        n = data.HIDDEN

        def cell(p: Any) -> Any:
            w, u, b, v, out, bias = p
            h = np.zeros((len(x), n), onp.float32)
            for k in range(x.shape[1]):
                a, c = np.dot(x[:, k], w.T) + b, np.dot(h, u.T) + v
                r, z = 1 / (1 + np.exp(-a[:, :n] - c[:, :n])), 1 / (1 + np.exp(-a[:, n : 2 * n] - c[:, n : 2 * n]))
                m = np.tanh(a[:, 2 * n :] + r * c[:, 2 * n :])
                h = m + z * (h - m)
            return np.mean((np.dot(h, out.T) + bias - y) ** 2)

        return Ready(
            lambda: descend(cell, list(params), rate, [()] * 2), 2, check=descend(cell, list(params), rate, [()] * 4)[3]
        )
    return None
