"""Record the trajectories of PyTorch's optimisers and the rates of its schedulers, in float64.

Run `python tests/reference/rules_torch.py` with PyTorch 2.13 to write rules_torch.json beside this file. Each case is 100 steps
from the same start on Rosenbrock's function and on the mean squared error of a small tanh network; every fifth step is kept
(of the network six of its parameters).
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from torch.optim import lr_scheduler

torch.set_default_dtype(torch.float64)
STEPS, EVERY = 100, 5
ROSENBROCK_START = [-1.2, 1.0]
KEPT = [0, 5, 8, 11, 13, 16]  # of the network's 17 parameters: weights and biases of both layers

# name in the test -> optimiser, its options; those left out are PyTorch's defaults
CASES = {
    "sgd": ("SGD", {}),
    "sgd_momentum": ("SGD", {"lr": 2e-4, "momentum": 0.9}),
    "sgd_dampening": ("SGD", {"lr": 5e-4, "momentum": 0.8, "dampening": 0.5, "weight_decay": 0.1}),
    "sgd_nesterov": ("SGD", {"lr": 2e-4, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "adagrad": ("Adagrad", {}),
    "adagrad_options": (
        "Adagrad", {"lr": 0.5, "lr_decay": 0.01, "weight_decay": 0.01, "initial_accumulator_value": 0.1, "eps": 1e-6},
    ),
    "adadelta": ("Adadelta", {}),
    "adadelta_options": ("Adadelta", {"lr": 0.5, "rho": 0.95, "eps": 1e-4, "weight_decay": 0.01}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop_centred": ("RMSprop", {"lr": 0.002, "centered": True}),
    "rmsprop_options": (
        "RMSprop", {"lr": 0.002, "alpha": 0.9, "eps": 1e-4, "momentum": 0.5, "centered": True, "weight_decay": 0.01},
    ),
    "adam": ("Adam", {}),
    "adam_options": ("Adam", {"lr": 0.05, "betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 0.01}),
    "adamax": ("Adamax", {}),
    "adamax_options": ("Adamax", {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-6, "weight_decay": 0.01}),
    "nadam": ("NAdam", {}),
    "nadam_options": ("NAdam", {"lr": 0.05, "betas": (0.8, 0.99), "momentum_decay": 0.1, "weight_decay": 0.01}),
    "nadam_decoupled": ("NAdam", {"lr": 0.02, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "radam": ("RAdam", {}),
    "radam_options": ("RAdam", {"lr": 0.002, "betas": (0.8, 0.9), "eps": 1e-6, "weight_decay": 0.01}),
    "radam_decoupled": ("RAdam", {"lr": 0.002, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "amsgrad_options": ("Adam", {"lr": 0.1, "betas": (0.9, 0.5), "amsgrad": True}),
    "adamw": ("AdamW", {}),
    "adamw_options": ("AdamW", {"lr": 0.05, "betas": (0.8, 0.99), "weight_decay": 0.2}),
    "adamw_amsgrad": ("AdamW", {"lr": 0.05, "weight_decay": 0.2, "betas": (0.9, 0.9), "amsgrad": True}),
    "rprop": ("Rprop", {}),
    "rprop_options": ("Rprop", {"lr": 0.1, "etas": (0.4, 1.5), "step_sizes": (1e-4, 0.15)}),
}  # fmt: skip


def network_data() -> dict[str, list]:
    """Data and start from closed forms, rounded, so that the file holds exactly what was used."""
    inputs = [[round(math.sin(1.0 + 2.1 * i), 3), round(math.cos(0.7 * i * i), 3)] for i in range(16)]
    target = [round(a * b + 0.5 * a, 3) for a, b in inputs]
    start = [round(math.sin(3.3 * k + 0.4), 3) for k in range(17)]
    return {"inputs": inputs, "target": target, "start": start}


DATA = network_data()


def rosenbrock(w: torch.Tensor) -> torch.Tensor:
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def network(w: torch.Tensor) -> torch.Tensor:
    """2-4-1 with tanh: weights (2, 4), biases (4,), weights (4,), bias, one behind the other in `w`."""
    x, y = torch.tensor(DATA["inputs"]), torch.tensor(DATA["target"])
    hidden = torch.tanh(x @ w[:8].reshape(2, 4) + w[8:12])
    return torch.mean((hidden @ w[12:16] + w[16] - y) ** 2)


def trajectory(loss, start: list[float], optimizer: str, options: dict, kept: list[int]) -> list[list[float]]:
    w = torch.tensor(start, requires_grad=True)
    rule = getattr(torch.optim, optimizer)([w], foreach=False, **options)
    rows = []
    for step in range(1, STEPS + 1):
        rule.zero_grad()
        loss(w).backward()
        rule.step()
        if step % EVERY == 0:
            rows.append([float(w[i]) for i in kept])
    return rows


def rates(make, steps: int) -> list[float]:
    """The rate before each of `steps` steps, from a first rate of 0.5."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    schedule, seen = make(optimizer), []
    for _ in range(steps):
        seen.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return seen


