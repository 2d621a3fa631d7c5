"""Subject: what is exported, whatever it came from: a formula with numbers, or a network with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.fitting.model import FormulaModel
from steepest.fitting.networks.model import NetworkModel
from steepest.fitting.networks.result import NetworkFit
from steepest.fitting.networks.saved import SavedNetwork
from steepest.fitting.result import Fit
from steepest.fitting.saved import SavedFit
from steepest.formula.formula import BoundFormula
from steepest.nn.module import Module, plain
from steepest.nn.recurrent import Recurrent
from steepest.nn.shaping import Flatten
from steepest.training.run import Run
from steepest.version import __version__


@dataclass(frozen=True)
class FormulaSubject:
    """A formula with the values of its parameters.

    Attributes
    ----------
    bound : BoundFormula
    params : dict of str to float
        All of them, also those that are fixed or tied.
    errors : dict of str to float, or None
        Standard errors, where there are some.
    notes : list of str
        What is known of the fit, a sentence each.
    example : dict of str to float
        A row of the data, where there is one.
    """

    bound: BoundFormula
    params: dict[str, float]
    errors: dict[str, float] | None
    notes: list[str]
    example: dict[str, float] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.bound.formula.text


@dataclass(frozen=True)
class NetworkSubject:
    """A network with its numbers.

    Attributes
    ----------
    net : Module
    params, state : dict of str to ndarray
    notes : list of str
    link : {"", "softmax", "sigmoid", "exp"}
        What turns outputs into what the loss is about: probabilities of classes, of one class, or a rate.
    features : tuple of int or None, or None
        The shape of a row of inputs; None where it is not known.
    """

    net: Module
    params: dict[str, Array]
    state: dict[str, Array]
    notes: list[str]
    link: str = ""
    features: tuple[int | None, ...] | None = None

    @property
    def title(self) -> str:
        return repr(self.net)


@dataclass(frozen=True)
class ModelSubject:
    """A formula with networks in it, with everything that was learned.

    Attributes
    ----------
    model : NetworkModel
    weights : dict of str to ndarray
    notes : list of str
    """

    model: NetworkModel
    weights: dict[str, Array]
    notes: list[str]

    @property
    def title(self) -> str:
        return self.model.formula.text


Subject = FormulaSubject | NetworkSubject | ModelSubject
LINKS = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid", "poisson": "exp"}


def subject_of(thing: Any, params: Mapping[str, Any] | None = None, state: Mapping[str, Any] | None = None) -> Subject:
    """What is exported of a fit, a saved fit, a run of a network, or a network.

    Parameters
    ----------
    thing : Fit, SavedFit, SavedNetwork, Run or Module
    params, state : mapping of str to array, optional
        The numbers of a network; its own if left out.

    Raises
    ------
    ModelError
        It is none of these, its model is a Python function, or it has no finite numbers.
    """
    if params is not None and not isinstance(thing, Module):
        raise ModelError("params and state are given with a network; a fit or a run has its own.")
    if isinstance(thing, Module):
        return _network(thing, *_numbers(thing, params, state))
    if isinstance(thing, NetworkFit | SavedNetwork):
        weights = thing.run.params if isinstance(thing, NetworkFit) else thing.weights
        arrays = {name: np.asarray(x) for name, x in weights.items()}
        _check_finite(arrays)
        return ModelSubject(thing.network, arrays, _fit_notes(thing) if isinstance(thing, Fit) else _saved_notes(thing))
    if isinstance(thing, SavedFit):
        return FormulaSubject(thing.model.bound, thing.params, thing.standard_errors, _saved_notes(thing))
    if isinstance(thing, Fit) and isinstance(thing.model, FormulaModel):
        return _formula(thing, thing.model.bound)
    run = thing.run if isinstance(thing, Fit) else thing
    if not isinstance(run, Run):
        raise ModelError(f"what can be exported is a fit, a run or a network, not {type(thing).__name__}.")
    net = run.problem.predict
    if not isinstance(net, Module):
        raise ModelError(
            "a model that is a Python function cannot be exported: it is Python already, and its parameters are in .params. "
            "Fits of formulas and networks can."
        )
    state = run.state.get("model", run.problem.initial_state)
    inputs = run.problem.data.inputs
    loss = run.problem.loss_function.name
    features = np.shape(inputs)[1:] if isinstance(inputs, np.ndarray) else None
    outcome = [] if run.outcome is None else [run.outcome.message]
    notes = [f"Trained by steepest {__version__} on {run.problem.rows:,} rows, loss {loss} = {run.loss:.6g}.", *outcome]
    return _network(net, dict(run.params), dict(state or {}), notes, LINKS.get(loss, ""), features)


def _formula(fit: Fit, bound: BoundFormula) -> FormulaSubject:
    if not np.isfinite(list(fit.params.values())).all():
        raise ModelError(f"there is no answer to export: {fit.outcome.message}")
    row = {name: float(column[0]) for name, column in fit.columns.items()}
    return FormulaSubject(bound, dict(fit.params), fit.standard_errors, _fit_notes(fit), row)


def _fit_notes(fit: Fit) -> list[str]:
    return [
        f"Fitted by steepest {__version__} to {fit.rows:,} rows, loss {fit.loss_name} = {fit.loss:.6g}.",
        str(fit.outcome),
    ]


def _saved_notes(saved: SavedFit | SavedNetwork) -> list[str]:
    content, loss = saved.content, saved.content["loss"]
    value = "not finite" if loss["value"] is None else f"{loss['value']:.6g}"
    outcome = content["outcome"]
    return [
        f"Fitted by steepest {content['steepest']} to {content['rows']:,} rows, loss {loss['name']} = {value}.",
        f"{outcome['message']} {outcome['remedy']}".strip(),
    ]


def _numbers(
    net: Module, params: Mapping[str, Any] | None, state: Mapping[str, Any] | None
) -> tuple[dict[str, Array], dict[str, Array]]:
    if params is None:
        return net.params, net.state
    if state is None:
        state = net.init(0)[1]
        if state:
            raise ModelError("this network has a state (running statistics): give it too, state=run.state['model'].")
    net.check_numbers(params, state)
    return dict(params), dict(state)


def _network(
    net: Module, params: Mapping[str, Any], state: Mapping[str, Any], notes: list[str] | None = None, link: str = "",
    features: tuple[int | None, ...] | None = None,
) -> NetworkSubject:  # fmt: skip
    arrays = {name: np.asarray(plain(x)) for name, x in params.items()}
    _check_finite(arrays)
    states = {name: np.asarray(plain(x)) for name, x in state.items()}
    return NetworkSubject(net, arrays, states, notes or [], link, features or _features(net))


def _check_finite(arrays: Mapping[str, Array]) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ModelError(f"there is no answer to export: parameter '{name}' of the network is not finite.")


def _features(net: Module) -> tuple[int | None, ...] | None:
    """The shape of a row of inputs, as far as the first layers tell it."""
    first = net
    while first.children:
        first = next(iter(first.children.values()))
    expected = net.features_expected
    if expected is None or isinstance(first, Flatten):
        return None
    return (None, expected) if isinstance(first, Recurrent) else (expected,)
