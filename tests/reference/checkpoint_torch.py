"""Record that PyTorch loads what steepest saved, as it is, and what it computes from it; and the other way round.

Run `PYTHONPATH=src python tests/reference/checkpoint_torch.py` with PyTorch 2.13, safetensors and SciPy. Of each network

* steepest trains a few steps and saves a checkpoint; its weights.safetensors becomes checkpoint_torch/NAME.safetensors, which the
  PyTorch module loads with `load_state_dict(strict=True)`;
* the PyTorch module with first numbers of its own, after two batches in training mode, saves its `state_dict()` as
  checkpoint_torch/NAME_from_torch.safetensors.

The outputs of the PyTorch modules, in evaluation mode and float64, go to checkpoint_torch.json.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import nn

import steepest as sd

torch.set_default_dtype(torch.float64)
HERE = Path(__file__).parent / "checkpoint_torch"


def inputs(shape: tuple[int, ...]) -> np.ndarray:
    return (1.5 * np.cos(0.9 * np.arange(int(np.prod(shape))) + 0.5)).reshape(shape)


def in_turn(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return module(x)


def all_steps(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return module(x)[0]


def last_step_then_linear(module: Any, x: torch.Tensor) -> torch.Tensor:
    return module[1](module[0](x)[0][:, -1])


# name -> steepest's network, PyTorch's, how PyTorch's is called, shape of the input
Case = tuple[sd.Module, nn.Module, Callable[[Any, torch.Tensor], torch.Tensor], tuple[int, ...]]
CASES: dict[str, Case] = {
    "linear": (sd.Linear(3, 4), nn.Linear(3, 4), in_turn, (6, 3)),
    "mlp": (
        sd.MLP(3, [5, 4], 2, activation="relu"),
        nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)), in_turn, (6, 3),
    ),
    "layer_norm": (sd.LayerNorm(4), nn.LayerNorm(4), in_turn, (6, 4)),
    "batch_norm": (sd.BatchNorm(3), nn.BatchNorm1d(3), in_turn, (6, 3)),
    "sequential": (
        sd.Sequential(
            sd.Linear(3, 4), sd.BatchNorm(4), sd.Tanh(), sd.Dropout(0.2), sd.Sequential(sd.Linear(4, 4), sd.LayerNorm(4)),
            sd.GELU(), sd.Linear(4, 2),
        ),
        nn.Sequential(
            nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout(0.2), nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)),
            nn.GELU(), nn.Linear(4, 2),
        ),
        in_turn, (6, 3),
    ),
    "rnn": (sd.RNN(3, 4, 2), nn.RNN(3, 4, 2, batch_first=True), all_steps, (5, 4, 3)),
    "gru": (sd.GRU(3, 4, 2), nn.GRU(3, 4, 2, batch_first=True), all_steps, (5, 4, 3)),
    "lstm": (sd.LSTM(3, 4, 2), nn.LSTM(3, 4, 2, batch_first=True), all_steps, (5, 4, 3)),
    "gru_then_linear": (
        sd.Sequential(sd.GRU(3, 4, last=True), sd.Linear(4, 1)),
        nn.Sequential(nn.GRU(3, 4, batch_first=True), nn.Linear(4, 1)), last_step_then_linear, (5, 4, 3),
    ),
}  # fmt: skip


def checkpoint_of(net: sd.Module, x: np.ndarray, folder: Path) -> tuple[Path, np.ndarray]:
    """Train a few steps and save; the file of weights, and what the network then says."""
    params, state = net.init(sd.Key(1))
    outputs, _ = net(params, state, x, 0, False)
    problem = sd.Problem(net, params, x, np.sin(3 * outputs), state=state)
    run = sd.Run(problem, sd.Descent(sd.Adam(), 0.05, sd.Batches(3)), steps=8).finish()
    return sd.save(run, folder) / "weights.safetensors", run.predict()


def main() -> None:
    HERE.mkdir(exist_ok=True)
    torch.manual_seed(0)
    recorded: dict[str, Any] = {"torch": torch.__version__, "cases": {}}
    for name, (net, module, call, shape) in CASES.items():
        x = inputs(shape)
        # PyTorch's own first numbers, and running statistics that are no longer 0 and 1
        module.train()
        for batch in (x, 2 * x + 1):
            call(module, torch.tensor(batch))
        module.eval()
        (HERE / f"{name}_from_torch.safetensors").write_bytes(save(module.state_dict()))
        from_torch = call(module, torch.tensor(x)).tolist()
        with tempfile.TemporaryDirectory() as folder:
            file, said = checkpoint_of(net, x, Path(folder))
            shutil.copy(file, HERE / f"{name}.safetensors")
        module.load_state_dict(load_file(HERE / f"{name}.safetensors"), strict=True)
        output = call(module, torch.tensor(x)).detach().numpy()
        np.testing.assert_allclose(output, said, rtol=1e-12, atol=1e-14)
        recorded["cases"][name] = {"shape": list(shape), "output": output.tolist(), "from_torch": from_torch}
        print(f"{name:18} differs by {np.abs(output - said).max():.1e} from steepest")
    (HERE.parent / "checkpoint_torch.json").write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
