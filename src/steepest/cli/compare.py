"""`steepest compare`: which method, for this data and this time?"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steepest.cli.options import Debug, DropMissing, Json, Theme
from steepest.cli.output import Output, as_json, complain
from steepest.cli.places import output_folder, picture_place
from steepest.cli.usage import UsageError, any_number, parse_values, whole_number

if TYPE_CHECKING:
    from steepest.comparison.result import Comparison
    from steepest.training.problem import Problem

FAILED = 1
_METHODS = "lm, lbfgs, gradient_descent, momentum, adam, adam:64 (batches), restarts, random_search, genetic, ..."
EXAMPLES = """\b
Examples:
  steepest compare decay.csv "count ~ a*exp(-t/tau)" --budget 2000evals
  steepest compare big.parquet "y ~ a*x**b" --budget 5s --methods lm,adam,adam:256
  steepest compare waves.csv "y ~ a*sin(f*t)" --region f=0:20 --starts 9
  steepest compare sine.csv "y ~ mlp(x, 20, activation=tanh)" --methods lbfgs,adam,genetic

\b
Exit codes:
  0 compared; 1 no method found a finite loss; 2 bad input; 130 interrupted."""


@dataclass(frozen=True)
class CompareCommand:
    """What was asked for on the command line; the names are the options'."""

    data: str
    formula: str
    budget: str
    methods: str | None
    starts: int
    start: dict[str, float] | None
    region: dict[str, tuple[float, float]] | None
    known_minimum: float | None
    loss: str
    weights: str | None
    seed: int
    out: str | None
    drop_missing: bool
    theme: str
    no_picture: bool
    quiet: bool
    json: bool

    def run(self, output: Output) -> int:
        """Compare, print, write; returns the exit code.

        Raises
        ------
        SteepestError
            Something in the options, the data, the formula or the place for the files is wrong; nothing was written.
        """
        from steepest.views.style import style_of

        style_of(self.theme)  # an unknown one is told before anything is done
        with output_folder(self.out) if self.out is not None else contextlib.nullcontext() as folder:
            picture, note = (None, "") if self.no_picture else self._picture(folder)
            comparison = self._compared()
            if note and not self.quiet:
                complain(note)
            if not self.json:
                _show(comparison, output)
            files = _write(comparison, folder, picture, self.theme)
        if self.json:
            output.say_object({**comparison.to_dict(), "files": [str(file) for file in files]})
        elif files:
            output.say("\n" + "\n".join(f"{'picture' if f.suffix == '.png' else f.stem:<8} {f}" for f in files))
        return 0 if comparison.to_dict()["use"] is not None else FAILED

    def _picture(self, folder: Path | None) -> tuple[Path | None, str]:
        return (folder / "race.png", "") if folder is not None else picture_place(self.data, "race")

    def _compared(self) -> Comparison:
        from steepest.comparison.compare import compare
        from steepest.fitting.problems import formula_problem, is_network, network_problem, network_starts

        options: dict[str, Any] = {"loss": self.loss, "weights": self.weights, "drop_missing": self.drop_missing}
        starts = None
        if is_network(self.formula):
            if self.start is not None or self.region is not None:
                raise UsageError("a network's weights have no names to give: leave --start and --region out.")
            problem = network_problem(self.formula, self.data, seed=self.seed, **options)
            starts = network_starts(problem, self.starts, self.seed)
        else:
            problem = formula_problem(self.formula, self.data, start=self.start, **options)
            inside = {
                name: sum(pair) / 2 for name, pair in (self.region or {}).items() if _outside(problem, name, pair)
            }
            if inside:
                problem = formula_problem(self.formula, self.data, start={**inside, **(self.start or {})}, **options)
        with _progress(sys.stderr.isatty() and not self.quiet and not self.json, self.starts) as watch:
            return compare(
                problem, self.methods, self.budget, seeds=self.starts, starts=starts, bounds=self.region,
                known_minimum=self.known_minimum, seed=self.seed, watch=watch,
            )  # fmt: skip


def _outside(problem: Problem, name: str, pair: tuple[float, float]) -> bool:
    """Whether the start of a parameter is not within these two numbers."""
    return name in problem.start and pair[0] < pair[1] and not pair[0] <= float(problem.start[name]) <= pair[1]


@contextlib.contextmanager
def _progress(shown: bool, starts: int) -> Iterator[Callable[[str, int, Any], None] | None]:
    """A watcher that keeps one line on standard error up to date; None where `live_line` gives none."""
    from steepest.cli.progress import live_line

    with live_line(shown) as show:
        yield show and (lambda name, k, meter: show(f"{name}, start {k + 1} of {starts}   {describe(meter)}"))


