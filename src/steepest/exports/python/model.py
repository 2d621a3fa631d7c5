"""A formula with networks in it as a Python file: columns become features, features outputs, outputs predictions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from steepest.exports.python.formula import FormulaLines
from steepest.exports.python.network import NetworkLines
from steepest.exports.python.source import (
    HELPERS,
    array_table,
    docstring,
    identifiers,
    number_table,
    quoted,
    renamed_columns,
    unpack_source,
    whole_file,
)
from steepest.exports.subject import ModelSubject
from steepest.fitting.networks.encoder import Encoder, Numbers
from steepest.fitting.networks.law import Law
from steepest.fitting.networks.target import Classes, Units
from steepest.formula.parser import parse_expression
from steepest.formula.tree import Name, names

_WEIGHTS, _VALUES = "WEIGHTS", "PARAMETERS"
TAKEN = {*HELPERS, "np", "math", "base64", "predict", "probabilities", "unpacked", "features", "outputs", "found",
         _WEIGHTS, _VALUES, "SCALES", "CLASSES"}  # fmt: skip


def model_file(subject: ModelSubject) -> str:
    """The text of the file."""
    return _ModelFile(subject).text()


class _ModelFile:
    def __init__(self, subject: ModelSubject) -> None:
        self.subject, self.model = subject, subject.model
        self.inputs = identifiers(self.model.columns, TAKEN)
        self.arguments = ", ".join(self.inputs.values())
        self.helpers: list[str] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.scales: dict[str, np.ndarray] = {}
        law = self.model.net if isinstance(self.model.net, Law) else None
        self.law = law
        nets = law.networks if law is not None else dict.fromkeys(self.model.encoders, self.model.net)
        self.called = identifiers(self.model.encoders, {*TAKEN, *self.inputs.values()})
        self.parts = [
            part
            for name, net in nets.items()
            for part in self._network(
                name, NetworkLines(net, subject.weights, name if law is not None else "", _WEIGHTS)
            )
        ]
        self.values = {} if law is None else {k: float(v) for k, v in law.values(subject.weights).items()}

    def text(self) -> str:
        """All of it, in order: tables, networks, predictions."""
        weights, packed = array_table(_WEIGHTS, self.arrays)
        target = self.model.target
        tables = [weights, array_table("SCALES", self.scales)[0]]
        if isinstance(target, Classes):
            tables.append(f"CLASSES = {target.labels!r}")
        if self.values:
            comment = "Of the formula, and the constant part of each network; each number exactly."
            tables.append(number_table(_VALUES, self.values, comment))
        predictions = self._predict()
        parts = [*([unpack_source()] if packed else []), "\n".join(tables), *self.parts, *predictions]
        count = sum(array.size for array in self.subject.weights.values())
        about = [*self.subject.notes, f"{count:,} numbers were fitted."]
        return whole_file(self.subject.title, about, self.helpers, parts)

    def _network(self, name: str, body: NetworkLines) -> list[str]:
        """Two functions: from columns to the features of a network, and from those to its outputs."""
        encoder = self.model.encoders[name]
        self.helpers += body.helpers
        self.arrays |= body.arrays
        self.scales |= {f"{name}.middle": encoder.middle, f"{name}.width": encoder.width}
        lines, features = self._features(encoder)
        dtype = np.result_type(*self.subject.weights.values())
        scaled = f'(np.concatenate(found, axis=1) - SCALES["{name}.middle"]) / SCALES["{name}.width"]'
        if self.law is None and dtype != np.float64:
            scaled = f"({scaled}).astype(np.{dtype.name})"
        return [
            "\n".join(
                [
                    f"def {self._function('features', name)}({self._arguments(name)}):",
                    docstring(
                        "What the network reads, in standard deviations from the mean, a row for each row.", "    "
                    ),
                    *(f"    {line}" for line in lines),
                    "    found = [",
                    *(f"        {each}," for each in features),
                    "    ]",
                    f"    return {scaled}",
                ]
            ),
            "\n".join(
                [
                    f"def {self._function('outputs', name)}(x):",
                    docstring("What the network gives, a row for each row.", "    "),
                    *(f"    {line}" for line in body.lines),
                    "    return x",
                ]
            ),
        ]

    def _function(self, what: str, name: str) -> str:
        return f"{self.called[name]}_{what}" if self.law is not None else what

    def _arguments(self, name: str) -> str:
        return ", ".join(self.inputs[column] for column in self.model.encoders[name].kinds)

    def _outputs(self, name: str) -> str:
        return f"{self._function('outputs', name)}({self._function('features', name)}({self._arguments(name)}))"

    def _features(self, encoder: Encoder) -> tuple[list[str], list[str]]:
        """Lines that they need, and an expression for each input."""
        lines, features = [], []
        for each in encoder.inputs:
            if isinstance(each, Numbers):
                tree = parse_expression(each.text)
                variables = {name: self.inputs[name.name] for name in names(tree)}
                if not isinstance(tree, Name):
                    lines += [f"{v} = np.asarray({v}, dtype=np.float64)" for v in variables.values()]
                body = FormulaLines(tree, variables, {*TAKEN, *self.inputs.values()})
                lines += body.lines
                self.helpers += [*body.helpers, "one_feature"]
                features.append(f"one_feature({body.result})")
            else:
                self.helpers.append("level_features")
                features.append(f"level_features({self.inputs[each.column]}, {each.levels!r})")
        return lines, features

    def _predict(self) -> list[str]:
        target = self.model.target
        if isinstance(target, Classes):
            return self._of_classes(target)
        given = f"{self.model.target_text}, from numbers, labels or arrays of them, for as many rows."
        head = [f"def predict({self.arguments}):", docstring(given + self._renamed(), "    ")]
        if self.law is None:
            assert isinstance(target, Units)
            (only,) = self.model.encoders
            value = f"{target.middle!r} + {target.width!r} * {self._outputs(only)}.astype(np.float64)[:, 0]"
            return ["\n".join([*head, '    with np.errstate(all="ignore"):', f"        return {value}"])]
        return ["\n".join([*head, *self._law_lines(self.law)])]

    def _law_lines(self, law: Law) -> list[str]:
        """The formula, in which networks are names that have values a row."""
        local = identifiers(law.names, {*TAKEN, *self.inputs.values()})
        called: Mapping[str, str] = {**local, **self.inputs}
        tree_names = names(law.tree)
        variables = {name: called[name.name] for name in tree_names}
        body = FormulaLines(law.tree, variables, {*TAKEN, *called.values()})
        self.helpers += body.helpers
        lines = [f"    {local[name]} = np.float64({_VALUES}[{quoted(name)}])" for name in law.names]
        used = [name for name in self.model.law_columns if any(each.name == name for each in tree_names)]
        lines += [
            f"    {self.inputs[name]} = np.atleast_1d(np.asarray({self.inputs[name]}, dtype=np.float64))"
            for name in used
        ]
        inner = [
            f"{local[name]} = {local[name]} + {law.units[name]!r} * {self._outputs(name)}[:, 0]"
            for name in law.networks
        ]
        return [
            *lines,
            '    with np.errstate(all="ignore"):',
            *(f"        {line}" for line in [*inner, *body.lines, *body.returned]),
        ]

    def _of_classes(self, target: Classes) -> list[str]:
        self.helpers.append("softmax")
        (only,) = self.model.encoders
        alike = len({type(label) for label in target.labels}) == 1
        classes = "np.array(CLASSES)" if alike else "np.array([*CLASSES, None], dtype=object)"
        return [
            f"def predict({self.arguments}):\n"
            + docstring(f"The most probable class ({self.model.target_text}) of each row.{self._renamed()}", "    ")
            + f"\n    return {classes}[np.argmax({self._outputs(only)}, axis=1)]",
            f"def probabilities({self.arguments}):\n"
            + docstring("The probability of each class, in the order of CLASSES, a row for each row.", "    ")
            + f"\n    return softmax({self._outputs(only)}.astype(np.float64))",
        ]

    def _renamed(self) -> str:
        renamed = renamed_columns(self.inputs)
        return "\n\n" + "\n".join(renamed) + "\n" if renamed else ""
