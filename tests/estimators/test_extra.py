"""The extra is imported when used, and its absence is told."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_scikit_learn_is_imported_by_the_estimators_alone():
    fit = "import steepest as sd, sys; sd.fit('y ~ a + b*x', {'x': [0, 1, 2], 'y': [1, 3, 5.5]}); "
    assert run(f"{fit} assert 'sklearn' not in sys.modules").returncode == 0
    assert run(f"{fit} sd.NetworkRegressor; assert 'sklearn' in sys.modules").returncode == 0


def test_without_it_an_error_says_what_to_install():
    for use in ("sd.FormulaRegressor", "sd.NetworkClassifier", "from steepest.estimators import LinearRegressor"):
        done = run(f"import sys; sys.modules['sklearn'] = None\nimport steepest as sd\n{use}")
        assert done.returncode == 1
        assert 'pip install "steepest[sklearn]"' in done.stderr.splitlines()[-1]
