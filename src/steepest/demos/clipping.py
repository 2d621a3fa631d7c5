"""A recurrent network that explodes, and trains when its gradient is clipped."""

from __future__ import annotations

import numpy as np

import steepest as sd
from steepest.demos.stage import Stage

LENGTH, ROWS, HIDDEN, RATE, STEPS = 30, 256, 24, 0.02, 300


def show(stage: Stage) -> None:
    """The adding problem of length 30 with a ReLU recurrent net, without and with clipping by the global norm."""
    rng = np.random.default_rng(0)
    x = np.zeros((ROWS, LENGTH, 2))
    x[:, :, 0] = rng.random((ROWS, LENGTH))
    rows, first, second = np.arange(ROWS), rng.integers(0, LENGTH // 2, ROWS), rng.integers(LENGTH // 2, LENGTH, ROWS)
    x[rows, first, 1] = x[rows, second, 1] = 1.0
    y = np.sum(x[:, :, 0] * x[:, :, 1], axis=1, keepdims=True)
    stage.say(
        f"""Each of {ROWS} sequences of {LENGTH} numbers has two of them marked; the network must say their sum. Always saying 1
        has a loss of 1/6. The recurrent weights begin as the identity, so that the network sums up what it sees: a change of
        one weight counts {LENGTH} times over, and the gradient is a cliff."""
    )
    runs = {}
    for name, rule in {
        "plain": sd.Momentum(0.9),
        "clipped": sd.chain(sd.ClipGlobalNorm(1.0), sd.Momentum(0.9)),
    }.items():
        net = sd.Sequential(sd.RNN(2, HIDDEN, nonlinearity="relu", last=True), sd.Linear(HIDDEN, 1))
        params, state = net.init(sd.Key(1))
        params["0.weight_hh_l0"] = np.eye(HIDDEN)
        problem = sd.Problem(net, params, x, y, state=state)
        watch = sd.Watch(every=10, say=None)
        runs[name] = run = sd.Run(problem, sd.Descent(rule, RATE), steps=STEPS, hooks=[watch]).finish()
        seen = run.history
        last = (
            f"loss {run.loss:.3f} after {run.steps_done} steps"
            if run.outcome and run.outcome.ok
            else f"given up after {run.steps_done} steps"
        )
        stage.show(
            f"{name}: losses {', '.join(f'{loss:.3g}' for loss in seen['loss'][:3])}, ...; "
            f"gradient norms {', '.join(f'{size:.3g}' for size in seen['gradient_norm'][:3])}, ...; {last}"
        )
    stage.say(f"The run without clipping: {runs['plain'].outcome} It says why:")
    for remark in runs["plain"].remarks[:2]:
        stage.say(remark)
    stage.say(
        """Clipping shortens a gradient that is longer than 1 to the length 1 and leaves its direction. It cures explosion; it
        does not cure vanishing, whose gradients are short already."""
    )
    runs["clipped"].plot.loss(stage.file("clipped.png"), theme=stage.theme)
    runs["clipped"].plot.layers(stage.file("layers.png"), theme=stage.theme)
