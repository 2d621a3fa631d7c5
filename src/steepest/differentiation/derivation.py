"""A derivation: the gradient of an objective, rule by rule, as text and LaTeX, and as numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from steepest.base.errors import ModelError
from steepest.differentiation.algebra import Algebra
from steepest.differentiation.engine import Known, Step, differentiate, pending
from steepest.differentiation.notation import Notation, is_factor
from steepest.differentiation.objective import RESIDUAL, Objective, chosen_names, read_objective, residual_name
from steepest.differentiation.swell import Swell, swell_of
from steepest.formula.formula import Formula
from steepest.formula.symbolic import name_latex
from steepest.formula.tree import Call, Name, Node, Number, names


class Line(NamedTuple):
    """One line of a derivation as it is read: ``left = right``, and why; `left` is empty where it goes on from the last."""

    left: str
    right: str
    rule: str


class Derivation:
    """The gradient of an objective and the way to it; made by `sd.derivation`.

    Attributes
    ----------
    objective : Objective
        What is differentiated.
    names : tuple of str
        The parameters; a vector w of ``dot(w, x)`` counts once, for its element w_j.
    steps : dict of str to list of Step
        For each parameter the steps, outermost operation first.
    derived, gradient : dict of str to Node
        For each parameter what is summed over the rows (without a sum, the derivative): as the rules give it, and tidied.
    notation : Notation
        How its trees are written as text and LaTeX.
    """

    def __init__(self, objective: Objective, parameters: tuple[str, ...], columns: Collection[str] = ()) -> None:
        self.objective = objective
        self.names = parameters
        symbols = {RESIDUAL: ("δ", r"\delta_{i}")}
        symbols |= {name: (name, _element_latex(name)) for name in objective.names if "[" in name}
        self._known: dict[Node, Known] = {}
        if objective.residual is not None:
            self._known[residual_name()] = Known("δ stands for target minus model", objective.residual)
        self._vectors = dict(objective.dots.values())
        self._variables = {name: f"{name}_j" if name in self._vectors else name for name in parameters}
        for name, (weights, inputs) in objective.dots.items():
            element = f"{inputs}_j"
            for taken in (element, f"{weights}_j"):
                if taken in objective.names:
                    raise ModelError(
                        f"{taken!r} is the j-th element of {taken[:-2]} here; call the other {taken!r} something else."
                    )
            symbols[name] = (f"{weights}·{inputs}", rf"{weights} \cdot {inputs}_{{i}}")
            symbols[element] = (element, f"{inputs}_{{ij}}")
            symbols[f"{weights}_j"] = (f"{weights}_j", f"{weights}_{{j}}")
            self._known[Name(name, quoted=True)] = Known(
                f"{weights}·{inputs} = Σ_j {weights}_j*{element} is linear in {weights}_j",
                derivatives={f"{weights}_j": Name(element, quoted=True)},
            )
        self.notation = Notation(columns, symbols)
        self._algebra = Algebra()
        self.steps: dict[str, list[Step]] = {}
        self.derived: dict[str, Node] = {}
        self.gradient: dict[str, Node] = {}
        for name, variable in self._variables.items():
            self.derived[name], self.steps[name] = differentiate(objective.tree, variable, self._known, self._algebra)
            self.gradient[name] = self._algebra.tidy(self.derived[name])

    def text(self, name: str) -> str:
        """The derivative with respect to one parameter as text, such as ``-2*sum(δ*x)``."""
        return self._line_end(name, self._text)

    def latex_of(self, name: str) -> str:
        """The derivative with respect to one parameter as LaTeX."""
        return self._line_end(name, self._latex)

    def update(self, name: str) -> str:
        """The step of gradient descent for one parameter as text, α the learning rate: ``w + 2*α*sum(δ*x)``."""
        return f"{self._variables[name]} {self._step(name, self._text, '*', 'α')}"

    def update_latex(self, name: str) -> str:
        """The step of gradient descent for one parameter as LaTeX, ``w + 2 \\alpha \\sum_{i=1}^{n} ...``."""
        return f"{self.notation.name(self._variables[name])} {self._step(name, self._latex, ' ', chr(92) + 'alpha')}"

    def evaluate(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The gradient as numbers.

        Parameters
        ----------
        values : mapping of str to array-like
            A number for each parameter (shape (k,) for a vector), shape (n,) for each column, (n, k) for the x of ``dot(w, x)``.

        Returns
        -------
        dict of str to float or ndarray
            For each parameter; of shape (k,) for a vector.

        Raises
        ------
        ModelError
            A name has no value.
        ShapeError
            Shapes do not fit.

        Examples
        --------
        >>> import numpy as np
        >>> derivation("sum((y - w*x)**2)", "w").evaluate({"w": 1.0, "x": np.array([1.0, 2.0]), "y": np.array([2.0, 3.0])})
        {'w': np.float64(-6.0)}
        """
        arrays = {name: np.asarray(value, dtype=np.float64)[()] for name, value in values.items()}
        return {name: self.function(name)(arrays) for name in self.names}

    def function(self, name: str) -> Callable[[Mapping[str, Any]], Any]:
        """The derivative with respect to one parameter as a function of named values, compiled once.

        Raises
        ------
        FormulaError
            A part of the derivative that holds numbers only is not finite.
        """
        compute = self.objective.reducing(self.written_out(name))
        if name not in self._vectors:
            return compute
        inputs = self._vectors[name]

        def for_each(values: Mapping[str, Any]) -> Any:
            self.objective.rows_of(values)  # the shapes fit, or this says so
            columns = np.moveaxis(np.asarray(values[inputs]), -1, 0)
            return np.array([compute({**values, f"{inputs}_j": column}) for column in columns])

        return for_each

    def written_out(self, name: str) -> Node:
        """The tidied derivative with respect to one parameter with δ replaced by what it stands for."""
        if self.objective.residual is None:
            return self.gradient[name]
        return self._algebra.substitute(self.gradient[name], {residual_name(): self.objective.residual})

    def swell(self, name: str) -> Swell:
        """How large the derivative with respect to one parameter is against the function."""
        tree = self._algebra.pairwise(self.objective.written_out)
        known = {node: entry for node, entry in self._known.items() if entry.stands_for is None}
        _, steps = differentiate(tree, self._variables[name], known, self._algebra)
        return swell_of(tree, self._variables[name], steps, self._algebra, known)

    def lines(self, name: str) -> list[Line]:
        """The derivation with respect to one parameter, a line a step, the result last."""
        return self._lines(name, self._text, self.text(name))

    def latex_lines(self, name: str) -> list[Line]:
        """The same with LaTeX on both sides; the rules are text."""
        return self._lines(name, self._latex, self.latex_of(name))

    def _lines(self, name: str, write: Callable[[Node, str], str], result: str) -> list[Line]:
        reduction, variable = self.objective.reduction, self._variables[name]
        each = pending(self.objective.tree, variable)
        start = write(pending(self._whole(self.objective.tree), variable), "")
        lines = []
        if reduction:
            why = f"the derivative of a {reduction} is the {reduction} of the derivatives"
            lines.append(Line(start, write(self._whole(each), ""), why))
        for step in self.steps[name]:
            note = f" ({step.note})" if step.note else ""
            lines.append(Line(write(step.before, ""), write(step.after, ""), step.rule + note))
        together = write(self._whole(self.derived[name]), "")
        if not self.steps[name]:
            why = "the variable itself" if self.objective.tree == Name(variable) else f"{variable} is not in it"
            lines.append(Line(start, together, why))
        elif len(self.steps[name]) > 1 or reduction:
            lines.append(Line(start, together, "put together"))
        if result != lines[-1].right:
            lines.append(Line("", result, "tidied"))
        return lines

    def latex(self) -> str:
        """The whole derivation as LaTeX: an ``align*`` with the rule beside each step.

        Examples
        --------
        >>> print(derivation("sin(3*w)", "w").latex())
        \\begin{align*}
        \\frac{\\partial}{\\partial w} \\left(\\sin\\left(3 w\\right)\\right) &= \\cos\\left(3 w\\right) ... \\\\
        ...
        w &\\leftarrow w - 3 \\alpha \\cos\\left(3 w\\right)
        \\end{align*}
        """
        rows = []
        for name in self.names:
            rows += [f"{left} &= {right} && \\text{{{_in_text(rule)}}}" for left, right, rule in self.latex_lines(name)]
            rows.append(rf"{self.notation.name(self._variables[name])} &\leftarrow {self.update_latex(name)}")
        return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"

    def _repr_latex_(self) -> str:
        return self.latex()

    def __str__(self) -> str:
        head = f"L = {self._text(self._whole(self.objective.tree), '')}"
        if self.objective.residual is not None:
            head += f", δ = {self.notation.text(self.objective.residual)}"
        blocks = [head]
        for name, variable in self._variables.items():
            lines = [f"With respect to {variable}:"]
            for number, (left, right, rule) in enumerate(self.lines(name), start=1):
                lines += [f"  {number:>2}. {left}{' ' * bool(left)}= {right}", f"      {rule}"]
            lines += [f"  dL/d{variable} = {self.text(name)}", f"  descent: {variable} <- {self.update(name)}"]
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)

    def __repr__(self) -> str:
        return str(self)

    def _whole(self, tree: Node) -> Node:
        """What stands for each row, summed or averaged as the objective is."""
        return Call(self.objective.reduction, (tree,)) if self.objective.reduction else tree

    def _line_end(self, name: str, write: Callable[[Node, str], str]) -> str:
        """The derivative, the number that all rows share in front of the sum: ``-2*sum(...)``."""
        if not self.objective.reduction:
            return write(self.gradient[name], "")
        factor, inner = self._algebra.constant_factor(self.gradient[name])
        front = "" if abs(factor) == 1 else f"{abs(factor):g}"
        return "-" * (factor < 0) + write(self._whole(inner), front)

    def _step(self, name: str, write: Callable[[Node, str], str], times: str, rate: str) -> str:
        """What descent adds to or takes from the parameter."""
        factor, inner = self._algebra.constant_factor(self.gradient[name])
        front = rate if abs(factor) == 1 else f"{abs(factor):g}{times}{rate}"
        return f"{'+' if factor < 0 else '-'} {write(self._whole(inner), front)}"

    def _text(self, tree: Node, front: str) -> str:
        text = self.notation.text(tree)
        if not front or tree == Number(1.0):
            return front or text
        return f"{front}*{text}" if is_factor(tree) else f"{front}*({text})"

    def _latex(self, tree: Node, front: str) -> str:
        if front and isinstance(tree, Call) and tree.function == "mean":
            return rf"\frac{{{front}}}{{n}} {self.notation.latex(Call('sum', tree.arguments))}"
        text = self.notation.latex(tree)
        if not front or tree == Number(1.0):
            return front or text
        return f"{front} {text}" if is_factor(tree) else rf"{front} \left({text}\right)"


