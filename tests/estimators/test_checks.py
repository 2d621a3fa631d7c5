"""scikit-learn's own checks pass whole, none of them is expected to fail."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from steepest.estimators import (
    FormulaRegressor,
    LinearRegressor,
    LogisticClassifier,
    NetworkClassifier,
    NetworkRegressor,
)

# Those that need it are skipped, with a warning: arrays of other libraries than NumPy's, where an environment variable asks.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")


@parametrize_with_checks(
    [
        FormulaRegressor("y ~ a + b*x0"),
        LinearRegressor(),
        LogisticClassifier(),
        NetworkRegressor((20,), engine="numpy"),
        NetworkClassifier((20,), engine="numpy"),
    ]
)
def test_check(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [NetworkRegressor(), NetworkClassifier()], ids=lambda x: type(x).__name__)
def test_check_estimator_of_the_networks_as_they_come(estimator):
    check_estimator(estimator)
