"""`steepest plot`: any picture or animation of a descent on the user's own data, formula or network."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steepest.base.choices import unknown
from steepest.cli.options import Debug, DropMissing, Json, Theme
from steepest.cli.output import Output, complain
from steepest.cli.places import picture_place
from steepest.cli.usage import UsageError, parse_values, positive_number, whole_number

if TYPE_CHECKING:
    from steepest.training.problem import Problem
    from steepest.training.run import Run

EXAMPLES = """\b
Examples:
  steepest plot tangent "x**2" --start x=-1.5
  steepest plot rates "x**2" --start x=-1.5 --learning-rate 0.01,0.9,1.1
  steepest plot landscape "(1 - x)**2 + 100*(y - x**2)**2" --start x=-1.2,y=1 --method momentum,lbfgs
  steepest plot landscape "count ~ a*exp(-b*t)" --data decay.csv --start a=1,b=0.1
  steepest plot animation "count ~ a*exp(-b*t)" --data decay.csv --start a=1,b=0.1 --out decay.html
  steepest plot topology "y ~ mlp(x1, x2, 8, activation=tanh)" --data points.csv"""

# What each picture is drawn of: the problem, a finished run, a fit, or one or several runs.
PICTURES = {
    "fit": "fit", "residuals": "fit", "loss": "run", "panels": "run", "predictions": "run", "tangent": "problem",
    "rates": "problem", "range-test": "problem", "topology": "run", "layers": "run", "landscape": "runs", "surface": "runs",
    "animation": "runs",
}  # fmt: skip
_STEPS = 20  # of tangent and rates, where every step is seen
_NETWORK_STEPS = 500
INTERRUPTED = 130


@dataclass(frozen=True)
class PlotCommand:
    """What was asked for on the command line; the names are the options'."""

    picture: str
    formula: str
    data: str | None
    start: dict[str, float] | None
    methods: tuple[str, ...]
    rates: tuple[float, ...]
    steps: int | None
    batch_size: int | None
    over: tuple[str, ...] | str | None
    frames: int | None
    loss: str
    seed: int
    theme: str
    out: str | None
    drop_missing: bool
    json: bool

    def run(self, output: Output) -> int:
        """Draw; returns the exit code.

        Raises
        ------
        SteepestError
            Something in the options, the data, the formula or the place for the file is wrong; nothing was written.
        """
        from steepest.views.style import style_of

        if self.picture not in PICTURES:
            raise UsageError(str(unknown("picture", self.picture, PICTURES, PICTURES)))
        style_of(self.theme)
        several = len(self.methods) > 1 or len(self.rates) > 1
        if several and PICTURES[self.picture] != "runs" and not (self.picture == "rates" and len(self.methods) < 2):
            raise UsageError(
                f"{self.picture} is of one descent: give one --method and one --learning-rate. Several are drawn by "
                "landscape, surface and animation, several rates by rates, too."
            )
        if self.over and self.picture not in ("landscape", "surface"):
            raise UsageError("--over is for landscape and surface.")
        place, note = self._place()
        draw, subjects = self._drawn()
        draw(place)
        said = {name: str(subject.outcome) for name, subject in subjects.items()}
        if note:
            complain(note)
        if self.json:
            output.say_object({"picture": self.picture, "descents": said, "files": [str(place)]})
        else:
            output.say("\n".join([*(f"{name}: {text}" for name, text in said.items()), f"picture  {place}"]))
        return INTERRUPTED if any(subject.outcome.name == "interrupted" for subject in subjects.values()) else 0

    def _place(self) -> tuple[Path, str]:
        if self.out is not None:
            return Path(self.out).expanduser(), ""
        ending = ".gif" if self.picture == "animation" else ".png"
        if self.data is None:
            return Path(self.picture + ending), ""
        place, note = picture_place(self.data, self.picture)
        if place is None:
            raise UsageError(note.replace("a folder with --out", "a file with --out"))
        return place.with_suffix(ending), note

    def _drawn(self) -> tuple[Callable[[Path], Any], dict[str, Any]]:
        """What draws the picture at a place, and the descents in it by name."""
        from steepest.views.plots import picture

        kind = PICTURES[self.picture]
        if kind == "fit" and not self._is_network:
            fit = self._fit()
            return lambda place: getattr(fit.plot, self.picture)(place, theme=self.theme), {fit.method: fit}
        problem = self._problem()
        if kind == "problem":
            options: dict[str, Any] = {"theme": self.theme}
            if self.picture == "range-test":
                from steepest.training.range_test import range_test

                subject: Any = range_test(problem, *self.methods, batch_size=self.batch_size, seed=self.seed)
            else:
                subject = problem
                if self.methods:
                    raise UsageError(f"{self.picture} is of plain gradient descent; leave --method out.")
                if self.picture == "rates":
                    options |= {"rates": self.rates or None, "steps": _STEPS if self.steps is None else self.steps}
                elif self.rates:
                    options |= {"learning_rate": self.rates[0], "steps": _STEPS if self.steps is None else self.steps}
            return lambda place: picture(self.picture.replace("-", "_"))(subject, place, **options), {}
        runs = self._runs(problem)
        of: Any = runs if len(runs) > 1 else next(iter(runs.values()))
        return lambda place: self._draw_runs(of, place), runs

    def _draw_runs(self, of: Any, place: Path) -> None:
        from steepest.views.animations.catalogue import Animations, animation
        from steepest.views.plots import picture

        if self.picture == "animation":
            options = {} if self.frames is None else {"frames": self.frames}
            if self.json:
                options["progress"] = _silent  # type: ignore[assignment]
            if not isinstance(of, dict):
                Animations(of)(place, theme=self.theme, **options)
                return
            fitted = next(iter(of.values())).problem.has_data
            animation("fit" if fitted else "surface")(of, place, theme=self.theme, **options)
        elif PICTURES[self.picture] == "runs":
            picture(self.picture)(of, place, theme=self.theme, over=self.over)
        elif self.picture == "topology" and self._is_network:
            picture(self.picture)(of, place, theme=self.theme, **_names_of_units(of.problem))
        else:
            picture(self.picture)(of, place, theme=self.theme)

    @property
    def _is_network(self) -> bool:
        from steepest.fitting.problems import is_network

        return is_network(self.formula)

    def _fit(self) -> Any:
        from steepest.fitting.fit import fit

        return fit(
            self.formula, self._rows(), loss=self.loss, start=self.start, method=next(iter(self.methods), None),
            learning_rate=next(iter(self.rates), None), batch_size=self.batch_size, steps=self.steps, seed=self.seed,
            drop_missing=self.drop_missing,
        )  # fmt: skip

    def _rows(self) -> str:
        if self.data is None:
            raise UsageError('data are missing: give --data FILE, or a formula without "~", which needs none.')
        return self.data

    def _problem(self) -> Problem:
        from steepest.fitting.problems import expression_problem, formula_problem, network_problem

        options: dict[str, Any] = {"loss": self.loss, "drop_missing": self.drop_missing}
        if self._is_network:
            if self.start is not None:
                raise UsageError("a network's weights have no names to give: leave --start out.")
            return network_problem(self.formula, self._rows(), seed=self.seed, **options)
        if "~" in self.formula:
            return formula_problem(self.formula, self._rows(), start=self.start, **options)
        if self.data is not None:
            raise UsageError('with --data the formula says what is fitted: "y ~ a + b*x".')
        return expression_problem(self.formula, self.start or {})

    def _runs(self, problem: Problem) -> dict[str, Run]:
        """The descents by the name that they have in the picture."""
        from steepest.cli.progress import progress_line
        from steepest.doctor.watch import Watch
        from steepest.training.methods import method_named
        from steepest.training.run import Run

        default = "gradient_descent" if self.rates else "adam" if self._is_network or self.batch_size else ""
        default = default or ("levenberg_marquardt" if problem.has_data and self.loss == "mse" else "lbfgs")
        steps = _NETWORK_STEPS if self.steps is None and self._is_network else self.steps
        runs: dict[str, Run] = {}
        for name in self.methods or (default,):
            for rate in self.rates or (None,):
                method = method_named(name, rate, self.batch_size)
                label = method.name if len(self.rates) < 2 else f"{method.name}, rate {rate:g}"
                watch = [Watch(every=10, say=None)] if self.picture == "layers" else []
                with progress_line(sys.stderr.isatty() and not self.json, label) as hooks:
                    runs[label] = Run(problem, method, steps=steps, seed=self.seed, hooks=[*watch, *hooks]).finish()
                outcome = runs[label].outcome
                if outcome is not None and outcome.name == "interrupted":
                    return runs
        return runs


