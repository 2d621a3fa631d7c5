"""`steepest fit`: fit a formula to a data file, say how it went, and leave the files."""

from __future__ import annotations

import contextlib
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steepest.base.errors import CheckpointWarning
from steepest.cli.output import Output, as_json, complain
from steepest.cli.places import output_folder, picture_place

if TYPE_CHECKING:
    from steepest.fitting.result import Fit

FAILED, INTERRUPTED = 1, 130


@dataclass(frozen=True)
class FitCommand:
    """What was asked for on the command line; the names are the options'."""

    data: str
    formula: str
    loss: str
    method: str | None
    learning_rate: float | None
    steps: int | None
    batch_size: int | None
    seed: int
    time: float | None
    threshold: float | None
    start: dict[str, float] | None
    weights: str | None
    out: str | None
    resume: bool
    drop_missing: bool
    no_picture: bool
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
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("ignore")
                warnings.simplefilter("always", CheckpointWarning)
                fit = self._fit(folder)
            for warning in told:
                complain(str(warning.message))
            if note and not self.quiet:
                complain(note)
            if not self.json:
                _show(fit, output)
            files = _write(fit, folder, picture)
        if self.json:
            output.say_object(_object(fit, files))
        elif files:
            output.say("\n" + "\n".join(f"{_kind(file):<8} {file}" for file in files))
        if fit.outcome.name == "interrupted":
            return INTERRUPTED
        return 0 if fit.outcome.ok else FAILED

    def _fit(self, folder: Path | None) -> Fit:
        from steepest.cli.progress import progress_line
        from steepest.fitting.fit import fit

        with progress_line(shown=sys.stderr.isatty() and not self.quiet and not self.json) as hooks:
            return fit(
                self.formula,
                self.data,
                loss=self.loss,
                method=self.method,
                start=self.start,
                weights=self.weights,
                learning_rate=self.learning_rate,
                batch_size=self.batch_size,
                steps=self.steps,
                time=self.time,
                threshold=self.threshold,
                seed=self.seed,
                drop_missing=self.drop_missing,
                hooks=hooks,
                checkpoints=None if folder is None else folder / "checkpoints",
                resume=self.resume,
            )


def _show(fit: Fit, output: Output) -> None:
    from steepest.views.table import summary, summary_text

    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(summary(fit))
    else:
        output.say(summary_text(fit))


def _write(fit: Fit, folder: Path | None, picture: Path | None) -> list[Path]:
    """Write the files that are wanted and return them, the picture last."""
    files = []
    if folder is not None:
        files += [fit.save(folder / "model.json"), fit.history.to_csv(folder / "history.csv"), folder / "result.json"]
    if picture is not None:
        fit.plot(picture)
        files.append(picture)
    if folder is not None:
        from steepest.base.files import write_whole

        write_whole(folder / "result.json", as_json(_object(fit, files)) + "\n")
    return files


def _object(fit: Fit, files: list[Path]) -> dict[str, object]:
    from steepest.cli.report import fit_object

    return fit_object(fit, files)


def _kind(file: Path) -> str:
    return "picture" if file.suffix == ".png" else file.stem