def _element_latex(name: str) -> str:
    """w_{0} of the element w[0] of an array."""
    array, place = name.removesuffix("]").split("[", 1)
    return f"{name_latex(array)}_{{{place}}}"


def _in_text(rule: str) -> str:
    """A rule's name inside LaTeX's text."""
    for letter, written in (("_", r"\_"), ("^", r"\^{}"), ("′", "'"), ("δ", r"$\delta$"), ("·", r"$\cdot$"), ("Σ", r"$\Sigma$"),
                            ("<", "$<$"), (">", "$>$")):  # fmt: skip
        rule = rule.replace(letter, written)
    return rule


def derivation(
    formula: str | Formula | Objective,
    wrt: str | Iterable[str] | None = None,
    reduction: str | None = None,
    columns: Iterable[str] | None = None,
) -> Derivation:
    """Derive a gradient step by step, each step with the rule it uses.

    With δ = target - model and a sum over the rows, the chain rule gives Σ δ² the gradient -2 Σ δ ∂model/∂w and the step of
    descent w + 2 α Σ δ ∂model/∂w, α the learning rate; the mean has 1/n in front.

    Parameters
    ----------
    formula : str, Formula or Objective
        An expression; ``"sum(...)"`` or ``"mean(...)"`` of one over the rows of data; or ``"y ~ w*x"``, the squares of what a
        model misses. ``dot(w, x)`` is Σ_j w_j x_j: its derivation is that for w_j.
    wrt : str or iterable of str, optional
        The parameters; every name that is no column if left out.
    reduction : {"sum", "mean"}, optional
        Of ``"y ~ model"``; the mean if left out.
    columns : iterable of str, optional
        The names with one value a row, which LaTeX gives the index i. If left out, and the rows are summed, all names but `wrt`.

    Raises
    ------
    FormulaError
        The formula is not in the language.
    ModelError
        A name is not in the formula, or nothing says which names are parameters.

    Examples
    --------
    >>> line = derivation("y ~ dot(w, x)", "w", reduction="sum")
    >>> line.text("w"), line.update("w")
    ('-2*sum(δ*x_j)', 'w_j + 2*α*sum(δ*x_j)')
    >>> print(derivation("y ~ sigmoid(dot(w, x))", "w", reduction="sum").text("w"))
    -2*sum(δ*sigmoid(w·x)*(1 - sigmoid(w·x))*x_j)
    >>> print(line.latex_of("w"))
    -2 \\sum_{i=1}^{n} \\delta_{i} x_{ij}
    """
    objective = read_objective(formula, reduction)
    inputs = {x for _, x in objective.dots.values()}
    weights = {w for w, _ in objective.dots.values()}
    if columns is not None:
        known = set(columns)
    elif not objective.reduction:
        known = set()
    elif wrt is not None:
        known = set(objective.names) - set([wrt] if isinstance(wrt, str) else wrt) - weights
    elif objective.dots:
        known = {name.name for name in names(objective.written_out)} - weights
    else:
        raise ModelError(
            f"name the parameters of {objective.text} (wrt) or its columns; the text does not tell them apart."
        )
    known -= inputs
    if wrt is None:
        wrt = [name for name in objective.names if name not in known | inputs]
    return Derivation(objective, chosen_names(objective, wrt, known), known)
