"""Estimators for scikit-learn: formulas and networks with `fit` and `predict` (the extra ``sklearn``)."""

try:
    import sklearn  # noqa: F401
except ImportError:
    raise ImportError(
        'the estimators of steepest need scikit-learn, which is not installed: pip install "steepest[sklearn]".'
    ) from None

from steepest.estimators.formula_regressor import FormulaRegressor
from steepest.estimators.linear import LinearRegressor, LogisticClassifier
from steepest.estimators.network_classifier import NetworkClassifier
from steepest.estimators.network_regressor import NetworkRegressor

__all__ = ["FormulaRegressor", "LinearRegressor", "LogisticClassifier", "NetworkClassifier", "NetworkRegressor"]
