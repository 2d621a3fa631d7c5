"""steepest's own operations, on plain arrays and on Tensors: `steepest.ops.sin(x)`."""

from steepest.autodiff.ops import *  # noqa: F403
