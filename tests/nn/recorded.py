"""What PyTorch recorded, and the numbers that the recording filled its networks with (see tests/reference/nn_torch.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from steepest.nn import Module

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[1] / "reference" / "nn_torch.json").read_text())


def numbers(shape: tuple[int, ...], start: int = 0) -> np.ndarray:
    k = np.arange(start, start + int(np.prod(shape)))
    return (0.6 * np.sin(1.7 * k + 0.3)).reshape(shape)


def inputs(shape: Any) -> np.ndarray:
    return (1.5 * np.cos(0.9 * np.arange(int(np.prod(shape))) + 0.5)).reshape(shape)


def cotangent(shape: tuple[int, ...]) -> np.ndarray:
    return np.cos(0.37 * np.arange(int(np.prod(shape)))).reshape(shape)


def filled(module: Module) -> dict[str, np.ndarray]:
    """The module's parameters with the recording's numbers, in PyTorch's order: that of `init`."""
    params: dict[str, np.ndarray] = {}
    start = 0
    for name, x in module.init(0)[0].items():
        params[name] = numbers(x.shape, start)
        start += x.size
    return params
