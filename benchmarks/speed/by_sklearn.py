"""The workloads by scikit-learn: MLPRegressor, MLPClassifier, and SGDClassifier, which takes one row at a time."""

from __future__ import annotations

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.child import Ready


def prepare(contender: str, workload: str, threads: int, folder: str) -> Ready | None:
    from sklearn.linear_model import SGDClassifier
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    plain = {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False, "alpha": 0.0, "shuffle": True}
    if workload.startswith("toy"):
        x, y, _ = data.toy(np.dtype(f"f{int(workload[3:]) // 8}"))
        net = MLPRegressor(
            hidden_layer_sizes=(20, 20), activation="tanh", batch_size=len(x), learning_rate_init=0.05, **plain
        )
        y = y[:, 0]
        return Ready(lambda: [net.partial_fit(x, y) for _ in range(20)], 20)
    if workload.startswith("mnist"):
        x, labels, _ = data.digits(folder=folder)
        batch, rows = data.BATCH[workload], 6400 // data.BATCH[workload] * data.BATCH[workload]
        net = MLPClassifier(hidden_layer_sizes=(128,), batch_size=batch, learning_rate_init=0.05, **plain)
        classes = np.arange(10)
        return Ready(lambda: net.partial_fit(x[:rows], labels[:rows], classes=classes), rows // batch)
    if workload == "logistic":
        x, y = data.logistic()
        line = SGDClassifier(loss="log_loss", penalty=None, learning_rate="constant", eta0=1e-3)
        return Ready(lambda: line.partial_fit(x, y, classes=[0.0, 1.0]), 1, "one row at a time")
    return None
