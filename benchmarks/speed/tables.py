"""The tables of the speed benchmark in Markdown, and their place in docs/results.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.speed.data import WORKLOADS
from benchmarks.speed.goals import Goal

HEADS = {
    "quadratic": "quadratic", "toy64": "1-20-20-1, float64", "toy32": "the same, float32", "mnist64": "784-128-10, batch 64",
    "mnist512": "the same, 512", "logistic": "logistic, an epoch", "gru": "GRU", "curve": "curve fit",
}  # fmt: skip
UNITS = {"us": "µs", "ms": "ms"}
NAMES = {
    "steepest, llvm": "steepest, machine code", "steepest, llvm, no start": "steepest, machine code, no start given",
    "steepest, numpy": "steepest, NumPy", "products": "two large products alone", "C by hand": "C by hand",
    "JAX, jit and scan": "JAX, `jit` and `scan`", "PyTorch, compile": "PyTorch, `torch.compile`", "autograd": "HIPS autograd",
    "curve_fit": "SciPy's `curve_fit`", "curve_fit, Jacobian given": "`curve_fit`, Jacobian given",
}  # fmt: skip


def number(x: float) -> str:
    """With three digits, and no exponent."""
    if x != x or x == float("inf"):
        return ""
    if x >= 100:
        return f"{x:,.0f}"
    return f"{x:.1f}" if x >= 10 else f"{x:.2f}" if x >= 1 else f"{x:.3f}"


def rows_of(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figures_table(found: dict[str, dict[str, dict[str, Any]]], threads: int) -> str:
    """Times, a row a contender."""
    names = list(dict.fromkeys(name for times in found.values() for name in times))
    rows, notes = [], []
    for name in names:
        cells = []
        for times in found.values():
            figures = times.get(name)
            cell = "" if figures is None else number(figures["time"])
            # What a contender says of itself, unless it is what its name says.
            if figures is not None and figures["note"] and figures["note"] not in name:
                cell += f" ({figures['note']})"
            cells.append(cell)
        if any(cells):
            rows.append([NAMES.get(name, name), *cells])
    head = ["one thread" if threads == 1 else f"{threads} threads"]
    head += [f"{HEADS[w]}, {UNITS[WORKLOADS[w].unit]}" for w in found]
    return rows_of(head, rows) + "".join(f"\n{note}" for note in notes)


def goals_table(goals: list[Goal], threads: int) -> str:
    """Ratios."""
    rows = [[HEADS[g.workload], g.said, f"{g.ratio:.2f}", "yes" if g.reached else "no"] for g in goals]
    return rows_of(["one thread" if threads == 1 else f"{threads} threads", "goal", "ratio", "reached"], rows)


def cold_table(cold: dict[str, tuple[float, float, float]]) -> str:
    """From a fresh process to the first result."""
    base = cold.get("import numpy", (0.0, 0.0, 0.0))
    rows = [
        [NAMES.get(name, name), f"{seconds:.2f}", f"{cpu:.2f}", f"{cpu - base[1]:.2f}", f"{peak:.0f}"]
        for name, (seconds, cpu, peak) in cold.items()
    ]
    head = [
        "fresh process to the toy network's first result",
        "seconds",
        "processor s",
        "beyond `import numpy`",
        "peak MiB",
    ]
    return rows_of(head, rows)


def written(page: Path, name: str, text: str) -> None:
    """Put the text between the page's marks of that name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.read_text().partition(begin)
    _, _, after = rest.partition(end)
    assert rest, f"{page} has no mark {begin}"
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")
