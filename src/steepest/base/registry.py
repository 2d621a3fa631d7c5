"""The one link that points upwards: names such as `run.plot` that a lower floor offers and a higher floor answers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

# (who asks, under which name) -> where the function lives. The module is imported when the name is first used.
_PROVIDERS: dict[tuple[str, str], tuple[str, str]] = {
    ("Fit", "plot"): ("steepest.views.plots", "Plots"),
    ("Run", "plot"): ("steepest.views.plots", "Plots"),
    ("Fit", "animate"): ("steepest.views.animations.catalogue", "Animations"),
    ("Run", "animate"): ("steepest.views.animations.catalogue", "Animations"),
    ("Fit", "summary"): ("steepest.views.tables.table", "summary_text"),
    ("Fit", "summary_html"): ("steepest.views.tables.table", "summary_html"),
    ("Ranking", "summary"): ("steepest.views.tables.ranking_table", "ranking_text"),
    ("Fit", "remarks"): ("steepest.doctor.fit_remarks", "fit_remarks"),
    ("NetworkFit", "remarks"): ("steepest.doctor.network_fit_remarks", "network_fit_remarks"),
    ("NetworkFit", "plot"): ("steepest.views.plots", "Plots"),
    ("LossGraph", "plot"): ("steepest.views.graphs.graph_picture", "plot_graph"),
    ("LossGraph", "text"): ("steepest.views.graphs.graph_text", "graph_text"),
    ("LossGraph", "html"): ("steepest.views.graphs.graph_picture", "graph_html"),
    ("Comparison", "summary"): ("steepest.views.tables.race_table", "race_text"),
    ("Comparison", "html"): ("steepest.views.tables.race_table", "race_html"),
    ("Comparison", "object"): ("steepest.views.tables.race_table", "race_object"),
    ("Comparison", "plot"): ("steepest.views.pictures.race_picture", "plot_race"),
    ("Minima", "summary"): ("steepest.views.tables.minima_table", "minima_text"),
    ("Ways", "plot"): ("steepest.views.pictures.ways_picture", "plot_ways"),
    ("Ways", "text"): ("steepest.views.tables.ways_table", "ways_text"),
    ("Ways", "as_dict"): ("steepest.views.tables.ways_table", "ways_object"),
    ("Exportable", "to_python"): ("steepest.exports.python.file", "to_python"),
    ("Exportable", "to_onnx"): ("steepest.exports.onnx.file", "to_onnx"),
    ("Exportable", "to_latex"): ("steepest.exports.latex", "to_latex"),
    ("History", "to_tensorboard"): ("steepest.exports.event_files", "to_tensorboard"),
    ("Reportable", "report"): ("steepest.views.report.report", "report"),
    ("Run", "remarks"): ("steepest.doctor.run_remarks", "run_remarks"),
}


def provided(owner: str, name: str) -> Callable[..., Any]:
    """The function that serves ``owner.name``, imported on first use.

    Raises
    ------
    KeyError
        Nothing is registered under this name.
    """
    module, function = _PROVIDERS[owner, name]
    return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]


def provide(owner: str, name: str, module: str, function: str) -> None:
    """Register `function` of `module` as the provider of ``owner.name``; a later registration replaces an earlier one."""
    _PROVIDERS[owner, name] = (module, function)
