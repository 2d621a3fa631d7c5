"""Files of weights go from steepest to PyTorch and back as they are (recorded by tests/reference/checkpoint_torch.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import steepest as sd

REFERENCE = Path(__file__).parents[1] / "reference"
RECORDED: dict[str, Any] = json.loads((REFERENCE / "checkpoint_torch.json").read_text())["cases"]
NETS: dict[str, sd.Module] = {
    "linear": sd.Linear(3, 4),
    "mlp": sd.MLP(3, [5, 4], 2, activation="relu"),
    "layer_norm": sd.LayerNorm(4),
    "batch_norm": sd.BatchNorm(3),
    "sequential": sd.Sequential(
        sd.Linear(3, 4), sd.BatchNorm(4), sd.Tanh(), sd.Dropout(0.2), sd.Sequential(sd.Linear(4, 4), sd.LayerNorm(4)),
        sd.GELU(), sd.Linear(4, 2),
    ),
    "rnn": sd.RNN(3, 4, 2),
    "gru": sd.GRU(3, 4, 2),
    "lstm": sd.LSTM(3, 4, 2),
    "gru_then_linear": sd.Sequential(sd.GRU(3, 4, last=True), sd.Linear(4, 1)),
}  # fmt: skip


def inputs(shape: list[int]) -> np.ndarray:
    return (1.5 * np.cos(0.9 * np.arange(int(np.prod(shape))) + 0.5)).reshape(shape)


def weights(name: str) -> dict[str, np.ndarray]:
    return load_file(REFERENCE / "checkpoint_torch" / f"{name}.safetensors")


def test_every_recorded_network_is_tested() -> None:
    assert set(RECORDED) == set(NETS)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize(("file", "said"), [("", "output"), ("_from_torch", "from_torch")], ids=["ours", "PyTorch's"])
def test_the_file_gives_what_pytorch_computed_from_it(name: str, file: str, said: str) -> None:
    net, recorded = NETS[name], RECORDED[name]
    net.load(weights(name + file))
    np.testing.assert_allclose(net.forward(inputs(recorded["shape"])), recorded[said], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NETS)
def test_a_checkpoint_has_the_names_shapes_and_types_of_pytorchs(name: str, tmp_path: Path) -> None:
    net, shape = NETS[name], RECORDED[name]["shape"]
    params, state = net.init(0)
    x = inputs(shape)
    problem = sd.Problem(net, params, x, net(params, state, x, 0, False)[0], state=state)
    ours = load_file(
        sd.save(sd.Run(problem, sd.Descent(sd.Adam(), 0.01), steps=1).finish(), tmp_path) / "weights.safetensors"
    )
    theirs = weights(f"{name}_from_torch")
    assert {n: (x.shape, x.dtype) for n, x in ours.items()} == {n: (x.shape, x.dtype) for n, x in theirs.items()}


def test_weights_of_another_network_are_refused() -> None:
    with pytest.raises(sd.ModelError, match=r"'weight_ih_l0' has shape \(4, 3\), this network's has \(12, 3\)"):
        sd.GRU(3, 4, 2).load(weights("rnn"))
    with pytest.raises(sd.ModelError, match=r"this network has no parameter '1.(num_batches_tracked|running)"):
        sd.Sequential(sd.Linear(3, 4), sd.LayerNorm(4)).load(
            {n: x for n, x in weights("sequential").items() if n.startswith(("0.", "1."))}
        )
