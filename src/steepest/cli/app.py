"""The arguments and options of the command line, as Typer reads them."""

from __future__ import annotations

from typing import Annotated

import typer

from steepest.cli.fit import FitCommand
from steepest.cli.predict import PredictCommand
from steepest.cli.usage import any_number, parse_start, positive_number, whole_number
from steepest.version import __version__

app = typer.Typer(name="steepest", add_completion=False, rich_markup_mode=None)

_METHODS = "levenberg_marquardt, lbfgs, gradient_descent, momentum or adam"
_LOSSES = "mse, rmse, mae, huber or log_cosh"
# The backspace is Typer's sign that a paragraph keeps its lines.
_EXAMPLES = """\b
Examples:
  steepest fit heights.csv "height ~ a + b*age"
  steepest fit heights.csv "height ~ a + b*age" --out results
  steepest predict results/model.json new.csv"""
_FIT_EXAMPLES = """\b
Examples:
  steepest fit heights.csv "height ~ a + b*age"
  steepest fit decay.csv "log(count) ~ a - t/tau" --start tau=5 --out results
  steepest fit big.parquet "y ~ a*x**b" --method adam --batch-size 256 --time 30
  steepest fit heights.csv "height ~ a + b*age" --json | jq .parameters.b

\b
Exit codes:
  0 converged, or ran its budget as asked; 1 diverged, stalled or met a value
  that is not finite; 2 bad input; 130 interrupted."""
_PREDICT_EXAMPLES = """\b
Examples:
  steepest predict results/model.json new.csv
  steepest predict results/model.json new.csv --out predictions.csv"""

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
DropMissing = Annotated[bool, typer.Option("--drop-missing", help="Leave out rows with missing or infinite values.")]


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


@app.command(epilog=_FIT_EXAMPLES)
def fit(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A CSV, TSV, Parquet, Feather or JSON-lines file with named columns.")
    ],
    formula: Annotated[
        str,
        typer.Argument(
            metavar="FORMULA", help='Such as "y ~ a + b*x": names that are not columns of the data are parameters.'
        ),
    ],
    loss: Annotated[str, typer.Option(metavar="NAME", help=f"What is made small: {_LOSSES}.")] = "mse",
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help=f"How it is made small: {_METHODS}; fitting to the other options if left out."
        ),
    ] = None,
    learning_rate: Annotated[
        str | None,
        typer.Option(
            metavar="RATE", help="The size of the steps of descent methods; found from the curvature if left out."
        ),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(metavar="N", help="The most steps to do; as many as the method usually needs if left out."),
    ] = None,
    batch_size: Annotated[
        str | None,
        typer.Option(
            metavar="ROWS", help="How many rows a step of a descent method looks at; all of them if left out."
        ),
    ] = None,
    seed: Annotated[
        str, typer.Option(metavar="N", help="Where randomness begins: the same seed gives the same result.")
    ] = "0",
    time: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="The most seconds to descend; no limit if left out.")
    ] = None,
    threshold: Annotated[
        str | None, typer.Option(metavar="LOSS", help="Stop as soon as the loss is this small.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE,...", help="Where parameters start, as in a=1,b=2; a sensible guess for those left out."
        ),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column that says how much each row counts.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="A folder for the model, the history, the result and the picture; made if it is missing.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoints of an earlier run in the --out folder.")
    ] = False,
    drop_missing: DropMissing = False,
    no_picture: Annotated[bool, typer.Option("--no-picture", help="Draw no picture.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress line and no notes.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> FitCommand:
    """Fit a formula to the columns of a data file.

    Prints the parameters with standard errors and 95 % intervals, how good the fit is and how it ended, and draws a
    picture, beside the data unless --out names a folder.
    """
    return FitCommand(
        data=data,
        formula=formula,
        loss=loss,
        method=method,
        learning_rate=positive_number("--learning-rate", learning_rate),
        steps=whole_number("--steps", steps, least=0),
        batch_size=whole_number("--batch-size", batch_size, least=1),
        seed=whole_number("--seed", seed) or 0,
        time=positive_number("--time", time, " of seconds"),
        threshold=any_number("--threshold", threshold),
        start=None if start is None else parse_start(start),
        weights=weights,
        out=out,
        resume=resume,
        drop_missing=drop_missing,
        no_picture=no_picture,
        quiet=quiet,
        json=json,
    )


@app.command(epilog=_PREDICT_EXAMPLES)
def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model.json that steepest fit --out wrote.")],
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A data file with the columns of the formula's right side.")
    ],
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE.csv", help="A file for the predictions; they are printed if it is left out."),
    ] = None,
    drop_missing: DropMissing = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no notes.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> PredictCommand:
    """Predict with a saved model.

    Prints CSV: the columns that the formula reads and what it predicts, such as log(y), and y itself where it follows.
    """
    return PredictCommand(model, data, out, drop_missing, quiet, json)
