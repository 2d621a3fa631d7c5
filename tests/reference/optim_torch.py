"""Records what PyTorch's optimisers and losses give in float64, into optim_torch.json.

Run with PyTorch 2.13.0 (CPU): python tests/reference/optim_torch.py
"""

import json
from pathlib import Path

import torch

STEPS = 100
KEPT = [1, 2, 3, 5, 10, 20, 50, 75, 100]


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def quadratic(w):
    return 0.5 * (3 * w[0] ** 2 + 2 * w[0] * w[1] + 5 * w[1] ** 2 + 0.1 * w[2] ** 2) - w[0] + 2 * w[2]


PROBLEMS = {"rosenbrock": (rosenbrock, [-1.2, 1.0]), "quadratic": (quadratic, [1.0, -2.0, 0.5])}
# rule, its options in steepest's words, PyTorch's optimiser with its options, rates for the two problems
SETTINGS = [
    ("GradientDescent", {}, torch.optim.SGD, {}, (1e-3, 0.1)),
    ("GradientDescent", {}, torch.optim.SGD, {}, (2e-4, 0.37)),
    ("Momentum", {}, torch.optim.SGD, {"momentum": 0.9}, (2e-4, 0.05)),
    ("Momentum", {"beta": 0.5}, torch.optim.SGD, {"momentum": 0.5}, (1e-3, 0.1)),
    ("Momentum", {"nesterov": True}, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}, (2e-4, 0.05)),
    ("Momentum", {"beta": 0.99, "nesterov": True}, torch.optim.SGD, {"momentum": 0.99, "nesterov": True}, (1e-5, 0.01)),
    ("Adam", {}, torch.optim.Adam, {}, (0.01, 0.1)),
    ("Adam", {"beta1": 0.8, "beta2": 0.9, "epsilon": 1e-4}, torch.optim.Adam, {"betas": (0.8, 0.9), "eps": 1e-4}, (0.05, 0.5)),
    ("Adam", {"beta1": 0.0, "beta2": 0.99}, torch.optim.Adam, {"betas": (0.0, 0.99)}, (0.02, 0.05)),
]  # fmt: skip

RESIDUALS = [0.0, 1e-9, -1e-3, 0.4999, -0.5, 0.5001, 0.9999, -1.0, 1.0001, -3.0, 25.0, 1e4]


def trajectory(problem, start, optimiser, options, rate):
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    rule = optimiser([w], lr=rate, **options)
    kept = {}
    for step in range(1, STEPS + 1):
        rule.zero_grad()
        problem(w).backward()
        rule.step()
        if step in KEPT:
            kept[step] = w.tolist()
    return kept


def rows(loss, **options):
    r = torch.tensor(RESIDUALS, dtype=torch.float64, requires_grad=True)
    values = loss(r, torch.zeros_like(r), reduction="none", **options)
    values.sum().backward()
    return {"values": values.tolist(), "slopes": r.grad.tolist()}


def main():
    functional = torch.nn.functional
    runs = [
        {"rule": rule, "options": options, "problem": name, "start": start, "rate": rates[i],
         "params": trajectory(problem, start, optimiser, theirs, rates[i])}
        for rule, options, optimiser, theirs, rates in SETTINGS
        for i, (name, (problem, start)) in enumerate(PROBLEMS.items())
    ]  # fmt: skip
    losses = {
        "mse": rows(functional.mse_loss),
        "mae": rows(functional.l1_loss),
        "huber(0.5)": rows(functional.huber_loss, delta=0.5),
        "huber(1)": rows(functional.huber_loss, delta=1.0),
        "huber(2.5)": rows(functional.huber_loss, delta=2.5),
    }
    record = {"torch": torch.__version__.split("+")[0], "residuals": RESIDUALS, "losses": losses, "runs": runs}
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
