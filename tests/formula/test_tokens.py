from __future__ import annotations

import pytest

from steepest.base.errors import FormulaError
from steepest.formula.tokens import DOT, MAX_LENGTH, MAX_LITERAL, MAX_TOKENS, NAME, NUMBER, QUOTED, SIGN, tokenize


def test_kinds_and_places() -> None:
    tokens = tokenize("`wind speed` ~ a1*2.5e-3 + mlp(., x_)")
    assert [(token.kind, token.text, token.position) for token in tokens] == [
        (QUOTED, "`wind speed`", 0),
        (SIGN, "~", 13),
        (NAME, "a1", 15),
        (SIGN, "*", 17),
        (NUMBER, "2.5e-3", 18),
        (SIGN, "+", 25),
        (NAME, "mlp", 27),
        (SIGN, "(", 30),
        (DOT, ".", 31),
        (SIGN, ",", 32),
        (NAME, "x_", 34),
        (SIGN, ")", 36),
    ]


@pytest.mark.parametrize("number", ["0", "12", "1.", ".5", "1.5", "1e3", "1E+3", ".5e-12", "007"])
def test_numbers(number: str) -> None:
    assert [(token.kind, token.text) for token in tokenize(number)] == [(NUMBER, number)]


@pytest.mark.parametrize(
    ("quoted", "name"),
    [("`x`", "x"), ("`a``b`", "a`b"), ("`a ~ b`", "a ~ b"), ("`α\u202e\n`", "α\u202e\n"), ("`'\"\\\x00`", "'\"\\\x00")],
)
def test_backquotes_hold_any_name(quoted: str, name: str) -> None:
    (token,) = tokenize(quoted)
    assert (token.kind, token.name) == (QUOTED, name)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("y ~ x^2", 5, r"For powers write \*\*"),
        ("y ~ x²", 5, r"for powers write \*\*2"),
        ("y ~ a − b", 6, r"MINUS SIGN.*write -"),
        ("y ~ a×b", 5, r"MULTIPLICATION SIGN.*write \*"),
        ("y ∼ a", 2, r"TILDE OPERATOR.*write ~"),
        ("y ~ a ≤ b", 6, "write <="),
        ("y ~ α*x", 4, "write `α`; for a parameter write alpha"),
        ("y ~ Ω*x", 4, "for a parameter write Omega"),
        ("y ~ λ*x", 4, "for a parameter write lambda_"),
        ("y ~ température + 1", 4, "write `température`; a parameter needs another name"),
        ("y ~ x_α", 4, "write `x_α`; a parameter needs another name"),
        ("y ~ \u0430*x", 4, "CYRILLIC SMALL LETTER A"),
        ("y ~ π*x", 4, "Write pi"),
        ("y ~ √x", 4, "sqrt"),
        ("y ~ a\u00a0+ b", 5, "NO-BREAK SPACE.*plain space"),
        ("y ~ a\u202e", 5, r"U\+202E"),
        ("y ~ a\x00", 5, r"U\+0000"),
        ("y ~ a[0]", 5, "round brackets"),
        ("y ~ {a}", 4, "round brackets"),
        ("y ~ a % b", 6, r"floor\(a/b\)"),
        ("y ~ a & b", 6, "inside another"),
        ("y ~ 'x'*a", 4, "backquotes"),
        ("y ~ ‘x’*a", 4, "backquotes"),
        ("y ~ a; b", 5, "one expression"),
        ("y ~ a # b", 6, "not part of a formula"),
        ("y ~ a\\b", 5, "not part of a formula"),
        ("y ~ `wind speed", 4, "no partner"),
        ("y ~ a*``", 6, "no name"),
        ("y ~ a*`  `", 6, "no name"),
        ("y ~ 1_000*x", 5, "without underscores: 1000"),
        ("y ~ 1__0", 5, "without underscores: 10"),
        ("y ~ 2x", 5, r"write 2\*x"),
        ("y ~ 1j", 5, "no complex numbers"),
        ("y ~ 0xFF", 5, "decimal"),
        ("y ~ Sepal.Length", 9, "`Sepal.Length`"),
        ("y ~ `a b`.c", 9, "`a b.c`"),
        ("y ~ " + "9" * (MAX_LITERAL + 1), 4, f"{MAX_LITERAL} are allowed"),
    ],
)
def test_what_to_write_instead(text: str, position: int, message: str) -> None:
    with pytest.raises(FormulaError, match=message) as caught:
        tokenize(text)
    assert caught.value.text == text
    assert caught.value.position == position


def test_the_caret_stands_under_the_trouble() -> None:
    with pytest.raises(FormulaError) as caught:
        tokenize("`wind speed` ~ a ^ 2")
    _, line, caret = str(caught.value).split("\n")
    assert line[caret.index("^")] == "^"
    assert line.strip() == "`wind speed` ~ a ^ 2"


def test_caps() -> None:
    assert len(tokenize("+" * MAX_TOKENS)) == MAX_TOKENS
    with pytest.raises(FormulaError, match=f"{MAX_TOKENS} are allowed"):
        tokenize("+" * (MAX_TOKENS + 1))
    assert len(tokenize("a" * MAX_LENGTH)) == 1
    with pytest.raises(FormulaError, match=f"{MAX_LENGTH} are allowed"):
        tokenize("a" * (MAX_LENGTH + 1))


@pytest.mark.parametrize("text", [None, 3, b"y ~ x", ["y ~ x"]])
def test_a_formula_is_text(text: object) -> None:
    with pytest.raises(FormulaError, match="A formula is text"):
        tokenize(text)  # type: ignore[arg-type]
