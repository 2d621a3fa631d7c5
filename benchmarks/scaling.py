"""Time against batch, width, depth and rows: `python -m benchmarks scaling --python PYTHON` writes docs/images/scaling.png.

One thread; the least CPU time of some rounds in processes that are asked in turn (see `benchmarks.speed`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed import Child, rounds_of

ROOT = Path(__file__).parents[1]
CONTENDERS = {"steepest, llvm": False, "steepest, numpy": False, "PyTorch, eager": True, "JAX, jit and scan": True}
LABELS = {"steepest, llvm": "steepest, machine code", "steepest, numpy": "steepest, NumPy"}


@dataclass(frozen=True)
class Axis:
    """What is varied, and the rest as it stays: rows of data, a batch (0 for all rows), hidden layers of a width."""

    name: str
    values: tuple[int, ...]
    label: str


FIXED = {"rows": 20_000, "batch": 128, "width": 64, "depth": 2}
AXES = (
    Axis("batch", (8, 32, 128, 512, 2048), "rows of a batch"),
    Axis("width", (8, 32, 128, 512), "width of the hidden layers"),
    Axis("depth", (1, 2, 4, 8, 16), "hidden layers"),
    Axis("rows", (100, 1000, 10_000, 100_000), "rows of data, all of them in each step"),
)


def workload_of(axis: Axis, value: int) -> str:
    chosen = {**FIXED, axis.name: value}
    if axis.name == "rows":
        chosen["batch"] = 0
    return "net:" + ",".join(f"{name}={number}" for name, number in chosen.items())


def measured(workload: str, contenders: Iterable[str], python: str) -> dict[str, float]:
    children = [Child(c, workload, 1, python if CONTENDERS[c] else sys.executable, "") for c in contenders]
    children = [child for child in children if child.ready()]
    rounds_of(children)
    for child in children:
        child.peak()
    return {child.contender: 1e6 * min(child.seconds) for child in children}


def picture(found: dict[str, dict[int, dict[str, float]]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    colours = {
        "steepest, llvm": "#d1495b",
        "steepest, numpy": "#edae49",
        "PyTorch, eager": "#00798c",
        "JAX, jit and scan": "#30638e",
    }
    figure, axes = plt.subplots(2, 2, figsize=(10, 7.5), layout="constrained", sharey=False)
    for plot, axis in zip(axes.flat, AXES):
        rows = found.get(axis.name, {})
        for name in CONTENDERS:
            points = [(value, times[name]) for value, times in sorted(rows.items()) if name in times]
            if points:
                x, y = zip(*points)
                plot.plot(
                    x,
                    y,
                    "o-",
                    color=colours[name],
                    label=LABELS.get(name, name),
                    linewidth=2.2 if "llvm" in name else 1.4,
                )
        plot.set(xscale="log", yscale="log", xlabel=axis.label, ylabel="microseconds a step")
        plot.set_xticks(axis.values, [f"{v:,}" for v in axis.values])
        plot.minorticks_off()
        plot.grid(alpha=0.3)
        rest = [f"{name} {number:,}" for name, number in FIXED.items() if name != axis.name]
        rest = [
            x
            for x in rest
            if not (axis.name == "rows" and x.startswith("batch"))
            and not (axis.name != "rows" and x.startswith("rows"))
        ]
        plot.set_title(", ".join(rest), fontsize=9)
    axes[0, 0].legend(frameon=False, fontsize=9)
    figure.suptitle("A step of training 20-...-1 tanh networks, float32, loss and gradient norm recorded, one thread")
    figure.savefig(path, dpi=110)


def main(*arguments: str) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks scaling", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="a Python that has PyTorch and JAX")
    parser.add_argument("--figures", default="", help="a JSON file of figures to draw, instead of measuring")
    parser.add_argument("--picture", default=str(ROOT / "docs" / "images" / "scaling.png"))
    asked = parser.parse_args(arguments)
    if asked.figures:
        loaded: dict[str, Any] = json.loads(Path(asked.figures).read_text())
        found = {name: {int(v): times for v, times in rows.items()} for name, rows in loaded.items()}
    else:
        found = {}
        for axis in AXES:
            found[axis.name] = {}
            print(f"{axis.label:40}" + "".join(f"{LABELS.get(c, c):>24}" for c in CONTENDERS))
            for value in axis.values:
                times = measured(workload_of(axis, value), CONTENDERS, asked.python)
                found[axis.name][value] = times
                print(f"{value:40,}" + "".join(f"{times.get(c, float('nan')):24.1f}" for c in CONTENDERS), flush=True)
        print(json.dumps(found))
    picture(found, Path(asked.picture))


if __name__ == "__main__":
    main(*sys.argv[1:])
