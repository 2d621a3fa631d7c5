"""to_latex: a formula with names or fitted values, a network as an equation a layer."""

from __future__ import annotations

import math
import os
from typing import Any

from steepest.base.choices import chosen
from steepest.base.errors import ModelError
from steepest.base.files import write_whole
from steepest.exports.layers import walk
from steepest.exports.subject import FormulaSubject, ModelSubject, subject_of
from steepest.fitting.networks.encoder import Encoder, Numbers
from steepest.formula.formula import Formula
from steepest.formula.parser import parse_expression
from steepest.formula.structure import substituted
from steepest.formula.symbolic import name_latex
from steepest.formula.symbolic import to_latex as formula_latex
from steepest.formula.tree import Binary, Name, Node, postorder
from steepest.nn import activations as act
from steepest.nn.dropout import Dropout
from steepest.nn.linear import Linear
from steepest.nn.module import Module
from steepest.nn.sequential import Sequential
from steepest.views.tables.digits import number, with_error

_MOST_INPUTS = 6
NOTATIONS = {"plain": "plain", "parentheses": "parentheses", "plus_minus": "plus_minus"}


def to_latex(subject: Any, path: str | os.PathLike[str] | None = None, *, values: str | None = None) -> str:
    """LaTeX of a formula, of a fit, or of a network, for a line of displayed mathematics.

    Parameters
    ----------
    subject : str, Formula, Fit, SavedFit, Run or Module
    path : path, optional
        A file to write, whole or not at all.
    values : {"plain", "parentheses", "plus_minus"}, optional
        Of a fit: its values in the place of the names, to the digits that their standard errors support: ``2.51(4)`` or
        ``2.51 ± 0.04``. Without it the names stay.

    Raises
    ------
    ModelError
        Values are asked of something that has none, or of a network; or the model is a Python function.
    FormulaError
        The formula is nested too deeply.

    Examples
    --------
    >>> import steepest as sd
    >>> print(to_latex("y ~ a*exp(-b*x)"))
    y = a e^{- b x}
    >>> fit = sd.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 2.9, 5.1, 7.0]})
    >>> print(to_latex(fit, values="parentheses"))
    y = 0.970(79) + 2.020(42) \\cdot x
    >>> print(to_latex(sd.MLP(3, [8], 2, "tanh")))
    \\begin{aligned}
    h_{1} &= \\tanh\\left(W_{1} x + b_{1}\\right), & W_{1} &\\in \\mathbb{R}^{8 \\times 3} \\\\
    y &= W_{2} h_{1} + b_{2}, & W_{2} &\\in \\mathbb{R}^{2 \\times 8}
    \\end{aligned}
    """
    notation = None if values is None else chosen("notation of values", values, NOTATIONS)
    text = _text(subject, notation)
    if path is not None:
        write_whole(path, text + "\n")
    return text


def _text(subject: Any, notation: str | None) -> str:
    if isinstance(subject, str | Formula):
        if notation is not None:
            raise ModelError("a formula has no values; give the fit.")
        return formula_latex(Formula(subject) if isinstance(subject, str) else subject)
    found = subject_of(subject)
    if isinstance(found, FormulaSubject):
        return _formula(found, notation)
    if notation is not None:
        raise ModelError("a network has too many numbers for LaTeX; to_python() writes them.")
    return _model(found) if isinstance(found, ModelSubject) else _network(found.net)


# ---- formulas
def _formula(subject: FormulaSubject, notation: str | None) -> str:
    formula = subject.bound.formula
    if notation is None:
        return formula_latex(formula)
    raised = {node.left.name for node in postorder(formula.tree) if _raises_a_name(node)}  # type: ignore[attr-defined]
    errors = subject.errors or {}
    numbers = {}
    for name, value in subject.params.items():
        text = value_latex(value, errors.get(name), notation)
        alone = text.replace(".", "").isdigit() or (notation == "parentheses" and value >= 0 and "times" not in text)
        numbers[name] = text if alone and name not in raised else rf"\left({text}\right)"
    return formula_latex(formula, numbers, dotted=True)


