"""A loss with its gradient graph, whatever it was given as, and what its pieces are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.autodiff.apply import Value, inside_transform, linking
from steepest.autodiff.graph import topological
from steepest.autodiff.primitives import TABLE
from steepest.autodiff.tensor import Tensor
from steepest.autodiff.tree import flatten, paths
from steepest.base.choices import suggestion
from steepest.base.errors import DifferentiationError, FormulaError, ModelError
from steepest.base.params import Params
from steepest.base.random import Key
from steepest.formula.callable import compile_tree
from steepest.formula.parser import parse_expression
from steepest.formula.tree import names as names_of
from steepest.inspection.wording import operation_name
from steepest.nn.module import Module, plain
from steepest.nn.place import LayerOutput, Place
from steepest.training.problem import Batch, Problem
from steepest.training.run import Run

Subject = Any  # a Tensor, the text of an expression, a Problem, a Run or a Fit


@dataclass
class Trace:
    """A loss, ready to be looked at.

    Attributes
    ----------
    loss : Value
        One number, with its gradient graph.
    title : str
        What it is.
    names : dict
        From the id of a value or an array to its name. `kept` holds what they are the ids of.
    data : set of int
        The ids of leaves that are data although derivatives with respect to them are taken.
    network : Module or None
    layers : list of LayerOutput
        What each layer of the network gave, in order; last the loss of the outputs under the path "loss".
    """

    loss: Value
    title: str
    names: dict[int, str] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)
    data: set[int] = field(default_factory=set)
    network: Module | None = None
    layers: list[LayerOutput] = field(default_factory=list)

    def call(self, thing: Any, name: str) -> None:
        """Give a value or an array a name; the first one stays."""
        self.names.setdefault(id(thing), name)
        self.kept.append(thing)

    def named(self, name: str) -> Value:
        """The value of this name that the loss depends on.

        Raises
        ------
        ModelError
            There is none; the nearest is offered.
        """
        known = {self.names[id(value)]: value for value in topological(self.loss) if id(value) in self.names}
        if name not in known:
            listed = ", ".join(list(known)[:20]) or "no names: pass the Tensor itself"
            raise ModelError(
                f"the loss does not depend on a parameter {name!r}.{suggestion(name, known)} There are {listed}."
            )
        return known[name]


def traced(
    subject: Subject,
    at: Mapping[str, Any] | None,
    data: Iterable[str] | str,
    rows: Any,
    names: Mapping[str, Any] | None,
    variables: Sequence[Mapping[str, Any]],
) -> Trace:
    """The trace of whatever a loss was given as; `variables` are the caller's, for names that were not given.

    Raises
    ------
    DifferentiationError, FormulaError, ModelError
        It is not a loss, not one number, or not linked to anything; the message says which and what to do.
    """
    if isinstance(subject, str):
        if rows is not None:
            raise ModelError("rows= is for a Problem or a Run with data.")
        trace = _of_formula(subject, _mapping("at", at, "numbers, such as {'w': 0.5}"), texts("data", data))
    else:
        if at is not None or data:
            raise ModelError("at= and data= are for a formula given as text.")
        formula = getattr(subject, "formula_text", None)  # a Fit, which stands on this floor, has one and a run
        subject = subject if isinstance(subject, (Value, Problem, Run)) else getattr(subject, "run", subject)
        if isinstance(subject, (Problem, Run)):
            trace = _of_problem(subject, rows, formula)
        else:
            if rows is not None:
                raise ModelError("rows= is for a Problem or a Run with data.")
            trace = _of_tensor(subject)
            if names is None:
                _call_as_variables(trace, variables)
            _check_fresh(trace)
    for name, thing in _mapping("names", names, "Tensors, such as {'w': w}").items():
        trace.names.pop(id(thing), None)
        trace.call(thing, name)
    return trace


def texts(argument: str, given: Any) -> list[str]:
    """One text or several as a list.

    Raises
    ------
    ModelError
        It is neither.
    """
    several = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [given]
    if wrong := [item for item in several if not isinstance(item, str)]:
        raise ModelError(f"{argument}= is a text or several, not {wrong[0]!r}.")
    return several


def _mapping(argument: str, given: Any, of: str) -> dict[str, Any]:
    if given is not None and not isinstance(given, Mapping):
        raise ModelError(f"{argument}= is a mapping of names to {of}, not {given!r}.")
    return dict(given or {})


# ---- a Tensor
def _of_tensor(loss: Any) -> Trace:
    if not isinstance(loss, Value):
        raise DifferentiationError(
            f"a loss is a Tensor, a formula as text, a Problem or a Run, not {type(loss).__name__}. "
            "Compute it from Tensors that require grad, sd.tensor(...).requires_grad_()."
        )
    if not loss.requires_grad:
        raise DifferentiationError(
            "this Tensor has no graph: it does not depend on any Tensor that requires grad. Call .requires_grad_() on the "
            "parameters, then compute the loss."
        )
    if loss._data.size != 1:
        raise DifferentiationError(
            f"a loss is one number, this Tensor has shape {loss.shape}; reduce it with .sum() or .mean()."
        )
    if loss.primitive is None:
        raise DifferentiationError(
            "this Tensor is a parameter itself, not the result of an operation: it has no graph."
        )
    return Trace(loss, "")


def _check_fresh(trace: Trace) -> None:
    """A parameter that was changed in place since the loss was computed would go with derivatives of what it was."""
    for value in topological(trace.loss):
        made_here = value.primitive is not None and TABLE.get(value.primitive.name) is value.primitive
        leaves = [x for x in value.inputs if not (isinstance(x, Value) and x.primitive is not None)]
        if not made_here or not leaves or value.primitive is None:  # a user's own operation may draw random numbers
            continue
        with np.errstate(all="ignore"):
            again = value.primitive.forward(*(plain(x) for x in value.inputs), **value.static)
        if not np.allclose(again, value._data, rtol=1e-4, atol=0, equal_nan=True):
            changed = [trace.names[id(x)] for x in leaves if id(x) in trace.names]
            raise DifferentiationError(
                f"{' or '.join(changed) or 'an input'} of '{operation_name(value.primitive)}' was changed in place after the "
                "loss was computed. Compute the loss again first."
            )


def _call_as_variables(trace: Trace, variables: Sequence[Mapping[str, Any]]) -> None:
    """Names from the variables of the caller, where they hold a value or an array of the graph, also in a dict or a list."""
    wanted = {id(x) for value in topological(trace.loss) for x in (value, *value.inputs)}
    for scope in variables:
        for name, thing in list(scope.items()):
            if name.startswith("_") or not name.isidentifier():
                continue
            if isinstance(thing, (Value, np.ndarray)):
                parts: list[tuple[str, Any]] = [("", thing)]
            elif isinstance(thing, (dict, Params)):
                parts = [(f".{key}", x) for key, x in thing.items() if isinstance(key, str)]
            elif isinstance(thing, (list, tuple)):
                parts = [(f"[{i}]", x) for i, x in enumerate(thing)]
            else:
                continue
            for part, x in parts:
                if isinstance(x, (Value, np.ndarray)) and id(x) in wanted:
                    trace.call(x, name + part)


# ---- a formula
def _of_formula(text: str, at: Mapping[str, Any], data: Sequence[str]) -> Trace:
    tree = parse_expression(text)
    free = list(dict.fromkeys(name.name for name in names_of(tree)))
    if not free:
        raise FormulaError("There are no names in it, only numbers: nothing to differentiate.", text, tree.position)
    for name in at:
        if name not in free:
            raise FormulaError(f"It has no {name!r} to give a value to.{_nearest(name, free)}", text, 0)
    if lacking := [name for name in names_of(tree) if name.name not in at]:
        example = ", ".join(f"{name}=1" for name in dict.fromkeys(name.name for name in lacking))
        raise FormulaError(
            f"{lacking[0].name!r} has no value; give it with at, such as {example}.", text, lacking[0].position
        )
    for name in data:
        if name not in free:
            raise FormulaError(f"It has no {name!r} that could be data.{_nearest(name, free)}", text, 0)
    leaves = {name: Tensor(_numbers(name, at[name]), requires_grad=True) for name in free}
    with linking():
        loss = compile_tree(tree, text)(leaves)
    if not isinstance(loss, Value) or not loss.requires_grad or loss.primitive is None:
        raise DifferentiationError(f"{text} has no operation that changes with {' or '.join(free)}: there is no graph.")
    if loss._data.size != 1:
        raise DifferentiationError(
            f"a loss is one number, {text} has shape {loss.shape} at these values. Give one number for each name; for rows of "
            "data make a Problem, which averages over them."
        )
    trace = Trace(loss, str(tree))
    for name, leaf in leaves.items():
        trace.call(leaf, name)
        if name in data:
            trace.data.add(id(leaf))
    return trace


def _nearest(name: str, known: Sequence[str]) -> str:
    return suggestion(name, known) or f" The names are {', '.join(known)}."


def _numbers(name: str, value: Any) -> Any:
    array = np.array(plain(value))
    if array.dtype.kind in "iub":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise ModelError(f"{name} must be a number, not {value!r}.")
    return array


# ---- a Problem or a Run
def _of_problem(subject: Problem | Run, rows: Any, formula: str | None) -> Trace:
    if isinstance(subject, Run):
        problem, params, state = subject.problem, subject.params, subject.state.get("model")
    else:
        problem, params, state = subject, subject.start, None
    state = problem.initial_state if state is None else state
    batch = problem.batch(_places(rows, problem))
    network = problem.predict if isinstance(problem.predict, Module) else None
    seen: list[LayerOutput] = []
    key = Key(0) if network is None else Place(Key(0), watcher=seen.append)
    leaves = problem.leaves(params)
    with np.errstate(all="ignore"), linking(), inside_transform():
        outputs, _ = problem.predict(leaves, state, batch.inputs, key, False)
        loss = problem.objective(outputs, batch, leaves)
    if not isinstance(loss, Value) or not loss.requires_grad or loss.primitive is None:
        raise DifferentiationError("the model does not use its parameters: there is no graph.")
    if network is not None:
        seen.append(LayerOutput("", network, outputs))
        seen.append(LayerOutput("loss", None, loss))
    trace = Trace(loss, _title(problem, batch, network, formula), network=network, layers=seen)
    for name, leaf in leaves.items():
        trace.call(leaf, name)
    _call_data(trace, batch)
    return trace


def _places(rows: Any, problem: Problem) -> Any:
    """`rows` as places: so many from the first on, or a slice, or the numbers of rows."""
    if rows is None:
        return None
    if not problem.has_data:
        raise ModelError("rows= is for a Problem with data; this one is a function of its parameters alone.")
    if isinstance(rows, slice):
        places = np.arange(problem.rows)[rows]
    elif isinstance(rows, (int, np.integer)) and not isinstance(rows, bool):
        places = np.arange(min(int(rows), problem.rows))
    else:
        places = np.asarray(rows)
        if places.dtype.kind == "b" and places.shape == (problem.rows,):
            places = np.flatnonzero(places)
    if places.dtype.kind not in "iu" or places.size == 0 or places.min() < 0 or places.max() >= problem.rows:
        raise ModelError(
            f"rows= is a number of rows, a slice or row numbers from 0 to {problem.rows - 1}, not {rows!r}."
        )
    return places


def _title(problem: Problem, batch: Batch, network: Module | None, formula: str | None) -> str:
    if not problem.has_data:
        return "the function"
    model = formula or (network and (getattr(network, "name", "") or type(network).__name__)) or "the model"
    return f"{problem.loss_function.name} of {model} on {batch.rows:,} row{'s' * (batch.rows != 1)}"


def _call_data(trace: Trace, batch: Batch) -> None:
    places = paths(batch.inputs)
    for place, x in zip(places, flatten(batch.inputs)[0]):
        key = place.strip("[]'")
        trace.call(x, "inputs" if not place else key if key.isidentifier() else f"inputs{place}")
    for name, x in (("target", batch.target), ("weights", batch.weights)):
        if x is not None:
            trace.call(x, name)
