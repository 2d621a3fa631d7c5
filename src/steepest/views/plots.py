"""Every picture by name: the one table behind `sd.plot.…`, `run.plot.…` and `fit.plot.…`."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from steepest.base.choices import unknown
from steepest.views.subject import has_residuals


class Entry(NamedTuple):
    """Where a picture's function lives, and who offers it as its own: their first argument is then bound to them."""

    module: str
    function: str
    of: tuple[str, ...] = ()


# One line a picture, in the order of docs/pictures.md, which says how to add one. Modules are imported when first used.
PICTURES: dict[str, Entry] = {
    "fit": Entry("steepest.views.pictures.fit_picture", "plot_fit", of=("Fit", "Run")),
    "network": Entry("steepest.views.pictures.network_picture", "plot_network", of=("NetworkFit",)),
    "loss": Entry("steepest.views.pictures.loss_picture", "plot_loss", of=("Fit", "Run", "NetworkFit")),
    "panels": Entry("steepest.views.pictures.panels_picture", "plot_panels", of=("Fit", "Run")),
    "rates": Entry("steepest.views.pictures.rates_picture", "plot_rates", of=("Fit", "Run")),
    "tangent": Entry("steepest.views.pictures.tangent_picture", "plot_tangent", of=("Fit", "Run")),
    "ways": Entry("steepest.views.pictures.ways_picture", "plot_ways"),
    "topology": Entry("steepest.views.pictures.topology_picture", "plot_topology", of=("Run", "NetworkFit")),
    "layers": Entry("steepest.views.pictures.layers_picture", "plot_layers", of=("Run", "NetworkFit")),
    "predictions": Entry("steepest.views.pictures.predictions_picture", "plot_predictions", of=("Fit", "Run")),
    "residuals": Entry("steepest.views.pictures.residuals_picture", "plot_residuals", of=("Fit", "Run", "NetworkFit")),
    "confusion": Entry("steepest.views.pictures.confusion_picture", "plot_confusion", of=("Run", "NetworkFit")),
    "range_test": Entry("steepest.views.pictures.range_test_picture", "plot_range_test"),
    "race": Entry("steepest.views.pictures.race_picture", "plot_race"),
    "landscape": Entry("steepest.views.landscapes.landscape_picture", "plot_landscape", of=("Fit", "Run")),
    "surface": Entry("steepest.views.landscapes.landscape_picture", "plot_surface", of=("Fit", "Run")),
}


def picture(name: str) -> Callable[..., Any]:
    """The function that draws the picture `name`.

    Raises
    ------
    AttributeError
        There is none of this name; offers the nearest.
    """
    if name not in PICTURES:
        raise AttributeError(str(unknown("picture", name, PICTURES, PICTURES)))
    entry = PICTURES[name]
    return getattr(importlib.import_module(entry.module), entry.function)  # type: ignore[no-any-return]


class Plots:
    """The pictures of one run or fit: ``run.plot.loss("loss.png")``; called itself, it draws the most telling one.

    Each takes `path` (PNG, SVG or PDF by its ending) and ``theme="light"`` or ``"dark"``, and returns a Matplotlib figure.

    Parameters
    ----------
    subject : Run or Fit

    Examples
    --------
    >>> import steepest as sd
    >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0], "y": [1.0, 2.9, 5.1]})
    >>> fit.plot
    <pictures of a Fit: fit...>
    """

    def __init__(self, subject: Any) -> None:
        self._subject = subject
        self._owner = type(subject).__name__

    def __call__(self, path: str | os.PathLike[str] | None = None, **options: Any) -> Any:
        if self._owner == "NetworkFit":
            return picture("network")(self._subject, path, **options)
        fitted = self._owner == "Fit" or has_residuals(self._subject)
        return picture("fit" if fitted else "loss")(self._subject, path, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # of Python itself, such as __deepcopy__
            raise AttributeError(name)
        if name not in self.__dir__():
            raise AttributeError(str(unknown(f"picture of a {self._owner}", name, self.__dir__(), self.__dir__())))
        return functools.partial(picture(name), self._subject)

    def __dir__(self) -> list[str]:
        return [name for name, entry in PICTURES.items() if self._owner in entry.of]

    def __repr__(self) -> str:
        return f"<pictures of a {self._owner}: {', '.join(self.__dir__())}>"
