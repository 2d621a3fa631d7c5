"""NIST's problems through formulas: certified digits from both starts, and the certified minimum from none."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.nist_problems import FOLDER, digits, read

import steepest as sd

FILES = sorted(FOLDER.glob("*.dat"))


def answer(problem, **options):
    fit = sd.fit(problem.formula, problem.columns, **options)
    errors = fit.standard_errors
    return fit, *(np.array([values[name] for name in problem.parameters]) for values in (fit.params, errors))


def test_mean_of_the_worst_digits_is_ten():
    worst = []
    for problem in map(read, FILES):
        for start in problem.starts:
            fit, values, errors = answer(problem, start=start)
            assert fit.outcome.name == "converged"
            assert fit.starts.tried == 0
            assert digits(errors, problem.standard_errors) >= 4
            worst.append(digits(values, problem.values))
    assert len(worst) == 12
    assert min(worst) >= 6
    assert np.mean(worst) >= 10


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_start(file, seed):
    problem = read(file)
    fit, values, errors = answer(problem, seed=seed)
    assert fit.outcome.name == "converged"
    assert digits(values, problem.values) >= 6
    assert digits(errors, problem.standard_errors) >= 4
    assert fit.starts.reached >= 3
    assert set(fit.starts.sources) == set(problem.parameters)


def test_what_was_tried_is_in_the_answer():
    problem = read(FOLDER / "Misra1a.dat")
    fit = sd.fit(problem.formula, problem.columns)
    assert fit.starts.sources["b1"] == "solved for"
    assert "x" in fit.starts.sources["b2"]
    assert fit.starts.tried > fit.starts.descended > fit.starts.reached > 0
    assert f"{fit.starts.reached} of {fit.starts.descended} descents" in " ".join(fit.summary().split())
    given = sd.fit(problem.formula, problem.columns, start=problem.starts[0])
    assert str(given.starts) == "given"
    some = sd.fit(problem.formula, problem.columns, start={"b2": 1e-4}).starts
    assert some.values["b2"] == 1e-4
    assert some.sources == {"b1": "solved for", "b2": "given"}
    assert str(some) == "solved for"
    x = problem.columns["x"]
    assert sd.fit(lambda x, a: a * x, (x,), 2 * x).starts is None
