"""Record the functions of the formula language at a few points, computed with 500 digits by mpmath.

Run `python tests/reference/formula_functions.py` to write formula_functions.json beside this file.
"""

from __future__ import annotations

import json
from pathlib import Path

import mpmath

POINTS = {
    "sin cos tan arctan sinh cosh tanh exp expm1 abs sign floor ceil square cbrt sigmoid softplus relu erf": [
        (-3.25,), (-1.0,), (-1e-9,), (0.0,), (1e-9,), (0.5,), (2.75,), (12.0,),
    ],
    "arcsin arccos": [(-1.0,), (-0.3,), (0.0,), (1e-9,), (0.75,), (1.0,)],
    "log log10 log2 sqrt": [(1e-300,), (0.1,), (1.0,), (2.0,), (1000.0,), (1e300,)],
    "log1p": [(-0.75,), (-1e-12,), (0.0,), (1e-12,), (3.0,)],
    "arctan2": [(1.0, 1.0), (1.0, -1.0), (-1.0, -1.0), (0.5, 3.0), (-2.0, 0.25)],
    "hypot": [(3.0, 4.0), (1e200, 1e200), (-5.0, 12.0)],
    "logaddexp": [(0.0, 0.0), (1000.0, 999.0), (-1000.0, -1001.0), (2.0, -30.0)],
    "min max": [(1.0, 2.0), (2.0, -3.0), (5.0, 4.0, 3.5), (0.0, 0.0)],
    "clip": [(-1.0, 0.0, 2.0), (1.0, 0.0, 2.0), (3.0, 0.0, 2.0)],
}  # fmt: skip


def mean(name: str, arguments: list[mpmath.mpf]) -> mpmath.mpf:
    """The function by its definition."""
    x = arguments[0]
    own = {
        "arcsin": lambda: mpmath.asin(x),
        "arccos": lambda: mpmath.acos(x),
        "arctan": lambda: mpmath.atan(x),
        "arctan2": lambda: mpmath.atan2(*arguments),
        "log2": lambda: mpmath.log(x, 2),
        "log1p": lambda: mpmath.log(1 + x),
        "expm1": lambda: mpmath.exp(x) - 1,
        "abs": lambda: abs(x),
        "square": lambda: x * x,
        "cbrt": lambda: mpmath.sign(x) * mpmath.cbrt(abs(x)),
        "sigmoid": lambda: 1 / (1 + mpmath.exp(-x)),
        "softplus": lambda: mpmath.log(1 + mpmath.exp(x)),
        "relu": lambda: x if x > 0 else mpmath.mpf(0),
        "logaddexp": lambda: mpmath.log(mpmath.exp(x) + mpmath.exp(arguments[1])),
        "min": lambda: min(arguments),
        "max": lambda: max(arguments),
        "clip": lambda: min(max(x, arguments[1]), arguments[2]),
    }
    return own[name]() if name in own else getattr(mpmath, name)(*arguments)


def main() -> None:
    mpmath.mp.dps = 500  # enough for exp(-1001) + exp(-1000) and 1 + 1e-12; 17 digits are kept
    rows = [
        [name, list(point), float(mean(name, [mpmath.mpf(number) for number in point]))]
        for group, points in POINTS.items()
        for name in group.split()
        for point in points
    ]
    target = Path(__file__).with_suffix(".json")
    target.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
