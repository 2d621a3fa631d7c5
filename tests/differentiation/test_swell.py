"""How derivatives swell: counts by hand and by writing them out."""

from __future__ import annotations

import pytest

import steepest as sd
from steepest.differentiation.engine import differentiate
from steepest.formula.parser import parse_expression
from steepest.formula.tree import Node, Number, Unary


def written(node: Node) -> int:
    """Operations of a tree, by recursion; a sign before a literal is part of the number."""
    is_leaf = not node.children or (isinstance(node, Unary) and isinstance(node.operand, Number))
    return 0 if is_leaf else 1 + sum(written(child) for child in node.children)


@pytest.mark.parametrize("text", ["w*sin(w)*exp(w)", "1/(1 + exp(-w*x))", "log(w)*w**2/x", "w**3*x"])
def test_counts_are_those_of_the_text(text: str) -> None:
    swell = sd.derivation(text, "w").swell("w")
    tree = parse_expression(text)
    assert swell.function == written(tree)
    for count in swell.orders[:3]:
        tree, _ = differentiate(tree, "w")
        assert count == written(parse_expression(str(tree)))


def test_a_product_of_many_swells_and_sharing_cures_it() -> None:
    # Speelpenning's product x1 x2 ... xn: the derivative by one factor leaves n - 1 factors; by a shared w it grows as n².
    n = 20
    swell = sd.derivation("*".join(["sin(w)"] * n), "w").swell("w")
    assert swell.function == 2 * n - 1
    assert swell.orders[0] > n * n
    assert swell.shared[0] < 5 * n
    assert swell.orders[1] > 10 * swell.orders[0]
    assert swell.largest is not None
    assert swell.largest.rule.startswith("product rule")


def test_a_tower_of_sigmoids() -> None:
    swell = sd.derivation("sigmoid(" * 10 + "w" + ")" * 10, "w").swell("w")
    assert swell.function == 10
    # by hand: for k = 10 ... 1 sigmoid(u_k)*(1 - sigmoid(u_k))*du has 2k + 3 operations besides du; the innermost du is 1.
    assert swell.orders[0] == sum(2 * k + 3 for k in range(1, 11)) - 1
    assert swell.factor == swell.orders[0] / 10


def test_polynomials_shrink() -> None:
    swell = sd.derivation("w**3", "w").swell("w")
    assert swell.orders[-1] == 0
    assert swell.tidied == 2