def _silent(done: int, total: int) -> None:
    """Progress that nobody sees."""


def parse_rates(text: str | None) -> tuple[float, ...]:
    """The learning rates in ``0.01,0.9``; none where the option was left out.

    Raises
    ------
    UsageError
        One is no positive finite number.

    Examples
    --------
    >>> parse_rates("0.01, 0.9")
    (0.01, 0.9)
    """
    found = [] if text is None else [positive_number("--learning-rate", part.strip()) for part in text.split(",")]
    return tuple(rate for rate in found if rate is not None)


def parse_over(text: str | None) -> tuple[str, ...] | str | None:
    """What a landscape is over: names between commas outside of brackets, or one word; None where the option was left out.

    Examples
    --------
    >>> parse_over("0.weight[0,1], 2.bias[0]"), parse_over("path")
    (('0.weight[0,1]', '2.bias[0]'), 'path')
    """
    if text is None:
        return None
    parts = tuple(part.strip() for part in re.split(r",(?![^\[]*\])", text))
    return parts if len(parts) > 1 else parts[0]


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _names_of_units(problem: Problem) -> dict[str, Any]:
    """What the inputs and outputs of a network of columns are called."""
    from steepest.fitting.networks.network import Network
    from steepest.fitting.networks.target import Classes

    network = problem.predict
    if not isinstance(network, Network):
        raise UsageError("a topology is drawn of a network that stands alone on the right side.")
    outputs = network.target.names if isinstance(network.target, Classes) else [problem.target_name]
    return {"inputs": network.columns, "outputs": outputs}


