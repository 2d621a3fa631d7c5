from __future__ import annotations

import pytest

from steepest.base.errors import FormulaError
from steepest.formula.parser import parse_expression, parse_formula
from steepest.formula.tokens import MAX_TOKENS
from steepest.formula.tree import Binary, Block, Call, Compare, Constant, Kind, Name, Node, Number, Others, Unary

A, B, X = Name("a"), Name("b"), Name("x")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b*x", Binary("+", A, Binary("*", B, X))),
        ("-a**2", Unary(Binary("**", A, Number(2.0)))),
        ("a**-b", Binary("**", A, Unary(B))),
        ("a**b**x", Binary("**", A, Binary("**", B, X))),
        ("a/b/x", Binary("/", Binary("/", A, B), X)),
        ("-a*b", Binary("*", Unary(A), B)),
        ("+a", A),
        ("sin (pi*x)", Call("sin", (Binary("*", Constant("pi"), X),))),
        ("atan2(a, b)", Call("arctan2", (A, B))),
        ("where(x >= 0, a, b)", Call("where", (Compare(">=", X, Number(0.0)), A, B))),
        ("max(a, b, x, 1)", Call("max", (A, B, X, Number(1.0)))),
        ("e*exp", Binary("*", Name("e"), Name("exp"))),
        ("sin*x", Binary("*", Name("sin"), X)),
        ("mlp + _a", Binary("+", Name("mlp"), Name("_a"))),
        ("`pi`*`lambda`", Binary("*", Name("pi", quoted=True), Name("lambda", quoted=True))),
        (
            "match*case*type*_",
            Binary("*", Binary("*", Binary("*", Name("match"), Name("case")), Name("type")), Name("_")),
        ),
    ],
)
def test_trees(text: str, tree: Node) -> None:
    assert parse_expression(text) == tree


def test_both_sides() -> None:
    left, right = parse_formula("`wind ~ speed` ~ a*exp(-b*t)")
    assert left == Name("wind ~ speed", quoted=True)
    assert str(right) == "a*exp(-b*t)"


