"""Findings about error gradients that fade or grow on their way back through the layers or through time."""

from __future__ import annotations

from collections import Counter

import numpy as np

from steepest.base.params import Array, Params
from steepest.doctor.finding import Finding, times
from steepest.doctor.flow import Flow, depth_verdict, flow, horizon, persists, time_verdict, transmission
from steepest.doctor.layer_history import LayerHistory, named
from steepest.doctor.probes import owner
from steepest.nn.activations import Activation, Identity, Sigmoid, Tanh
from steepest.nn.initialisers import initialiser_named
from steepest.nn.normalisation import BatchNorm, LayerNorm
from steepest.nn.recurrent import RNN

LITTLE = 0.45  # what an activation must let through at least, for weights of usual size to make up for it
# Weights in front of these may have any size: where the gradient grows (by 1.2 a layer with BatchNorm: Yang et al., ICLR 2019)
# the weights grow with it, and their steps become small.
NORMALISING = (BatchNorm, LayerNorm)
USUAL = 1.25  # times the usual size: weights that are no reason
SATURATED = 0.9  # root mean square of outputs between -1 and 1
UNCURED = "Clipping does not help: it shortens gradients, and these are short already."


def gradient_findings(
    history: LayerHistory, start: Params, at: Params, ended_badly: bool = False, fell: bool = False
) -> list[Finding]:
    """What is wrong with the flow of error gradients: now and for half of the time, or from the start.

    Parameters
    ----------
    start, at : Params
        The parameters at the run's start and at the last probe, for the norms of the weight matrices.
    ended_badly : bool
        Whether the run diverged or became non-finite: then what it was like at the start explains it, and fading does not.
    fell : bool
        Whether the loss has fallen so far that a bad beginning has been got over.
    """
    if not len(history):
        return []
    found = _through_layers(history, start, at, ended_badly, fell)
    for place in history.over_time:
        found += _through_time(history, place, start, at, ended_badly, fell)
    return found


def _judged(verdicts: list[int], ended_badly: bool, lasting: bool) -> int | None:
    """The probe that tells what is wrong: the last one, or the first if it was something else at first; None where nothing is."""
    if ended_badly:
        return next((k for k in (0, len(verdicts) - 1) if verdicts[k] > 0), None)
    since = persists(verdicts)
    if since is None:
        return 0 if verdicts[0] and lasting else None
    return 0 if since == 0 and verdicts[0] != verdicts[-1] else len(verdicts) - 1


# ---- from layer to layer
def _through_layers(history: LayerHistory, start: Params, at: Params, ended_badly: bool, fell: bool) -> list[Finding]:
    if not ended_badly and (stopped := _nothing_arrives(history, start)):
        return stopped
    matrix = _have_matrix(history, at)
    chain = _signals(history, matrix)
    flows = [flow(column) for column in history.gradient_norm[chain].T]
    verdicts = _depth_verdicts(flows)
    if not ended_badly and any(isinstance(m, NORMALISING) for m in history.modules):
        verdicts = [min(v, 0) for v in verdicts]
    lasting = not fell or (flows[0] is not None and depth_verdict(flows[0], extreme=True) != 0)
    probe = _judged(verdicts, ended_badly, lasting)
    if probe is None or (seen := flows[probe]) is None or seen.total == 0:
        return []
    first, last = (named(history.modules[k], history.paths[k]) for k in (chain[0], chain[-1]))
    since = int(history.steps[verdicts.index(verdicts[probe])])
    grows = seen.total > 1
    change = f"each layer {'multiplies it by' if grows else 'passes on'} {times(seen.ratio)}{'' if grows else ' of it'}"
    evidence = (
        f"The error gradient {'grows' if grows else 'fades'} on its way back through {seen.links + 1} layers"
        f"{f': {change}' if seen.steady else ', though not evenly'}, so that at step {history.steps[probe]} {first} gets "
        f"{times(seen.total)} times as much as {last}."
    )
    if verdicts[-1] == 0 and not ended_badly and (now := flows[-1]) is not None:
        evidence += (
            f" At step {history.steps[-1]} it gets {times(now.total)} times as much; until then it hardly learned."
        )
    begun = flows[0] if verdicts[0] == verdicts[probe] else None
    why, remedy = _cause(history, probe, matrix, start, start if probe == 0 else at, seen, begun)
    symptom = "gradients grow" if grows else "gradients fade"
    return [Finding(symptom, f"{first} to {last}", since, f"{evidence} {why}", remedy)]


