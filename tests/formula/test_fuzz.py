"""Ten thousand random texts and the hostile ones that people think of: a tree or a `FormulaError`, nothing else."""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from steepest.base.errors import FormulaError
from steepest.formula.callable import compile_tree
from steepest.formula.formula import Formula
from steepest.formula.parser import parse_expression, parse_formula
from steepest.formula.symbolic import to_latex, to_sympy
from steepest.formula.tree import Block, Kind, Node, names, postorder, to_text

TEXTS = 10_000
SMALL = 12  # nodes of a tree that also goes through SymPy, which is slow

_watching = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in (
        "exec",
        "import",
        "open",
        "os.system",
        "subprocess.Popen",
        "socket.connect",
        "ctypes.dlopen",
    ):
        raise AssertionError(f"a formula caused {event} {arguments!r:.80}")


sys.addaudithook(_audit)


@contextmanager
def nothing_runs() -> Iterator[None]:
    """Inside, the interpreter refuses to run code, import, or open anything."""
    global _watching
    _watching = True
    try:
        yield
    finally:
        _watching = False


def survives(text: str, with_sympy: bool) -> bool:
    """Put a text through everything; whether it was a formula."""
    trees: list[Node] = []
    with_networks = functools.partial(parse_formula, networks=True)
    for read in (parse_expression, parse_formula, with_networks):
        try:
            with nothing_runs():
                found = read(text)
        except FormulaError as error:
            assert error.position is None or 0 <= error.position <= len(text)  # noqa: PT017
            continue
        if read is with_networks:
            printed = " ~ ".join(map(str, found))
            assert parse_formula(printed, networks=True) == found
            trees += [tree for tree in found if not any(isinstance(n, Block | Kind) for n in postorder(tree))]
        else:
            trees += found if isinstance(found, tuple) else [found]
    for tree in trees:
        printed = to_text(tree)
        assert parse_expression(printed) == tree
        try:
            with nothing_runs():
                function = compile_tree(tree, text)
        except FormulaError as error:
            assert "is not a finite number" in str(error)  # noqa: PT017
            continue
        function({name.name: np.array([0.5, 2.0]) for name in names(tree)})
        if with_sympy and len(postorder(tree)) <= SMALL:
            for convert in (to_sympy, to_latex):
                try:
                    convert(tree)
                except FormulaError as error:
                    assert "SymPy cannot" in str(error)  # noqa: PT017
    return bool(trees)


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported() -> None:
    """What is imported when first used is imported now, so that the audit hears of nothing else."""
    assert compile_tree(parse_expression("erf(0)"))({}) == 0.0  # brings SciPy in
    assert survives("y ~ a*exp(-b*t) + sin(2*pi*`x y`) + where(t > 0, 1, 2)", with_sympy=True)
    with pytest.raises(FormulaError):
        Formula("y ~ exq(α)")


# ---- random texts ------------------------------------------------------------------------------------------------------
_WORDS = """
    a b x t y e pi exp sin log sqrt where min max clip arctan2 mlp activation category
    lambda if else and not is import __class__ _ a_1
    + - * / ** ** ( ) ( ) , < <= == != ~ = . ` `wind` 1 2 0 0.5 1e3 1e400 1e-400 10 99 .5 1. 1_0 2x 0x1 1j
    ^ % // := ; : [ ] { } @ ! & | ' " # $ \\ ? α π × − ² \u202e \x00 \ud800 é \u00a0 \U0001f600
"""
WORDS = [*_WORDS.split(), " ", "\n", "\t"]