def describe(meter: Any) -> str:
    """How far a race is, in a line."""
    if meter.budget.unit == "seconds":
        spent = f"{meter.spent:.1f} of {meter.budget}"
    else:
        spent = f"{meter.spent:,.0f} of {meter.budget}"
    return f"{spent}   loss {meter.loss:.6g}"


def _show(comparison: Comparison, output: Output) -> None:
    from steepest.views.tables.race_table import race_summary, race_text

    if sys.stdout.isatty():
        from rich.console import Console

        console = Console()
        console.print(race_summary(comparison, console.width))
    else:
        output.say(race_text(comparison))


def _write(comparison: Comparison, folder: Path | None, picture: Path | None, theme: str) -> list[Path]:
    """Write the files that are wanted and return them, the picture last."""
    files = [] if folder is None else [folder / "traces.csv", folder / "result.json"]
    if picture is not None:
        comparison.plot(picture, theme=theme)
        files.append(picture)
    if folder is not None:
        from steepest.base.files import write_whole

        comparison.to_csv(folder / "traces.csv")
        write_whole(folder / "result.json", as_json({**comparison.to_dict(), "files": [str(f) for f in files]}) + "\n")
    return files


def parse_region(text: str | None) -> dict[str, tuple[float, float]] | None:
    """The region in ``a=0:5,b=-1:1``; None where the option was left out.

    Raises
    ------
    UsageError
        A part is not a name, an equals sign and two numbers with a colon.

    Examples
    --------
    >>> parse_region("f=0:20, a=-1:1")
    {'f': (0.0, 20.0), 'a': (-1.0, 1.0)}
    """
    if text is None:
        return None
    found: dict[str, tuple[float, float]] = {}
    for part in text.split(","):
        name, sign, pair = (piece.strip() for piece in part.partition("="))
        low, colon, high = pair.partition(":")
        try:
            bounds = (float(low), float(high))
        except ValueError:
            bounds = None
        if not name or not sign or not colon or bounds is None:
            raise UsageError(
                f"--region has {part.strip()!r}, which is not a name and two numbers. Write it like --region a=0:5,b=-1:1."
            )
        if name in found:
            raise UsageError(f"--region gives {name!r} twice.")
        found[name] = bounds
    return found


def options(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A CSV, TSV, Parquet, Feather or JSON-lines file with named columns.")
    ],
    formula: Annotated[
        str,
        typer.Argument(
            metavar="FORMULA", help='Such as "y ~ a + b*x", or a network: "y ~ mlp(x, 20, activation=tanh)".'
        ),
    ],
    budget: Annotated[
        str,
        typer.Option(
            metavar="AMOUNT", help="What each method may spend from each start: 2000evals, or 5s. A gradient is 2."
        ),
    ] = "2000evals",
    methods: Annotated[
        str | None, typer.Option(metavar="NAME,...", help=f"{_METHODS} A few that suit the problem if left out.")
    ] = None,
    starts: Annotated[
        str,
        typer.Option(
            metavar="N", help="How many starts, with random numbers of their own: natural magnitudes, then random."
        ),
    ] = "5",
    start: Annotated[
        str | None,
        typer.Option(metavar="NAME=VALUE,...", help="Where the first start is; natural magnitudes if left out."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=LOW:HIGH,...",
            help="Where starts are drawn and searches stay; three natural magnitudes around the start if left out.",
        ),
    ] = None,
    known_minimum: Annotated[
        str | None, typer.Option(metavar="LOSS", help="The lowest loss there is, where that is known.")
    ] = None,
    loss: Annotated[
        str, typer.Option(metavar="NAME", help="What is made small: mse, rmse, mae, huber or log_cosh.")
    ] = "mse",
    weights: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column that says how much each row counts.")
    ] = None,
    seed: Annotated[
        str,
        typer.Option(
            metavar="N", help="Where randomness begins: the same seed gives the same comparison of evaluations."
        ),
    ] = "0",
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="A folder for the result, the traces and the picture; made if it is missing."),
    ] = None,
    drop_missing: DropMissing = False,
    theme: Theme = "light",
    no_picture: Annotated[bool, typer.Option("--no-picture", help="Draw no picture.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress line and no notes.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> CompareCommand:
    """Run several methods on a formula and a data file, each with the same budget, and say which to use.

    Prints how low each method got, at what price, in which minimum it ended, and what follows; draws the race.
    """
    return CompareCommand(
        data=data,
        formula=formula,
        budget=budget,
        methods=methods,
        starts=whole_number("--starts", starts, least=1) or 1,
        start=parse_values("--start", start),
        region=parse_region(region),
        known_minimum=any_number("--known-minimum", known_minimum),
        loss=loss,
        weights=weights,
        seed=whole_number("--seed", seed, least=0) or 0,
        out=out,
        drop_missing=drop_missing,
        theme=theme,
        no_picture=no_picture,
        quiet=quiet,
        json=json,
    )
