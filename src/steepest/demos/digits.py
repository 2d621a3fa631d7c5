"""Handwritten digits."""

from __future__ import annotations

from pathlib import Path

import steepest as sd
from steepest.base.errors import DataError
from steepest.demos.stage import Stage

SMALL = Path(__file__).parents[3] / "examples" / "data" / "mnist-small"


def show(stage: Stage) -> None:
    """A network of 30 hidden units on a small part of MNIST, or on all of it with --data FOLDER."""
    folder = Path(stage.options.get("data", SMALL))
    if not folder.exists():
        raise DataError(
            f"there are no digits in {folder}. Give a folder with the four IDX files of MNIST: "
            "steepest demo digits --data FOLDER."
        )
    digits = sd.data.mnist(folder)
    rows = len(digits.train_labels)
    stage.say(f"""{rows:,} images of 28 x 28 grey values, each a digit. A network of 784 inputs, 30 units and 10 outputs gives
        each digit a score; softmax turns scores into probabilities, and the loss is minus the logarithm of what the
        right digit got.""")
    net = sd.MLP(784, [30], 10, activation="relu")
    params, state = net.init(sd.Key(0))
    whole = sd.Problem(net, params, digits.train_images, digits.train_labels, loss="cross_entropy", state=state)
    train, held = whole.split(0.2)
    validation = sd.Validation(held, {"accuracy": sd.accuracy}, patience=3)
    batches = sd.Batches(100)
    run = sd.Run(
        train, sd.Descent(sd.Adam(), 0.003, batches), steps=15 * batches.per_epoch(train.rows), hooks=[validation]
    )
    run.finish()
    said = run.predict(digits.test_images)
    stage.say(f"""{run.outcome} On {len(digits.test_labels):,} images that it has never seen it is right in
        {sd.accuracy(said, digits.test_labels):.1%} of the cases. Each row is a digit, each column what it was taken for:""")
    stage.show(sd.confusion_matrix(said, digits.test_labels))
    run.plot.loss(stage.file("loss.png"), theme=stage.theme)
    sd.plot.confusion(said, stage.file("confusion.png"), labels=digits.test_labels, theme=stage.theme)
