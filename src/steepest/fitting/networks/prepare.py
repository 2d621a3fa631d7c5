"""What the fit of a network begins with: the model, its problem, and which rows are for what."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from steepest.base.choices import suggestion
from steepest.base.errors import DataError, FormulaError, ModelError
from steepest.base.params import Array, Params
from steepest.base.random import Key
from steepest.data import Source, Table, kind_of, mixed_columns, open_data
from steepest.data.labels import CATEGORY, NUMBER
from steepest.fitting.constraints import read_ties
from steepest.fitting.model import FitData, refuse_negative, weights_of_rows
from steepest.fitting.networks.encoder import Encoder, codes_of, spread
from steepest.fitting.networks.law_start import law_at_start
from steepest.fitting.networks.model import NetworkModel, named_blocks, perceptron
from steepest.fitting.networks.split import split_rows
from steepest.fitting.networks.target import Classes, Units, classes_of, kind_of_target
from steepest.fitting.prepare import Given, weighted_by_errors
from steepest.formula.callable import compile_tree
from steepest.formula.formula import Formula
from steepest.formula.structure import substituted
from steepest.formula.tree import Block, Kind, Name, Node, Others, names
from steepest.nn.classification import ScoreLoss
from steepest.nn.losses import TUNED, Loss, loss_named
from steepest.training.problem import Problem

MANY = 500_000  # numbers that a network reads, from which on float32 does for them


@dataclass(frozen=True, eq=False)
class ReadyNetwork:
    """A network ready to be trained.

    Attributes
    ----------
    model : NetworkModel
    whole : Problem
        Of all rows.
    rows : FitData
        With the labels or numbers of the left side as observed, in the user's units.
    training, held : ndarray of int
        The rows that are learned from, and those that are held out; neither has those of weight 0.
    loss : Loss
        In the user's units.
    """

    model: NetworkModel
    whole: Problem
    rows: FitData
    training: Array
    held: Array
    loss: Loss

    def part(self, places: Array) -> Problem:
        """The problem of some rows."""
        return part(self.whole, places)


def part(problem: Problem, places: Array) -> Problem:
    """The same problem on the rows at these places."""
    if len(places) == problem.rows:
        return problem
    smaller = copy.copy(problem)
    smaller.data = problem.batch(places)
    return smaller


def prepared_network(formula: Formula, data: Any, given: Given, share: float | None, seed: int) -> ReadyNetwork:
    """The network of a formula, with its data.

    Parameters
    ----------
    formula : Formula
        With a network on its right side.
    data : object
        As for `steepest.fit`.
    given : Given
    share : float or None
        Of the rows to hold out; see `split_rows`.
    seed : int
        Of the split and of the first weights.

    Raises
    ------
    FormulaError, DataError, ModelError
        What was given does not fit together; names the file, row, column or level, and what to do.
    """
    if data is None:
        raise DataError(
            "a formula needs data: fit('y ~ mlp(x, 20)', data), with a path, a data frame or a dict of arrays."
        )
    _check_given(given)
    source = open_data(data)
    reading = _Reading.of(formula, source, given)
    kinds = reading.kinds()
    extra = [name for name in (given.weights, given.sigma) if isinstance(name, str)]
    numbers = mixed_columns(reading.table, {**kinds, **dict.fromkeys(extra, NUMBER)}, given.drop_missing)
    columns = {name: numbers.columns[name] for name in kinds}
    table, used = replace(reading.table, columns={}), numbers.rows_used

    def place(row: int) -> str:
        return table.place(int(used[row]))

    asked, _, role = given.row_weights
    if isinstance(asked, str):
        weights: Array | None = numbers.columns[asked]
    else:
        weights = weights_of_rows(asked, reading.table.rows, role)
        weights = None if weights is None else weights[used]
    refuse_negative(weights, role, place)
    observed = _observed(formula, reading.kind, columns, place)
    read = {name: column for name, column in columns.items() if name not in reading.target_columns}
    rows = FitData(read, observed, weights, place, numbers.dropped)
    rows = weighted_by_errors(rows, given)
    counted = np.arange(len(used)) if rows.weights is None else np.flatnonzero(rows.weights > 0)
    if not len(counted):
        raise ModelError("all weights are zero: no row counts.")
    classes = classes_of(reading.target_columns[0], rows.observed[counted]) if reading.kind == CATEGORY else None
    codes = None if classes is None else codes_of(rows.observed, classes.labels)
    training, held = split_rows(counted, share, seed, codes)
    return _assembled(reading, rows, training, held, classes, codes, given, seed)


def _assembled(
    reading: _Reading,
    rows: FitData,
    training: Array,
    held: Array,
    classes: Classes | None,
    codes: Array | None,
    given: Given,
    seed: int,
) -> ReadyNetwork:
    formula = reading.formula
    encoders, encoded = {}, {}
    for name, inputs in reading.inputs.items():
        encoders[name], encoded[name] = Encoder.learn(inputs, rows.columns, rows.place, training, rows.weights)
    if classes is None:
        numbers = rows.observed[training][:, None]
        middle, width = spread(numbers, None if rows.weights is None else rows.weights[training])
        target: Units | Classes = Units(float(middle[0]), float(width[0]))
    else:
        target = classes
    user_loss, loss = _losses(given.loss, target)
    nets = {
        name: perceptron(block, len(encoders[name].features), target.outputs, formula.text)
        for name, block in reading.blocks.items()
    }
    _check_names(given, tuple(nets), reading.alone)
    if reading.alone:
        model = NetworkModel(formula, encoders, target, next(iter(nets.values())))
        size = len(rows.observed) * sum(len(encoder.features) for encoder in encoders.values())
        dtype: Any = np.float32 if size > MANY else np.float64
    else:
        assert isinstance(target, Units)
        law, told = law_at_start(reading.law, formula, nets, encoded, rows, training, target, given, seed)
        own = tuple(name for name in reading.parameters if name not in nets)
        model = NetworkModel(formula, encoders, target, law, own, told, reading.law_columns)
        dtype = np.float64
    params, state = model.net.init(Key(seed))
    params = {name: x.astype(dtype, copy=False) for name, x in params.items()}
    wanted = _wanted(target, rows.observed, codes, reading.alone, dtype)
    problem = Problem(
        model.net, Params(params), model.joined(encoded, rows.columns, dtype), wanted, loss=loss, weights=rows.weights,
        state=state, rowwise=True,
    )  # fmt: skip
    problem.target_name = model.target_text
    if not np.isfinite(part(problem, training).value(problem.start)):
        raise DataError("the loss of the network's first outputs is not finite; look for extreme values in the data.")
    return ReadyNetwork(model, problem, rows, training, held, user_loss)


def _wanted(target: Units | Classes, observed: Array, codes: Array | None, alone: bool, dtype: Any) -> Array:
    """The target as the problem has it: the number of each class, or numbers in units of their own."""
    if isinstance(target, Classes):
        assert codes is not None
        return np.maximum(codes, 0)  # rows of weight 0 may have a class of their own
    standardised = np.asarray((observed - target.middle) / target.width, dtype=dtype)
    return standardised[:, None] if alone else standardised


@dataclass(frozen=True, eq=False)
class _Reading:
    """What a formula reads of a source: its networks by name, and their inputs with the dot replaced."""

    formula: Formula
    table: Table
    kind: str
    blocks: dict[str, Block]
    inputs: dict[str, tuple[Node, ...]]
    law: Node
    law_columns: tuple[str, ...]
    parameters: tuple[str, ...]

    @classmethod
    def of(cls, formula: Formula, source: Source, given: Given) -> _Reading:
        known = source.names
        target = tuple(dict.fromkeys(name.name for name in names(formula.target)))
        if not target:
            raise FormulaError("The left side names no column, so there is nothing to fit to.", formula.text, 0)
        _check_known(names(formula.target), known, formula.text, "The left side is made of columns")
        beside = [name for name in (given.weights, given.sigma) if isinstance(name, str)]
        for role, name in (("weights", given.weights), ("sigma", given.sigma)):
            if isinstance(name, str) and name not in known:
                raise DataError(
                    f"there is no {role} column {name!r}.{suggestion(name, known)} The columns are {', '.join(known)}."
                )
        others = [name for name in known if name not in target and name not in beside]
        blocks = named_blocks(formula, (*known, *formula.names))
        law = substituted(formula.tree, {block: Name(name) for name, block in blocks.items()})
        inputs = {}
        for name, block in blocks.items():
            _check_known(names(block), known, formula.text, f"{block.block} reads columns")
            _check_not_target(names(block), target, formula.text)
            inputs[name] = _without_dot(block, others, formula.text)
        quoted = [name for name in names(law) if name.quoted]
        _check_known(quoted, known, formula.text, "Backquotes mean a column")
        law_names = tuple(dict.fromkeys(name.name for name in names(law)))
        law_columns = tuple(name for name in law_names if name in known)
        inner = [name.name for nodes in inputs.values() for node in nodes for name in names(node)]
        wanted = [*target, *law_columns, *inner, *beside]
        table = source.read(tuple(dict.fromkeys(wanted)))
        parameters = tuple(name for name in law_names if name not in known)
        return cls(
            formula, table, kind_of_target(formula, table), blocks, inputs, law, law_columns, parameters
        )._encoded()

    def _encoded(self) -> _Reading:
        """The same, with inputs that are columns of text said to be categories."""
        inputs = {name: tuple(map(self._said, nodes)) for name, nodes in self.inputs.items()}
        return replace(self, inputs=inputs)

    def _said(self, node: Node) -> Node:
        plain = isinstance(node, Name) and kind_of(self.table, node.name) == CATEGORY
        return Kind(CATEGORY, node) if plain and isinstance(node, Name) else node

    @property
    def alone(self) -> bool:
        """Whether a network stands alone on the right side."""
        return isinstance(self.law, Name) and not self.law_columns

    @property
    def target_columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.name for name in names(self.formula.target)))

    def kinds(self) -> dict[str, str]:
        """What each column is read as."""
        kinds = dict.fromkeys(self.target_columns, self.kind) | dict.fromkeys(self.law_columns, NUMBER)
        for nodes in self.inputs.values():
            for node in nodes:
                kind = node.kind if isinstance(node, Kind) else NUMBER
                for name in names(node):
                    if kinds.setdefault(name.name, kind) != kind:
                        raise FormulaError(
                            f"The column {name.name!r} is a category in one place and a number in another; give it twice "
                            "under two names.",
                            self.formula.text,
                            name.position,
                        )
        return kinds


def _without_dot(block: Block, others: list[str], text: str) -> tuple[Node, ...]:
    """The inputs, with every other column that is not named among them in the place of the dot."""
    named = {
        node.column.name if isinstance(node, Kind) else node.name
        for node in block.inputs
        if isinstance(node, Kind | Name)
    }
    inputs: list[Node] = []
    for node in block.inputs:
        inputs += (
            [Name(name, quoted=True) for name in others if name not in named] if isinstance(node, Others) else [node]
        )
    if not inputs:
        raise FormulaError(
            f"The dot in {block.block} stands for every other column, and there is none.", text, block.position
        )
    return tuple(inputs)


def _check_known(used: Any, known: tuple[str, ...], text: str, rule: str) -> None:
    for name in used:
        if name.name not in known:
            offer = (
                suggestion(name.name, known)
                or f" The columns are {', '.join(known[:20])}{', …' if len(known) > 20 else ''}."
            )
            raise FormulaError(f"{rule}, and the data has no column {name.name!r}.{offer}", text, name.position)


def _check_not_target(used: Any, target: tuple[str, ...], text: str) -> None:
    for name in used:
        if name.name in target:
            raise FormulaError(
                f"The column {name.name!r} of the left side is an input of the network, which would only have to copy it.",
                text,
                name.position,
            )


def _check_given(given: Given) -> None:
    if given.target is not None:
        raise DataError("the left side of the formula says what is fitted; leave target out.")
    if given.bounds:
        raise ModelError("a formula with a network in it keeps no bounds; fix= and tie= are for its other parameters.")


def _check_names(given: Given, networks: tuple[str, ...], alone: bool) -> None:
    for role, settled in (("fix", given.fix), ("tie", given.tie), ("start", given.start)):
        if settled and alone:
            raise ModelError(f"{role} is for parameters, and a network alone has none with a name; leave it out.")
        of_network = [name for name in networks if name in (read_ties(settled) if role == "tie" else settled or {})]
        if of_network:
            raise ModelError(f"{role} names {of_network[0]!r}, which is a network and no parameter.")


def _observed(formula: Formula, kind: str, columns: Mapping[str, Array], place: Any) -> Array:
    """The left side, one number or label a row."""
    if kind == CATEGORY:
        return next(iter(columns.values()))
    with np.errstate(all="ignore"):
        observed = np.asarray(compile_tree(formula.target, formula.text)(columns), dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(observed))
    if bad.size:
        cells = ", ".join(f"{name.name} = {columns[name.name][bad[0]]:g}" for name in names(formula.target))
        raise DataError(
            f"the left side {formula.target_name} is {observed[bad[0]]} in {place(bad[0])}, where {cells} "
            f"({bad.size} such row{'s' * (bad.size > 1)}). Leave such rows out, or fit another function of the column."
        )
    return observed


def _losses(asked: str | Loss, target: Units | Classes) -> tuple[Loss, Loss]:
    """The loss in the user's units, and the one that the network is trained with."""
    loss = loss_named(asked)
    if isinstance(target, Classes):
        if loss.name not in ("mse", "cross_entropy"):
            raise ModelError(f"classes are fitted by cross_entropy, not by {loss.name}; leave the loss out.")
        return loss_named("cross_entropy"), loss_named("cross_entropy")
    if isinstance(loss, ScoreLoss):
        raise ModelError(f"{loss.name} is not for a target of numbers; use mse, mae, huber(…) or log_cosh(…).")
    kind, opened, size = loss.name.partition("(")
    if kind not in TUNED:
        return loss, loss
    if not opened and isinstance(asked, str):
        raise ModelError(
            f"for a network {kind} needs the size of usual errors in the target's unit, such as {kind}(0.5): it is not found "
            "from the data."
        )
    return loss, TUNED[kind][0](float(size[:-1] if opened else 1.0) / target.width)
