from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import steepest as sd


@pytest.fixture
def path(tmp_path):
    x = np.array([0.1, 0.7, 1.3, 2.9, 3.1])
    return sd.fit("log(y) ~ a + b*x", {"x": x, "y": np.exp(x / 3 + 0.1 * np.sin(9 * x))}).save(tmp_path / "model.json")


def signed(content) -> str:
    content = {k: v for k, v in content.items() if k != "checksum"}
    checksum = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return json.dumps({**content, "checksum": checksum})


def test_the_round_trip_keeps_what_a_prediction_needs(path):
    back = sd.load(path)
    assert back.formula_text == "log(y) ~ a + b*x"
    assert back.target_text == "log(y)"
    assert back.columns == ("x",)
    assert "a=" in repr(back)
    np.testing.assert_allclose(back.predict_original({"x": [1.0]}), np.exp(back.predict({"x": [1.0]})), rtol=1e-15)


@settings(deadline=None, max_examples=25)
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(1e-300, 1e300))
def test_every_bit_of_every_number_comes_back(tmp_path_factory, a, b):
    folder = tmp_path_factory.mktemp("bits")
    fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0], "y": [1.0, 3.0, 5.5]}, method="gradient_descent", steps=0)
    fit.run.params = fit.run.params.replaced(np.array([a, b]))
    back = sd.load(fit.save(folder / "m.json"))
    assert [back.params["a"].hex(), back.params["b"].hex()] == [a.hex(), b.hex()]


@pytest.mark.parametrize("cut", [0, 1, 40, 0.5, -2])
def test_a_file_that_was_cut_off(path, cut):
    text = path.read_text()
    path.write_text(text[: int(len(text) * cut) if isinstance(cut, float) else cut])
    with pytest.raises(sd.ModelError, match="damaged or cut off"):
        sd.load(path)


def test_a_number_changed_by_hand(path):
    content = json.loads(path.read_text())
    content["parameters"]["a"] += 1e-9
    path.write_text(json.dumps(content))
    with pytest.raises(sd.ModelError, match="changed by hand"):
        sd.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"columns": None}, {"columns": [["x"]]}, {"parameters": {"a": 1.0}}, {"parameters": {"a": "b", "b": None}},
        {"formula": "import os"}, {"formula": 3}, {"standard_errors": {"a": 1}}, {"target_columns": 5}, {"parameters": []},
    ],
)  # fmt: skip
def test_a_checksum_that_fits_proves_no_good_will(path, change):
    path.write_text(signed({**json.loads(path.read_text()), **change}))
    with pytest.raises(sd.ModelError, match="not a saved fit"):
        sd.load(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe\x00\x01" * 9, "binary data"),
        (b"[" * 100_000, "damaged or cut off"),
        (b'{"format": "steepest fit, version 99"}', "version 99"),
        (b"[1, 2]", "not a saved fit"),
        (b"null", "not a saved fit"),
        (b"a,b\n1,2\n", "not whole JSON"),
    ],
)
def test_files_that_are_something_else(tmp_path, content, says):
    (tmp_path / "m.json").write_bytes(content)
    with pytest.raises(sd.ModelError, match=says):
        sd.load(tmp_path / "m.json")


def test_a_folder_is_read_as_the_model_in_it(tmp_path):
    with pytest.raises(sd.ModelError, match=r"there is no model file .*model\.json"):
        sd.load(tmp_path)
    fit = sd.fit("y ~ a + b*x", {"x": [0, 1, 2], "y": [1, 3, 5]})
    fit.save(tmp_path / "model.json")
    assert sd.load(tmp_path).params == fit.params


def test_an_old_file_survives_a_save_that_fails(path):
    before = path.read_bytes()
    fit = sd.fit("y ~ a*x", {"x": [1.0, 2.0], "y": [1.0, 2.5]})
    fit.run.params = fit.run.params.replaced(np.array([np.nan]))
    with pytest.raises(sd.ModelError, match="no answer to save"):
        fit.save(path)
    assert path.read_bytes() == before


def test_infinite_errors_come_back_infinite(tmp_path):
    x = np.array([1.0, 2.0, 4.0, 7.0])
    fit = sd.fit("y ~ a*b*x", {"x": x, "y": 3 * x + [0.1, -0.2, 0.1, 0.0]})
    back = sd.load(fit.save(tmp_path / "m.json"))
    assert back.standard_errors == {"a": np.inf, "b": np.inf}
    exact = sd.fit("y ~ a + b*x", {"x": [1.0, 2.0], "y": [1.0, 2.5]})  # no degrees of freedom
    assert sd.load(exact.save(tmp_path / "n.json")).standard_errors is None
