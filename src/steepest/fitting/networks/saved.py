"""Saved networks: one JSON file with formula, levels, units and weights, and a checksum."""

from __future__ import annotations

import base64
import binascii
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.base.errors import ModelError
from steepest.base.exportable import Exportable
from steepest.base.params import Array
from steepest.fitting.constraints import Constraints
from steepest.fitting.networks.encoder import Encoder
from steepest.fitting.networks.law import Law
from steepest.fitting.networks.model import NetworkModel, Rows, perceptron
from steepest.fitting.networks.quality import Quality
from steepest.fitting.networks.target import Units, target_from_dict
from steepest.formula.formula import Formula
from steepest.formula.parser import parse_expression
from steepest.nn.module import Module
from steepest.version import __version__

if TYPE_CHECKING:
    from steepest.fitting.networks.result import NetworkFit

FORMAT = "steepest network, version 1"


def save(fit: NetworkFit, path: str | os.PathLike[str]) -> Path:
    """Write a fit with a network; see `NetworkFit.save`."""
    from steepest.fitting.saved import write_content  # it stands below this file and reads its files, too

    return write_content(content_of(fit), path)


def content_of(fit: NetworkFit) -> dict[str, Any]:
    """What a saved network holds, without the data: text, numbers, lists and mappings.

    Raises
    ------
    ModelError
        The weights are not finite.
    """
    from safetensors.numpy import save as as_safetensors

    if not np.isfinite(fit.run.params.flat).all():
        raise ModelError(f"there is no answer to save: {fit.outcome.message}")
    model = fit.network
    weights = {name: np.ascontiguousarray(x) for name, x in fit.run.params.items()}
    return {
        "format": FORMAT,
        "steepest": __version__,
        "formula": model.formula.text,
        "target": model.target.as_dict(),
        "networks": {name: encoder.as_dict() for name, encoder in model.encoders.items()},
        "law": _law(model),
        "parameters": fit.law,
        "weights": base64.b64encode(as_safetensors(weights)).decode(),
        "training": _quality(fit.training),
        "validation": _quality(fit.validation),
        "loss": {"name": fit.loss_name, "value": fit.loss if math.isfinite(fit.loss) else None},
        "rows": fit.rows,
        "method": fit.method,
        "steps": fit.steps,
        "outcome": {"name": fit.outcome.name, "message": fit.outcome.message, "remedy": fit.outcome.remedy},
    }


def _quality(quality: Quality | None) -> dict[str, Any] | None:
    if quality is None:
        return None
    return {name: x if math.isfinite(x) else None for name, x in asdict(quality).items()}


def _law(model: NetworkModel) -> dict[str, Any] | None:
    law = model.net
    if not isinstance(law, Law):
        return None
    return {
        "expression": str(law.tree),
        "names": list(law.names),
        "start": law.start.tolist(),
        "directions": law.directions.tolist(),
        "units": law.units,
        "columns": list(model.law_columns),
        "parameters": list(model.parameters),
        "fixed": model.told.fixed,
        "ties": {name: str(tree) for name, tree in model.told.ties.items()},
    }


