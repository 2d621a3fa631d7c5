"""Confusion matrices, residuals and range tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.views.pictures.confusion_picture import plot_confusion
from views.judged import judge

LABELS = np.random.default_rng(2).integers(0, 3, 80)


def classified(hooks: Any = ()) -> sd.Run:
    x = np.random.default_rng(0).normal(size=(80, 2)) + 3 * np.eye(3)[LABELS][:, :2]
    net = sd.MLP(2, [5], 3)
    params, state = net.init(0)
    problem = sd.Problem(net, params, x, LABELS, loss="cross_entropy", state=state)
    train, held = problem.split(0.25)
    hooks = [sd.Validation(held)] if hooks else []
    return sd.Run(train, sd.Descent(sd.Adam(), 0.05), steps=30, hooks=hooks).finish()


def counts(picture: Any) -> list[int]:
    return [int(text.get_text()) for text in picture.axes[0].texts]


def test_counts_by_hand() -> None:
    picture = plot_confusion([0, 1, 1, 2, 2], labels=[0, 1, 0, 2, 1], names=["a", "b", "c"])
    assert counts(picture) == [1, 1, 0, 0, 1, 1, 0, 0, 1]
    axes = picture.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 1]])
    assert axes.get_title() == "5 rows, 60 % right"
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b", "c"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


def test_a_run_shows_the_rows_held_out_if_there_are_any() -> None:
    run = classified()
    assert (
        run.plot.confusion().axes[0].get_title()
        == f"60 training rows, {100 * sd.accuracy(run.predict(), run.problem.data.target):.3g} % right"
    )
    held = classified(hooks=True).plot.confusion()
    assert held.axes[0].get_title().startswith("20 held-out rows, ")
    assert sum(counts(held)) == 20


def test_other_rows() -> None:
    picture = classified().plot.confusion(inputs=np.eye(3)[LABELS][:, :2] * 3, labels=LABELS)
    assert picture.axes[0].get_title().startswith("80 rows, ")


@pytest.mark.parametrize("classes", [2, 10, 30, 60])
def test_any_number_of_classes(classes: int) -> None:
    seen = np.arange(500) % classes
    picture = plot_confusion(seen, labels=seen, names=[f"class number {k}" for k in range(classes)])
    assert len(picture.axes[0].texts) == (classes**2 if classes <= 30 else 0)
    if classes != 30:
        judge(picture)


def test_refusals() -> None:
    run = classified()
    with pytest.raises(sd.SteepestError, match="the true classes too"):
        plot_confusion([0, 1])
    with pytest.raises(sd.SteepestError, match="there are 2 classes, and 1 names"):
        plot_confusion([0, 1], labels=[0, 1], names=["a"])
    with pytest.raises(sd.SteepestError, match="do not go together"):
        plot_confusion([0, 1], labels=[0, 1, 1])
    with pytest.raises(sd.SteepestError, match="give both, or neither"):
        run.plot.confusion(labels=LABELS)
    with pytest.raises(sd.SteepestError, match="needs their true classes"):
        run.plot.confusion(inputs=np.zeros((3, 2)))
    with pytest.raises(sd.SteepestError, match="this run's loss is mse"):
        sd.minimize(lambda x: x**2, 1.0).plot.confusion()
