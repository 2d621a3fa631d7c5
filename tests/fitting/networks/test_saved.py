"""Saved networks hold everything that a prediction needs, and nothing else is read."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import steepest as sd
from steepest.base.errors import DataError, ModelError
from steepest.fitting.networks.saved import SavedNetwork

DRAWS = np.random.default_rng(2)
X = DRAWS.standard_normal(60)
DATA = {
    "x y": X, "kind": DRAWS.choice(["a", "b"], 60), "side": np.where(X > 0, "right", "left"), "y": np.exp(X), "g": (X > 0) + 1,
}  # fmt: skip
FORMULAS = [
    "side ~ mlp(`x y`, kind, 4)",
    "category(g) ~ mlp(., 4, activation=tanh, dropout=0.1)",
    "log(y) ~ mlp(log(`x y` + 10), category(g), 4)",
    "y ~ a*`x y` + b*mlp(kind, 3)",
    "y ~ exp(a*`x y`) + mlp(kind, 3)*mlp(`x y`, 2)",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_saved_network_predicts_the_same_bits(formula: str, tmp_path: Path) -> None:
    fit: Any = sd.fit(formula, DATA, epochs=3)
    loaded = sd.load(fit.save(tmp_path / "model.json"))
    assert isinstance(loaded, SavedNetwork)
    assert (loaded.formula_text, loaded.target_text, loaded.classes) == (formula, fit.target_text, fit.classes)
    assert loaded.columns == fit.network.columns
    assert np.array_equal(loaded.predict(DATA), fit.predict(DATA))
    assert loaded.predict(DATA).dtype == fit.predict(DATA).dtype
    if fit.classes is None:
        original, expected = loaded.predict_original(DATA), fit.predict_original(DATA)
        assert (original is None) == (expected is None)
        with pytest.raises(ModelError, match="no classes"):
            loaded.predict_probabilities(DATA)
    else:
        assert np.array_equal(loaded.predict_probabilities(DATA), fit.predict_probabilities(DATA))
    assert {k: np.array(v).tolist() for k, v in loaded.params.items()} == {
        k: np.array(v).tolist() for k, v in fit.params.items()
    }
    with pytest.raises(ModelError, match="no bands"):
        loaded.predict(DATA, interval=0.9)
    with pytest.raises(DataError, match="is not in"):
        loaded.predict({"q": [1.0]})


def test_fixed_parameters_come_back(tmp_path: Path) -> None:
    fit = sd.fit("y ~ a*`x y` + c*g + mlp(kind, 3)", DATA, epochs=2, fix={"c": 2.0}, tie=None)
    assert sd.load(fit.save(tmp_path / "m.json")).params["c"] == 2.0
    tied = sd.fit("y ~ a*`x y` + c*g + mlp(kind, 3)", DATA, epochs=2, tie="c = 2*a")
    again = sd.load(tied.save(tmp_path / "m.json"))
    assert again.params["c"] == tied.params["c"]
    assert np.array_equal(again.predict(DATA), tied.predict(DATA))


def test_unseen_levels_are_named_after_loading(tmp_path: Path) -> None:
    loaded = sd.load(sd.fit(FORMULAS[0], DATA, epochs=1).save(tmp_path / "m.json"))
    with pytest.raises(DataError, match=r"'kind' has 'z' on row 1 of the data.*it knows 'a', 'b'"):
        loaded.predict({"x y": [0.0], "kind": ["z"]})


def _altered(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a file as somebody would who knows of the checksum."""
    content = json.loads(path.read_text())
    del content["checksum"]
    change(content)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({**content, "checksum": digest}))


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no weights": lambda c: c.pop("weights"),
    "weights that are no base64": lambda c: c.update(weights="§§§"),
    "weights that are no safetensors": lambda c: c.update(weights=base64.b64encode(b"garbage").decode()),
    "weights cut off": lambda c: c.update(weights=c["weights"][: len(c["weights"]) // 2 // 4 * 4]),
    "another formula": lambda c: c.update(formula="side ~ mlp(`x y`, kind, 5)"),
    "no network": lambda c: c.update(formula="side ~ a*kind"),
    "a formula that is none": lambda c: c.update(formula="side ~"),
    "code for a formula": lambda c: c.update(formula="__import__('os').system('true')"),
    "no networks": lambda c: c.update(networks={}),
    "fewer levels": lambda c: c["networks"]["mlp"]["inputs"][1].update(levels=["a"]),
    "too few units": lambda c: c["networks"]["mlp"].update(middle=[0.0]),
    "one class": lambda c: c["target"].update(labels=["left"]),
    "another kind": lambda c: c.update(target={"kind": "number", "middle": 0.0, "width": 1.0}),
    "units of text": lambda c: c.update(target={"kind": "number", "middle": "x", "width": 1.0}),
    "a law of nothing": lambda c: c.update(law={}),
    "an input that is code": lambda c: c["networks"]["mlp"]["inputs"][0].update(numbers="().__class__"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_does_not_fit_together_is_refused(name: str, tmp_path: Path) -> None:
    path = sd.fit(FORMULAS[0], DATA, epochs=1).save(tmp_path / "model.json")
    _altered(path, CHANGES[name])
    with pytest.raises(ModelError, match=r"model.json is not a saved fit"):
        sd.load(path)


def test_damage_is_seen(tmp_path: Path) -> None:
    path = sd.fit(FORMULAS[0], DATA, epochs=1).save(tmp_path / "model.json")
    text = path.read_text()
    for broken, message in (
        (text[:-200], "not whole JSON"),
        (text.replace('"middle"', '"muddle"', 1), "checksum does not fit"),
        (text.replace("version 1", "version 9"), r"that this version can read \(steepest network, version 9\)"),
    ):
        path.write_text(broken)
        with pytest.raises(ModelError, match=message):
            sd.load(path)


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    fit = sd.fit("side ~ mlp(`x y`, 3)", DATA, epochs=1)
    fit.run.params = fit.run.params.replaced(np.full(fit.run.params.count, np.nan))
    with pytest.raises(ModelError, match="there is no answer to save"):
        fit.save(tmp_path / "model.json")
    assert not list(tmp_path.iterdir())
