"""Functions with published minima, to try methods on: `steepest.functions.rosenbrock`."""

from steepest.comparison.functions import *  # noqa: F403
from steepest.comparison.functions import __all__ as __all__
