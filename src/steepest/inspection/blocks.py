"""LossGraph: the blocks of a loss, from its parameters and data to the one number, and the arrows between them."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from typing import Any

from steepest.base.choices import suggestion
from steepest.base.errors import ModelError
from steepest.base.registry import provided
from steepest.inspection.local import Local
from steepest.inspection.numbers import Numbers

PARAMETER, DATA, OPERATION, LAYER = "parameter", "data", "operation", "layer"


@dataclass(frozen=True)
class Block:
    """One value of the graph.

    Attributes
    ----------
    name : str
        The parameter's or variable's, a layer's path, or v1, v2, … for what has none; L for the loss.
    kind : {"parameter", "data", "operation", "layer"}
    made_by : str
        ``w * x``, or what the layer is; empty for parameters and data.
    value : Numbers
        Forward.
    gradient : Numbers or None
        Backward: the partial derivative of the loss with respect to this value; None for data.
    """

    name: str
    kind: str
    made_by: str
    value: Numbers
    gradient: Numbers | None

    def as_object(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "made_by": self.made_by,
            "value": self.value.as_object(),
            "gradient": None if self.gradient is None else self.gradient.as_object(),
        }


@dataclass(frozen=True)
class Arrow:
    """From a value to what is made of it.

    Attributes
    ----------
    source, target : int
        Places in ``LossGraph.blocks``.
    local : tuple of Local
        The local derivatives, one a use: ``x * x`` uses x twice. Empty where no derivative is taken.
    """

    source: int
    target: int
    local: tuple[Local, ...]

    @property
    def label(self) -> str:
        """``×2``, or ``×0.5 + ×0.5`` for a value used twice."""
        return " + ".join(text for text in map(str, self.local) if text)


@dataclass(frozen=True)
class LossGraph:
    """The graph of a loss; ``str`` of it is a table, a notebook shows a picture.

    Attributes
    ----------
    title : str
    blocks : tuple of Block
        Inputs before what is made of them; the loss is last.
    arrows : tuple of Arrow

    Examples
    --------
    >>> import steepest as sd
    >>> g = sd.graph("-log(sigmoid(w*x))", at={"w": 0.5, "x": 2.0})
    >>> g["v2"].made_by, str(g["v2"].value), str(g["v2"].gradient)
    ('sigmoid(v1)', '0.7311', '-1.368')
    """

    title: str
    blocks: tuple[Block, ...]
    arrows: tuple[Arrow, ...]

    @property
    def loss(self) -> Block:
        """The last block."""
        return self.blocks[-1]

    def __getitem__(self, name: str) -> Block:
        """The block of this name.

        Raises
        ------
        ModelError
            There is none; the nearest is offered.
        """
        for block in self.blocks:
            if block.name == name:
                return block
        raise ModelError(f"the graph has no block {name!r}.{suggestion(name, [block.name for block in self.blocks])}")

    def into(self, target: int) -> list[Arrow]:
        """The arrows into the block at this place."""
        return [arrow for arrow in self.arrows if arrow.target == target]

    def as_object(self) -> dict[str, Any]:
        """The graph as one JSON object: title, loss, blocks and arrows, numbers in full."""
        names = [block.name for block in self.blocks]
        arrows = [
            {"from": names[arrow.source], "to": names[arrow.target],
             "local_derivative": [_local_object(local) for local in arrow.local]}
            for arrow in self.arrows
        ]  # fmt: skip
        loss = self.loss.value.elements
        return {
            "title": self.title, "loss": loss[0] if loss else None,
            "blocks": [block.as_object() for block in self.blocks], "arrows": arrows,
        }  # fmt: skip

    def plot(self, path: str | os.PathLike[str] | None = None, *, theme: str = "light") -> Any:
        """Draw the graph, blocks left to right; returns the picture, and writes it where `path` says.

        Parameters
        ----------
        path : str or path, optional
            Ends in .svg, .png or .pdf.
        theme : {"light", "dark"}

        Raises
        ------
        ModelError
            There are more blocks than a reader can follow; says how to draw a part.
        SteepestError
            The file cannot be written.
        """
        return provided("LossGraph", "plot")(self, path, theme=theme)

    def __str__(self) -> str:
        return str(provided("LossGraph", "text")(self))

    def __repr__(self) -> str:
        return f"<LossGraph {self.title}: {len(self.blocks)} blocks, {len(self.arrows)} arrows>"

    def _repr_html_(self) -> str:
        try:
            return str(provided("LossGraph", "html")(self))
        except ModelError:  # too large for a picture
            return f"<pre>{html.escape(str(self))}</pre>"


def _local_object(local: Local) -> Any:
    """A number where it is one; else the range, or the gain."""
    if local.number is not None:
        return local.number
    if local.low is not None:
        return {"low": local.low, "high": local.high}
    return {"gain": local.gain}
