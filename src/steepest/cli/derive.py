"""`steepest derive`: differentiate a formula by hand, symbolically, numerically and automatically, and show every step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steepest.cli.options import Debug, Json, Theme
from steepest.cli.output import Output
from steepest.cli.usage import UsageError, parse_values

if TYPE_CHECKING:
    from steepest.differentiation.derivation import Derivation
    from steepest.differentiation.objective import Objective
    from steepest.differentiation.ways import Ways

EXAMPLES = """\b
Examples:
  steepest derive "-log(sigmoid(w*x))" --wrt w --at w=0.5,x=2
  steepest derive "abs(x)" --at x=0 --picture kink.png
  steepest derive "mean((y - a - b*x)**2)" --data line.csv --at a=0,b=1
  steepest derive "y ~ sigmoid(dot(w, x))" --wrt w --reduction sum --latex"""


@dataclass(frozen=True)
class DeriveCommand:
    """What was asked for on the command line; the names are the options'."""

    formula: str
    wrt: tuple[str, ...] | None
    at: dict[str, float] | None
    data: str | None
    manual: dict[str, str] | None
    reduction: str | None
    latex: bool
    picture: str | None
    theme: str
    json: bool

    def run(self, output: Output) -> int:
        """Derive, compare, print, draw; returns the exit code.

        Raises
        ------
        SteepestError
            The formula, the point or the data do not go together, or the picture cannot be written.
        """
        from steepest.differentiation.objective import read_objective

        objective = read_objective(self.formula, self.reduction)
        if self.at is None and self.data is None:
            return self._without_point(objective, output)
        from steepest.differentiation.ways import ways

        found = ways(objective, self.at or {}, self.wrt, self.data, self._manual(), None)
        files = [] if self.picture is None else [str(self._draw(found))]
        if self.json:
            output.say_object({**found.as_dict(), "files": files})
            return 0
        output.say("\n\n".join(self._blocks(found)))
        if files:
            output.say(f"\npicture  {files[0]}")
        return 0

    def _without_point(self, objective: Objective, output: Output) -> int:
        """The derivation alone."""
        from steepest.differentiation.derivation import derivation
        from steepest.views.tables.ways_table import derivation_object, growth_text, swell_text

        for option, value in (("--manual", self.manual), ("--picture", self.picture)):
            if value is not None:
                raise UsageError(f"{option} needs a point: say where, such as --at {_point_like(objective.names)}.")
        derived = derivation(objective, self.wrt)
        if self.json:
            output.say_object({"function": self.formula, "derivation": derivation_object(derived),
                               "derivation_latex": derived.latex(), "files": []})  # fmt: skip
            return 0
        hint = f"For values, digits, evaluations and times say where: --at {_point_like(objective.names)}."
        output.say("\n\n".join([self._derivation(derived), swell_text(derived), growth_text(), hint]))
        return 0

    def _blocks(self, found: Ways) -> list[str]:
        from steepest.views.tables.ways_table import growth_text, step_lines, swell_text, ways_table

        derived = found.derivation
        blocks = [ways_table(found), self._derivation(derived), step_lines(found), swell_text(derived), growth_text()]
        return [block for block in blocks if block]

    def _derivation(self, derived: Derivation) -> str:
        return derived.latex() if self.latex else str(derived)

    def _manual(self) -> Any:
        """A rule without a name belongs to the only parameter."""
        if self.manual is None or set(self.manual) != {""}:
            return self.manual
        return self.manual[""]

    def _draw(self, found: Ways) -> Any:
        found.plot(self.picture, theme=self.theme)
        return self.picture


def _point_like(names: tuple[str, ...]) -> str:
    return ",".join(f"{name}={value}" for name, value in zip(names, (0.5, 2, 1, 3, 4, 5)))


def _rules(texts: list[str]) -> dict[str, str] | None:
    """The rules by hand by the name of their parameter, empty for one without a name."""
    rules: dict[str, str] = {}
    for text in texts:
        match = re.fullmatch(r"\s*([A-Za-z]\w*)\s*=(?!=)(.*)", text, re.S)
        name, rule = (match.group(1), match.group(2)) if match else ("", text)
        if not rule.strip():
            raise UsageError(f"--manual {text!r} has no rule. Write it like --manual 2*w, or --manual a=2*a.")
        if name in rules:
            raise UsageError(f"--manual gives {'two rules' if not name else f'{name!r} two rules'}.")
        rules[name] = rule
    if "" in rules and len(rules) > 1:
        raise UsageError(f"--manual {rules['']!r} does not say whose rule it is. Write it like --manual a=2*a.")
    return rules or None


def _names(texts: list[str]) -> tuple[str, ...] | None:
    names = tuple(name.strip() for text in texts for name in text.split(","))
    if any(not name for name in names):
        raise UsageError("--wrt has nothing between two commas. Write it like --wrt a,b.")
    return names or None


def options(
    formula: Annotated[
        str,
        typer.Argument(
            metavar="FORMULA",
            help='Such as "a*x**2", "sum((y - w*x)**2)", or "y ~ a + b*x" for the squares of what a model misses.',
        ),
    ],
    wrt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...", help="What to differentiate with respect to; every name that is no column if left out."
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="NAME=VALUE,...", help="Where: a value for each name, as in w=0.5,x=2.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="FILE", help="A data file whose columns the formula reads.")
    ] = None,
    manual: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE", help="A derivative found by hand, to be checked: 2*w, or a=2*a for one of several."
        ),
    ] = None,
    reduction: Annotated[
        str | None, typer.Option(metavar="NAME", help='sum or mean over the rows, of "y ~ model"; mean if left out.')
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the derivation as LaTeX.")] = False,
    picture: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Draw the errors against the step and the secants; a name in .png, .svg or .pdf."
        ),
    ] = None,
    theme: Theme = "light",
    json: Json = False,
    debug: Debug = False,
) -> DeriveCommand:
    """Differentiate a formula in four ways, step by step.

    Prints the derivative by hand, symbolically, numerically and automatically with digits in agreement, evaluations and
    time; the derivation, each step with its rule; how long the symbolic derivative is; how evaluations grow.
    """
    return DeriveCommand(
        formula=formula,
        wrt=_names(wrt or []),
        at=parse_values("--at", at),
        data=data,
        manual=_rules(manual or []),
        reduction=reduction,
        latex=latex,
        picture=picture,
        theme=theme,
        json=json,
    )