def plateau_rates(losses: list[float], options: dict) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    schedule, seen = lr_scheduler.ReduceLROnPlateau(optimizer, **options), []
    for loss in losses:
        seen.append(float(optimizer.param_groups[0]["lr"]))
        schedule.step(loss)
    return seen


def warm_up(optimizer):
    parts = [
        lr_scheduler.LinearLR(optimizer, start_factor=0.25, total_iters=6),
        lr_scheduler.CosineAnnealingLR(optimizer, T_max=12),
    ]
    return lr_scheduler.SequentialLR(optimizer, parts, milestones=[6])


SCHEDULES = {
    "step": (lambda o: lr_scheduler.StepLR(o, step_size=4, gamma=0.3), 15),
    "exponential": (lambda o: lr_scheduler.ExponentialLR(o, gamma=0.9), 15),
    "inverse_time": (lambda o: lr_scheduler.LambdaLR(o, lambda k: 1 / (1 + 0.2 * k)), 15),
    "polynomial": (lambda o: lr_scheduler.PolynomialLR(o, total_iters=10, power=2.0), 15),
    "cosine": (lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=10, eta_min=0.05), 11),
    "restarts": (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=4, eta_min=0.01), 15),
    "restarts_growing": (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2), 30),
    "one_cycle": (lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=20, cycle_momentum=False), 19),
    "one_cycle_options": (
        lambda o: lr_scheduler.OneCycleLR(
            o, max_lr=0.5, total_steps=20, pct_start=0.5, div_factor=10, final_div_factor=5, cycle_momentum=False
        ),
        19,
    ),
    "warm_up": (warm_up, 18),
}  # fmt: skip

PLATEAU_LOSSES = [
    5.0,
    4.0,
    4.0,
    4.1,
    3.99999,
    4.0,
    3.0,
    3.0,
    3.0,
    3.0,
    3.0,
    3.0,
    2.0,
    2.5,
    2.5,
    2.5,
    2.5,
    2.5,
    2.5,
    2.5,
]
PLATEAUS = {
    "plain": {"factor": 0.5, "patience": 2},
    "impatient": {"factor": 0.1, "patience": 0, "min_lr": 0.01},
    "cooldown": {"factor": 0.5, "patience": 1, "cooldown": 3, "threshold": 0.3},
}


def main() -> None:
    recorded = {
        "torch": torch.__version__,
        "steps": list(range(EVERY, STEPS + 1, EVERY)),
        "rosenbrock": {"start": ROSENBROCK_START},
        "network": {**DATA, "kept": KEPT},
        "trajectories": {
            name: {
                "rosenbrock": trajectory(rosenbrock, ROSENBROCK_START, optimizer, options, [0, 1]),
                "network": trajectory(network, DATA["start"], optimizer, options, KEPT),
            }
            for name, (optimizer, options) in CASES.items()
        },
        "schedules": {name: rates(make, steps) for name, (make, steps) in SCHEDULES.items()},
        "plateau_losses": PLATEAU_LOSSES,
        "plateaus": {name: plateau_rates(PLATEAU_LOSSES, options) for name, options in PLATEAUS.items()},
    }
    blocks = [f"{json.dumps(key)}: {_lines(value)}" for key, value in recorded.items()]
    Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(blocks) + "\n}\n")


def _lines(value) -> str:
    """JSON with one line for each entry of a dict."""
    if not isinstance(value, dict):
        return json.dumps(value)
    return "{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()) + "\n}"


if __name__ == "__main__":
    main()
