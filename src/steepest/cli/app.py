"""The commands of the command line, a line each; every command's file has its options and what it does."""

from __future__ import annotations

from typing import Annotated

import typer

from steepest.cli import compare, demo, derive, fit, graph, plot, predict
from steepest.version import __version__

app = typer.Typer(name="steepest", add_completion=False, rich_markup_mode=None)
# The backspace is Typer's sign that a paragraph keeps its lines.
_EXAMPLES = """\b
Examples:
  steepest fit heights.csv "height ~ a + b*age"
  steepest fit heights.csv "height ~ a + b*age" --out results
  steepest predict results/model.json new.csv"""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"steepest {__version__}")
        raise typer.Exit


@app.callback(epilog=_EXAMPLES)
def steepest(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Fit any model that you can write down to data, by descending the gradient of a loss.

    steepest fit DATA FORMULA fits a formula and shows the parameters with their errors; steepest predict uses the result.
    """


app.command("fit", epilog=fit.EXAMPLES)(fit.options)
app.command("predict", epilog=predict.EXAMPLES)(predict.options)
app.command("compare", epilog=compare.EXAMPLES)(compare.options)
# A formula may begin with a minus: what is no option is the formula.
app.command("graph", epilog=graph.EXAMPLES, context_settings={"ignore_unknown_options": True})(graph.options)
app.command("derive", epilog=derive.EXAMPLES, context_settings={"ignore_unknown_options": True})(derive.options)
app.command("plot", epilog=plot.EXAMPLES, context_settings={"ignore_unknown_options": True})(plot.options)
app.command("demo", epilog=demo.EXAMPLES)(demo.options)
