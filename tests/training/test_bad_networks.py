"""What a person gets wrong with a network: each is one clear error, before the first step where it can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import steepest as sd

RNG = np.random.default_rng(0)
X, LABELS, Y = RNG.normal(size=(30, 4)), RNG.integers(0, 3, 30), RNG.normal(size=(30, 1))


def net(hidden: int = 8, outputs: int = 3, activation: str = "relu") -> sd.Module:
    return sd.MLP(4, [hidden], outputs, activation=activation)


def problem(
    model: sd.Module | None = None, x: Any = X, y: Any = LABELS, loss: str = "cross_entropy", **options: Any
) -> sd.Problem:
    model = model or net()
    params, state = model.init(0)
    return sd.Problem(model, options.pop("start", params), x, y, loss=loss, state=state, **options)


def trained(*arguments: Any, rows: int | None = None, **options: Any) -> sd.Run:
    return sd.Run(problem(*arguments, **options), sd.Descent(sd.Adam(), 0.01, sd.Batches(rows)), steps=3).finish()


def with_one(array: np.ndarray, value: float) -> np.ndarray:
    changed = array.astype(np.float64)
    changed.flat[17] = value
    return changed


def normed() -> sd.Module:
    return sd.Sequential(sd.Linear(4, 3), sd.BatchNorm(3))


Bad = tuple[Callable[[], Any], type[sd.SteepestError], str]
BAD: dict[str, Bad] = {
    # labels
    "one too high": (
        lambda: trained(y=np.where(np.arange(30) == 7, 3, LABELS)), sd.DataError,
        "label 3 in row 8 is out of range: the model gives 3 scores, for classes 0 to 2",
    ),
    "negative": (lambda: problem(y=LABELS - 1), sd.DataError, "whole numbers from 0; row .* has -1"),
    "from 1": (lambda: trained(y=LABELS + 1), sd.DataError, "out of range.*Labels start at 0"),
    "a fraction": (lambda: problem(y=LABELS + 0.5), sd.DataError, r"whole numbers from 0; row 1 has \d.5"),
    "not a number": (lambda: problem(y=with_one(LABELS, np.nan)), sd.DataError, "target must be finite: row 18 has nan"),
    "names": (lambda: problem(y=np.array(list("abc"))[LABELS]), sd.ModelError, "not <U1; number the classes from 0"),
    "one class": (lambda: problem(y=np.full(30, 2)), sd.DataError, "all 30 labels are 2: there is only one class"),
    "one class, one score": (
        lambda: problem(net(8, 1), y=np.ones((30, 1)), loss="binary_cross_entropy"), sd.DataError, "only one class",
    ),
    "2 with one score": (
        lambda: problem(net(8, 1), y=LABELS[:, None], loss="binary_cross_entropy"), sd.DataError, "from 0 to 1; row .* has 2",
    ),
    "one score for classes": (lambda: trained(net(8, 1)), sd.ShapeError, "with a single score use binary_cross_entropy"),
    "a column": (
        lambda: trained(y=LABELS[:, None]), sd.ShapeError, r"shape \(30, 3\) for a target of shape \(30, 1\)",
    ),
    "one-hot": (lambda: trained(y=np.eye(3)[LABELS]), sd.ShapeError, r"labels \(rows,\), one whole number a row"),
    # batches
    "batch": (lambda: trained(rows=31), sd.ModelError, r"batch size 31 is larger than the data \(30 rows\)"),
    "batch of nothing": (lambda: trained(rows=0), sd.ModelError, "at least 1, not 0"),
    "one row for statistics": (
        lambda: trained(normed(), x=X[:11], y=LABELS[:11], rows=10), sd.ShapeError, "does not leave a single row",
    ),
    # layers that do not meet
    "two layers": (
        lambda: sd.Sequential(sd.Linear(4, 8), sd.ReLU(), sd.Linear(9, 3)), sd.ShapeError,
        r"Linear 2 \(weight \(3, 9\)\) expects 9 features, but Linear 0 \(weight \(8, 4\)\) before it gives 8",
    ),
    "a normalisation": (
        lambda: sd.Sequential(sd.Linear(4, 8), sd.BatchNorm(7)), sd.ShapeError, r"BatchNorm 1 \(weight \(7,\)\) expects 7",
    ),
    "after a cell": (
        lambda: sd.Sequential(sd.GRU(4, 8), sd.Linear(7, 3)), sd.ShapeError, r"GRU 0 \(weight_ih_l0 \(24, 4\)\) before it",
    ),
    "data and first layer": (
        lambda: trained(x=X[:, :3]), sd.ShapeError, r"Linear 0 expects 4 features .* got an input of shape \(30, 3\)",
    ),
    "prediction": (lambda: trained().predict(X[:, :2]), sd.ShapeError, r"expects 4 features .* \(30, 2\)"),
    "no sequence": (lambda: sd.GRU(4, 3).forward(X), sd.ShapeError, r"sequences \(rows, time, features\)"),
    # features
    "NaN": (
        lambda: problem(x=with_one(X, np.nan)), sd.DataError,
        r"inputs must be finite: row 5, column 2 has nan \(1 such value of 120\)\. Drop such rows, or fill",
    ),
    "infinite": (lambda: problem(x=with_one(X, -np.inf)), sd.DataError, "row 5, column 2 has -inf"),
    "NaN in a target": (lambda: problem(net(8, 1), y=with_one(Y, np.nan), loss="mse"), sd.DataError, "target must be finite"),
    "NaN in a named input": (
        lambda: sd.Problem(lambda p, x: p["a"] * x["t"], {"a": 1.0}, {"u": X[:, 0], "t": with_one(X[:, 0], np.nan)}, Y[:, 0]),
        sd.DataError, "inputs 't' must be finite: row 18 has nan",
    ),
    "NaN in sequences": (
        lambda: sd.Problem(sd.GRU(2, 1), sd.GRU(2, 1).init(0)[0], with_one(X.reshape(15, 4, 2), np.nan), Y[:15]),
        sd.DataError, "row 3, column 1, 2 has nan",
    ),
    "words": (lambda: problem(x=X.astype(str)), sd.ModelError, "inputs must hold real numbers, not <U"),
    "other rows": (lambda: problem(x=X[:20]), sd.ShapeError, r"\(20, 4\) and a target of shape \(30,\)"),
    "no rows": (lambda: problem(x=X[:0], y=LABELS[:0]), sd.ShapeError, "no rows"),
    # names
    "activation": (lambda: net(activation="relo"), sd.ModelError, "unknown activation 'relo'. Did you mean 'relu'?"),
    "nothing like it": (lambda: net(activation="xyzzy"), sd.ModelError, "There are relu, leaky_relu"),
    "a class": (lambda: sd.Sequential(sd.Linear(4, 3), sd.ReLU), sd.ModelError, r"write ReLU\(\), not ReLU"),
    "loss": (lambda: problem(loss="crossentropi"), sd.ModelError, "Did you mean 'cross_entropy'"),
    # numbers of another network
    "other sizes": (
        lambda: problem(start=net(9).init(0)[0]), sd.ModelError,
        r"of another model: parameter '0.weight' has shape \(9, 4\), this network's has \(8, 4\)",
    ),
    "more layers": (  # 0 and 2 would fit
        lambda: problem(start=sd.MLP(4, [8, 3], 3, activation="relu").init(0)[0]), sd.ModelError, "has shape|has no parameter",
    ),
    "too many": (
        lambda: problem(start={**net().init(0)[0], "4.weight": np.ones((3, 3))}), sd.ModelError, "has no parameter '4.weight'",
    ),
    "too few": (lambda: problem(sd.MLP(4, [8, 8], 3), start=net().init(0)[0]), sd.ModelError, "shape|missing"),
    "both at once": (
        lambda: sd.Problem(net(), net().init(0), X, LABELS), sd.ModelError,  # type: ignore[arg-type]
        r"not tuple; net.init\(key\) returns two, parameters and state",
    ),
    "no state": (
        lambda: sd.Problem(normed(), normed().init(0)[0], X, LABELS, loss="cross_entropy"), sd.ModelError,
        "'1.running_mean' is missing .* Pass the parameters and the state that init",
    ),
    "load": (lambda: net().load(net(9).init(0)[0]), sd.ModelError, "of another model: parameter '0.weight' has shape"),
    "load a path": (lambda: net().load("weights.safetensors"), sd.ModelError, "a mapping of names to arrays.*not str"),
    "load complex numbers": (
        lambda: net().load({n: x + 1j for n, x in net().init(0)[0].items()}), sd.ModelError, "'0.weight' must hold real numbers",
    ),
    "load without its statistics": (
        lambda: normed().load({**normed().init(0)[0], "1.running_mean": np.zeros(3)}), sd.ModelError,
        "'1.running_var' is missing",
    ),
    "load with another's statistics": (
        lambda: net().load({**net().init(0)[0], "1.running_mean": np.zeros(3)}), sd.ModelError,
        "has no parameter '1.running_mean'",
    ),
    "a run by a name": (lambda: sd.Run(problem(), "adam"), sd.ModelError, r"such as sd.Descent\(sd.Adam\(\)"),  # type: ignore[arg-type]
    "a run by a rule": (lambda: sd.Run(problem(), sd.Adam()), sd.ModelError, "not Adam"),  # type: ignore[arg-type]
    "a run of a network": (lambda: sd.Run(net(), sd.Descent()), sd.ModelError, "takes a Problem"),  # type: ignore[arg-type]
    "one hook": (
        lambda: sd.Run(problem(), sd.Descent(), hooks=sd.Progress()), sd.ModelError, "a list",  # type: ignore[arg-type]
    ),
    "a rule's name": (lambda: sd.Descent("adam", 0.1), sd.ModelError, "such as sd.Adam"),  # type: ignore[arg-type]
    "a rule's class": (lambda: sd.Descent(sd.Adam, 0.1), sd.ModelError, "such as sd.Adam"),  # type: ignore[arg-type]
    "a number as batches": (
        lambda: sd.Descent(sd.Adam(), 0.1, 32), sd.ModelError, r"such as sd.Batches\(32\)",  # type: ignore[arg-type]
    ),
    "a schedule that rises uphill": (
        lambda: sd.Run(problem(), sd.Descent(sd.Adam(), lambda step: 0.1 - 0.1 * step), steps=9).finish(), sd.ModelError,
        r"gave -0.1 at step 2",
    ),
    "a schedule without a number": (
        lambda: sd.Run(problem(), sd.Descent(sd.Adam(), lambda step: None)), sd.ModelError, "gave None at step 0",  # type: ignore[arg-type, return-value]
    ),
    "a schedule that is not a number": (
        lambda: sd.Run(problem(), sd.Descent(sd.Adam(), lambda step: np.nan)), sd.ModelError, "gave nan at step 0",
    ),
    "a split in words": (lambda: problem().split("half"), sd.ModelError, "holds out a fraction"),  # type: ignore[arg-type]
    "one class weight": (lambda: sd.class_weights([0, 1], 5), sd.ModelError, "one number a class, not 5"),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_one_clear_error(name: str) -> None:
    call, kind, message = BAD[name]
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_what_is_right_passes() -> None:
    assert trained().outcome is not None
    for dtype in (np.float32, np.uint8, bool):
        assert np.isfinite(trained(x=np.abs(X).astype(dtype), y=LABELS.astype(np.uint8), rows=30).loss)
    assert np.isfinite(trained(normed(), rows=10).loss)
