"""Rules by hand: the textbook's are right, found under any letters, and given ones are read and checked."""

from __future__ import annotations

import numpy as np
import pytest

import steepest as sd
from steepest import ModelError
from steepest.differentiation.by_hand import _KNOWN, known_rule
from steepest.formula.callable import compile_tree
from steepest.formula.parser import parse_expression


@pytest.mark.parametrize(("function", "name", "rule"), _KNOWN)
def test_the_textbooks_rules_are_right(function: str, name: str, rule: str) -> None:
    values = {"x": 0.7, "w": -0.4, "y": 1.3, "a": 0.2, "b": -1.1, "c": 0.5, "t": 2.0}
    compute = compile_tree(parse_expression(function))
    expected = sd.grad(lambda v: compute({**values, name: v}))(values[name])
    assert float(compile_tree(parse_expression(rule))(values)) == pytest.approx(float(expected), rel=1e-13)


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("-log(sigmoid(slope*t))", "slope", True),
        ("-log(sigmoid(w*x))", "x", False),  # the rule is that for the first factor
        ("-log(sigmoid(w*w))", "w", False),
        ("(target - (p + q*r))**2", "q", True),
        ("u**2", "u", True),
        ("u**3", "u", False),
        ("sin(u)", "v", False),
    ],
)
def test_letters_do_not_matter(text: str, name: str, found: bool) -> None:
    assert (known_rule(parse_expression(text), name) is not None) == found


def manual(rule: object, **more: object) -> sd.Ways:
    return sd.ways("a*x**2 + b", {"a": 2.0, "b": 1.0, "x": 3.0}, manual=rule, **more)  # type: ignore[arg-type]


def test_rules_as_text() -> None:
    ways = manual({"a": "x**2", "b": "1"}, wrt=["a", "b"])
    assert ways.rows[0].name == "manual"
    np.testing.assert_array_equal(ways.rows[0].gradient, [9.0, 1.0])
    assert ways.rows[0].digits == 16
    assert manual("x**2", wrt="a").rows[0].note == "given: x**2"


def test_rules_as_functions() -> None:
    for rule in (
        lambda a, b, x: (x**2, 1.0),
        lambda a, b, x: {"b": 1.0, "a": x**2},
        lambda a, b, x: np.array([x**2, 1.0]),
    ):
        np.testing.assert_array_equal(manual(rule, wrt=["a", "b"]).rows[0].gradient, [9.0, 1.0])
    f = sd.ways(lambda w: (w**2).sum(), np.array([1.0, 2.0]), manual=lambda w: 2 * w)
    assert f.rows[0].digits == 16


def test_a_wrong_rule_is_told_by_name() -> None:
    ways = manual({"a": "x**2", "b": "2"}, wrt=["a", "b"])
    assert ways.remarks == ["The rule by hand is wrong: it gives 2 for b where the derivative is 1."]
    assert "wrong" in str(ways)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"a": "x**2"}, "lack one for 'b'"),
        ({"a": "x**2", "b": "1", "c": "2"}, "a rule by hand for 'c'"),
        ({"a": "x**2", "b": "q"}, "reads 'q', which has no value"),
        (lambda a, b, x: 1.0, "gives 1 values for 2 parameters"),
        (lambda a, b, x: {"a": 1.0}, "returns nothing for 'b'"),
        (lambda a, b, x: None, "must return numbers"),
    ],
)
def test_rules_that_do_not_fit(rule: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        manual(rule, wrt=["a", "b"])


def test_a_rule_for_rows_must_reduce_them() -> None:
    data = {"x": np.array([1.0, 2.0])}
    assert sd.ways("sum(w*x)", 1.0, data=data, manual="sum(x)").rows[0].digits == 16
    with pytest.raises(ModelError, match=r"put sum\(...\) or mean\(...\) around it"):
        sd.ways("sum(w*x)", 1.0, data=data, manual="x")
