"""Four ways to differentiate side by side: by hand, symbolically, numerically, automatically."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.autodiff.probe import first_non_finite
from steepest.autodiff.transforms import jacobian, value_and_grad
from steepest.base.errors import DifferentiationError, ModelError, SteepestError
from steepest.base.registry import provided
from steepest.differentiation.algebra import operations
from steepest.differentiation.by_hand import Rule, rule_by_hand
from steepest.differentiation.derivation import Derivation
from steepest.differentiation.numerical import COMPLEX, SCHEMES, Curve, Scheme, digits, error_curve
from steepest.differentiation.objective import Objective
from steepest.differentiation.reference import AUTOMATIC, Reference, reference_of
from steepest.differentiation.subject import Subject, subject_of
from steepest.differentiation.swell import Swell
from steepest.formula.formula import Formula

Array = NDArray[np.float64]
_SECONDS = 0.02  # for the repeats of one way
_REPEATS = 200
_TOO_LONG = 5.0  # seconds for one gradient
_WRONG = 3.0  # digits below which a rule by hand is called wrong
_FEW = 10.0  # digits below which a symbolic derivative is remarked on
_REAL_ONLY = {"cbrt", "hypot", "arctan2", "logaddexp"}  # analytic, but NumPy computes them for real numbers only
_ITSELF = "automatic, reverse"


@dataclass(frozen=True)
class Way:
    """One way's answer.

    Attributes
    ----------
    name : str
        Such as ``"numerical, central"``.
    gradient : ndarray of shape (n,), or None
        One derivative an element; None where the way cannot go.
    digits : float or None
        Decimal digits that agree with the reference, of the element where they are fewest; elements without a derivative do
        not count. None where there is nothing to compare or to compare with.
    evaluations : int or None
        How often the function was evaluated.
    seconds : float or None
        The median time of one gradient.
    note : str
        What there is to say, such as the step, or why the way cannot go.
    """

    name: str
    gradient: Array | None
    digits: float | None
    evaluations: int | None
    seconds: float | None
    note: str


class Ways:
    """The ways side by side; made by `sd.ways`.

    Attributes
    ----------
    subject : Subject
        The function and the point.
    reference : Reference
        What the digits are counted against.
    rows : list of Way
        By hand where a rule is given or known, symbolic, three numerical ones, automatic in reverse and forward.
    remarks : list of str
        Where there is no derivative, and other things worth saying.
    """

    def __init__(self, subject: Subject, manual: Rule | None = None) -> None:
        self.subject = subject
        self._each = _median_time(lambda: subject.at(subject.vector))
        self.reference: Reference = reference_of(subject)
        self.remarks = self.reference.remarks(subject)
        self.rows = [
            *self._by_hand(manual),
            self._symbolic(),
            *(self._numerical(scheme) for scheme in SCHEMES),
            self._automatic(_ITSELF, value_and_grad(subject.call), "one walk back"),
            self._automatic(
                "automatic, forward",
                jacobian(subject.call, mode="forward"),
                f"one recording, {len(subject.vector)} direction{'s' * (len(subject.vector) > 1)}",
            ),
        ]
        self._curves: dict[int, list[Curve]] = {}

    @property
    def derivation(self) -> Derivation:
        """The symbolic derivation, step by step.

        Raises
        ------
        DifferentiationError
            The function has no symbolic form; says why.
        """
        if self.subject.derivation is None:
            raise DifferentiationError(f"{self.subject.title} has no symbolic form: {self.subject.no_symbols}.")
        return self.subject.derivation

    def swell(self, name: str | None = None) -> Swell:
        """How large the symbolic derivative is against the function; of the first parameter if none is named."""
        return self.derivation.swell(name or self.derivation.names[0])

    def curves(self, element: str | int = 0) -> list[Curve]:
        """The error of each numerical scheme against its step, for one parameter by name or number.

        Raises
        ------
        ModelError
            There is no such parameter.
        """
        i = self.place(element)
        if i not in self._curves:
            limit = self.reference.limits[i] if self.reference.limits else None
            curvature, third = (limit.curvature, limit.third) if limit else (math.nan, math.nan)
            true = float(self.reference.gradient[i])
            possible = [scheme for scheme in SCHEMES if scheme is not COMPLEX or not self._no_complex()]
            self._curves[i] = [
                error_curve(scheme, self.subject.at, self.subject.vector, i, true, curvature, third)
                for scheme in possible
            ]
        return self._curves[i]

    def place(self, element: str | int) -> int:
        """The number of a parameter that is given by name or number."""
        elements = self.subject.elements
        if isinstance(element, str):
            if element not in elements:
                raise ModelError(f"{element!r} is not differentiated; there are {', '.join(elements)}.")
            return elements.index(element)
        if not -len(elements) <= element < len(elements):
            raise ModelError(f"there is no parameter number {element}; there are {len(elements)}.")
        return element % len(elements)

    def plot(self, path: str | os.PathLike[str] | None = None, *, element: str | int = 0, theme: str = "light") -> Any:
        """Draw the errors against the step, and the secants that turn into the tangent, for one parameter."""
        return provided("Ways", "plot")(self, path, element=element, theme=theme)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain numbers and texts, as ``steepest derive --json`` prints it."""
        return provided("Ways", "as_dict")(self)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return str(provided("Ways", "text")(self))

    def __repr__(self) -> str:
        return str(self)

    # ---- the four ways

    def _by_hand(self, manual: Rule | None) -> list[Way]:
        rule = rule_by_hand(self.subject, manual)
        if rule is None:
            return []
        compute, source = rule
        row = self._row("manual", compute, source)
        if row.gradient is not None and row.digits is not None and row.digits < _WRONG:
            agreed = [
                digits(float(v), float(r)) if math.isfinite(r) else 16.0
                for v, r in zip(row.gradient, self.reference.gradient)
            ]
            worst = int(np.argmin(agreed))
            self.remarks.append(
                f"The rule by hand is wrong: it gives {row.gradient[worst]:.6g} for {self.subject.elements[worst]} where the "
                f"derivative is {self.reference.gradient[worst]:.6g}."
            )
        return [row]

    def _symbolic(self) -> Way:
        derivation = self.subject.derivation
        if derivation is None:
            return Way("symbolic", None, None, None, None, f"no symbolic form: {self.subject.no_symbols}")
        try:
            computes = [derivation.function(name) for name in derivation.names]
        except SteepestError as error:
            return Way("symbolic", None, None, None, None, f"not possible: {str(error).splitlines()[0].rstrip('.')}")
        values = self.subject.values()

        def compute() -> Array:
            return np.concatenate([np.ravel(compute(values)) for compute in computes]).astype(np.float64)

        count = sum(operations(derivation.gradient[name]) for name in derivation.names)
        note = f"an expression of {count:,} operation{'s' * (count != 1)}"
        row = self._row("symbolic", compute, note)
        assert row.gradient is not None
        if not np.isfinite(row.gradient).all():
            self.remarks.append(self._broken_expression(computes, values, int(np.argmin(np.isfinite(row.gradient)))))
        elif row.digits is not None and row.digits < _FEW:
            self.remarks.append(
                f"The symbolic expression keeps {row.digits:.1f} digits here: its terms cancel or leave float64. Automatic "
                "differentiation takes the same derivative in another order."
            )
        return row

    def _broken_expression(self, computes: list[Callable[[Any], Any]], values: dict[str, Any], bad: int) -> str:
        text = f"The symbolic expression is not finite at {self.subject.described(bad)}"
        compute = computes[min(bad, len(computes) - 1)]
        has_products = self.subject.derivation is not None and self.subject.derivation.objective.dots
        found = None if has_products else first_non_finite(compute, values)
        if found is not None:
            text += f": {found.operation}({', '.join(f'{x:g}' for x in found.inputs)}) gives {found.value}"
        return text + "."

    def _no_complex(self) -> str:
        """Why a complex step is not possible; empty where it is."""
        reasons = [
            f"{name} takes no complex numbers" if name in _REAL_ONLY else f"{name} is not complex differentiable"
            for name in self.subject.not_analytic
        ]
        if reasons:
            return f"not possible: {' and '.join(reasons)}"
        moved = self.subject.vector.astype(np.complex128)
        moved[0] += 1j * COMPLEX.step(self.subject.vector[0])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                complex(self.subject.at(moved))
        except Exception:  # whatever a function of bare numbers does with a complex one
            return "not possible: the function takes no complex numbers"
        return ""

    def _numerical(self, scheme: Scheme) -> Way:
        subject = self.subject
        name = f"numerical, {scheme.name}"
        if scheme is COMPLEX and (reason := self._no_complex()):
            return Way(name, None, None, None, None, reason)
        needed = evaluations(len(subject.vector))[name][0]
        if needed * self._each > _TOO_LONG:
            return Way(name, None, None, needed, None, f"left out: it would take about {needed * self._each:,.0f} s")
        calls = 0

        def counted(x: Any) -> Any:
            nonlocal calls
            calls += 1
            return subject.at(x)

        def compute() -> Array:
            nonlocal calls
            calls = 0
            here = float(counted(subject.vector)) if scheme is SCHEMES[0] else math.nan
            steps = [scheme.step(x) for x in subject.vector]
            return np.array([scheme.quotient(counted, subject.vector, i, h, here) for i, h in enumerate(steps)])

        which = f" for {subject.elements[0]}" if len(subject.elements) > 1 else ""
        row = self._row(name, compute, f"h = {scheme.step(subject.vector[0]):.2g}{which}")
        assert row.gradient is not None
        finite = np.isfinite(row.gradient).all()
        if finite and scheme is COMPLEX and row.digits is not None and row.digits < _FEW:
            self.remarks.append(
                f"The complex step keeps {row.digits:.1f} digits here: its step is too large for this function, or one of its "
                "operations loses digits with complex numbers."
            )
        note = row.note if finite else f"{row.note}; the function is not finite one step away"
        return replace(row, evaluations=calls, note=note)

    def _automatic(self, name: str, transform: Callable[..., Any], note: str) -> Way:
        subject = self.subject
        point = subject.unpacked(subject.vector)
        reverse = name == _ITSELF

        def compute() -> Array:
            result = transform(point)
            gradient = result[1] if reverse else result
            return np.concatenate([np.ravel(gradient[key]) for key in subject.point]).astype(np.float64)

        walks = evaluations(len(subject.vector))[name][1]
        if walks * self._each > _TOO_LONG:
            return Way(name, None, None, 1, None, f"left out: it would take about {walks * self._each:,.0f} s")
        if np.isnan(self.reference.gradient).any():
            note += "; where there is no derivative, a convention"
        try:
            return replace(self._row(name, compute, note), evaluations=1)
        except (SteepestError, TypeError, ValueError, ArithmeticError) as error:
            return Way(name, None, None, None, None, f"not possible: {_first_sentence(error)}")

    def _row(self, name: str, compute: Callable[[], Array], note: str) -> Way:
        with np.errstate(all="ignore"):
            gradient = np.asarray(compute(), dtype=np.float64)
            seconds = _median_time(compute)
        agreed = None
        true = self.reference.gradient
        if np.isfinite(true).any() and not (name == _ITSELF and self.reference.source == AUTOMATIC):
            agreed = min(digits(float(v), float(r)) for v, r in zip(gradient, true) if math.isfinite(r))
        return Way(name, gradient, agreed, 0, seconds, note)


