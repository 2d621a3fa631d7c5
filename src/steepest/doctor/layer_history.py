"""LayerHistory: what probes saw, layers by probes."""

from __future__ import annotations

from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.doctor.probes import Probe
from steepest.nn.module import Module


class LayerHistory:
    """What the probes of a run saw, as arrays whose first axis is the layers and whose last is the probes.

    Attributes
    ----------
    steps : ndarray of int, shape (probes,)
        The step that each probe looked at, rising.
    layers : tuple of str
        ``"Linear 0"``, ``"Tanh 1"``, …: kind and place, in the order in which they act; only layers whose output depends on a
        parameter.
    paths : tuple of str
        Their places alone; the parameters of the layer at ``"2"`` are ``2.weight`` and ``2.bias``.
    loss : ndarray, shape (probes,)
        Of the rows that the probe looked at.
    gradient_norm : ndarray, shape (layers, probes)
        Euclidean norm of the error gradient, that of the loss with respect to the layer's output.
    activation_size : ndarray, shape (layers, probes)
        Root mean square of the layer's output.
    update_ratio : ndarray, shape (layers, probes)
        |change of the layer's parameters in the step| / |parameters before|; NaN for layers without parameters.
    over_time : dict of str to ndarray of shape (time steps, probes)
        For each recurrent layer the norm of the error gradient at the hidden state of each time step.

    Examples
    --------
    >>> import steepest as sd
    >>> net = sd.MLP(1, [4], 1, "tanh")
    >>> params, state = net.init(0)
    >>> x = np.linspace(0, 1, 9)[:, None]
    >>> watch = sd.Watch(every=2)
    >>> run = sd.Run(sd.Problem(net, params, x, x, state=state), sd.Descent(sd.Adam()), steps=6, hooks=[watch]).finish()
    >>> watch.history.layers, watch.history.steps, watch.history.gradient_norm.shape
    (('Linear 0', 'Tanh 1', 'Linear 2'), array([1, 3, 5]), (3, 3))
    """

    def __init__(self) -> None:
        self.modules: tuple[Module, ...] = ()
        self.paths: tuple[str, ...] = ()
        self._probes: list[tuple[Probe, Array]] = []

    def append(self, probe: Probe, update_ratio: Array | None = None) -> None:
        """Add what a probe saw, with the step's change of each layer; a probe of another network's layers is left out.

        Probes of the same or of later steps are forgotten: the run was taken back.
        """
        if not self._probes:
            self.modules, self.paths = probe.layers, probe.paths
        if probe.paths != self.paths:
            return
        while self._probes and self._probes[-1][0].step >= probe.step:
            self._probes.pop()
        ratio = np.full(len(self.paths), np.nan) if update_ratio is None else update_ratio
        self._probes.append((probe, ratio))

    def extend(self, other: LayerHistory) -> None:
        """Add what another history saw."""
        for probe, ratio in other._probes:
            self.append(probe, ratio)

    def latest(self, count: int) -> LayerHistory:
        """The last `count` probes."""
        part = LayerHistory()
        part.modules, part.paths, part._probes = self.modules, self.paths, self._probes[-count:]
        return part

    def __len__(self) -> int:
        return len(self._probes)

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(named(module, path) for module, path in zip(self.modules, self.paths, strict=True))

    @property
    def steps(self) -> Array:
        return np.array([probe.step for probe, _ in self._probes], dtype=np.int64)

    @property
    def loss(self) -> Array:
        return np.array([probe.loss for probe, _ in self._probes], dtype=np.float64)

    @property
    def gradient_norm(self) -> Array:
        return self._columns([probe.gradient_norm for probe, _ in self._probes])

    @property
    def activation_size(self) -> Array:
        return self._columns([probe.activation_size for probe, _ in self._probes])

    @property
    def update_ratio(self) -> Array:
        return self._columns([ratio for _, ratio in self._probes])

    @property
    def over_time(self) -> dict[str, Array]:
        if not self._probes:
            return {}
        first = self._probes[0][0].over_time
        return {
            name: np.stack([probe.over_time[name] for probe, _ in self._probes], axis=1)
            for name, seen in first.items()
            if all(len(probe.over_time.get(name, ())) == len(seen) for probe, _ in self._probes)
        }

    def _columns(self, columns: list[Array]) -> Array:
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.paths), 0))

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for a data frame or a picture."""
        names = ("steps", "layers", "loss", "gradient_norm", "activation_size", "update_ratio", "over_time")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        if not len(self):
            return "LayerHistory(no probes)"
        return (
            f"LayerHistory({len(self.paths)} layers, {len(self)} probes of steps {self.steps[0]} to {self.steps[-1]})"
        )


def named(module: Module, path: str) -> str:
    """A layer's kind and place, as errors name it: ``"Linear 2"``."""
    return f"{type(module).__name__} {path}".strip()
