"""`steepest fit`: fit a formula to a data file, say how it went, and leave the files."""

from __future__ import annotations

import contextlib
import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steepest.base.errors import CheckpointWarning
from steepest.cli.fit_files import FitFiles, kind, result_object
from steepest.cli.options import Debug, DropMissing, Json, Theme
from steepest.cli.output import Output, complain
from steepest.cli.places import output_folder, picture_place
from steepest.cli.usage import UsageError, any_number, parse_values, positive_number, whole_number

if TYPE_CHECKING:
    from steepest.fitting.ranking import Ranking
    from steepest.fitting.result import Fit

FAILED, INTERRUPTED = 1, 130


_DEFAULTS = {"loss": "mse", "intervals": "t", "seed": 0, "drop_missing": False}
_METHODS = "levenberg_marquardt, lbfgs, gradient_descent, momentum or adam"
_LOSSES = "mse, rmse, mae, huber or log_cosh"
EXAMPLES = """\b
Examples:
  steepest fit heights.csv "height ~ a + b*age"
  steepest fit decay.csv "log(count) ~ a - t/tau" --start tau=5 --out results
  steepest fit decay.csv "count ~ a*exp(-b*t) + c" --bounds "b>0, c>=0" --sigma error
  steepest fit big.parquet "y ~ a*x**b" --method adam --batch-size 256 --time 30
  steepest fit heights.csv "height ~ a + b*age" "height ~ a*age**b"
  steepest fit flowers.csv "species ~ mlp(., 20)" --out results
  steepest fit growth.csv "mass ~ a*t + mlp(warmth, light, 16)"
  steepest fit heights.csv "height ~ a + b*age" --json | jq .parameters.b

\b
Exit codes:
  0 converged, or ran its budget as asked; 1 diverged, stalled or met a value
  that is not finite; 2 bad input; 130 interrupted."""


