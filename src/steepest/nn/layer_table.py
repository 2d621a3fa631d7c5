"""Summary: layers, shapes and counts of a network as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from steepest.base.errors import ModelError, ShapeError
from steepest.nn.module import Module, plain


class LayerRow(NamedTuple):
    """One line of a `Summary`."""

    path: str
    layer: str
    shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class Summary:
    """Layers of a network, in order; ``str`` of it is a table.

    Attributes
    ----------
    name : str
    rows : tuple of LayerRow
    parameters : int
        How many numbers are fitted.
    """

    name: str
    rows: tuple[LayerRow, ...]
    parameters: int

    def __str__(self) -> str:
        head = ("", self.name, "output", "parameters")
        body = [(row.path, row.layer, _times(row.shape), f"{row.parameters:,}") for row in self.rows]
        last = ("", "total", "", f"{self.parameters:,}")
        widths = [max(len(line[k]) for line in (head, *body, last)) for k in range(4)]
        rule = "  ".join("-" * width for width in widths)
        lines = [_line(head, widths), rule, *(_line(line, widths) for line in body), rule, _line(last, widths)]
        return "\n".join(lines)

    __repr__ = __str__


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells[:-1], widths)]
    return "  ".join([*left, cells[-1].rjust(widths[-1])]).rstrip()


def summary(net: Module, x: Any) -> Summary:
    """Layers, shapes of their outputs, and counts of their parameters.

    Parameters
    ----------
    net : Module
    x : array or tuple of int
        An input, or its shape.

    Raises
    ------
    ModelError
        `net` is no network.
    LayerShapeError
        The input does not fit; names the layer.

    Examples
    --------
    >>> from steepest.nn import MLP
    >>> summary(MLP("toy", 1, [20, 20], 1, "tanh"), (128, 1))
       toy             output    parameters
    -  --------------  --------  ----------
    0  Linear(1, 20)   128 x 20          40
    1  Tanh()          128 x 20           0
    2  Linear(20, 20)  128 x 20         420
    3  Tanh()          128 x 20           0
    4  Linear(20, 1)   128 x 1           21
    -  --------------  --------  ----------
       total                            481
    """
    if not isinstance(net, Module):
        raise ModelError(f"summary describes a network, a Module, not {net!r}.")
    if isinstance(x, tuple) and all(isinstance(n, (int, np.integer)) for n in x):
        if any(n < 0 for n in x):
            raise ShapeError(f"{x} is no shape: lengths are at least 0.")
        x = np.zeros(x)
    params, state = net.init(0)
    with np.errstate(all="ignore"):
        seen = net.layer_outputs(params, state, np.asarray(plain(x)))
    rows = [
        LayerRow(path, repr(module), np.shape(plain(output)), _count(params, path))
        for path, module, output in seen
        if not module.children and module in _layers(net).get(path, ())
    ]
    name = getattr(net, "name", "") or type(net).__name__
    return Summary(name, tuple(rows), sum(x.size for x in params.values()))


def _layers(net: Module, path: str = "") -> dict[str, tuple[Module, ...]]:
    """The modules of a network by path, without the time steps that recurrent layers show."""
    found: dict[str, tuple[Module, ...]] = {path: (net,)}
    for name, child in net.children.items():
        found |= _layers(child, f"{path}.{name}" if path else name)
    return found


def _count(params: dict[str, Any], path: str) -> int:
    prefix = f"{path}." if path else ""
    return sum(x.size for name, x in params.items() if name.startswith(prefix))