def test_positions_are_those_of_the_text() -> None:
    text = "`a long name` ~ 1000000*`another one` + sin(b)"
    left, right = parse_formula(text)
    assert isinstance(right, Binary)
    product, sine = right.children
    assert left.position == 0
    assert text[product.children[0].position :].startswith("1000000")
    assert text[product.children[1].position :].startswith("`another one`")
    assert text[sine.position :].startswith("sin")
    assert text[sine.children[0].position :].startswith("b)")


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", None, "is empty"),
        (" \n ", None, "is empty"),
        ("y", 0, "write the column to fit, ~ and the model"),
        ("y = a*x", 2, "Write ~"),
        ("y == a*x", 2, "Write ~"),
        ("~ a*x", 0, "Left of ~"),
        ("y ~", 2, "Right of ~"),
        ("y ~ a ~ b", 6, "more than one ~"),
        ("y ~ a = b", 6, "There is no = in a formula"),
        ("y ~ sin(x=1)", 9, "inside blocks"),
        ("y ~ mlp(., 64, 64)", 4, "is a network"),
        ("y ~ a + mlp(x, 20, activation=tanh)", 8, "is a network"),
        ("y ~ .", 4, "every other column"),
        ("y ~ sin(.)", 8, "every other column"),
        ("y ~ a . b", 6, "no attributes"),
        ("y ~ (a + b", 4, "never closed"),
        ("y ~ sin(a + (b)", 7, "never closed"),
        ("y ~ (", 4, "never closed"),
        ("y ~ a + b)", 9, "never opened"),
        ("y ~ )", 4, "never opened"),
        ("(y ~ a)", 0, "never closed"),
        ("y ~ ()", 4, "nothing between"),
        ("y ~ (a +)", 8, r"missing between \+ and \)"),
        ("y ~ a +", 6, r"missing after \+ at the end of the right side"),
        ("y + ~ a", 2, r"missing after \+ at the end of the left side"),
        ("y ~ * a", 4, r"missing before \*"),
        ("y ~ a + * b", 8, r"missing between \+ and \*"),
        ("y ~ a // b", 7, "missing between / and /"),
        ("y ~ *a", 4, "missing before"),
        ("y ~ f(*a)", 6, "missing between"),
        ("y ~ max(a,,b)", 10, "missing between , and ,"),
        ("y ~ max(a,)", 10, r"missing between , and \)"),
        ("y ~ a, b", 5, "between the arguments"),
        ("y ~ (a, b)", 6, "between the arguments"),
        ("y ~ max((a, b), x)", 10, "between the arguments"),
        ("y ~ 2 x", 6, r"write 2\*x"),
        ("y ~ 2(x + 1)", 5, r"write 2\*\(...\)"),
        ("y ~ (a)(b)", 7, r"write \)\*\(...\)"),
        ("y ~ a `wind speed`", 6, r"write a\*`wind speed`"),
        ("y ~ sin x", 8, r"in brackets: sin\(x\)"),
        ("y ~ 1 2", 6, "Two numbers"),
        ("y ~ 1.2.3", 7, "Two numbers"),
        ("y ~ lambda*x", 4, "`lambda` in backquotes.*such as lambda_"),
        ("y ~ a*is", 6, "reserved"),
        ("y ~ a is b", 6, "reserved"),
        ("y ~ None", 4, "reserved"),
        ("y ~ a if x else b", 6, r"where\(condition, a, b\)"),
        ("y ~ where(x > 0 and x < 1, a, b)", 16, "inside another"),
        ("y ~ where(not x > 0, a, b)", 10, "inside another"),
        ("y ~ where(0 < x < 1, a, b)", 10, "inside another"),
        ("y ~ where(x, a, b)", 10, "is a comparison"),
        ("y ~ where(x > 0, a)", 4, "where takes 3 arguments, not 2"),
        ("y ~ where(x > 0, a < b, a)", 17, "only be the first argument of where"),
        ("y ~ where((x > 0) > 0, a, b)", 11, "only be the first argument of where"),
        ("y ~ a < b", 4, "only be the first argument of where"),
        ("y ~ max(a, b < x)", 11, "only be the first argument of where"),
        ("y ~ 2*(a < b)", 7, "only be the first argument of where"),
        ("y ~ -(a < b)", 6, "only be the first argument of where"),
        ("y ~ sin()", 4, "sin takes 1 argument, not 0"),
        ("y ~ asin(a, b)", 4, "asin takes 1 argument, not 2"),
        ("y ~ atan2(a)", 4, "atan2 takes 2 arguments, not 1"),
        ("y ~ min(a)", 4, "min takes at least 2 arguments, not 1"),
        ("y ~ exq(a)", 4, "Did you mean exp"),
        ("y ~ ln(x)", 4, r"Write log\(...\)"),
        ("y ~ pow(x, 2)", 4, r"Write x\*\*n"),
        ("y ~ a(x + 1)", 4, r"For a product write a\*\(...\)"),
        ("y ~ pi(x)", 4, "There is no function 'pi'"),
        ("y ~ __import__(a)", 4, "two underscores"),
        ("y ~ 1e400*x", 4, "beyond float64"),
        ("y ~ 1e-400*x", 4, "too small for float64"),
        ("y ~ " + "9" * 99 + "e" + "9" * 9, 4, r"allowed"),
        ("`my column` ~ `other` + )", 24, "never opened"),
    ],
)
def test_errors_say_where_and_what_to_write(text: str, position: int | None, message: str) -> None:
    with pytest.raises(FormulaError, match=message) as caught:
        parse_formula(text)
    assert caught.value.text == text
    assert caught.value.position == position


def test_an_expression_has_no_sides() -> None:
    with pytest.raises(FormulaError, match="leave away ~"):
        parse_expression("y ~ a*x")
    with pytest.raises(FormulaError, match="is empty"):
        parse_expression("  ")
    with pytest.raises(FormulaError, match="end of the expression"):
        parse_expression("a +")
    with pytest.raises(FormulaError, match="Write ~"):
        parse_expression("y = a*x")


