"""Remarks on a network in a formula: what its training and the rows held out say."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.doctor.run_remarks import run_remarks

CHANCE = 2.0  # over the rows held out: an R² that the best of many epochs reaches where there is nothing to learn
FEWEST = 40  # rows, of fewer none are held out unless it is asked for


def network_fit_remarks(fit: Any) -> list[str]:
    """Plain words about a fit with a network, most important first; empty for a healthy one.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> x = np.linspace(-1, 1, 20)
    >>> network_fit_remarks(sd.fit("y ~ mlp(x, 4)", {"x": x, "y": 3 * x}))[0].split(":")[0]
    'No rows were held out, since there are only 20'
    """

    def place(row: int) -> str:
        return str(fit.data.place(int(fit.training_rows[row])))

    return [
        *_rows(fit),
        *run_remarks(fit.run, place),
        *_not_held_out(fit),
        *_no_better(fit),
        *_shared_level(fit),
        *_shared_columns(fit),
        *_still_falling(fit),
    ]


def _rows(fit: Any) -> list[str]:
    n = fit.rows_dropped
    return [f"{n} row{'s were' if n > 1 else ' was'} left out because a value was missing or infinite."] if n else []


def _not_held_out(fit: Any) -> list[str]:
    if fit.validation is not None:
        return []
    few = fit.training.rows < FEWEST
    since = f", since there are only {fit.training.rows:,}" if few else ""
    remedy = " Give more rows, or a share of them as validation= (--validation)." if few else ""
    return [
        f"No rows were held out{since}: how well the network does on others is not known, and nothing stopped it from learning "
        f"these by heart.{remedy}"
    ]


def _no_better(fit: Any) -> list[str]:
    """Whether the rows held out are predicted no better than by a constant, beyond chance."""
    held = fit.validation
    if held is None:
        return []
    if fit.classes is None:
        if held.r_squared > CHANCE / held.rows or not np.isfinite(held.r_squared):
            return []
        return [
            f"On the rows held out the network does no better than the mean of {fit.target_text} would (R² "
            f"{held.r_squared:.2f}): the columns may not tell, or there are too few rows."
        ]
    error = float(np.sqrt(held.usual * (1 - held.usual) / held.rows))
    if not held.accuracy <= held.usual + error:
        return []
    return [
        f"On the rows held out {100 * held.accuracy:.0f} % are right, and always saying the most frequent class would be right "
        f"in {100 * held.usual:.0f} %: the columns may not tell the classes apart, or there are too few rows."
    ]


def _shared_level(fit: Any) -> list[str]:
    """Parameters that the network could stand in for: they say nothing by themselves."""
    law = fit.net
    directions = getattr(law, "directions", None)
    if directions is None or directions.shape[1] == len(law.names):
        return []
    known = np.linalg.norm(directions, axis=1)
    parameters = [name for name in law.names if name in fit.law]
    if not parameters:
        return []
    # A direction that was left alone is one in which parameters and networks' levels can change together without effect.
    scaled = directions / np.where(known > 0, known, 1.0)[:, None]
    free = np.linalg.svd(scaled, full_matrices=True)[0][:, directions.shape[1] :]
    shared = [
        name for name, row in zip(law.names, free, strict=True) if np.abs(row).max() > 1e-3 and name in parameters
    ]
    if not shared:
        return []
    return [
        f"What the data say of {' and '.join(shared)} depends on the level of the network, which is free: "
        f"{'it means' if len(shared) == 1 else 'they mean'} nothing alone. Leave "
        f"{'it' if len(shared) == 1 else 'one of them'} out of the formula, or fix it."
    ]


def _shared_columns(fit: Any) -> list[str]:
    """Columns outside of a network that it reads, too: it can take over what the formula says of them."""
    inside = {column for encoder in fit.network.encoders.values() for column in encoder.kinds}
    shared = [column for column in fit.network.law_columns if column in inside]
    if not shared or not fit.law:
        return []
    names, them = " and ".join(shared), "it" if len(shared) == 1 else "them"
    return [
        f"The network reads {names}, too, so the data do not say how much of what depends on {them} is the formula's: leave "
        f"{them} out of the network."
    ]


def _still_falling(fit: Any) -> list[str]:
    """A training that was cut off while the rows held out still got better."""
    hook = fit.validation_hook
    if hook is None or len(hook.rows) < 20 or fit.run.outcome is None or fit.run.outcome.name == "stopped_early":
        return []
    losses = hook.column("loss")
    tenth = max(1, len(losses) // 10)
    before, last = float(losses[-2 * tenth : -tenth].min()), float(losses[-tenth:].min())
    if not last < 0.97 * before:
        return []
    return ["The loss on the rows held out was still falling at the end: more epochs= (--epochs) may do better."]
