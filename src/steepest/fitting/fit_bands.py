"""Bands of a fit: what they need of it, and the bands of its predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.autodiff import ops
from steepest.autodiff.tree import flatten
from steepest.base.errors import ModelError
from steepest.base.random import Key
from steepest.fitting.bands import Knowledge, Prediction

if TYPE_CHECKING:
    from steepest.fitting.result import Fit


def knowledge_of(fit: Fit) -> Knowledge:
    """What bands need of a fit.

    Raises
    ------
    ModelError
        There are no standard errors; says why.
    """
    known = fit.uncertainty
    if known.determined is None:
        raise ModelError(f"there are no bands, since there are no standard errors: {known.reason}.")
    free = math.inf if fit.data.absolute else fit.degrees_of_freedom
    return Knowledge(fit.run.params, known.determined, known.open, known.variance, free)


def band_of(fit: Fit, data: Any, level: float) -> Prediction:
    """Predictions with their bands: ``fit.predict(data, interval=level)``."""
    shape = fit.observed.shape[1:]
    if data is None:
        weights = np.repeat(np.ones(1) if fit.data.weights is None else fit.data.weights, int(np.prod(shape)))
        columns, rows = fit.problem.data.inputs, len(fit.observed)
    else:
        weights = np.array(math.nan if fit.data.absolute else 1.0)
        columns = data if fit.model is None else fit.model.columns_of(data)
        rows = len(flatten(columns)[0][0])

    def predict(params: Any) -> Any:
        if data is None or fit.model is None:
            outputs = fit.problem.predict(params, fit.problem.initial_state, columns, Key(0), False)[0]
        else:
            outputs = fit.model.predict(fit.constraints.expanded(params), columns)
        return ops.broadcast_to(outputs, (rows, *shape)) if ops.ndim(outputs) == 0 else outputs

    return knowledge_of(fit).band(predict, level, weights)
