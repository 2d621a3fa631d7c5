"""Event files are what TensorBoard's own reader reads."""

from __future__ import annotations

import builtins
import re
import time
import warnings

import numpy as np
import pytest

import steepest as sd
from steepest.exports.event_files import require_tensorboard

pytest.importorskip("tensorboard")


def read(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        events.Reload()
    return events


def test_every_column_is_a_scalar_by_step(tmp_path):
    run = sd.minimize(lambda x: x**2, 3.0, method="gradient_descent", learning_rate=0.1, steps=40)
    path = run.history.to_tensorboard(tmp_path / "logs" / "run")
    assert path.parent == tmp_path / "logs" / "run"
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    events = read(path.parent)
    assert sorted(events.Tags()["scalars"]) == ["epoch", "gradient_norm", "loss", "rate"]
    for name in events.Tags()["scalars"]:
        scalars = events.Scalars(name)
        assert [s.step for s in scalars] == run.history["step"].tolist()
        np.testing.assert_allclose([s.value for s in scalars], run.history[name], rtol=1e-6)
    times = np.array([s.wall_time for s in events.Scalars("loss")])
    np.testing.assert_allclose(times - times[0], run.history["time"] - run.history["time"][0], atol=1e-5)
    assert abs(times[-1] - time.time()) < 60


def test_an_empty_history_and_one_that_is_not_finite(tmp_path):
    sd.History().to_tensorboard(tmp_path / "empty")
    assert read(tmp_path / "empty").Tags()["scalars"] == []
    with np.errstate(all="ignore"):
        run = sd.minimize(lambda x: x**4, 3.0, method="gradient_descent", learning_rate=10.0, steps=20)
    run.history.to_tensorboard(tmp_path / "wild")
    assert len(read(tmp_path / "wild").Scalars("loss")) == len(run.history)


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(sd.SteepestError, match="cannot make the folder"):
        sd.History().to_tensorboard(tmp_path / "file")


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    known = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("tensorboard"):
            raise ImportError(name)
        return known(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(sd.SteepestError, match=re.escape("pip install 'steepest[tensorboard]'")):
        require_tensorboard()
