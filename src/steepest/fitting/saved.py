"""Saved fits: one JSON file with the formula, the parameters and their uncertainty, and a checksum."""

from __future__ import annotations

import hashlib
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.autodiff import ops
from steepest.base.errors import ModelError
from steepest.base.exportable import Exportable
from steepest.base.files import write_whole
from steepest.base.params import Array
from steepest.fitting.bands import Knowledge
from steepest.fitting.constraints import Constraints
from steepest.fitting.model import FormulaModel, predictions
from steepest.formula.formula import Formula
from steepest.version import __version__

if TYPE_CHECKING:
    from steepest.fitting.networks.saved import SavedNetwork
    from steepest.fitting.result import Fit

FORMAT = "steepest fit, version 2"


def save(fit: Fit, path: str | os.PathLike[str]) -> Path:
    """Write a fit of a formula; see `Fit.save`."""
    return write_content(content_of(fit), path)


def write_content(content: dict[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write what a saved fit holds as JSON with a checksum, and read it back: what cannot be read was not saved."""
    target = write_whole(
        path, json.dumps({**content, "checksum": _checksum(content)}, indent=1, allow_nan=False) + "\n"
    )
    load(target)
    return target


def content_of(fit: Fit) -> dict[str, Any]:
    """What a saved fit holds, without the data: text, numbers, lists and mappings.

    Raises
    ------
    ModelError
        As of `Fit.save`.
    """
    if not isinstance(fit.model, FormulaModel):
        raise ModelError("only a fit of a formula can be saved: a Python function cannot be stored as data. "
                         "Keep its parameters (fit.params) instead.")  # fmt: skip
    if not np.isfinite(fit.run.params.flat).all():
        raise ModelError(f"there is no answer to save: {fit.outcome.message}")
    bound = fit.model.bound
    return {
        "format": FORMAT,
        "steepest": __version__,
        "formula": bound.formula.text,
        "columns": list(bound.columns),
        "target_columns": list(bound.target_columns),
        "parameters": {name: fit.params[name] for name in bound.parameters},
        "standard_errors": fit.standard_errors and {k: _or_none(v) for k, v in fit.standard_errors.items()},
        "constraints": {
            "fixed": fit.constraints.fixed,
            "ties": {name: str(tree) for name, tree in fit.constraints.ties.items()},
            "bounds": {name: list(pair) for name, pair in fit.constraints.bounds.items()},
        },
        "fitted": {name: float(x) for name, x in fit.run.params.items()},
        "bands": _bands(fit),
        "covariance": None
        if fit.covariance is None
        else [[_or_none(x) for x in row] for row in fit.covariance.tolist()],
        "loss": {"name": fit.loss_name, "value": _or_none(fit.loss)},
        "rows": fit.rows,
        "degrees_of_freedom": fit.degrees_of_freedom,
        "residual_standard_deviation": _or_none(fit.residual_standard_deviation),
        "method": fit.method,
        "steps": fit.steps,
        "outcome": {"name": fit.outcome.name, "message": fit.outcome.message, "remedy": fit.outcome.remedy},
    }


def _bands(fit: Fit) -> dict[str, Any] | None:
    """What bands need, as JSON; None where there are none."""
    if fit.uncertainty.determined is None:
        return None
    known = fit.knowledge
    if not (np.isfinite(known.covariance).all() and np.isfinite(known.open).all()):
        return None
    return {
        "covariance": known.covariance.tolist(),
        "open": known.open.tolist(),
        "variance": _or_none(known.variance),
        "degrees_of_freedom": _or_none(known.degrees_of_freedom),
        "absolute": fit.data.absolute,
    }


@dataclass(frozen=True)
class SavedFit(Exportable):
    """A fit read from a file: predicts, and knows its uncertainty.

    Attributes
    ----------
    formula_text, target_text : str
    params : dict of str to float
    standard_errors : dict of str to float, or None
    content : dict
        Everything in the file.
    """

    model: FormulaModel
    params: dict[str, float]
    standard_errors: dict[str, float] | None
    content: dict[str, Any]

    @property
    def formula_text(self) -> str:
        return self.model.bound.formula.text

    @property
    def target_text(self) -> str:
        return self.model.bound.target_text

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a prediction reads."""
        return self.model.bound.columns

    def predict(self, data: Any, interval: float | None = None) -> Any:
        """What the model says for `data`, in the unit of the left side of the formula; with bands as `Fit.predict` has them.

        Raises
        ------
        DataError
            A column is missing or holds no numbers.
        ModelError
            Bands are asked for, and the fit had no standard errors.
        """
        if interval is None:
            return predictions(self.model, self.params, data)
        columns = self.model.columns_of(data)
        rows = len(next(iter(columns.values())))

        def predict(params: Any) -> Any:
            outputs = self.model.predict(self.constraints.expanded(params), columns)
            return ops.broadcast_to(outputs, (rows,)) if ops.ndim(outputs) == 0 else outputs

        absolute = bool((self.content["bands"] or {}).get("absolute"))
        return self._knowledge().band(predict, interval, math.nan if absolute else 1.0)

    def _knowledge(self) -> Knowledge:
        known, fitted = self.content["bands"], self.content["fitted"]
        if known is None:
            raise ModelError("there are no bands: this fit was saved without standard errors.")
        count = len(fitted)
        return Knowledge(
            {name: np.float64(value) for name, value in fitted.items()},
            np.array(known["covariance"], dtype=np.float64).reshape(count, count),
            np.array(known["open"], dtype=np.float64).reshape(count, -1),
            math.nan if known["variance"] is None else known["variance"],
            math.inf if known["degrees_of_freedom"] is None else known["degrees_of_freedom"],
        )

    @property
    def constraints(self) -> Constraints:
        """What was settled before the fit."""
        told = self.content["constraints"]
        return Constraints.read(
            parameters=self.model.parameters,
            columns=self.model.bound.columns,
            fix=told["fixed"],
            tie=told["ties"],
            bounds={name: tuple(pair) for name, pair in told["bounds"].items()},
        )

    def predict_original(self, data: Any) -> Array | None:
        """The column itself where the left side can be undone (y from log(y)); None where it cannot."""
        return self.model.bound.invert_target(self.predict(data))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value:.6g}" for name, value in self.params.items())
        return f"SavedFit({self.formula_text!r}, {shown})"


def load(path: str | os.PathLike[str]) -> SavedFit | SavedNetwork:
    """Read a fit that `Fit.save` wrote, or one of a network; of a folder the model.json in it.

    Raises
    ------
    ModelError
        There is no such file, it is cut off or was changed, or it is no fit; says which.

    Examples
    --------
    >>> import steepest as sd, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "line.json"
    >>> _ = sd.fit("y ~ a + b*x", {"x": [0, 1, 2], "y": [1, 3, 5]}).save(path)
    >>> sd.load(path).predict({"x": [10.0]}).round(6)
    array([21.])
    """
    path = Path(path).expanduser()
    if path.is_dir():
        path = path / "model.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ModelError(f"there is no model file {path}. `steepest fit … --out DIR` writes DIR/model.json.") from None
    except UnicodeDecodeError:
        raise ModelError(f"{path} is not a saved fit: it holds binary data.") from None
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}.") from None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise ModelError(f"{path} is damaged or cut off: it is not whole JSON. Fit and save again.") from None
    from steepest.fitting.networks import saved as networks  # it stands on this file

    if not isinstance(content, dict) or content.get("format") not in (FORMAT, networks.FORMAT):
        found = content.get("format") if isinstance(content, dict) else None
        raise ModelError(f"{path} is not a saved fit" + (f" that this version can read ({found})." if found else "."))
    checksum = content.pop("checksum", None)
    if checksum != _checksum(content):
        raise ModelError(f"{path} is damaged or was changed by hand: its checksum does not fit. Fit and save again.")
    try:
        return of_content(content) if content["format"] == FORMAT else networks.of_content(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # a checksum that fits proves no good will
        raise ModelError(f"{path} is not a saved fit: its content does not fit together ({error}).") from None


def of_content(content: dict[str, Any]) -> SavedFit:
    """The saved fit that `content_of` gave the content of."""
    columns = [*content["columns"], *content["target_columns"]]
    model = FormulaModel(Formula(content["formula"]).bind(columns))
    params = {name: float(content["parameters"][name]) for name in model.parameters}
    errors = content["standard_errors"]
    if errors is not None:
        errors = {name: math.inf if errors[name] is None else float(errors[name]) for name in model.parameters}
    found = SavedFit(model, params, errors, content)
    found.constraints  # noqa: B018 - what cannot be read is told now
    if content["bands"] is not None:
        found._knowledge()
    return found


def _or_none(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