def random_expression(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(["a", "b", "x", "t", "pi", "`wind speed`", "1", "2", "0.5", "3e-2", "0", "1e5", "rate_1"])
    part = [random_expression(rng, depth - 1) for _ in range(3)]
    form = rng.randrange(9)
    if form == 8:
        block = rng.choice(
            ["mlp({0}, {1}, 20)", "mlp(., 8, 8)", "mlp({0}, {2}, 4, activation=tanh)", "mlp(category(x), {1}, 3)"]
        )
        return block.format(*part)
    if form < 4:
        return f"{part[0]} {rng.choice(['+', '-', '*', '/', '**'])} {part[1]}"
    if form == 4:
        return f"({part[0]})"
    if form == 5:
        return f"-{part[0]}"
    if form == 6:
        return f"{rng.choice(['exp', 'sin', 'log', 'sqrt', 'tanh', 'abs', 'erf', 'floor', 'cbrt', 'atan'])}({part[0]})"
    return rng.choice(["where({0} < {1}, {1}, {2})", "max({0}, {1})", "clip({0}, {1}, {2})", "hypot({0}, {1})"]).format(
        *part
    )


def mutated(rng: random.Random, text: str) -> str:
    letters = list(text)
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        place = rng.randrange(len(letters) + 1)
        action = rng.randrange(4)
        if action == 0:
            letters.insert(place, rng.choice(WORDS))
        elif action == 1 and letters:
            del letters[min(place, len(letters) - 1)]
        elif action == 2:
            letters[place:place] = letters[place : place + rng.randrange(8)]
        else:
            letters = letters[place:] + letters[:place] if rng.random() < 0.2 else letters
    return "".join(letters)


def random_text(rng: random.Random) -> str:
    kind = rng.randrange(10)
    if kind < 6:
        left = rng.choice(["", "", "y ~ ", "log(y) ~ ", "category(y) ~ ", "~", "`a b`~"])
        return mutated(rng, left + random_expression(rng, rng.randrange(1, 5)))
    if kind < 8:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 12)))
    if kind == 8:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(1, 30))).decode(rng.choice(["latin-1", "cp437"]))
    return "".join(chr(rng.choice([rng.randrange(128), rng.randrange(0x110000)])) for _ in range(rng.randrange(1, 20)))


def test_ten_thousand_random_texts() -> None:
    rng = random.Random(20240607)
    formulas = sum(survives(random_text(rng), with_sympy=turn % 8 == 0) for turn in range(TEXTS))
    assert 0.1 * TEXTS < formulas < 0.9 * TEXTS  # both sides of the fence are visited


# ---- hostile texts -----------------------------------------------------------------------------------------------------
REFUSED = [
    "__import__('os').system('true')",
    "__import__(os)",
    "().__class__.__bases__",
    "a.__class__",
    "(a).__class__",
    "`a`.__class__",
    "1 .real",
    "1..real",
    "__builtins__",
    "__0",
    "__0 + 1",
    "a[0]",
    "a[b]",
    "[a]",
    "[a for a in b]",
    "(a for a in b)",
    "{a}",
    "{a: b}",
    "lambda: 1",
    "lambda x: x",
    "(lambda)(x)",
    "a if b else c",
    "a or b",
    "not a",
    "a and b",
    "a in b",
    "a is b",
    "yield a",
    "await a",
    "print(a)",
    "eval(a)",
    "exec(a)",
    "open(a)",
    "getattr(a, b)",
    "f(*a)",
    "sin(*a)",
    "sin(**a)",
    "sin(x=a)",
    "max(a, key=b)",
    "sin(a for a in b)",
    "sin(a)(b)",
    "sin(a).real",
    "f'{a}'",
    'f"{a}"',
    "'a'",
    "b'a'",
    '"""a"""',
    "`a",
    "a`",
    "``",
    "`` `a`",
    "```",
    "a := 1",
    "(a := 1)",
    "a = 1",
    "a; b",
    "a; import os",
    "import os",
    "a #",
    "a \\\n + b",
    "a\\",
    "...",
    "Ellipsis[0]",
    "None",
    "True",
    "1_000",
    "1j",
    "1e5j",
    "0x10",
    "0b1",
    "1e999999999",
    "1e-999999999",
    "9" * 5000,
    "1" + "0" * 400,
    "0." + "0" * 400 + "1",
    "a @ b",
    "a // b",
    "a % b",
    "a << 2",
    "a | b",
    "~a",
    "~~",
    "a ~ b ~ c",
    "a, b",
    "(a, b)",
    "(a,)",
    "()",
    "sin()",
    "sin(,)",
    "a < b < c",
    "where(a < b < c, 1, 2)",
    "where(a, b, c)",
    "(" * 5000 + "a" + ")" * 5000,
    "(" * 900,
    ")" * 900,
    "-" * 5000 + "a",
    "-" * 1900 + "a",
    "a" + "**a" * 900,
    "sin(" * 300 + "a" + ")" * 300,
    "max(" + "a," * 5000 + "a)",
    "a" * 20_000,
    "a + " * 20_000 + "a",
    "1" * 20_000,
    "`" * 9999,
    "a\x00",
    "\x00",
    "\ufeffa",
    "\u202ea\u202c",
    "a\u200b",
    "\u0430",  # Cyrillic a
    "ｓｉｎ(x)",  # full-width letters, which Python would read as sin
    "𝐬in(x)",
    "x²",
    "a − b",
    "１ + ２",
    "\ud800",
    "a\x1b[31m",
    "α",
    "a^b",
    "mlp(., 64, 64)",
    "mlp(x, 20, activation=tanh)",
    ".",
    "sin(.)",
    "a . b",
    "",
    " ",
    "\n",
]
ACCEPTED = [
    "9**9**9**9",
    "2**-1000000000000",
    "10**400",
    "1/0",
    "0**0",
    "(-1)**0.5*a",
    "`__class__`",
    "`); import os; (`",
    "`~`",
    "`a``b`",
    "`\x00`",
    "`\u202e`",
    "`\ud800`",
    "`{0} %s \\n`",
    "_main",
    "_ + _a_",
    "print",
    "eval*exec",
    "match + case",
    "a\n+\r\n\tb",
    "-" * 100 + "a",
    "(" * 100 + "a" + ")" * 100,
    "a" + " + a" * 999,
    "max(" + "a, " * 900 + "a)",
    "`" + "x" * 9_000 + "`",
    "1e308*10*a",
    "5e-324*a",
    "exp(exp(exp(exp(a))))",
    "tan(pi/2)*a",
    "floor(1e300*a)",
    "where(a == a, 1/(a - a), 0)",
]  # fmt: skip


