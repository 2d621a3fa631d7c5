"""Record what PyTorch computes in float64, for tests/nn: run with PyTorch installed, writes nn_torch.json beside this file.

Parameters are filled with numbers that a formula gives, so that only results are stored:
parameter element number k of the whole network is 0.6 sin(1.7 k + 0.3); an input element number k is 1.5 cos(0.9 k + 0.5).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def numbers(shape: tuple[int, ...], start: int = 0) -> np.ndarray:
    k = np.arange(start, start + int(np.prod(shape)))
    return (0.6 * np.sin(1.7 * k + 0.3)).reshape(shape)


def inputs(shape: tuple[int, ...]) -> np.ndarray:
    return (1.5 * np.cos(0.9 * np.arange(int(np.prod(shape))) + 0.5)).reshape(shape)


def cotangent(shape: tuple[int, ...]) -> np.ndarray:
    return np.cos(0.37 * np.arange(int(np.prod(shape)))).reshape(shape)


def digits(x: torch.Tensor) -> Any:
    return x.detach().tolist()


class Last(nn.Module):
    """A recurrent layer's outputs, all or the last."""

    def __init__(self, cell: nn.Module, last: bool) -> None:
        super().__init__()
        self.cell, self.last = cell, last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.cell(x)[0]
        return out[:, -1] if self.last else out


def record(module: nn.Module, shape: tuple[int, ...], fill: bool = True, strip: str = "") -> dict[str, Any]:
    """Names and shapes, output, and the gradients of sum(cotangent * output), in training mode."""
    start = 0
    if fill:
        for p in module.parameters():
            p.data = torch.tensor(numbers(tuple(p.shape), start))
            start += p.numel()
    x = torch.tensor(inputs(shape), requires_grad=True)
    out = module(x)
    (out * torch.tensor(cotangent(tuple(out.shape)))).sum().backward()
    return {
        "shape": list(shape),
        "names": {n.removeprefix(strip): list(p.shape) for n, p in module.state_dict().items()},
        "output": digits(out),
        "dx": digits(x.grad),
        "grads": {n.removeprefix(strip): digits(p.grad) for n, p in module.named_parameters()},
    }


def modules() -> dict[str, Any]:
    rows = {
        "linear": record(nn.Linear(3, 4), (5, 3)),
        "linear_3d": record(nn.Linear(3, 2, bias=False), (2, 4, 3)),
        "mlp_relu": record(
            nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)), (6, 3)
        ),
        "mlp_tanh": record(
            nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2)), (6, 3)
        ),
        "layer_norm": record(nn.LayerNorm(4), (3, 4)),
        "layer_norm_2": record(nn.LayerNorm((3, 4)), (2, 3, 4)),
        "nested": record(
            nn.Sequential(nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3)), nn.Flatten(), nn.Linear(6, 2)), (3, 2, 4)
        ),
    }
    for name, cell in (("rnn", nn.RNN), ("gru", nn.GRU), ("lstm", nn.LSTM)):
        rows[name] = record(Last(cell(3, 4, 2, batch_first=True), False), (2, 5, 3), strip="cell.")
        rows[f"{name}_last"] = record(Last(cell(3, 2, 1, batch_first=True), True), (3, 4, 3), strip="cell.")
    rows["rnn_relu"] = record(
        Last(nn.RNN(2, 3, 2, nonlinearity="relu", bias=False, batch_first=True), False), (2, 4, 2), strip="cell."
    )
    activations = {
        "ReLU": nn.ReLU(), "LeakyReLU": nn.LeakyReLU(0.2), "ELU": nn.ELU(1.5), "SELU": nn.SELU(), "GELU": nn.GELU(),
        "GELU_tanh": nn.GELU("tanh"), "SiLU": nn.SiLU(), "Softplus": nn.Softplus(2.0), "Tanh": nn.Tanh(), "Sigmoid": nn.Sigmoid(),
        "Softmax": nn.Softmax(-1),
    }  # fmt: skip
    points = [[-1e4, -30.0, -3.0, -1.0, -0.25, -1e-9], [0.0, 1e-9, 0.25, 1.0, 3.0, 8.0]]
    for name, layer in activations.items():
        x = torch.tensor(points, requires_grad=True)
        out = layer(x)
        (out * torch.tensor(cotangent((2, 6)))).sum().backward()
        rows[f"activation_{name}"] = {"x": points, "output": digits(out), "dx": digits(x.grad)}
    return rows


def batch_norm(momentum: float | None) -> dict[str, Any]:
    """Three batches in training, then one in evaluation."""
    layer = nn.BatchNorm1d(3, momentum=momentum)
    layer.weight.data, layer.bias.data = torch.tensor(numbers((3,))), torch.tensor(numbers((3,), 3))
    steps = []
    for k in range(4):
        if k == 3:
            layer.eval()
        x = torch.tensor(inputs((5, 3)) * (k + 1) + k, requires_grad=True)
        layer.zero_grad()
        out = layer(x)
        (out * torch.tensor(cotangent((5, 3)))).sum().backward()
        steps.append(
            {
                "output": digits(out), "dx": digits(x.grad),
                "grads": {n: digits(p.grad) for n, p in layer.named_parameters()},
                "state": {n: digits(b) for n, b in layer.named_buffers()},
            }
        )  # fmt: skip
    return {"names": {n: list(p.shape) for n, p in layer.state_dict().items()}, "steps": steps}


def losses() -> dict[str, Any]:
    scores = [[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [0.3, -1.2, 2.0], [1e4, 9999.0, 9998.0], [0.0, 0.0, 0.0]]
    labels = [1, 1, 0, 2, 0]
    flat, targets = [1e4, -1e4, 1e4, -1e4, 0.7, -40.0, 40.0, 0.0], [0.0, 1.0, 1.0, 0.0, 0.25, 1.0, 1.0, 1.0]
    counts = [0.0, 3.0, 1.0, 10.0]
    table = {
        "cross_entropy": (scores, lambda s: F.cross_entropy(s, torch.tensor(labels), reduction="none"), labels),
        "binary_cross_entropy": (
            flat, lambda s: F.binary_cross_entropy_with_logits(s, torch.tensor(targets), reduction="none"), targets,
        ),
        "poisson": ([-20.0, 1.0, 0.5, 2.5], lambda s: F.poisson_nll_loss(s, torch.tensor(counts), reduction="none"), counts),
        "poisson_rate": (
            [0.5, 1.0, 2.0, 8.0], lambda s: F.poisson_nll_loss(s, torch.tensor(counts), False, reduction="none"), counts,
        ),
    }  # fmt: skip
    out = {}
    for name, (given, loss, target) in table.items():
        s = torch.tensor(given, requires_grad=True)
        rows = loss(s)
        rows.sum().backward()
        out[name] = {"scores": given, "target": target, "rows": digits(rows), "gradient": digits(s.grad)}
    s = torch.tensor(scores, requires_grad=True)
    weighted = F.cross_entropy(s, torch.tensor(labels), weight=torch.tensor([1.0, 2.0, 5.0]))
    weighted.backward()
    out["weighted"] = {"class_weights": [1.0, 2.0, 5.0], "value": weighted.item(), "gradient": digits(s.grad)}
    return out


if __name__ == "__main__":
    result = {
        "torch": torch.__version__, "modules": modules(), "losses": losses(),
        "batch_norm": {"0.1": batch_norm(0.1), "none": batch_norm(None)},
    }  # fmt: skip
    Path(__file__).with_suffix(".json").write_text(json.dumps(result) + "\n")
