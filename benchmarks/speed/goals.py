"""What steepest is to reach at each workload, and what it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A goal as a ratio.

    Attributes
    ----------
    workload : str
    said : str
        In words.
    ratio : float
        steepest's time by the other's; for "times faster" the other's by steepest's.
    reached : bool
    """

    workload: str
    said: str
    ratio: float
    reached: bool


OURS = "steepest, llvm"
LIMITS = {
    "quadratic": [("JAX, jit and scan", 1.25)], "toy64": [("C by hand", 1.2)], "toy32": [("C by hand", 1.3)],
    "mnist64": [("products", 1.25), ("JAX, jit and scan", 1.0)],
}  # fmt: skip
NO_PEERS = {"steepest, llvm", "steepest, numpy", "steepest, llvm, no start", "products"}


def goals(found: dict[str, dict[str, dict[str, Any]]]) -> list[Goal]:
    """The goals of the workloads that were measured, against whom was there."""
    made = []
    for workload, times in found.items():
        if OURS not in times:
            continue
        ours = times[OURS]["time"]
        for other, most in LIMITS.get(workload, ()):
            if other in times:
                ratio = ours / times[other]["time"]
                made.append(Goal(workload, f"at most {most:g} x {other}", ratio, ratio <= most))
        if workload == "curve":
            for name in (OURS, "steepest, llvm, no start"):
                for other in ("curve_fit", "lmfit"):
                    if other in times and name in times:
                        ratio = times[other]["time"] / times[name]["time"]
                        words = "" if name == OURS else ", without a start"
                        made.append(Goal(workload, f"5 x faster than {other}{words}", ratio, ratio >= 5.0))
        elif workload not in LIMITS:
            peers = {name: figures["time"] for name, figures in times.items() if name not in NO_PEERS}
            if peers:
                best = min(peers, key=lambda name: peers[name])
                made.append(Goal(workload, f"ahead of all; the next is {best}", ours / peers[best], ours < peers[best]))
    return made
