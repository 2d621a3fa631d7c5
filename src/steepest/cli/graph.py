"""`steepest graph`: the blocks of a formula with every value forward and every derivative backward."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from steepest.cli.options import Debug, Json, Theme
from steepest.cli.output import Output
from steepest.cli.usage import parse_values

EXAMPLES = """\b
Examples:
  steepest graph "-log(sigmoid(w*x))" --at w=0.5,x=2
  steepest graph "-log(sigmoid(w*x))" --at w=0.5,x=2 --data x --out loss.svg
  steepest graph "(a*t - y)**2 + a**2" --at a=1,t=2,y=3 --data t,y --explain a"""


@dataclass(frozen=True)
class GraphCommand:
    """What was asked for on the command line; the names are the options'."""

    formula: str
    at: dict[str, float] | None
    data: tuple[str, ...]
    explain: str | None
    out: str | None
    theme: str
    json: bool

    def run(self, output: Output) -> int:
        """Print the graph, draw it; returns the exit code.

        Raises
        ------
        SteepestError
            The formula, a value or the place for the picture is wrong.
        """
        from steepest.inspection.explain import explain
        from steepest.inspection.graph import graph

        drawn = graph(self.formula, self.at, data=self.data)
        why = None if self.explain is None else explain(self.formula, self.explain, at=self.at)
        files = []
        if self.out is not None:
            target = Path(self.out).expanduser()
            drawn.plot(target, theme=self.theme)
            files.append(target)
        if self.json:
            explained = {} if why is None else {"explanation": why.as_object()}
            output.say_object({**drawn.as_object(), **explained, "files": [str(file) for file in files]})
        else:
            parts = [str(drawn), *([] if why is None else [str(why)]), *(f"picture  {file}" for file in files)]
            output.say("\n\n".join(parts))
        return 0


def options(
    formula: Annotated[
        str,
        typer.Argument(
            metavar="FORMULA", help='An expression, such as "-log(sigmoid(w*x))"; what it gives is called L.'
        ),
    ],
    at: Annotated[str | None, typer.Option(metavar="NAME=VALUE,...", help="A value for each of its names.")] = None,
    data: Annotated[
        str, typer.Option(metavar="NAME,...", help="The names that are data; the others are parameters.")
    ] = "",
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Say why the derivative by this name is what it is: the largest paths to it."
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="A file for the picture that ends in .svg, .png or .pdf.")
    ] = None,
    theme: Theme = "light",
    json: Json = False,
    debug: Debug = False,
) -> GraphCommand:
    """Show what a formula is made of: each block's value, its derivative, and the local derivatives between blocks.

    The derivative of L by a block is the sum, over the blocks made of it, of the local derivative times theirs.
    """
    names = tuple(name.strip() for name in data.split(",") if name.strip())
    return GraphCommand(formula, parse_values("--at", at), names, explain, out, theme, json)