@dataclass(frozen=True)
class FitCommand:
    """What was asked for on the command line; the names are the options'."""

    data: str
    formulas: list[str]
    loss: str
    method: str | None
    learning_rate: float | None
    steps: int | None
    batch_size: int | None
    epochs: int | None
    validation: float | None
    patience: int | None
    seed: int
    time: float | None
    threshold: float | None
    start: dict[str, float] | None
    weights: str | None
    sigma: str | None
    fix: dict[str, float] | None
    tie: list[str] | None
    bounds: str | None
    intervals: str
    out: str | None
    resume: bool
    report: bool
    export: list[str] | None
    tensorboard: str | None
    drop_missing: bool
    no_picture: bool
    theme: str
    quiet: bool
    json: bool

    def run(self, output: Output) -> int:
        """Fit, print, write; returns the exit code.

        Raises
        ------
        SteepestError
            Something in the options, the data, the formula or the place for the files is wrong; nothing was written.
        """
        with output_folder(self.out) if self.out is not None else contextlib.nullcontext() as folder:
            picture, note = (
                (None, "") if self.no_picture else (folder / "fit.png", "") if folder else picture_place(self.data)
            )
            report, told_report = (
                (None, "") if not self.report else (folder / "report.html", "") if folder
                else picture_place(self.data, "report", "html")
            )  # fmt: skip
            places = FitFiles(folder, picture, report, self.export or [], self.tensorboard, self.theme)
            places.check()
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("ignore")
                warnings.simplefilter("always", CheckpointWarning)
                ranking = self._rank() if len(self.formulas) > 1 else None
                fit = self._answered(folder) if ranking is None else ranking.preferred
            for warning in told:
                complain(str(warning.message))
            for each in (note, told_report):
                if each and not self.quiet:
                    complain(each)
            if not self.json:
                if ranking is not None:
                    output.say(f"{ranking}\n")
                _show(fit, output)
            given = {name: value for name, value in self._options.items() if value not in (None, _DEFAULTS.get(name))}
            files = places.write(fit, ranking, self.data, output.command, given)
        if self.json:
            output.say_object(result_object(fit, files, ranking))
        elif files:
            output.say("\n" + "\n".join(f"{kind(file):<8} {file}" for file in files))
        if fit.outcome.name == "interrupted":
            return INTERRUPTED
        if fit.intervals == "bootstrap" and (refits := fit.resampled()).interrupted:
            complain(f"the bootstrap was interrupted: the intervals come from {refits.samples:,} refits only.")
            return INTERRUPTED
        return 0 if fit.outcome.ok else FAILED

    def _answered(self, folder: Path | None) -> Fit:
        """The fit; on a terminal a person is asked whether a column of few whole numbers is of classes or numbers."""
        from steepest.cli.asking import can_ask, choice
        from steepest.fitting.networks.encoder import listed
        from steepest.fitting.networks.target import AmbiguousTarget

        try:
            return self._fit(folder)
        except AmbiguousTarget as question:
            if self.json or not can_ask():
                raise
            answer = choice(
                f"The column {question.column!r} has {len(question.values)} different whole numbers "
                f"({listed(question.values)}). Are they names of classes, or numbers?",
                {"classes": "category", "numbers": "number"},
            )
            complain(f"to be asked no more, write {question.spellings[answer]}")
            return replace(self, formulas=[question.spellings[answer]])._fit(folder)

    def _fit(self, folder: Path | None) -> Fit:
        from steepest.cli.progress import counting_line, progress_line
        from steepest.fitting.fit import fit

        with progress_line(self._shows_progress) as hooks:
            answer = fit(
                self.formulas[0],
                self.data,
                hooks=hooks,
                checkpoints=None if folder is None else folder / "checkpoints",
                resume=self.resume,
                **self._options,
            )
        with progress_line(self._shows_progress, "errors and remarks   "):
            _ = answer.remarks  # with many rows this takes its time, too
        if answer.intervals == "bootstrap":
            with counting_line(self._shows_progress, "refit to resampled data") as progress:
                answer.resampled(progress)
        return answer

    def _rank(self) -> Ranking:
        from steepest.cli.progress import progress_line
        from steepest.fitting.ranking import rank

        if self.resume:
            raise UsageError("--resume takes one formula; several are fitted anew.")
        with progress_line(self._shows_progress) as hooks:
            return rank(self.formulas, self.data, hooks=hooks, **self._options)

    @property
    def _shows_progress(self) -> bool:
        return sys.stderr.isatty() and not self.quiet and not self.json

    @property
    def _options(self) -> dict[str, Any]:
        """The options of `steepest.fit` by their names there."""
        names = (
            "loss", "method", "start", "weights", "sigma", "fix", "tie", "bounds", "intervals", "learning_rate", "batch_size",
            "steps", "epochs", "validation", "patience", "time", "threshold", "seed", "drop_missing",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def _show(fit: Fit, output: Output) -> None:
    from steepest.views.tables.table import summary, summary_text

    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(summary(fit))
    else:
        output.say(summary_text(fit))


def options(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A CSV, TSV, Parquet, Feather or JSON-lines file with named columns.")
    ],
    formulas: Annotated[
        list[str],
        typer.Argument(
            metavar="FORMULA...",
            help='Such as "y ~ a + b*x": names that are not columns of the data are parameters. Several are ranked.',
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
    epochs: Annotated[
        str | None,
        typer.Option(metavar="N", help="How often a network goes through the rows; enough for most if left out."),
    ] = None,
    validation: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="The share of rows that a network is checked on; 0.15 if left out."),
    ] = None,
    patience: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="How many epochs without getting better to wait for; a fifth of them if left out."
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
    sigma: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The column with the standard error of each row's left side, in its unit."),
    ] = None,
    fix: Annotated[
        str | None, typer.Option(metavar="NAME=VALUE,...", help="Parameters that are not fitted, as in c=2.")
    ] = None,
    tie: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FORMULA", help='A parameter that follows from others, as in "d=2*c"; may be repeated.'
        ),
    ] = None,
    bounds: Annotated[
        str | None, typer.Option(metavar="BOUNDS", help='Where parameters may be, as in "b>0, 0<c<1".')
    ] = None,
    intervals: Annotated[
        str, typer.Option(metavar="KIND", help="How intervals are found: t, profile or bootstrap (slow).")
    ] = "t",
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
    report: Annotated[
        bool, typer.Option("--report", help="One page of HTML with everything, beside the data or in the --out folder.")
    ] = False,
    export: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="The fitted model as .py (needs NumPy alone), .onnx or .tex; may be repeated."
        ),
    ] = None,
    tensorboard: Annotated[
        str | None, typer.Option(metavar="DIR", help="A folder for the history as TensorBoard reads it.")
    ] = None,
    drop_missing: DropMissing = False,
    no_picture: Annotated[bool, typer.Option("--no-picture", help="Draw no picture.")] = False,
    theme: Theme = "light",
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress line and no notes.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> FitCommand:
    """Fit a formula to the columns of a data file, or several and rank them.

    Prints the parameters with standard errors and 95 % intervals, how good the fit is and how it ended, and draws a
    picture, beside the data unless --out names a folder.
    """
    return FitCommand(
        data=data,
        formulas=formulas,
        loss=loss,
        method=method,
        learning_rate=positive_number("--learning-rate", learning_rate),
        steps=whole_number("--steps", steps, least=0),
        batch_size=whole_number("--batch-size", batch_size, least=1),
        epochs=whole_number("--epochs", epochs, least=1),
        validation=any_number("--validation", validation),
        patience=whole_number("--patience", patience, least=1),
        seed=whole_number("--seed", seed) or 0,
        time=positive_number("--time", time, " of seconds"),
        threshold=any_number("--threshold", threshold),
        start=parse_values("--start", start),
        weights=weights,
        sigma=sigma,
        fix=parse_values("--fix", fix),
        tie=tie,
        bounds=bounds,
        intervals=intervals,
        out=out,
        resume=resume,
        report=report,
        export=export,
        tensorboard=tensorboard,
        drop_missing=drop_missing,
        no_picture=no_picture,
        theme=theme,
        quiet=quiet,
        json=json,
    )