def options(
    picture: Annotated[str, typer.Argument(metavar="PICTURE", help=f"{', '.join(PICTURES)}.")],
    formula: Annotated[
        str,
        typer.Argument(
            metavar="FORMULA",
            help='A function of its names, "x**2 + y**2"; or with --data "y ~ a + b*x", "y ~ mlp(x, 20, activation=tanh)".',
        ),
    ],
    data: Annotated[str | None, typer.Option(metavar="FILE", help="The data file whose columns are fitted.")] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE,...", help="Where parameters start; natural magnitudes of the data if left out."
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...", help="gradient_descent, momentum, adam, lbfgs, ...; several are drawn together."
        ),
    ] = None,
    learning_rate: Annotated[
        str | None,
        typer.Option(metavar="RATE,...", help="Of descent methods; several are drawn together. Found if left out."),
    ] = None,
    steps: Annotated[str | None, typer.Option(metavar="N", help="The most steps of each descent.")] = None,
    batch_size: Annotated[
        str | None, typer.Option(metavar="ROWS", help="How many rows a step of a descent method looks at.")
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME", help="landscape, surface: two parameters; or path, or random directions."),
    ] = None,
    frames: Annotated[
        str | None, typer.Option(metavar="N", help="animation: the most frames; 100 if left out.")
    ] = None,
    loss: Annotated[
        str, typer.Option(metavar="NAME", help="What is made small: mse, rmse, mae, huber or log_cosh.")
    ] = "mse",
    seed: Annotated[str, typer.Option(metavar="N", help="Where randomness begins.")] = "0",
    theme: Theme = "light",
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A file in .png, .svg or .pdf; of an animation in .gif or .html."),
    ] = None,
    drop_missing: DropMissing = False,
    json: Json = False,
    debug: Debug = False,
) -> PlotCommand:
    """Draw a picture or an animation of a descent on your own formula, data or network.

    Without --out the file is PICTURE.png, beside the data where there are some.
    """
    return PlotCommand(
        picture=picture.strip().lower().replace("_", "-"),
        formula=formula,
        data=data,
        start=parse_values("--start", start),
        methods=_names(method),
        rates=parse_rates(learning_rate),
        steps=whole_number("--steps", steps, least=0),
        batch_size=whole_number("--batch-size", batch_size, least=1),
        over=parse_over(over),
        frames=whole_number("--frames", frames, least=2),
        loss=loss,
        seed=whole_number("--seed", seed, least=0) or 0,
        theme=theme,
        out=out,
        drop_missing=drop_missing,
        json=json,
    )
