"""Losses of labels and counts: against PyTorch at ±1e4, derivatives, and what bad targets get."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd
from nn.recorded import RECORDED
from steepest.base.errors import DataError, ModelError, ShapeError
from steepest.nn import (
    CrossEntropyLoss,
    ScoreLoss,
    binary_cross_entropy,
    class_weights,
    cross_entropy,
    hinge,
    poisson,
)
from steepest.nn.classification import check_several_classes

LOSSES: dict[str, ScoreLoss] = {
    "cross_entropy": cross_entropy, "binary_cross_entropy": binary_cross_entropy, "poisson": poisson(),
    "poisson_rate": poisson(log_rate=False),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_rows_and_gradient_as_pytorch(name: str) -> None:
    loss, recorded = LOSSES[name], RECORDED["losses"][name]
    scores, target = np.array(recorded["scores"]), np.array(recorded["target"])
    np.testing.assert_allclose(loss.rows(scores, target), recorded["rows"], rtol=1e-12, atol=1e-16)
    gradient = sd.grad(lambda s: loss.rows(s, target).sum())(scores)
    np.testing.assert_allclose(gradient, recorded["gradient"], rtol=1e-12, atol=1e-16)


def test_small_losses_keep_their_digits() -> None:
    # -log(sigmoid(40)) = log(1 + exp(-40)), and the same for two classes at a large common offset
    assert binary_cross_entropy.rows(np.array([40.0]), np.array([1.0]))[0] == pytest.approx(math.exp(-40), rel=1e-12)
    assert cross_entropy.rows(np.array([[1e4, 9980.0]]), np.array([0]))[0] == pytest.approx(math.exp(-20), rel=1e-6)


def test_class_weights_as_pytorch() -> None:
    recorded, given = RECORDED["losses"]["weighted"], RECORDED["losses"]["cross_entropy"]
    scores, labels = np.array(given["scores"]), np.array(given["target"])
    weights = class_weights(labels, recorded["class_weights"])
    value, gradient = sd.value_and_grad(lambda s: cross_entropy(s, labels, weights))(scores)
    assert value == pytest.approx(recorded["value"], rel=1e-12)
    np.testing.assert_allclose(gradient, recorded["gradient"], rtol=1e-12, atol=1e-16)


def test_derivatives() -> None:
    rng = np.random.default_rng(0)
    labels = np.array([0, 2, 1, 1])
    sd.check_grads(lambda s: cross_entropy.rows(s, labels), (rng.standard_normal((4, 3)),), order=2)
    sd.check_grads(lambda s: binary_cross_entropy.rows(s, np.array([0, 1, 0.3])), (rng.standard_normal(3),), order=2)
    sd.check_grads(lambda s: poisson().rows(s, np.array([0, 1, 5])), (rng.standard_normal(3),), order=2)
    sd.check_grads(lambda s: hinge.rows(s, np.array([1, -1, 1])), (np.array([0.2, -0.7, 3.0]),))


def test_hinge_by_hand() -> None:
    scores = np.array([2.0, 0.5, -1.0, 0.5])
    np.testing.assert_array_equal(hinge.rows(scores, np.array([1, 1, 1, -1])), [0, 0.5, 2, 1.5])
    np.testing.assert_array_equal(hinge.rows(scores, np.array([1, 1, 1, 0])), [0, 0.5, 2, 1.5])
    gradient = sd.grad(lambda s: hinge.rows(s, np.array([1, 1])).sum())(np.array([1.0, 0.0]))
    np.testing.assert_array_equal(gradient, [0.0, -1.0])  # 0 at the kink


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=5), st.floats(-1e4, 1e4))
def test_cross_entropy_does_not_feel_a_shift(scores: list[float], shift: float) -> None:
    s = np.array([scores])
    before, after = cross_entropy.rows(s, np.array([0])), cross_entropy.rows(s + shift, np.array([0]))
    np.testing.assert_allclose(before, after, rtol=1e-9, atol=1e-9)
    assert before[0] >= 0


@settings(deadline=None, max_examples=50)
@given(st.floats(-1e4, 1e4), st.sampled_from([0.0, 1.0]))
def test_two_classes_are_one_score(score: float, label: float) -> None:
    two = cross_entropy.rows(np.array([[0.0, score]]), np.array([label]))
    one = binary_cross_entropy.rows(np.array([score]), np.array([label]))
    np.testing.assert_allclose(two, one, rtol=1e-12, atol=1e-15)


def test_labels_of_every_dtype() -> None:
    scores = np.array([[1.0, 0.0], [0.0, 1.0]])
    expected = [math.log1p(math.exp(-1))] * 2
    for labels in (np.array([0, 1]), np.array([0.0, 1.0]), np.array([0, 1], np.uint8), np.array([False, True]),
                   np.array([0, 1], ">i4")):  # fmt: skip
        np.testing.assert_allclose(cross_entropy.rows(scores, labels), expected, rtol=1e-14)
    assert cross_entropy(scores.tolist(), [0, 1]) == pytest.approx(expected[0], rel=1e-14)
    assert cross_entropy.rows(scores.astype(np.float32), np.array([0, 1])).dtype == np.float32


def test_labels_of_sequences() -> None:
    scores = np.random.default_rng(0).standard_normal((2, 3, 4))
    labels = np.array([[0, 1, 2], [3, 0, 1]])
    rows = cross_entropy.rows(scores, labels)
    flat = cross_entropy.rows(scores.reshape(6, 4), labels.reshape(6))
    np.testing.assert_allclose(rows, flat.reshape(2, 3).mean(axis=1), rtol=1e-14)


@pytest.mark.parametrize(
    ("loss", "scores", "target", "kind", "message"),
    [
        (cross_entropy, np.zeros((3, 2)), [0, 1, 2], DataError, "label 2 in row 3 is out of range: the model gives 2 scores"),
        (cross_entropy, np.zeros((3, 2)), [0, -1, 1], DataError, "label -1 in row 2"),
        (cross_entropy, np.zeros((2, 2)), [1, 2], DataError, "Labels start at 0."),
        (cross_entropy, np.zeros((2, 2)), [0, 0.5], DataError, "row 2 has 0.5"),
        (cross_entropy, np.zeros((2, 2)), [np.nan, 1], DataError, "row 1 has nan"),
        (cross_entropy, np.zeros((2, 2)), [np.inf, 1], DataError, "row 1 has inf"),
        (cross_entropy, np.zeros((2, 2)), ["a", "b"], DataError, "number the classes from 0"),
        (cross_entropy, np.zeros((2, 2)), [[0], [1]], ShapeError, "model returned shape (2, 2) for a target of shape (2, 1)"),
        (cross_entropy, np.zeros(2), [0, 1], ShapeError, "scores (rows, classes)"),
        (cross_entropy, np.zeros((2, 1)), [0, 0], ShapeError, "use binary_cross_entropy"),
        (binary_cross_entropy, np.zeros((2, 1)), [0, 1], ShapeError, "shape (2, 1) for a target of shape (2,)"),
        (binary_cross_entropy, np.zeros(2), [0, 2], DataError, "row 2 has 2"),
        (binary_cross_entropy, np.zeros(2), ["no", "yes"], DataError, "takes numbers as targets"),
        (cross_entropy, np.zeros((0, 2)), [], ShapeError, "there are no rows"),
        (binary_cross_entropy, np.zeros(2), [0, np.nan], DataError, "row 2 has nan"),
        (hinge, np.zeros(2), [0, 2], DataError, "row 2 has 2"),
        (hinge, np.zeros(2), [0, -1], DataError, "these have 0 and -1"),
        (poisson(), np.zeros(2), [1, -1], DataError, "row 2 has -1"),
        (poisson(), np.zeros(2), [1, np.inf], DataError, "row 2 has inf"),
    ],
)  # fmt: skip
def test_bad_targets(loss: ScoreLoss, scores: Any, target: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as error:
        loss(scores, np.array(target))
    assert message in str(error.value)


def test_one_class_only() -> None:
    with pytest.raises(DataError, match="all 3 labels are 1: there is only one class"):
        check_several_classes(np.array([1, 1, 1]))
    check_several_classes(np.array([1, 0, 1]))
    check_several_classes(np.array([]))


def test_targets_of_a_whole_data_set() -> None:
    cross_entropy.check_target(np.array([0.0, 3.0]))
    poisson().check_target(np.array([2, 2]))
    with pytest.raises(DataError, match="only one class"):
        binary_cross_entropy.check_target(np.array([1, 1]))
    with pytest.raises(DataError, match="whole numbers from 0; row 2 has -1"):
        cross_entropy.check_target(np.array([0, -1]))
    with pytest.raises(DataError, match="row 1 has -3"):
        poisson().check_target(np.array([-3, 2]))


def test_class_weights() -> None:
    np.testing.assert_allclose(class_weights(np.array([0.0, 2.0, 2.0, 2.0])), [2, 2 / 3, 2 / 3, 2 / 3])
    with pytest.raises(DataError, match="class 2 has no weight; there are weights for 0, 1"):
        class_weights([0, 2], [1.0, 2.0])
    with pytest.raises(DataError, match=r"class 1 has the weight -2.0"):
        class_weights([0, 1], [1.0, -2.0])
    with pytest.raises(DataError, match="whole numbers"):
        class_weights([0.5, 1.0])
    with pytest.raises(DataError, match="whole numbers"):
        class_weights([np.nan, 1.0])
    with pytest.raises(ShapeError, match="one label a row"):
        class_weights([[0, 1]])
    with pytest.raises(ModelError, match="'balanced'"):
        class_weights([0, 1], "equal")


def test_layer_by_layer() -> None:
    loss = CrossEntropyLoss()
    assert loss.forward([[0.0, 0.0]], [1]) == pytest.approx(math.log(2), rel=1e-15)
    np.testing.assert_allclose(loss.backward(), [[0.5, -0.5]], rtol=1e-15)


def test_no_loss_of_residuals() -> None:
    assert cross_entropy.slope is None
    assert cross_entropy.curvature is None
    assert not cross_entropy.squared
    with pytest.raises(ModelError, match="not one of residuals"):
        cross_entropy.of_residual(1.0)