def _depth_verdicts(flows: list[Flow | None]) -> list[int]:
    """What steady ratios say is listened to where they were there from the start; training bends what began well."""
    verdicts = [0 if seen is None else depth_verdict(seen) for seen in flows]
    if verdicts[0] == 0:
        verdicts = [0 if seen is None else depth_verdict(seen, extreme=True) for seen in flows]
    return verdicts


def _signals(history: LayerHistory, matrix: Array) -> Array:
    """Where the signal is looked at: behind each layer with a weight matrix, and behind the normalisation that follows it.

    A normalisation makes up for the scale of the weights before it, so that the gradient between the two says little.
    """
    places = np.flatnonzero(matrix)
    n = len(matrix)
    for i, k in enumerate(places):
        while k + 1 < n and isinstance(history.modules[k + 1], NORMALISING):
            k += 1
        places[i] = k
    return places


def _have_matrix(history: LayerHistory, params: Params) -> Array:
    """Which layers have a weight matrix."""
    owners = {owner(name) for name in params if params[name].ndim >= 2}
    return np.array([path in owners for path in history.paths], dtype=bool)


def _cause(
    history: LayerHistory, probe: int, matrix: Array, start: Params, params: Params, seen: Flow, begun: Flow | None
) -> tuple[str, str]:
    """Which layers do it, and what to do; `begun` is the flow at the start if it was so from there on."""
    bends = [m for m in history.modules[1:] if isinstance(m, Activation)]
    bent = np.array([isinstance(m, Activation) for m in history.modules])
    through = transmission(history, probe, matrix, bent)
    kind = Counter(type(m) for m in bends).most_common(1)[0][0] if bends else Identity
    fades = seen.total < 1
    if fades and through.activations < LITTLE:
        return _flat(history, probe, kind, through.activations)
    norms = _largest_singular_values(history, params, matrix)
    beyond = ", all below 1" if max(norms) < 1 else ", all above 1" if min(norms) > 1 else ""
    why = (
        f"Each weight matrix {'passes on' if fades else 'multiplies it by'} {times(through.matrices)}{' of it' if fades else ''} "
        f"(largest singular values {times(min(norms))} to {times(max(norms))}{beyond})"
        f"{f', each {kind.__name__} {times(through.activations)}' if bends else ''}."
    )
    if not seen.steady:
        why = f"Most of it happens at {history.layers[through.worst]}. {why}"
    suits = kind.suits or "glorot_uniform"
    if begun is None:
        remedy = "It was not so at the start: lower the learning rate, or put sd.LayerNorm before each activation."
    elif 1 / USUAL < _against_usual(start, history, matrix, suits) < USUAL:
        remedy = (
            "It is so from the start, though the weights suit the activation: use another activation, or fewer layers."
        )
    else:
        factor = f", or with weights {times(1 / begun.ratio)} times as large" if begun.steady else ""
        remedy = f"It is so from the start: begin with weight_init='{suits}', which suits the activation{factor}."
    return why, f"{remedy} {UNCURED}" if fades else remedy


def _flat(history: LayerHistory, probe: int, kind: type[Activation], passed: float) -> tuple[str, str]:
    """An activation that lets little of the gradient through, whatever the weights."""
    lets = f"{kind.__name__} lets {times(passed)} of it through"
    if kind is Sigmoid:
        why = f"{lets}: its slope is at most 1/4."
        return why, f"Use activation='relu' or 'tanh' with the initialiser that suits it (the default). {UNCURED}"
    if kind is Tanh:
        places = [k for k, m in enumerate(history.modules) if isinstance(m, Tanh)]
        size = times(float(np.median(history.activation_size[places, probe])))
        return f"{lets}: its outputs are near ±1 (root mean square {size}), where it is flat.", (
            f"Start from smaller weights (weight_init='glorot_uniform', the default), scale the inputs to standard deviation "
            f"1, or put sd.LayerNorm before each activation. {UNCURED}"
        )
    return f"{lets}.", f"Use another activation, or put sd.LayerNorm before each one. {UNCURED}"


def _against_usual(params: Params, history: LayerHistory, matrix: Array, suits: str) -> float:
    """The size of the weights against that of weights which suit the activation: the median over the layers."""
    draw = initialiser_named(suits)
    sizes = []
    for path in (path for path, has in zip(history.paths, matrix, strict=True) if has):
        name = f"{path}.weight".lstrip(".")
        if name in params:
            usual = draw(params[name].shape, 0, name)
            sizes.append(float(np.linalg.norm(params[name]) / np.linalg.norm(usual)))
    return float(np.median(sizes)) if sizes else 1.0


