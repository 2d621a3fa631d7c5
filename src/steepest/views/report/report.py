"""report: one page about a fit, a run or a ranking, which needs no network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from steepest.base.errors import ModelError, SteepestError
from steepest.base.files import write_whole
from steepest.fitting.model import FormulaModel
from steepest.fitting.networks.result import NetworkFit
from steepest.fitting.ranking import Ranking
from steepest.fitting.result import Fit
from steepest.nn.module import Module
from steepest.training.run import Run
from steepest.version import __version__
from steepest.views.report.answer_part import fit_answer, outcome_line, ranking_part, run_answer
from steepest.views.report.data_part import data_part, file_facts
from steepest.views.report.html import bullets, pairs, paragraph, section, table, text
from steepest.views.report.mathml import equation
from steepest.views.report.network_part import network_answer, network_model
from steepest.views.report.pictures import animation_frame, subject_pictures
from steepest.views.report.record_part import history_part, record_part
from steepest.views.style import DARK, LIGHT, Style
from steepest.views.subject import fit_of, has_residuals
from steepest.views.tables.digits import with_error

_COLOURS = ("paper", "ink", "faint", "quiet", "data", "fit", "loss", "warning")


def report(
    subject: Any,
    path: str | os.PathLike[str],
    *,
    data: Any = None,
    command: str | None = None,
    options: Mapping[str, Any] | None = None,
    animation: bool = True,
) -> Path:
    """Write one page of HTML that holds everything about a fit and asks nothing of any network.

    Data, model, answer with intervals and in words, pictures for light and dark, an animation to step through, the history as a
    table to download, and what was run with what, so that it can be done again.

    Parameters
    ----------
    subject : Fit, Run or Ranking
        Of a ranking the preferred fit, beside the table of all.
    path : path
        A name that ends in .html; written whole or not at all.
    data : path, data frame, ..., optional
        What was fitted to: the page then shows all of its columns, and for a file its checksum.
    command : str, optional
        The command that did it, to be shown.
    options : mapping, optional
        What `fit` was given besides formula and data; with them the page shows how to do it again in Python.
    animation : bool

    Raises
    ------
    ModelError
        The subject is none of these.
    SteepestError
        The file cannot be written, or its name ends otherwise.

    Examples
    --------
    >>> import steepest as sd, tempfile, pathlib
    >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 2.9, 5.1, 7.0]})
    >>> page = report(fit, pathlib.Path(tempfile.mkdtemp()) / "line.html").read_text()
    >>> "</math>" in page, "http:" in page.replace("http://www.w3.org", "")
    (True, False)
    """
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise SteepestError(f"a report cannot be written to {path}. End its name in .html.")
    if not Path(path).absolute().parent.is_dir():
        raise SteepestError(f"a report cannot be written to {path}: the folder {Path(path).parent} does not exist.")
    return write_whole(path, page(subject, data=data, command=command, options=options, animation=animation))


def page(
    subject: Any,
    *,
    data: Any = None,
    command: str | None = None,
    options: Mapping[str, Any] | None = None,
    animation: bool = True,
) -> str:
    """The text of the page; see `report`."""
    ranking = subject if isinstance(subject, Ranking) else None
    told = ranking.preferred if ranking is not None else subject
    if not isinstance(told, Fit | Run):
        raise ModelError(f"a report is about a fit, a run or a ranking, not {type(subject).__name__}.")
    run = told.run if isinstance(told, Fit) else told
    fit = told if isinstance(told, Fit) else fit_of(told, "a report") if has_residuals(run) else None
    facts = file_facts(data) if isinstance(data, str | os.PathLike) else []
    title = _title(told)
    count = told.rows if isinstance(told, Fit) else run.problem.rows
    rows = f"{count:,} row{'s' * (count != 1)}" if run.problem.has_data else "no data"
    sections = [
        section("ranking", "Formulas", ranking_part(ranking)) if ranking is not None else "",
        section(
            "answer",
            "Answer",
            outcome_line(told.outcome),
            _answer(told, run),
        ),
        section("model", "Model", model_part(told, run)),
        section("pictures", "Pictures", subject_pictures(told)),
        section("motion", "The descent", animation_frame(told, run.problem.rows) if animation else ""),
        section("data", "Data", data_part(fit, data, options or {}) if fit is not None else _inputs(run)),
        section("history", "History", _history(told, run)),
        section("record", "What was run", record_part(run, command, _code(subject, data, options), facts)),
    ]
    blanks = {
        "title": text(title, 150),
        "heading": text(title, 400),
        "kicker": f"{_kind(subject)}, {rows}, by steepest {__version__}",
        "light": _variables(LIGHT),
        "dark": _variables(DARK),
        "contents": _contents(sections),
        "sections": "\n".join(sections),
    }
    template = files("steepest.views.report").joinpath("report_page.html").read_text(encoding="utf-8")
    first, *rest = template.split("{{")
    parts = [first]
    for piece in rest:
        name, _, after = piece.partition("}}")
        parts += [blanks[name], after]
    return "".join(parts)


def _title(subject: Any) -> str:
    if isinstance(subject, Fit):
        return subject.formula_text or f"A model of {subject.target_text}"
    net = subject.problem.predict
    return (
        f"{type(net).__name__} of {subject.problem.rows:,} rows"
        if isinstance(net, Module)
        else f"A descent by {subject.method.name}"
    )


def _kind(subject: Any) -> str:
    if isinstance(subject, Ranking):
        return f"Ranking of {len(subject.rows)} formulas"
    return "Fit" if isinstance(subject, Fit) else "Run"


def _contents(sections: list[str]) -> str:
    """The sections that are there, to jump to."""
    names = []
    for each in sections:
        if each:
            anchor = each.partition("id='")[2].partition("'")[0]
            names.append((anchor, each.partition("<h2 id=")[2].partition(">")[2].partition("<")[0]))
    return "".join(f"<li><a href='#{anchor}'>{name}</a></li>" for anchor, name in names)


def _variables(style: Style) -> str:
    return "".join(f"--{name}: {getattr(style, name)}; " for name in _COLOURS)


def _answer(subject: Any, run: Run) -> str:
    if isinstance(subject, NetworkFit):
        return network_answer(subject)
    return fit_answer(subject) if isinstance(subject, Fit) else run_answer(run)


def _history(subject: Any, run: Run) -> str:
    own = isinstance(subject, NetworkFit) and subject.classes is None
    note = paragraph("Losses on the way are of the standardised target, of one batch each.") if own else ""
    return history_part(run.history) + note


# ---- the model
def model_part(subject: Any, run: Run) -> str:
    """The model: a formula, the layers of a network, or a function."""
    if isinstance(subject, NetworkFit):
        return network_model(subject)
    if isinstance(subject, Fit) and isinstance(subject.model, FormulaModel):
        return _formula(subject)
    net = run.problem.predict
    if isinstance(net, Module):
        return _network(net, run)
    kind = "a Python function" if run.problem.has_data else "a function of its parameters alone"
    names = [f"{name} {x.shape}" if x.shape else name for name, x in run.params.items()]
    return paragraph(f"The model is {kind}. Its parameters: {', '.join(names)}.") + _method(run)


def _formula(fit: Fit) -> str:
    assert isinstance(fit.model, FormulaModel)
    formula, errors = fit.model.bound.formula, fit.standard_errors or {}
    numbers = {name: _with_error(value, errors.get(name)) for name, value in fit.params.items()}
    said = [
        f"<p class='formula'>{equation(formula.target, formula.tree)}</p>",
        paragraph("With the fitted values, standard errors in brackets in units of the last digits:"),
        f"<p class='formula'>{equation(formula.target, formula.tree, numbers)}</p>",
    ]
    settled = [f"{name} {fit.constraints.word(name)}" for name in fit.params if fit.constraints.word(name)]
    bounds = [
        f"{'' if low is None else f'{low:g} ≤ '}{name}{'' if high is None else f' ≤ {high:g}'}"
        for name, (low, high) in fit.constraints.bounds.items()
    ]
    said.append(bullets([*settled, *bounds]))
    if fit.starts is not None and fit.starts.values:
        rows = [(name, f"{value:.6g}", fit.starts.sources.get(name, "")) for name, value in fit.starts.values.items()]
        said.append(table("Where the descent began", ("parameter", "start", "from"), rows, left=(0, 2)))
    return "\n".join([*said, _method(fit.run)])


def _with_error(value: float, error: float | None) -> str:
    """``338.123(23)``, with a true minus."""
    known = error is not None and error > 0 and error < float("inf")
    shown, shown_error = with_error(value, error if known else None)[:2]
    mantissa, _, power = shown.partition("e")
    if known:
        decimals = len(mantissa.partition(".")[2])
        mantissa += f"({round(float(shown_error) / 10.0 ** int(power or 0) * 10**decimals)})"
    shown = f"{mantissa}×10^{int(power)}" if power else mantissa
    return shown.replace("-", "−")


def _network(net: Module, run: Run) -> str:
    from steepest.nn.layer_table import summary

    inputs = run.problem.data.inputs
    shown = ""
    if hasattr(inputs, "shape"):
        rows = summary(net, (1, *inputs.shape[1:])).rows
        lines = [(row.path, row.layer, " × ".join(map(str, row.shape[1:])), f"{row.parameters:,}") for row in rows]
        shown = table("Layers", ("place", "layer", "output of a row", "parameters"), lines, left=(0, 1))
    return shown + paragraph(f"{run.params.count:,} numbers are fitted.") + _method(run)


def _method(run: Run) -> str:
    problem = run.problem
    what = (
        f"{problem.loss_function.name}, its {problem.reduction} over the rows"
        if problem.has_data
        else "the function itself"
    )
    penalty = "" if problem.penalty is None else f", plus the penalty {problem.penalty!r}"
    return pairs([("What is made small", f"{what}{penalty}"), ("How", run.method.name)])


def _inputs(run: Run) -> str:
    if not run.problem.has_data:
        return ""
    inputs, target = run.problem.data.inputs, run.problem.data.target
    shape = " × ".join(f"{n:,}" for n in getattr(inputs, "shape", (run.problem.rows,)))
    return pairs([("Inputs", shape), ("Targets", " × ".join(f"{n:,}" for n in target.shape))])


def _code(subject: Any, data: Any, options: Mapping[str, Any] | None) -> str | None:
    """Python that does it again, where the data have a name."""
    if options is None or not isinstance(data, str | os.PathLike) or not isinstance(subject, Fit | Ranking):
        return None
    if isinstance(subject, Ranking):
        call, what = "rank", repr([row.fit.formula_text for row in subject.rows])
    else:
        call, what = "fit", repr(subject.formula_text)
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"import steepest as sd\n\nanswer = sd.{call}({what}, {str(data)!r}{given})\nanswer.report('report.html')"
