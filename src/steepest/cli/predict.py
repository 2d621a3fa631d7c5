"""`steepest predict`: what a saved model says for other data."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steepest.cli.options import Debug, DropMissing, Json
from steepest.cli.output import Output, complain
from steepest.cli.usage import UsageError, positive_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steepest.fitting.networks.saved import SavedNetwork
    from steepest.fitting.saved import SavedFit


EXAMPLES = """\b
Examples:
  steepest predict results/model.json new.csv
  steepest predict results/model.json new.csv --interval 0.95 --out predictions.csv"""


@dataclass(frozen=True)
class Answers:
    """What was read and what is predicted, columns by name; how a row is called, and how many were left out."""

    read: dict[str, NDArray[Any]]
    predicted: dict[str, NDArray[Any]]
    place: Callable[[int], str]
    dropped: int


@dataclass(frozen=True)
class PredictCommand:
    """What was asked for on the command line; the names are the options'."""

    model: str
    data: str
    out: str | None
    interval: float | None
    drop_missing: bool
    quiet: bool
    json: bool

    def run(self, output: Output) -> int:
        """Load, predict, print or write; returns the exit code.

        Raises
        ------
        SteepestError
            The model or the data cannot be used, or the file cannot be written.
        """
        from steepest.fitting.networks.saved import SavedNetwork
        from steepest.fitting.saved import load

        target = self._target()
        model = load(self.model)
        answers = self._of_network(model) if isinstance(model, SavedNetwork) else self._of_formula(model)
        if not self.quiet:
            _remark(answers)
        columns = {**answers.read, **answers.predicted}
        files = []
        if target is not None:
            from steepest.base.files import write_whole

            files.append(
                write_whole(target, _parquet(columns) if target.suffix.lower() == ".parquet" else _csv(columns))
            )
        if self.json:
            values = {name: column.tolist() for name, column in columns.items()}
            output.say_object({"formula": model.formula_text, "predicts": list(answers.predicted), "columns": values,
                               "files": [str(file) for file in files]})  # fmt: skip
        else:
            output.say(f"{'predictions':<11} {files[0]}" if files else _csv(columns).removesuffix("\n"))
        return 0

    def _of_formula(self, model: SavedFit) -> Answers:
        from steepest.data import numeric_columns, read_table

        # A model without columns, `y ~ c`, asks the data for nothing but its number of rows.
        table = read_table(self.data, model.columns or None)
        numbers = numeric_columns(table, model.columns, drop_missing=self.drop_missing)
        rows = numbers.rows_used

        def place(row: int) -> str:
            return table.place(int(rows[row]) if len(rows) else row)

        predicted = _predictions(model, numbers.columns or table, self.interval)
        return Answers(numbers.columns, predicted, place, numbers.dropped)

    def _of_network(self, model: SavedNetwork) -> Answers:
        if self.interval is not None:
            raise UsageError(
                "--interval is for formulas without a network: the weights of one have no standard errors."
            )
        rows = model.network.read(self.data, self.drop_missing)
        predicted = {model.target_text: model.predict_rows(rows)}
        if model.classes is not None:
            probabilities = model.probabilities_of_rows(rows)
            predicted |= {f"p({label})": probabilities[:, k] for k, label in enumerate(model.classes)}
        else:
            original = model.network.invert_target(predicted[model.target_text])
            column = model.network.target_columns[0]
            if original is not None and column not in predicted:
                predicted[column] = original
        return Answers(rows.columns, _apart(predicted, rows.columns), rows.place, rows.dropped)

    def _target(self) -> Path | None:
        if self.out is None:
            return None
        target = Path(self.out).expanduser()
        if target.suffix.lower() not in (".csv", ".parquet"):
            raise UsageError(f"--out {self.out} must end in .csv or .parquet: that is what predictions are written as.")
        for given in (self.model, self.data):
            if target.exists() and Path(given).exists() and target.samefile(given):
                raise UsageError(f"--out {self.out} would overwrite {given}, which is read. Choose another name.")
        return target


def _predictions(model: SavedFit, data: Any, interval: float | None) -> dict[str, NDArray[Any]]:
    """What the model predicts, by name: the left side as it was written, and its column where that can be told.

    With an interval the ends of both bands follow each.
    """
    import numpy as np

    bound = model.model.bound
    sides = {"": np.asarray(model.predict(data))}
    if interval is not None:
        band = model.predict(data, interval)
        sides |= {" low": band.low, " high": band.high, " new low": band.new_low, " new high": band.new_high}
    named = {f"{bound.target_text}{side}": values for side, values in sides.items()}
    if bound.target_columns[0] not in named and bound.invert_target(sides[""]) is not None:
        column = bound.target_columns[0]
        named |= {f"{column}{side}": np.asarray(bound.invert_target(values)) for side, values in sides.items()}
    return _apart(named, bound.columns)


def _apart(predicted: Mapping[str, NDArray[Any]], read: Collection[str]) -> dict[str, NDArray[Any]]:
    """Predictions under names that no column which is read has."""
    return {f"predicted {name}" if name in read else name: values for name, values in predicted.items()}


def _remark(answers: Answers) -> None:
    import numpy as np

    if answers.dropped:
        complain(f"{answers.dropped} row{'s' * (answers.dropped > 1)} left out because a value is missing or infinite.")
    for name, values in answers.predicted.items():
        bad = np.flatnonzero(~np.isfinite(values)) if values.dtype.kind == "f" else np.array([])
        if bad.size:
            place = answers.place(int(bad[0]))
            complain(f"{name} is not finite in {bad.size} row{'s' * (bad.size > 1)}, first in {place}.")


def _csv(columns: dict[str, NDArray[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    return text.getvalue()


def _parquet(columns: dict[str, NDArray[Any]]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({name: pa.array(column.tolist()) for name, column in columns.items()}), sink)
    return bytes(sink.getvalue().to_pybytes())


def options(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="The folder that steepest fit --out wrote, or its model.json.")
    ],
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="A data file with the columns of the formula's right side.")
    ],
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A .csv or .parquet file for the predictions; they are printed if left out."),
    ] = None,
    interval: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="Such as 0.95: adds low and high, where the mean lies, and new low and new high, where a new observation lies.",
        ),
    ] = None,
    drop_missing: DropMissing = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no notes.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> PredictCommand:
    """Predict with a saved model.

    Prints CSV: the columns that the formula reads and what it predicts, such as log(y), and y itself where it follows; of
    classes the most probable one and the probability of each.
    """
    return PredictCommand(model, data, out, positive_number("--interval", interval), drop_missing, quiet, json)
