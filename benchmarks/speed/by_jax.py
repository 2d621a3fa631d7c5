"""The workloads by JAX: many steps in one `jit`, as a `scan`."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.child import Ready

STEPS = {
    "quadratic": 100_000,
    "toy64": 1000,
    "toy32": 1000,
    "mnist64": 100,
    "mnist512": 20,
    "logistic": 3906,
    "gru": 20,
}


def prepare(contender: str, workload: str, threads: int, folder: str) -> Ready | None:
    net = workload.startswith("net:")
    if workload not in STEPS and not net:
        return None
    import jax

    jax.config.update("jax_enable_x64", workload in ("quadratic", "toy64"))
    import jax.numpy as jnp

    objective, start, rows = task(workload, folder)
    if net:
        return of_task(
            objective, start, rows, 0.01, data.asked(workload)["batch"] or None, data.few_steps(workload), 1, jax, jnp
        )
    return of_task(objective, start, rows, data.RATES[workload], data.BATCH.get(workload), STEPS[workload],
                   3907 if workload == "logistic" else 1, jax, jnp)  # fmt: skip


def of_task(
    objective: Any, start: Any, rows: Any, rate: float, batch: Any, steps: int, whole: int, jax: Any, jnp: Any
) -> Ready:
    rows = tuple(jnp.asarray(x) for x in rows)

    def step(params: Any, these: Any) -> Any:
        seen = rows if batch is None else tuple(x[these] for x in rows)
        loss, grads = jax.value_and_grad(objective)(params, *seen)
        norm = jnp.sqrt(sum(jnp.sum(g * g) for g in grads))
        return [p - p.dtype.type(rate) * g for p, g in zip(params, grads)], (loss, norm)

    @jax.jit
    def run(params: Any, places: Any) -> Any:
        return jax.lax.scan(step, params, places, length=None if batch else steps)

    params = [jnp.asarray(w) for w in start]
    if batch is None:
        check = float(run(params, None)[1][0][3])
        return Ready(lambda: jax.block_until_ready(run(params, None)), steps / whole, check=check)
    if whole == 1:  # a part of an epoch, which is not to pay for the order of all of it
        some = jnp.asarray(data.shuffled(len(rows[0]), batch, steps))
        return Ready(lambda: jax.block_until_ready(run(params, some)), steps)

    def epoch() -> None:  # NumPy shuffles in a tenth of the time that jax.random takes
        jax.block_until_ready(run(params, jnp.asarray(data.shuffled(len(rows[0]), batch, steps).astype(np.int32))))

    return Ready(epoch, steps / whole)


def task(workload: str, folder: str) -> tuple[Any, list[Any], tuple[Any, ...]]:
    import jax
    import jax.numpy as jnp

    if workload.startswith("net:"):
        x, y, start, _ = data.network(workload)

        def deep(p: Any, x: Any, y: Any) -> Any:
            for k in range(0, len(p) - 2, 2):
                x = jnp.tanh(x @ p[k].T + p[k + 1])
            return jnp.mean((x @ p[-2].T + p[-1] - y) ** 2)

        return deep, start, (x, y)
    if workload == "quadratic":
        return lambda p, t, y: jnp.mean((p[0] * t**2 + p[1] * t + p[2] - y) ** 2), [np.zeros(())] * 3, data.quadratic()
    if workload.startswith("toy"):
        x, y, start = data.toy(np.dtype(f"f{int(workload[3:]) // 8}"))

        def small(p: Any, x: Any, y: Any) -> Any:
            h = jnp.tanh(jnp.tanh(x @ p[0].T + p[1]) @ p[2].T + p[3])
            return jnp.mean((h @ p[4].T + p[5] - y) ** 2)

        return small, start, (x, y)
    if workload.startswith("mnist"):
        return classifier(*data.digits(folder=folder))
    if workload == "logistic":

        def scores(p: Any, x: Any, y: Any) -> Any:
            z = x @ p[0] + p[1]
            return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))

        return scores, [np.zeros(30, np.float32), np.zeros((), np.float32)], data.logistic()
    x, y, start = data.gru()
    n = data.HIDDEN

    def cell(p: Any, x: Any, y: Any) -> Any:
        w, u, b, v, out, bias = p

        def through(h: Any, a: Any) -> Any:
            c = h @ u.T + v
            r, z = jnp.split(jax.nn.sigmoid(a[:, : 2 * n] + c[:, : 2 * n]), 2, axis=1)
            m = jnp.tanh(a[:, 2 * n :] + r * c[:, 2 * n :])
            h = m + z * (h - m)
            return h, None

        before = jnp.swapaxes(x, 0, 1) @ w.T + b  # one product for all times
        h, _ = jax.lax.scan(through, jnp.zeros((len(x), n), jnp.float32), before)
        return jnp.mean((h @ out.T + bias - y) ** 2)

    return cell, start, (x, y)


def classifier(x: Any, labels: Any, start: list[Any]) -> tuple[Any, list[Any], tuple[Any, ...]]:
    import jax
    import jax.numpy as jnp

    def objective(p: Any, x: Any, labels: Any) -> Any:
        for k in range(0, len(p) - 2, 2):
            x = jnp.maximum(x @ p[k].T + p[k + 1], 0)
        s = jax.nn.log_softmax(x @ p[-2].T + p[-1])
        return -jnp.mean(jnp.take_along_axis(s, labels[:, None], axis=1))

    return objective, start, (x, labels)
