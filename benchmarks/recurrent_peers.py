"""The peers of recurrent.py, run by a Python that has PyTorch or JAX: prints microseconds a step as JSON."""

from __future__ import annotations

import json
import os
import sys
import warnings
from time import process_time
from typing import Any

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import numpy as np

ROUNDS = 15
ROWS, FEATURES, HIDDEN, RATE = 32, 8, 32, 0.01
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def data(cell: str, length: int, layers: int, last: bool) -> tuple[Any, Any, list[Any]]:
    """Sequences, targets, and the parameters in PyTorch's order: each layer's four, then those of the linear layer."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, length, FEATURES)).astype(np.float32)
    y = rng.standard_normal((ROWS, 1) if last else (ROWS, length, 1)).astype(np.float32)
    shapes: list[tuple[int, ...]] = []
    for layer in range(layers):
        n = GATES[cell] * HIDDEN
        shapes += [(n, HIDDEN if layer else FEATURES), (n, HIDDEN), (n,), (n,)]
    shapes += [(1, HIDDEN), (1,)]
    return x, y, [(rng.uniform(-1, 1, shape) / HIDDEN**0.5).astype(np.float32) for shape in shapes]


def best(run: Any, steps: int) -> float:
    run()
    times = []
    for _ in range(ROUNDS):
        began = process_time()
        run()
        times.append((process_time() - began) / steps)
    return min(times) * 1e6


def by_torch(cell: str, length: int, layers: int, last: bool, compiled: bool) -> float:
    import torch

    torch.set_num_threads(1)
    x, y, start = data(cell, length, layers, last)
    x, y = torch.tensor(x), torch.tensor(y)
    net = getattr(torch.nn, cell)(FEATURES, HIDDEN, layers, batch_first=True)
    out = torch.nn.Linear(HIDDEN, 1)
    params = [*net.parameters(), *out.parameters()]
    with torch.no_grad():
        for p, w in zip(params, start, strict=True):
            p.copy_(torch.tensor(w))

    def objective(x: Any, y: Any) -> Any:
        h = net(x)[0]
        return ((out(h[:, -1] if last else h) - y) ** 2).mean()

    if compiled:
        objective = torch.compile(objective)

    def descend(steps: int) -> list[float]:
        losses, norms = [], []
        for _ in range(steps):
            loss = objective(x, y)
            grads = torch.autograd.grad(loss, params)
            losses.append(loss.item())
            norms.append(sum(float((g * g).sum()) for g in grads) ** 0.5)
            with torch.no_grad():
                for p, g in zip(params, grads):
                    p -= RATE * g
        return losses

    check(descend(3))
    return best(lambda: descend(10), 10)


def by_jax(cell: str, length: int, layers: int, last: bool) -> float:
    import jax
    import jax.numpy as jnp

    x, y, start = data(cell, length, layers, last)

    def rnn(a: Any, b: Any, h: Any, c: Any) -> Any:
        return jnp.tanh(a + b), c

    def gru(a: Any, b: Any, h: Any, c: Any) -> Any:
        r, z = jnp.split(jax.nn.sigmoid(a[:, : 2 * HIDDEN] + b[:, : 2 * HIDDEN]), 2, axis=1)
        n = jnp.tanh(a[:, 2 * HIDDEN :] + r * b[:, 2 * HIDDEN :])
        return n + z * (h - n), c

    def lstm(a: Any, b: Any, h: Any, c: Any) -> Any:
        i, f, g, o = jnp.split(a + b, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(c), c

    one = {"RNN": rnn, "GRU": gru, "LSTM": lstm}[cell]

    def objective(p: Any) -> Any:
        h = jnp.swapaxes(x, 0, 1)
        zeros = jnp.zeros((ROWS, HIDDEN), jnp.float32)
        for layer in range(layers):
            w, u, b, v = p[4 * layer : 4 * layer + 4]

            def through(carry: Any, a: Any, u: Any = u, v: Any = v) -> Any:
                h, c = one(a, carry[0] @ u.T + v, *carry)
                return (h, c), h

            h = jax.lax.scan(through, (zeros, zeros), h @ w.T + b)[1]  # one product for all times
        h = h[-1] if last else jnp.swapaxes(h, 0, 1)
        return jnp.mean((h @ p[-2].T + p[-1] - y) ** 2)

    def step(params: Any, _: Any) -> Any:
        loss, grads = jax.value_and_grad(objective)(params)
        norm = jnp.sqrt(sum(jnp.sum(g * g) for g in grads))
        return [p - jnp.float32(RATE) * g for p, g in zip(params, grads)], (loss, norm)

    run = jax.jit(lambda params: jax.lax.scan(step, params, None, length=20))
    params = [jnp.asarray(w) for w in start]
    check(np.asarray(run(params)[1][0][:3]).tolist())
    return best(lambda: jax.block_until_ready(run(params)), 20)


def check(losses: list[float]) -> None:
    """The first losses, so that all are seen to do the same."""
    print(*(f"{loss:.5f}" for loss in losses), file=sys.stderr)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    name, cell, length, layers, last = sys.argv[1:]
    task = cell, int(length), int(layers), last == "last"
    if name == "jax":
        print(json.dumps(by_jax(*task)))
    else:
        print(json.dumps(by_torch(*task, compiled=name == "torch.compile")))
