"""Finding: something that is wrong, with its evidence and what to do."""

from __future__ import annotations

from typing import NamedTuple

SYMPTOMS = (
    "gradients fade", "gradients grow", "gradients fade in time", "gradients grow in time", "no gradient", "large steps",
    "gradient jumps", "not finite", "not watched",
)  # fmt: skip


class Finding(NamedTuple):
    """Something that is wrong with a run.

    Attributes
    ----------
    symptom : str
        One of `SYMPTOMS`.
    where : str
        The layers, or the recurrent layer, that it is about; ``""`` for the whole.
    step : int
        At which step it was first seen.
    evidence, remedy : str
        Sentences.
    """

    symptom: str
    where: str
    step: int
    evidence: str
    remedy: str = ""

    @property
    def words(self) -> str:
        return f"{self.evidence} {self.remedy}".strip()


def times(x: float) -> str:
    """A factor in words: ``"0.24"``, ``"1.5e-07"``, ``"310"``, ``"4.2e+05"``."""
    if x == 0 or 0.01 <= abs(x) < 1e4:
        return f"{float(f'{x:.2g}'):g}"
    return f"{x:.1e}".replace(".0e", "e")


def listed(words: list[str]) -> str:
    """``"a, b and c"``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
