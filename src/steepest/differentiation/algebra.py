"""Algebra of formula trees: built with the obvious simplifications, and tidied into a readable form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from steepest.formula.tree import Binary, Call, Compare, Constant, Name, Node, Number, Unary, postorder

_BITS = 53  # whole numbers up to here are exact
_SHORT = 10**6  # numerators and denominators up to here are written as a fraction
_LONGEST = 64  # terms of a sum that are compared with each other; a longer one stays as it is
_ZERO, _ONE = Number(0.0), Number(1.0)

Factors = dict[Node, float]
"""Powers of bases whose product is meant."""


def value_of(node: Node) -> float | None:
    """The number that a literal, or a minus sign before one, stands for; None for anything else."""
    match node:
        case Number(value=value):
            return value
        case Unary(operand=Number(value=value)):
            return -value
        case _:
            return None


class Algebra:
    """Makes nodes; equal nodes are one object, so that what is shared stays shared however large it is written out."""

    def __init__(self) -> None:
        self._nodes: dict[Node, Node] = {}
        self._factors: dict[Node, tuple[Fraction, Factors]] = {}
        self._terms: dict[Node, list[tuple[Fraction, Factors]]] = {}
        self._counts: dict[Node, int] = {}

    def one(self, node: Node) -> Node:
        """The one object for this node."""
        return self._nodes.setdefault(node, node)

    def number(self, value: float) -> Node:
        return self.one(Number(abs(value)) if value >= 0 else Unary(self.one(Number(-value))))

    def negative(self, node: Node) -> Node:
        if node == _ZERO:
            return node
        return node.operand if isinstance(node, Unary) else self.one(Unary(node))

    def binary(self, operator: str, left: Node, right: Node) -> Node:
        """``left operator right`` without zeros, ones and signs that say nothing."""
        a, b = value_of(left), value_of(right)
        if a is not None and b is not None and (folded := _folded(operator, a, b)) is not None:
            return self.number(folded)
        match operator:
            case "+" if a == 0:
                return right
            case "+" | "-" if b == 0:
                return left
            case "+" if isinstance(right, Unary):
                return self.binary("-", left, right.operand)
            case "-" if a == 0:
                return self.negative(right)
            case "-" if isinstance(right, Unary):
                return self.binary("+", left, right.operand)
            case "*" if a == 0 or b == 0:
                return self.number(0.0)
            case "*" if a == 1:
                return right
            case "*" | "/" | "**" if b == 1:
                return left
            case "/" if a == 0:
                return self.number(0.0)
            case "**" if b == 0:
                return self.number(1.0)
            case "*" | "/" if isinstance(left, Unary):
                return self.negative(self.binary(operator, left.operand, right))
            case "*" | "/" if isinstance(right, Unary):
                return self.negative(self.binary(operator, left, right.operand))
        return self.one(Binary(operator, left, right))

    def with_children(self, node: Node, children: tuple[Node, ...]) -> Node:
        """`node` with other operands."""
        match node:
            case Unary():
                return self.negative(children[0])
            case Binary(operator=operator):
                return self.binary(operator, *children)
            case Compare(operator=operator):
                return self.one(Compare(operator, *children))
            case Call(function="where") if children[1] == children[2]:
                return children[1]
            case Call(function=function):
                return self.one(Call(function, children))
            case _:
                return self.one(node)

    def substitute(self, tree: Node, replacements: Mapping[Node, Node]) -> Node:
        """`tree` with some subtrees replaced; what is put in is not searched again."""
        done: dict[Node, Node] = {}
        for node in postorder(tree):
            if node in replacements:
                done[node] = self.one(replacements[node])
            else:
                done[node] = self.with_children(node, tuple(done[child] for child in node.children))
        return done[tree]

    def pairwise(self, tree: Node) -> Node:
        """`min` and `max` of many as min and max of two."""
        done: dict[Node, Node] = {}
        for node in postorder(tree):
            children = [done[child] for child in node.children]
            if isinstance(node, Call) and node.function in ("min", "max"):
                while len(children) > 2:
                    children[:2] = [self.one(Call(node.function, (children[0], children[1])))]
            done[node] = self._same(node, tuple(children))
        return done[tree]

    def _same(self, node: Node, children: tuple[Node, ...]) -> Node:
        """`node` with these operands, as the user wrote it: nothing is folded."""
        match node:
            case Unary():
                return self.one(Unary(children[0]))
            case Binary(operator=operator):
                return self.one(Binary(operator, *children))
            case Compare(operator=operator):
                return self.one(Compare(operator, *children))
            case Call(function=function):
                return self.one(Call(function, children))
            case _:
                return self.one(node)

    def tidy(self, tree: Node) -> Node:
        """Products with numbers in front, equal factors as powers and cancelled, equal terms of sums together.

        What cancels is taken as not 0, as on paper.

        Examples
        --------
        >>> from steepest.formula.parser import parse_expression
        >>> algebra = Algebra()
        >>> for text in ("-(1/sin(x)*(sin(x)*(1 - x)*y))", "x*3*x/2 + x + x", "a*x**2/(x*b)"):
        ...     print(algebra.tidy(parse_expression(text)))
        -(1 - x)*y
        3*x**2/2 + 2*x
        a*x/b
        """
        done: dict[Node, Node] = {}
        for node in postorder(tree):
            plain = self.with_children(node, tuple(done[child] for child in node.children))
            match plain:
                case Binary(operator="+" | "-"):
                    done[node] = self._sum(plain)
                case Unary() | Binary() | Call(function="square"):
                    done[node] = self._product(*self._factors_of(plain))
                case _:
                    done[node] = plain
        return done[tree]

    def constant_factor(self, tree: Node) -> tuple[float, Node]:
        """The number in front of a tidied product, and the rest.

        Examples
        --------
        >>> from steepest.formula.parser import parse_expression
        >>> algebra = Algebra()
        >>> algebra.constant_factor(algebra.tidy(parse_expression("-2*(y - w*x)*x")))
        (-2.0, <Binary (y - w*x)*x>)
        """
        number, factors = self._factors_of(tree)
        if not factors or number == 1:
            return 1.0, tree
        return float(number), self._product(Fraction(1), factors)

    def count(self, tree: Node) -> int:
        """How many operations the tree has when it is written out; see `operations`."""
        stack = [tree]
        while stack:
            node = stack[-1]
            missing = [child for child in node.children if child not in self._counts]
            if missing and node not in self._counts:
                stack.extend(missing)
                continue
            stack.pop()
            self._counts[node] = _is_operation(node) + sum(self._counts[child] for child in node.children)
        return self._counts[tree]

    def _factors_of(self, node: Node) -> tuple[Fraction, Factors]:
        """A number and powers whose product the node is."""
        if node in self._factors:
            return self._factors[node]
        whole = (Fraction(1), {node: 1.0})
        result = whole
        match node:
            case Number(value=value):
                result = (Fraction(value), {})
            case Unary(operand=operand):
                number, factors = self._factors_of(operand)
                result = (-number, factors)
            case Binary(operator="*" | "/" as operator, left=left, right=right):
                result = _merged(self._factors_of(left), self._factors_of(right), 1 if operator == "*" else -1) or whole
            case Binary(operator="**", left=base, right=exponent) if (power := value_of(exponent)) is not None:
                result = self._power(base, power) or whole
            case Call(function="square", arguments=(base,)):
                result = self._power(base, 2.0) or whole
        self._factors[node] = result
        return result

    def _power(self, base: Node, power: float) -> tuple[Fraction, Factors] | None:
        number, factors = self._factors_of(base)
        # Only whole powers go into a product: (x**2)**0.5 is not x.
        if power != int(power) or abs(power) > 64:
            return (Fraction(1), {base: power}) if value_of(base) is None else None
        if number == 0 and power < 0:
            return None
        return _bounded(number ** int(power), {each: exponent * power for each, exponent in factors.items()})

    def _product(self, number: Fraction, factors: Factors) -> Node:
        """The node for a number times powers: signs and numbers in front, one line of fraction."""
        if number == 0:
            return self.number(0.0)
        size = abs(number)
        top, bottom = (size.numerator, size.denominator) if max(size.numerator, size.denominator) <= _SHORT else (
            float(size), 1)  # fmt: skip
        above = [self._raised(base, power) for base, power in factors.items() if power > 0]
        below = [self._raised(base, -power) for base, power in factors.items() if power < 0]
        if top != 1 or not above:
            above.insert(0, self.number(float(top)))
        if bottom != 1:
            below.insert(0, self.number(float(bottom)))
        if number < 0:
            above[0] = self.one(Unary(above[0]))
        node = self._chained(above)
        if below:
            node = self.one(Binary("/", node, self._chained(below)))
        self._factors[node] = (number, factors)
        return node

    def _chained(self, factors: list[Node]) -> Node:
        node = factors[0]
        for factor in factors[1:]:
            node = self.one(Binary("*", node, factor))
        return node

    def _raised(self, base: Node, power: float) -> Node:
        return base if power == 1 else self.one(Binary("**", base, self.number(power)))

    def _terms_of(self, node: Node) -> list[tuple[Fraction, Factors]]:
        return self._terms.get(node) or [self._factors_of(node)]

    def _sum(self, node: Binary) -> Node:
        sign = 1 if node.operator == "+" else -1
        terms = [*self._terms_of(node.left), *((sign * n, f) for n, f in self._terms_of(node.right))]
        if len(terms) > _LONGEST:
            return node
        gathered: dict[frozenset[tuple[Node, float]], tuple[Fraction, Factors]] = {}
        for number, factors in terms:
            key = frozenset(factors.items())
            gathered[key] = (gathered[key][0] + number if key in gathered else number, factors)
        kept = [term for term in gathered.values() if term[0] != 0]
        if not kept:
            return self.number(0.0)
        first = next(
            (term for term in kept if term[0] > 0), kept[0]
        )  # a sum does not begin with a sign where it need not
        kept.remove(first)
        total = self._product(*first)
        for number, factors in kept:
            total = self.one(Binary("+" if number > 0 else "-", total, self._product(abs(number), factors)))
        self._terms[total] = [first, *kept]
        if not kept:
            return total
        self._factors[total] = (Fraction(1), {total: 1.0})
        return total


def _folded(operator: str, a: float, b: float) -> float | None:
    """``a operator b`` where the result is exact, or is what every computation would give; None to leave it."""
    match operator:
        case "+" | "-":
            result = a + b if operator == "+" else a - b
            return result if math.isfinite(result) else None
        case "*":
            result = a * b
            return result if math.isfinite(result) and (result != 0 or a == 0 or b == 0) else None
        case "/" if b != 0 and a == int(a) and b == int(b) and a % b == 0:
            return a / b
        case "**" if a == int(a) and b == int(b) and 0 <= b <= 64 and b * math.log2(abs(a) + 1) <= _BITS:
            return float(a**b)
    return None


def _bounded(number: Fraction, factors: Factors) -> tuple[Fraction, Factors] | None:
    """None where the number would leave float64."""
    if number and not 1e-290 < abs(number) < 1e290:
        return None
    return number, {base: power for base, power in factors.items() if power}


def _merged(
    left: tuple[Fraction, Factors], right: tuple[Fraction, Factors], sign: int
) -> tuple[Fraction, Factors] | None:
    if sign < 0 and right[0] == 0:
        return None
    factors = dict(left[1])
    for base, power in right[1].items():
        factors[base] = factors.get(base, 0.0) + sign * power
    return _bounded(left[0] * right[0] if sign > 0 else left[0] / right[0], factors)


def operations(tree: Node) -> int:
    """How many operations the tree has when it is written out, shared parts as often as they appear.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> operations(parse_expression("sin(a*x) + a*x")), distinct_operations(parse_expression("sin(a*x) + a*x"))
    (4, 3)
    """
    return Algebra().count(tree)


def distinct_operations(tree: Node) -> int:
    """How many operations computing the tree takes if what is shared is computed once."""
    return sum(_is_operation(node) for node in postorder(tree))


def _is_operation(node: Node) -> int:
    # A minus sign before a literal is part of the number.
    return int(not isinstance(node, (Number, Constant, Name)) and value_of(node) is None)
