"""The curve fit by SciPy's curve_fit and by lmfit."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.speed import data
from benchmarks.speed.child import Ready


def model(t: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    return a * np.exp(-b * t) + c + d * t


def jacobian(t: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    e = np.exp(-b * t)
    return np.stack([e, -a * t * e, np.ones_like(t), t], axis=1)


def prepare(contender: str, workload: str, threads: int, folder: str) -> Ready | None:
    if workload != "curve":
        return None
    t, y = data.curve()
    if contender == "lmfit":
        import lmfit

        made = lmfit.Model(model)
        found = made.fit(y, t=t, a=1.0, b=1.0, c=1.0, d=1.0)
        return Ready(lambda: made.fit(y, t=t, a=1.0, b=1.0, c=1.0, d=1.0), 1, check=found.best_values["b"])
    from scipy.optimize import curve_fit

    by = {"jac": jacobian} if "Jacobian" in contender else {}
    best = curve_fit(model, t, y, p0=[1.0] * 4, **by)[0]
    return Ready(lambda: curve_fit(model, t, y, p0=[1.0] * 4, **by), 1, check=float(best[1]))
