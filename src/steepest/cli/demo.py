"""`steepest demo`: demonstrations, each with what to notice and its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from steepest.cli.options import Debug, Json
from steepest.cli.output import Output
from steepest.cli.places import output_folder
from steepest.cli.usage import UsageError

EXAMPLES = """\b
Examples:
  steepest demo
  steepest demo quadratic
  steepest demo line-by-hand --slope 0.9 --intercept 0.5
  steepest demo all --out demos"""


@dataclass(frozen=True)
class DemoCommand:
    """What was asked for on the command line; the names are the options'."""

    name: str | None
    out: str | None
    theme: str
    options: dict[str, str]
    json: bool

    def run(self, output: Output) -> int:
        """List the demonstrations, or give one, or all of them one after the other.

        Raises
        ------
        SteepestError
            There is no such demonstration, it takes no such option, or its folder cannot be written.
        """
        from steepest.demos.catalogue import DEMOS, demo
        from steepest.demos.stage import Stage

        if self.name is None:
            if self.json:
                output.say_object({name: entry.about for name, entry in DEMOS.items()})
            else:
                width = max(map(len, DEMOS))
                output.say("\n".join(f"{name:<{width}}  {entry.about}" for name, entry in DEMOS.items()))
                output.say("\nsteepest demo NAME gives one and leaves its pictures in steepest-demos/NAME.")
            return 0
        if self.theme not in ("light", "dark"):
            raise UsageError(f"--theme is light or dark, not {self.theme}.")
        names = list(DEMOS) if self.name == "all" else [self.name]
        shows = {name: demo(name) for name in names}  # an unknown name is told before anything is done
        files: dict[str, list[str]] = {}
        for name, show in shows.items():
            key = name.strip().lower().replace("_", "-")
            unknown = [option for option in self.options if option not in DEMOS[key].options]
            if unknown and self.name != "all":
                raise UsageError(f"the demo {key} takes no --{unknown[0]}.")
            place = f"{self.out or 'steepest-demos'}/{key}" if self.name == "all" or self.out is None else self.out
            with output_folder(place) as folder:
                stage = Stage(folder, self.theme, (lambda text: None) if self.json else output.say, self.options)
                if self.name == "all" and not self.json:
                    output.say(f"{key}: {DEMOS[key].about}\n")
                show(stage)
            files[key] = [str(file) for file in stage.files]
            if not self.json:
                output.say("\n".join(f"picture  {file}" for file in files[key]) + "\n")
        if self.json:
            output.say_object({"files": files})
        return 0


def options(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Which one; all of them are listed if left out.")
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="A folder for the pictures; steepest-demos/NAME if left out.")
    ] = None,
    theme: Annotated[str, typer.Option(metavar="NAME", help="Pictures on a light or a dark ground.")] = "light",
    slope: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="For line-by-hand: the slope of your line.")
    ] = None,
    intercept: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="For line-by-hand: the intercept of your line.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="For digits: a folder with the four IDX files of MNIST.")
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> DemoCommand:
    """Demonstrations of gradient descent, from the first tangent to handwritten digits."""
    given = {"slope": slope, "intercept": intercept, "data": data}
    return DemoCommand(name, out, theme, {key: text for key, text in given.items() if text is not None}, json)