def test_there_are_enough_hostile_texts() -> None:
    assert len(set(REFUSED)) >= 50


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:30]))
def test_hostile_texts_are_refused(text: str) -> None:
    with nothing_runs():
        with pytest.raises(FormulaError):
            parse_expression(text)
        with pytest.raises(FormulaError):
            parse_formula(f"y ~ {text}")
        with pytest.raises(FormulaError):
            parse_formula(f"{text} ~ a")


@pytest.mark.parametrize("text", ACCEPTED, ids=lambda text: ascii(text[:30]))
def test_odd_texts_are_read_as_what_they_say(text: str) -> None:
    assert survives(text, with_sympy=True)


NETWORKS_REFUSED = [
    "mlp()", "mlp(,)", "mlp(x)", "mlp(20)", "mlp(20, x)", "mlp(x, 20, z)", "mlp(x, 0)", "mlp(x, -3)", "mlp(x, 2.5)",
    "mlp(x, 1e30)", "mlp(x, 1e400)", "mlp(x, 10*2)", "mlp(x, pi)", "mlp(x, x, 3)", "mlp(., ., 3)", "mlp(log(.), 3)",
    "mlp((.), 3)", "mlp(. + 1, 3)", "mlp(mlp(x, 3), 3)", "mlp(log(mlp(x, 3)), 3)", "mlp(x > 1, 3)",
    "mlp(x, 3, tanh=activation)", "mlp(x, 3, activation=)", "mlp(x, 3, activation=tanh, 4)",
    "mlp(x, 3, activation=tanh, activation=tanh)", "mlp(x, 3, activation=2)", "mlp(x, 3, activation=a+b)",
    "mlp(x, 3, activation=(tanh))(x)", "mlp(x, 3, dropout=1)", "mlp(x, 3, dropout=-1)", "mlp(x, 3, dropout=tanh)",
    "mlp(x, 3, *a)", "mlp(x, 3, **a)", "mlp(x, 3, activation=`tanh`.x)", "mlp(x, 3)(x)", "mlp(x, 3).x",
    "mlp(x, 3, activation=mlp(x, 3))", "mlp(x, 3, activation==tanh)", "mlp(activation=tanh)", "mlp(x, 3, (activation=tanh))",
    "mlp(category(x + 1), 3)", "mlp(category(.), 3)", "mlp(category(x, z), 3)", "mlp(log(category(x)), 3)", "-category(x)",
    "mlp(category(category(x)), 3)", ".", "a + .", "sin(x, activation=tanh)", "__0(x)", "mlp(__0, 3)", "mlp(x, 3, __0=tanh)",
    "mlp(x, 3, lambda=tanh)", "mlp(x, 3, activation=lambda: 1)", "mlp(x, 3, activation='tanh')", "mlp(x, 3, activation=α)",
]  # fmt: skip


@pytest.mark.parametrize("text", NETWORKS_REFUSED, ids=lambda text: ascii(text[:30]))
def test_what_a_block_cannot_be(text: str) -> None:
    with nothing_runs():
        for formula in (f"y ~ {text}", f"y ~ a + {text}", f"{text} ~ a", f"category(y) ~ {text}"):
            with pytest.raises(FormulaError):
                parse_formula(formula, networks=True)


def test_a_call_from_deep_inside_the_callers_stack() -> None:
    def deep(levels: int) -> str:
        if levels:
            return deep(levels - 1)
        try:
            return str(compile_tree(parse_expression(" + ".join("a" * 900)))({"a": 1.0}))
        except FormulaError as error:
            return str(error)

    assert deep(0) == "900.0"
    assert deep(700).startswith(("900.0", "This cannot be read as an expression; write it in smaller parts."))