@pytest.mark.parametrize("text", ["0", "0.0", "0e5", ".0e-999"])
def test_zero_is_zero(text: str) -> None:
    assert parse_expression(text) == Number(0.0)


@pytest.mark.parametrize("text", ["9**9**9**9", "2**-1000000000000", "10**400"])
def test_large_powers_are_read_without_being_computed(text: str) -> None:
    assert isinstance(parse_expression(text), Binary)


@pytest.mark.parametrize("depth", [100, 101, 1900])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [("(", ")"), ("sin(", ")"), ("-", ""), ("a**", ""), ("-a**", ""), ("max(a, ", ")"), ("1 - (-", ")")],
)
def test_nesting_is_capped_before_pythons_parser_sees_it(depth: int, opening: str, closing: str) -> None:
    text = opening * depth + "a" + closing * depth
    if depth == 100 and opening in ("(", "sin(", "-", "a**", "max(a, "):
        assert parse_expression(text).position >= 0
        return
    with pytest.raises(FormulaError, match=r"Nested too deeply|are allowed"):
        parse_expression(text)


@pytest.mark.parametrize("sign", ["+", "-", "*", "/"])
def test_the_longest_chain_can_be_read(sign: str) -> None:
    text = sign.join("a" * (MAX_TOKENS // 2))
    assert str(parse_expression(text)).replace(" ", "") == text


def test_brackets_beside_each_other_are_not_deep() -> None:
    assert parse_expression("+".join(["-(-(a))"] * 200))


# ---- networks ----------------------------------------------------------------------------------------------------------
def test_blocks_are_read() -> None:
    left, right = parse_formula(
        "category(y) ~ mlp(x1, log(x2), ., 20, 1e1, dropout=0.2, activation=tanh)", networks=True
    )
    x2 = Call("log", (Name("x2"),))
    block = Block("mlp", (Name("x1"), x2, Others()), (20, 10), (("activation", "tanh"), ("dropout", 0.2)))
    assert left == Kind("category", Name("y"))
    assert right == block
    assert str(right) == "mlp(x1, log(x2), ., 20, 10, activation=tanh, dropout=0.2)"


def test_a_block_stands_inside_an_expression() -> None:
    _, right = parse_formula("y ~ a*t + exp(mlp(category(`z 1`), 16))", networks=True)
    assert right == Binary(
        "+",
        Binary("*", Name("a"), Name("t")),
        Call("exp", (Block("mlp", (Kind("category", Name("z 1", quoted=True)),), (16,)),)),
    )


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("y ~ mlp()", 4, "has no input: name columns"),
        ("y ~ mlp(x)", 4, "has no hidden layer"),
        ("y ~ mlp(3, x)", 8, "a size before its columns"),
        ("y ~ mlp(x, 3, z)", 14, "z in mlp stands after a size"),
        ("y ~ mlp(x, 2.5)", 11, "positive whole number such as 20; 2.5 is none"),
        ("y ~ mlp(x, 1e9)", 11, "at most 100,000 units"),
        ("y ~ mlp(x, x, 3)", 11, "names the column 'x' twice"),
        ("y ~ mlp(x, 3, activaton=tanh)", 14, "Did you mean activation"),
        ("y ~ mlp(x, 3, dropout=2)", 22, "a number from 0 up to 1"),
        ("y ~ mlp(x, 3, activation=tanh, 4)", 31, "come before keywords"),
        ("y ~ mlp(mlp(x, 3), 3)", 8, "one network cannot be the input of another"),
        ("y ~ mlp(log(.), 3)", 12, "belongs by itself"),
        ("mlp(y, 3) ~ x", 0, "right side of a formula"),
        ("category(y) + 1 ~ x", 0, "around the whole left side"),
        ("y ~ a*category(x)", 6, "around an input"),
        ("category(y + 1) ~ mlp(x, 3)", 0, "takes one column"),
    ],
)
def test_errors_of_blocks_say_what_to_write(text: str, position: int, message: str) -> None:
    with pytest.raises(FormulaError, match=message) as caught:
        parse_formula(text, networks=True)
    assert caught.value.position == position