def _largest_singular_values(history: LayerHistory, params: Params, matrix: Array) -> list[float]:
    places = {path for path, has in zip(history.paths, matrix, strict=True) if has}
    matrices = [params[name] for name in params if owner(name) in places and params[name].ndim >= 2]
    return [float(np.linalg.norm(m.reshape(len(m), -1), 2)) for m in matrices]


def _nothing_arrives(history: LayerHistory, start: Params) -> list[Finding]:
    """Gradients that are exactly 0 behind a layer: all of its units are off."""
    norms = history.gradient_norm
    stopped = (norms[:-1] == 0) & (norms[1:] > 0)
    places = np.flatnonzero(stopped[:, -1])
    if len(history) < 2 or not len(places):
        return []
    k = int(places[-1]) + 1
    since = int(np.flatnonzero(stopped[k - 1])[0])
    blocks = history.layers[k]
    state, remedy = "off", "Lower the learning rate, or use activation='leaky_relu', which is never quite off."
    if isinstance(history.modules[k], (Sigmoid, Tanh)):
        state, remedy = "quite flat", "Lower the learning rate, or put sd.LayerNorm before each activation."
    zeros = [owner(name) for name in start if start[name].ndim >= 2 and not start[name].any()]
    if history.paths[k - 1] in zeros or history.paths[k] in zeros:
        remedy = "Begin with other weights: those of a layer there are all 0, and weights that are equal stay equal."
    return [
        Finding(
            "no gradient",
            blocks,
            int(history.steps[since]),
            f"No error gradient passes {blocks}: at step {history.steps[-1]} it is {state} in every row looked at, so that "
            f"{history.layers[0]}{'' if k == 1 else f' to {history.layers[k - 1]}'} do{'es' if k == 1 else ''} not learn.",
            remedy,
        )
    ]


# ---- from time step to time step
def _through_time(
    history: LayerHistory, place: str, start: Params, at: Params, ended_badly: bool, fell: bool
) -> list[Finding]:
    path, _, part = place.rpartition(".")
    module = history.modules[history.paths.index(path)] if path in history.paths else None
    flows = [flow(column) for column in history.over_time[place].T]
    verdicts = [0 if seen is None else time_verdict(seen) for seen in flows]
    if module is not None and not isinstance(module, RNN):
        # Gates learn how long to remember; at the start they forget, as they may.
        verdicts = [max(v, 0) for v in verdicts]
    lasting = not fell or (flows[0] is not None and time_verdict(flows[0], extreme=True) == verdicts[0])
    probe = _judged(verdicts, ended_badly, lasting)
    if probe is None or (seen := flows[probe]) is None:
        return []
    name = named(module, path) if module is not None else place
    since, steps = int(history.steps[verdicts.index(verdicts[probe])]), seen.links + 1
    weight = f"{path}.weight_hh_{part}".lstrip(".")
    here = start if probe == 0 else at
    size = float(np.linalg.norm(here[weight], 2)) if weight in here and np.isfinite(here[weight]).all() else None
    if verdicts[probe] < 0:
        states = float(history.activation_size[history.paths.index(path), probe]) if module is not None else 0.0
        if states > SATURATED and getattr(module, "nonlinearity", "") == "tanh":
            slope = f" and its outputs are near ±1 (root mean square {times(states)}), where tanh is flat"
        else:
            slope = (
                ", below 1"
                if size is not None and size < 1
                else ", and the slope of its cells is at most 1 and mostly less"
            )
        why = "" if size is None else f" ({weight} has largest singular value {times(size)}{slope})"
        evidence = (
            f"Going back in time through {name}, the error gradient fades: each time step passes on {times(seen.ratio)} of it, "
            f"so that at step {history.steps[probe]} 1 % is left after {horizon(seen)} of {steps} time steps{why}. What came "
            f"earlier is hardly learned."
        )
        remedy = "Use a gated cell, sd.GRU or sd.LSTM, or shorter sequences."
        if verdicts[0] >= 0:
            remedy = "It was not so at the start: lower the learning rate, or use a gated cell, sd.GRU or sd.LSTM."
        remedy = f"{remedy} {UNCURED}"
        return [Finding("gradients fade in time", name, since, evidence, remedy)]
    why = (
        "" if size is None else f" ({weight} has largest singular value {times(size)}{', above 1' if size > 1 else ''})"
    )
    evidence = (
        f"Going back in time through {name}, the error gradient grows: each time step multiplies it by {times(seen.ratio)}, so "
        f"that at step {history.steps[probe]} the first of {steps} time steps gets {times(seen.total)} times as much as the "
        f"last{why}."
    )
    remedy = "Begin with recurrent_init='orthogonal' (the default), or use a gated cell, sd.GRU or sd.LSTM."
    return [Finding("gradients grow in time", name, since, evidence, remedy)]
