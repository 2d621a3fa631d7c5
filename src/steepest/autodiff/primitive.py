"""A primitive: one operation that steepest can compute and, where it has a rule, differentiate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steepest.autodiff.rules import Rule


class Primitive:
    """One operation: how to compute it, and how to differentiate it.

    Parameters
    ----------
    name : str
        Lower case, as in NumPy where NumPy has the operation. ``grad_fn`` shows it as ``<NameBackward0>``.
    forward : callable
        ``forward(*arrays, **static) -> array``, on NumPy arrays and scalars; must not write into its inputs.
    analytic : bool
        True where `forward` takes complex arrays and is complex differentiable, so that a complex step checks the rule.
    zero_derivative : bool
        True for operations whose derivative is zero wherever it exists (sign, floor, comparisons): their results are constants.

    Notes
    -----
    The derivative rule is attached by `steepest.autodiff.derivatives` (or by the user, see `steepest.primitive`), so that the
    table of operations and the table of derivatives read apart.
    """

    __slots__ = ("analytic", "forward", "name", "rule", "zero_derivative")

    def __init__(
        self, name: str, forward: Callable[..., Any], *, analytic: bool = False, zero_derivative: bool = False
    ) -> None:
        self.name = name
        self.forward = forward
        self.analytic = analytic
        self.zero_derivative = zero_derivative
        self.rule: Rule | None = None

    @property
    def grad_name(self) -> str:
        """PyTorch's name for the node, such as ``PowBackward0``."""
        return "".join(part.capitalize() for part in self.name.split("_")) + "Backward0"

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"