def _raises_a_name(node: Node) -> bool:
    return isinstance(node, Binary) and node.operator == "**" and isinstance(node.left, Name)


def value_latex(value: float, error: float | None, notation: str) -> str:
    """A value with its standard error, to the digits that this supports.

    Examples
    --------
    >>> value_latex(338.12345, 0.02345, "parentheses"), value_latex(338.12345, 0.02345, "plus_minus")
    ('338.123(23)', '338.123 \\\\pm 0.023')
    >>> value_latex(1.23456e-9, 4.5e-11, "parentheses")
    '1.235(45) \\\\times 10^{-9}'
    >>> value_latex(-2.0, None, "plus_minus")
    '-2'
    """
    known = error is not None and math.isfinite(error) and error > 0
    shown, shown_error = with_error(value, error) if known else (number(value, 6), "")
    mantissa, _, power = shown.partition("e")
    times = rf" \times 10^{{{int(power)}}}" if power else ""
    if not known or notation == "plain":
        return mantissa + times
    decimals = len(mantissa.partition(".")[2])
    size = float(shown_error) / 10.0 ** int(power or 0)
    if notation == "parentheses":
        return f"{mantissa}({round(size * 10**decimals)}){times}"
    both = rf"{mantissa} \pm {size:.{decimals}f}"
    return rf"\left({both}\right){times}" if times else both


def _model(subject: ModelSubject) -> str:
    """The formula with networks as functions of what they read, and what each is."""
    formula, encoders = subject.model.formula, subject.model.encoders
    called = {name: rf"{name_latex(name)}\left({_inputs(encoder)}\right)" for name, encoder in encoders.items()}
    tree = substituted(formula.tree, {block: Name(name) for name, block in zip(encoders, formula.blocks)})
    return f"{formula_latex(formula.target)} = {formula_latex(tree, called)}"


def _inputs(encoder: Encoder) -> str:
    """What a network reads; of many the first and the last."""
    texts = [
        formula_latex(parse_expression(each.text)) if isinstance(each, Numbers) else name_latex(each.column)
        for each in encoder.inputs
    ]
    return ", ".join(texts if len(texts) <= _MOST_INPUTS else [*texts[:2], r"\ldots", texts[-1]])


# ---- networks
_NAMES = {
    act.Tanh: r"\tanh", act.ReLU: r"\mathrm{relu}", act.Sigmoid: r"\sigma", act.Softmax: r"\mathrm{softmax}",
}  # fmt: skip


def _network(net: Module) -> str:
    lines: list[str] = []
    current, pending, where, count = "x", "", "", 0

    def flush(name: str) -> None:
        nonlocal current, pending, where
        if pending:
            lines.append(f"{name} &= {pending}{', & ' + where if where else ''}")
            current, pending, where = name, "", ""

    def visit(layer: Module, path: str) -> None:
        nonlocal pending, where, count
        if isinstance(layer, Dropout | act.Identity):
            return
        if isinstance(layer, act.Activation):
            inside = pending or current
            pending = rf"{_NAMES.get(type(layer), _word(layer))}\left({inside}\right)"
            return
        flush(f"h_{{{len(lines) + 1}}}")
        if type(layer).apply is Linear.apply and isinstance(layer, Linear):
            count += 1
            bias = f" + b_{{{count}}}" if layer.bias else ""
            pending = f"W_{{{count}}} {current}{bias}"
            where = rf"W_{{{count}}} &\in \mathbb{{R}}^{{{layer.outputs} \times {layer.inputs}}}"
        else:
            pending = rf"{_word(layer)}\left({current}\right)"

    walk(net, "", {Sequential.apply: None}, visit)
    pending = pending or ("" if lines else current)
    flush("y")
    return "\n".join([r"\begin{aligned}", " \\\\\n".join(lines), r"\end{aligned}"])


def _word(layer: Module) -> str:
    return rf"\mathrm{{{type(layer).__name__}}}"
