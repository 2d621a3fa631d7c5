"""Floor 4: what a model is built from and scored by: modules, initialisers, losses, penalties, metrics.

``from steepest.nn import MLP``: each name is imported when it is first used, so that fitting a formula does not load networks.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "module": ("Module",),
    "place": ("LayerOutput", "LayerShapeError"),
    "linear": ("Linear",),
    "sequential": ("Sequential",),
    "mlp": ("MLP",),
    "activations": (
        "Activation", "ELU", "GELU", "Identity", "LeakyReLU", "ReLU", "SELU", "Sigmoid", "SiLU", "Softmax", "Softplus", "Tanh",
        "softmax",
    ),
    "shaping": ("Flatten",),
    "dropout": ("Dropout",),
    "normalisation": ("BatchNorm", "LayerNorm"),
    "recurrent": ("GRU", "LSTM", "RNN"),
    "initialisers": (
        "Initialiser", "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform",
        "ones", "orthogonal", "torch_default", "zeros",
    ),
    "layer_table": ("Summary", "summary"),
    "losses": ("Loss", "dispersion", "huber", "log_cosh", "mae", "mse", "rmse"),
    "classification": ("ScoreLoss", "binary_cross_entropy", "class_weights", "cross_entropy", "hinge", "poisson"),
    "loss_layers": ("CrossEntropyLoss", "LossLayer", "MSELoss"),
    "penalties": ("L1", "L2", "Penalty"),
    "metrics": ("accuracy", "confusion_matrix", "precision_recall", "r_squared"),
}  # fmt: skip
_HOME_OF = {name: f"steepest.nn.{module}" for module, names in _HOMES.items() for name in names}

__all__ = [*_HOME_OF]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'steepest.nn' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value  # the next look-up is an ordinary one
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