def _first_sentence(error: Exception) -> str:
    """What an error says, without the place in the user's file."""
    return str(error).splitlines()[0].split(" at /")[0].split(" would ")[0].rstrip(".")


def _median_time(compute: Callable[[], Any]) -> float:
    times: list[float] = []
    until = time.perf_counter() + _SECONDS
    while not times or (len(times) < _REPEATS and time.perf_counter() < until):
        start = time.perf_counter()
        compute()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def ways(
    f: str | Formula | Objective | Callable[..., Any],
    at: Any,
    wrt: str | Iterable[str] | None = None,
    data: Any = None,
    manual: Rule | None = None,
    reduction: str | None = None,
) -> Ways:
    """Differentiate a function in four ways and compare: by hand, symbolically, numerically, automatically.

    Parameters
    ----------
    f : str, Formula or callable
        An expression such as ``"-log(sigmoid(w*x))"``; the ``sum(...)`` or ``mean(...)`` of one over rows; a formula
        ``"y ~ a + b*x"``, which stands for the mean square of what it misses; or a function that returns one number.
    at : number, array or mapping of str to number or array
        Where: the value of each name. A number or an array alone goes to the only name, or to a function's first argument.
    wrt : str or iterable of str, optional
        The names to differentiate with respect to; all that are no columns if left out.
    data : Mapping, data frame, str or PathLike, optional
        The columns of a formula, in any form that `steepest.open_data` takes. The matrix x of ``dot(w, x)`` goes into `at`.
    manual : str, mapping of str to str, or callable, optional
        A rule by hand, which is checked: a formula; one for each name; or a function of the same arguments that returns the
        gradient. Where none is given, a textbook's if it has one for this function.
    reduction : {"sum", "mean"}, optional
        Of ``"y ~ model"``; the mean if left out.

    Returns
    -------
    Ways
        Its text is the table; `.rows`, `.derivation`, `.swell()`, `.curves()`, `.plot(path)`.

    Raises
    ------
    FormulaError, ModelError, ShapeError
        The function, the point or the data do not go together, or the function is not finite there: names the operation.

    Notes
    -----
    Digits in agreement are -log10 of the relative error against the limit of the difference quotient, taken with steps of
    1e-400 and 1e-450 in 1,000 digits, which uses no rule of differentiation. A function without a symbolic form is measured
    against automatic differentiation. One-sided differences err by h f''/2 + 2 ε f/h, central ones by h² f'''/6 + ε f/h,
    complex steps by h² f'''/6 alone
    (Squire and Trapp, SIAM Review 40, 1998).

    Examples
    --------
    >>> result = ways("-log(sigmoid(w*x))", {"w": 0.5, "x": 2.0}, wrt="w")
    >>> for row in result.rows:
    ...     print(f"{row.name:24} {row.gradient[0]:.6f} {row.evaluations}")
    manual                   -0.537883 0
    symbolic                 -0.537883 0
    numerical, one-sided     -0.537883 2
    numerical, central       -0.537883 2
    numerical, complex-step  -0.537883 1
    automatic, reverse       -0.537883 1
    automatic, forward       -0.537883 1
    """
    return Ways(subject_of(f, at, wrt, data, reduction), manual)


def evaluations(parameters: int) -> dict[str, tuple[int, int]]:
    """How often each way evaluates the function, and how many walks over its recording it takes, for so many parameters.

    A walk costs a few evaluations.

    Examples
    --------
    >>> evaluations(100)["numerical, central"], evaluations(100)["automatic, reverse"], evaluations(100)["automatic, forward"]
    ((200, 0), (1, 1), (1, 100))
    """
    n = parameters
    return {
        "numerical, one-sided": (n + 1, 0),
        "numerical, central": (2 * n, 0),
        "numerical, complex-step": (n, 0),
        "automatic, reverse": (1, 1),
        "automatic, forward": (1, n),
    }
