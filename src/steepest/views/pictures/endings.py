"""How a run ended, as a picture's title says it."""

from __future__ import annotations

from steepest.training.outcome import Outcome
from steepest.training.run import Run

_ENDINGS = {"non_finite": "non-finite value", "out_of_steps": "budget spent", "out_of_time": "time spent"}


def ending(outcome: Outcome | None, steps: int) -> str:
    """In a few words.

    Examples
    --------
    >>> ending(Outcome("out_of_steps", "the budget of 1 step is spent."), 1), ending(None, 1200)
    ('budget spent after 1 step', 'at step 1,200')
    """
    if outcome is None:
        return f"at step {steps:,}"
    name = _ENDINGS.get(outcome.name, outcome.name.replace("_", " "))
    return f"{name} after {steps:,} step{'' if steps == 1 else 's'}"


def reason(run: Run) -> str:
    """In one or two sentences, with the remedy; empty while the run goes on."""
    if run.outcome is None:
        return ""
    text = str(run.outcome)
    return text[:1].upper() + text[1:]
