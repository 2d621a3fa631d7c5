"""The peers of speed.py, run by a Python that has PyTorch or JAX: prints microseconds a step as JSON."""

from __future__ import annotations

import json
import os
import sys
from time import process_time
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import numpy as np

ROUNDS = 15


def best(run: Any, steps: int) -> float:
    run()
    times = []
    for _ in range(ROUNDS):
        began = process_time()
        run()
        times.append((process_time() - began) / steps)
    return min(times) * 1e6


def data(dtype: Any) -> tuple[Any, Any, list[Any]]:
    rng = np.random.default_rng(0)
    x = np.sort(rng.standard_normal(128))[:, None]
    y = np.sin(np.pi * x / 2) + 0.3 * rng.standard_normal((128, 1))
    sizes = [(20, 1), (20,), (20, 20), (20,), (1, 20), (1,)]
    return x.astype(dtype), y.astype(dtype), [(0.3 * rng.standard_normal(s)).astype(dtype) for s in sizes]


def by_torch() -> dict[str, float]:
    import torch

    torch.set_num_threads(1)

    def descend(params: list[Any], objective: Any, rate: float, steps: int) -> None:
        losses, norms = [], []
        for _ in range(steps):
            loss = objective(params)
            grads = torch.autograd.grad(loss, params)
            losses.append(loss.item())
            norms.append(sum(float((g * g).sum()) for g in grads) ** 0.5)
            with torch.no_grad():
                for p, g in zip(params, grads):
                    p -= rate * g

    def network(dtype: Any) -> Any:
        x, y, start = (
            torch.tensor(a) if not isinstance(a, list) else [torch.tensor(w) for w in a] for a in data(dtype)
        )
        f = torch.nn.functional.linear

        def objective(p: list[Any]) -> Any:
            return ((f(torch.tanh(f(torch.tanh(f(x, p[0], p[1])), p[2], p[3])), p[4], p[5]) - y) ** 2).mean()

        return lambda: descend([w.clone().requires_grad_() for w in start], objective, 0.05, 100)

    t = torch.arange(20.0, dtype=torch.float64)
    y = 0.5 * (t - 9.5) ** 2 + 1

    def quadratic() -> None:
        params = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in range(3)]
        descend(params, lambda p: ((p[0] * t**2 + p[1] * t + p[2] - y) ** 2).mean(), 1e-5, 100)

    return {
        "quadratic": best(quadratic, 100),
        "toy float64": best(network(np.float64), 100),
        "toy float32": best(network(np.float32), 100),
    }


def by_jax() -> dict[str, float]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def looped(objective: Any, rate: float, steps: int) -> Any:
        def step(params: Any, _: Any) -> Any:
            loss, grads = jax.value_and_grad(objective)(params)
            norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(grads)))
            return jax.tree.map(lambda p, g: p - p.dtype.type(rate) * g, params, grads), (loss, norm)

        return jax.jit(lambda params: jax.lax.scan(step, params, None, length=steps))

    def timed(objective: Any, start: Any, rate: float, steps: int) -> float:
        run = looped(objective, rate, steps)
        return best(lambda: jax.block_until_ready(run(start)), steps)

    def network(dtype: Any) -> float:
        x, y, start = data(dtype)

        def objective(p: Any) -> Any:
            h = jnp.tanh(jnp.tanh(x @ p[0].T + p[1]) @ p[2].T + p[3])
            return jnp.mean((h @ p[4].T + p[5] - y) ** 2)

        return timed(objective, [jnp.asarray(w) for w in start], 0.05, 2000)

    t = jnp.arange(20.0)
    y = 0.5 * (t - 9.5) ** 2 + 1
    zeros = [jnp.zeros(()) for _ in range(3)]
    return {
        "quadratic": timed(lambda p: jnp.mean((p[0] * t**2 + p[1] * t + p[2] - y) ** 2), zeros, 1e-5, 100_000),
        "toy float64": network(np.float64),
        "toy float32": network(np.float32),
    }


if __name__ == "__main__":
    print(json.dumps({"torch": by_torch, "jax": by_jax}[sys.argv[1]]()))
