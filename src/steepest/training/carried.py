"""Carried: what of a state goes from step to step, as a list of arrays that a program can take and give back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from steepest.autodiff.tree import flatten
from steepest.base.errors import RecordingError
from steepest.base.params import Array


class Carried:
    """What changes in a state: its arrays and plain numbers, by their places among the leaves.

    Parameters
    ----------
    state : nested dicts, tuples and lists
        As before the first step.
    whose : str
        For messages.
    whole_numbers : bool
        Whether arrays of whole numbers change too. Those of a rule, such as where layers end, do not: they are part of the
        program.
    """

    def __init__(self, state: Any, whose: str, whole_numbers: bool = False) -> None:
        self.whose = whose
        self.leaves, self.rebuild = flatten(state)
        kinds = "fiub" if whole_numbers else "f"
        self.places = [
            i
            for i, leaf in enumerate(self.leaves)
            if type(leaf) is float or (isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in kinds)
        ]

    def __len__(self) -> int:
        return len(self.places)

    def arrays(self, state: Any) -> list[Array]:
        """The values of a state."""
        leaves = flatten(state)[0]
        return [np.asarray(leaves[i]) for i in self.places]

    def numbers(self) -> list[int]:
        """Which of the values are plain numbers."""
        return [k for k, i in enumerate(self.places) if type(self.leaves[i]) is float]

    def filled(self, values: Sequence[Any]) -> Any:
        """The state with these values; numbers become plain ones unless they are being recorded."""
        leaves = list(self.leaves)
        for i, value in zip(self.places, values, strict=True):
            plain = type(self.leaves[i]) is float and isinstance(value, np.ndarray)
            leaves[i] = float(value) if plain else value
        return self.rebuild(leaves)

    def values(self, state: Any) -> list[Any]:
        """The values after a step; everything else in the state must stay as it is.

        Raises
        ------
        RecordingError
            It does not.
        """
        leaves, rebuild = flatten(state)
        if rebuild(list(range(len(leaves)))) != self.rebuild(list(range(len(self.leaves)))):
            raise RecordingError(f"the state of the {self.whose} changes its form.")
        for i, (before, after) in enumerate(zip(self.leaves, leaves, strict=True)):
            if i not in self.places and not (before is after or np.array_equal(before, after)):
                raise RecordingError(
                    f"the state of the {self.whose} holds something that changes but is no array or float."
                )
        return [leaves[i] for i in self.places]
