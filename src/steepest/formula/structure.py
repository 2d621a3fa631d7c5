"""What a fit wants to know from the tree alone: which parameters enter linearly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from steepest.formula.tree import Binary, Block, Call, Compare, Name, Node, Number, Unary, postorder


@dataclass(frozen=True)
class _Dependence:
    """How a node depends on the parameters: those it is affine in, and those it is not."""

    affine: frozenset[str] = frozenset()
    curved: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        return self.affine | self.curved


def linear_parameters(tree: Node, parameters: Collection[str]) -> tuple[str, ...]:
    """Parameters in which the tree is jointly affine: others held, it is a constant plus a linear function.

    A structural test: sums, products with what holds none of them, division by what holds none of them,
    minus signs, and `where` whose condition holds none of them. Two parameters that are multiplied with each
    other cannot both be in the set; those with the fewest such rivals come first, then those that appear first.

    Parameters
    ----------
    tree : Node
        The right side.
    parameters : collection of str
        The names that count; every other name is a column.

    Returns
    -------
    tuple of str
        In order of appearance.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> linear_parameters(parse_expression("a*exp(-b*t) + c"), ["a", "b", "c"])
    ('a', 'c')
    >>> linear_parameters(parse_expression("a*(b + c*x)"), ["a", "b", "c"])
    ('b', 'c')
    """
    rivals: dict[str, set[str]] = {}
    dependence: dict[Node, _Dependence] = {}
    for node in postorder(tree):
        if isinstance(node, Name) and node.name in parameters:
            dependence[node] = _Dependence(affine=frozenset([node.name]))
            rivals.setdefault(node.name, set())
        else:
            dependence[node] = _depends(node, [dependence[child] for child in node.children], rivals)
    candidates = [name for name in rivals if name in dependence[tree].affine - dependence[tree].curved]
    chosen: set[str] = set()
    while candidates:
        first = min(candidates, key=lambda name: len(rivals[name].intersection(candidates)))
        chosen.add(first)
        candidates = [name for name in candidates if name != first and name not in rivals[first]]
    return tuple(name for name in rivals if name in chosen)


def _depends(node: Node, children: list[_Dependence], rivals: dict[str, set[str]]) -> _Dependence:
    affine = frozenset[str]().union(*(child.affine for child in children))
    curved = frozenset[str]().union(*(child.curved for child in children))
    match node:
        case Unary() | Binary(operator="+" | "-"):
            return _Dependence(affine, curved)
        case Binary(operator="*"):
            left, right = children
            for ours in left.affine:
                rivals[ours] |= right.all - {ours}
            for theirs in right.affine:
                rivals[theirs] |= left.all - {theirs}
            return _Dependence(affine, curved | (left.all & right.all))
        case Binary(operator="/"):
            return _Dependence(affine, curved | children[1].all)
        case Binary(operator="**", right=Number(value=1)):
            return children[0]
        case Call(function="where"):
            return _Dependence(affine, curved | children[0].all)
        case _:
            return _Dependence(frozenset(), affine | curved)


def substituted(tree: Node, instead: Mapping[Node, Node]) -> Node:
    """The tree with other nodes in the place of some, outermost first.

    Examples
    --------
    >>> from steepest.formula.parser import parse_expression
    >>> tree = parse_expression("a*log(x) + b*log(x)")
    >>> str(substituted(tree, {parse_expression("log(x)"): parse_expression("u")}))
    'a*u + b*u'
    """
    made: dict[Node, Node] = {}
    for node in postorder(tree):
        if node in instead:
            made[node] = instead[node]
            continue
        children = [made[child] for child in node.children]
        match node:
            case Unary():
                made[node] = replace(node, operand=children[0])
            case Binary() | Compare():
                made[node] = replace(node, left=children[0], right=children[1])
            case Call():
                made[node] = replace(node, arguments=tuple(children))
            case Block():
                made[node] = replace(node, inputs=tuple(children))
            case _:
                made[node] = node
    return made[tree]