@dataclass(frozen=True, eq=False)
class SavedNetwork(Exportable):
    """A fit with a network, read from a file: predicts.

    Attributes
    ----------
    network : NetworkModel
    weights : dict of str to ndarray
        As the run of the fit had them.
    content : dict
        Everything in the file.
    """

    network: NetworkModel
    weights: dict[str, Array]
    content: dict[str, Any]

    @property
    def formula_text(self) -> str:
        return self.network.formula.text

    @property
    def target_text(self) -> str:
        return self.network.target_text

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a prediction reads."""
        return self.network.columns

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The labels of the classes; None where numbers are predicted."""
        return self.network.classes

    @property
    def net(self) -> Module:
        """The network; inside a larger formula the module that computes it with its networks."""
        return self.network.net

    @property
    def params(self) -> dict[str, Any]:
        """The formula's parameters as numbers, then the weights of its networks as arrays."""
        law = self.network.values_of_parameters(self.weights)
        return {**law, **{name: x for name, x in self.weights.items() if name != "law"}}

    def predict(self, data: Any, interval: float | None = None) -> Array:
        """What the network says of `data`: labels, or numbers in the unit of the left side of the formula.

        Raises
        ------
        DataError
            A column is missing, has empty cells, or a label that was not seen before.
        ModelError
            Bands are asked for: networks have none.
        """
        if interval is not None:
            raise ModelError("there are no bands: the weights of a network have no standard errors.")
        return self.predict_rows(self.network.read(data))

    def predict_rows(self, rows: Rows) -> Array:
        """As `predict`, of columns that are read already: ``network.read(data)``."""
        return self.network.target.values(self._outputs(rows))

    def predict_probabilities(self, data: Any) -> Array:
        """The probability of each class in the order of `classes`, shape (n, classes).

        Raises
        ------
        ModelError
            Numbers are predicted.
        DataError
            As of `predict`.
        """
        return self.probabilities_of_rows(self.network.read(data))

    def probabilities_of_rows(self, rows: Rows) -> Array:
        """As `predict_probabilities`, of columns that are read already."""
        return self.network.probabilities(self._outputs(rows))

    def predict_original(self, data: Any) -> Array | None:
        """The column itself where the left side can be undone (y from log(y)); None where it cannot."""
        return self.network.invert_target(self.predict(data))

    def _outputs(self, rows: Rows) -> Array:
        dtype = np.result_type(*self.weights.values())
        return self.network.outputs(self.weights, {}, self.network.features(rows, dtype))

    def __repr__(self) -> str:
        count = sum(x.size for x in self.weights.values())
        return f"SavedNetwork({self.formula_text!r}, {count:,} weights)"


def of_content(content: dict[str, Any]) -> SavedNetwork:
    """A saved network from what its file holds.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        The content does not fit together.
    """
    formula = Formula(content["formula"])
    target = target_from_dict(content["target"])
    encoders = {name: Encoder.from_dict(each) for name, each in content["networks"].items()}
    if len(encoders) != len(formula.blocks):
        raise ValueError("there are not as many networks as the formula has")
    nets = {
        name: perceptron(block, len(encoder.features), target.outputs, formula.text)
        for (name, encoder), block in zip(encoders.items(), formula.blocks, strict=True)
    }
    law = content["law"]
    if law is None:
        model = NetworkModel(formula, encoders, target, next(iter(nets.values())))
    else:
        if not isinstance(target, Units):
            raise ValueError("a law is of numbers")
        told = Constraints.read(
            parameters=(*law["parameters"], *nets), columns=law["columns"], fix=law["fixed"], tie=law["ties"]
        )
        model = NetworkModel(
            formula,
            encoders,
            target,
            _law_from(law, nets, target),
            tuple(law["parameters"]),
            told,
            tuple(law["columns"]),
        )
    weights = _weights(content["weights"])
    model.net.check_numbers(weights, {})
    return SavedNetwork(model, weights, content)


def _law_from(law: Mapping[str, Any], nets: Mapping[str, Module], target: Units) -> Law:
    names = tuple(law["names"])
    start = np.array(law["start"], dtype=np.float64)
    directions = np.array(law["directions"], dtype=np.float64).reshape(len(names), -1)
    units = {name: float(law["units"][name]) for name in nets}
    return Law(parse_expression(law["expression"]), names, start, directions, nets, units, target.middle, target.width)


def _weights(text: str) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        found = load(base64.b64decode(text, validate=True))
    except (SafetensorError, binascii.Error) as error:
        raise ValueError(f"the weights cannot be read: {error}") from None
    if any(x.dtype.kind != "f" or not np.isfinite(x).all() for x in found.values()):
        raise ValueError("the weights are not finite numbers")
    return dict(found)
