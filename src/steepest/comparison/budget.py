"""Budget: what each method may spend."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from steepest.base.checks import is_number
from steepest.base.errors import ModelError

_UNITS = {
    **dict.fromkeys(("", "eval", "evals", "evaluation", "evaluations"), "evaluations"),
    **dict.fromkeys(("s", "sec", "second", "seconds"), "seconds"),
}
_HINT = "Write it as 2000evals or 5s."


@dataclass(frozen=True)
class Budget:
    """What each method may spend from each start: evaluations of the loss, or seconds.

    Attributes
    ----------
    amount : float
    unit : {"evaluations", "seconds"}
    """

    amount: float
    unit: str

    @classmethod
    def read(cls, budget: Any) -> Budget:
        """A budget from ``2000`` or ``"2000evals"`` (evaluations), or ``"5s"`` (seconds).

        Raises
        ------
        ModelError
            It is no positive number with one of these units.

        Examples
        --------
        >>> Budget.read("2e3 evals"), str(Budget.read("0.5s"))
        (Budget(amount=2000.0, unit='evaluations'), '0.5 s')
        """
        if isinstance(budget, Budget):
            return budget
        if isinstance(budget, str):
            match = re.fullmatch(r"\s*([0-9.][0-9._]*(?:[eE][+-]?[0-9]+)?)\s*([a-zA-Z]*)\s*", budget)
            unit = _UNITS.get(match[2].lower()) if match else None
            if match is None or unit is None:
                raise ModelError(f"the budget {budget!r} is not understood. {_HINT}")
            try:
                amount = float(match[1])
            except ValueError:
                raise ModelError(f"the budget {budget!r} is not understood. {_HINT}") from None
        elif is_number(budget):
            amount, unit = float(budget), "evaluations"
        else:
            raise ModelError(f"the budget {budget!r} is not understood. {_HINT}")
        if not 0 < amount < math.inf or (unit == "evaluations" and amount < 1):
            raise ModelError(f"the budget must be a positive number of evaluations or seconds, not {budget!r}. {_HINT}")
        return cls(amount, unit)

    def __str__(self) -> str:
        if self.unit == "seconds":
            return f"{self.amount:g} s"
        return f"{self.amount:,.0f} evaluation{'s' * (self.amount != 1)}"
