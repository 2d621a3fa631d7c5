"""What may follow what: the check of the tokens that lets every error say what to write instead."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from steepest.base.errors import FormulaError
from steepest.formula.functions import BLOCKS, KINDS, find_function
from steepest.formula.tokens import DOT, NAME, NUMBER, QUOTED, Token, quoted_name

MAX_NESTING = 100
"""Brackets, signs and powers that may wait for their operand at one place."""

BINARY_SIGNS = ("+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=")


def check_grammar(tokens: Sequence[Token], text: str, where: str, allowed: Collection[str] = ()) -> None:
    """Check that `tokens` are one expression: operands with signs between, brackets closed, no deep nesting.

    Parameters
    ----------
    tokens : sequence of Token
        The tokens of one side of the formula.
    text : str
        The whole formula, for the messages.
    where : str
        What the tokens are, such as ``"the right side"``.
    allowed : collection of str
        Which blocks, such as ``mlp(x, 20)``, and kinds of columns, ``category(y)``, may stand there.

    Raises
    ------
    FormulaError
        At the first token that cannot stand where it stands.
    """
    _Grammar(tokens, text, allowed).check(where)


def is_call(tokens: Sequence[Token], index: int) -> bool:
    """Whether the token at `index` is a name in front of ``(``, which makes it a function."""
    return tokens[index].kind == NAME and index + 1 < len(tokens) and tokens[index + 1].is_sign("(")


@dataclass
class _Bracket:
    """An open bracket, the function whose arguments it opens, and how much waited outside it."""

    token: Token
    function: str
    depth: int
    has_keywords: bool = False

    @property
    def opens_call(self) -> bool:
        return bool(self.function)

    @property
    def opens_block(self) -> bool:
        return self.function in BLOCKS


class _Grammar:
    """Walks the tokens once, with the open brackets on a stack and the number of signs that still wait."""

    def __init__(self, tokens: Sequence[Token], text: str, allowed: Collection[str]) -> None:
        self.tokens = tokens
        self.text = text
        self.allowed = allowed
        self.brackets: list[_Bracket] = []
        self.depth = 0

    def check(self, where: str) -> None:
        operand_due = True
        for index, token in enumerate(self.tokens):
            if operand_due:
                operand_due = self._operand(index, token)
            else:
                operand_due = self._operator(index, token)
            if self.depth > MAX_NESTING:
                raise self._error(f"Nested too deeply: {MAX_NESTING} levels are allowed.", token)
        if operand_due and not self.brackets:
            last = self.tokens[-1]
            raise self._error(f"Something is missing after {last.text} at the end of {where}.", last)
        if self.brackets:
            raise self._error("This bracket is never closed.", self.brackets[-1].token)

    def _operand(self, index: int, token: Token) -> bool:
        """Take a token where an operand is due; whether one is still due afterwards."""
        if self._is_keyword(index):
            self.brackets[-1].has_keywords = True
            return True
        if token.is_sign("=") and self._is_keyword(index - 1):
            return True
        if self._begins_argument(index) and self.brackets[-1].has_keywords and not token.is_sign(",", ")"):
            raise self._error("Columns and sizes come before keywords, as in mlp(x, 20, activation=tanh).", token)
        if token.kind in (NUMBER, QUOTED):
            return False
        if token.kind == NAME:
            return self._name(index, token)
        if token.kind == DOT:
            if self._is_argument(index):
                return False
            raise self._error(
                "A lone dot stands for every other column and belongs by itself inside a block such as mlp(., 64).",
                token,
            )
        if token.is_sign("("):
            function = self.tokens[index - 1].text if index > 0 and is_call(self.tokens, index - 1) else ""
            self.brackets.append(_Bracket(token, function, self.depth))
            self.depth += 1
            return True
        if token.is_sign("+", "-"):
            self.depth += 1
            return True
        if token.is_sign(")"):
            return self._close_early(index, token)
        before = f"between {self.tokens[index - 1].text} and {token.text}" if index else f"before {token.text}"
        raise self._error(f"Something is missing {before}.", token)

    def _name(self, index: int, token: Token) -> bool:
        if is_call(self.tokens, index) and token.text not in self.allowed:
            if token.text in BLOCKS:
                raise self._error(_misplaced_block(token.text), token)
            if token.text in KINDS:
                raise self._error(misplaced_kind(token.text), token)
        if keyword.iskeyword(token.text):
            raise self._error(_reserved(token.text), token)
        if token.text.startswith("__"):
            raise self._error(
                f"A name does not start with two underscores; if it is a column, write {quoted_name(token.text)}.",
                token,
            )
        return is_call(self.tokens, index)

    def _is_argument(self, index: int) -> bool:
        """Whether this token is an argument of a block, by itself between brackets and commas."""
        following = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
        return self._begins_argument(index) and following is not None and following.is_sign(",", ")")

    def _is_keyword(self, index: int) -> bool:
        """Whether this token is a name in front of ``=`` among the arguments of a block."""
        following = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
        named = self.tokens[index].kind == NAME and following is not None and following.is_sign("=")
        return named and self._begins_argument(index)

    def _begins_argument(self, index: int) -> bool:
        in_block = bool(self.brackets) and self.brackets[-1].opens_block
        return in_block and self.tokens[index - 1].is_sign("(", ",")

    def _close_early(self, index: int, token: Token) -> bool:
        if not self.brackets:
            raise self._error("This bracket closes one that was never opened.", token)
        if not self.tokens[index - 1].is_sign("("):
            raise self._error(f"Something is missing between {self.tokens[index - 1].text} and ).", token)
        if not self.brackets[-1].opens_call:
            raise self._error("There is nothing between these brackets.", self.tokens[index - 1])
        self.depth = self.brackets.pop().depth
        return False

    def _operator(self, index: int, token: Token) -> bool:
        """Take a token where an operator is due; whether an operand is due afterwards."""
        before = self.tokens[index - 1]
        if token.is_sign(*BINARY_SIGNS):
            if token.text == "**":  # waits for the powers on its right
                self.depth += 1
            else:
                self._next_operand()
            return True
        if token.is_sign(","):
            if not self.brackets or not self.brackets[-1].opens_call:
                raise self._error("A comma belongs between the arguments of a function.", token)
            self._next_operand()
            return True
        if token.is_sign(")"):
            if not self.brackets:
                raise self._error("This bracket closes one that was never opened.", token)
            self.depth = self.brackets.pop().depth
            return False
        if token.is_sign("="):
            raise self._error(self._equals(), token)
        if token.kind == NAME and keyword.iskeyword(token.text):
            raise self._error(_reserved(token.text), token)
        if token.kind == DOT:
            raise self._error("A formula has no attributes and no calls with a dot.", token)
        if before.kind == NUMBER and token.kind == NUMBER:
            raise self._error("Two numbers stand side by side; a sign is missing between them.", token)
        following = "(...)" if token.is_sign("(") else token.text
        if before.kind == NAME and find_function(before.text):
            raise self._error(f"Arguments go in brackets: {before.text}({token.text}).", token)
        raise self._error(f"A sign is missing here; for a product write {before.text}*{following}.", token)

    def _next_operand(self) -> None:
        """Nothing waits any longer but the open brackets and what stands before them."""
        self.depth = self.brackets[-1].depth + 1 if self.brackets else 0

    def _equals(self) -> str:
        if self.brackets and self.brackets[-1].opens_block:
            return "A keyword of a block is a name: mlp(x, 20, activation=tanh)."
        if any(bracket.opens_call for bracket in self.brackets):
            return "Keywords belong inside blocks such as mlp(x, 20, activation=tanh); a function takes none."
        if "~" not in self.text:
            return "Write ~ between the two sides, as in y ~ a + b*x."
        return "There is no = in a formula: the sides stand left and right of ~, where(...) compares with ==."

    def _error(self, message: str, token: Token) -> FormulaError:
        return FormulaError(message, self.text, token.position)


def _reserved(word: str) -> str:
    if word in ("if", "else"):
        return f"There is no {word} in a formula: write where(condition, a, b)."
    if word in ("and", "or", "not"):
        return f"There is no {word} in a formula: write one where(...) inside another."
    return (
        f"The word {word} is reserved. If it is a column, write {quoted_name(word)} in backquotes; "
        f"a parameter needs another name, such as {word}_."
    )


def _misplaced_block(block: str) -> str:
    return (
        f"{block}(...) is a network; it belongs on the right side of a formula that is fitted to data, as in "
        f"y ~ {block}(x, 20)."
    )


def misplaced_kind(kind: str) -> str:
    """What to tell someone who wrote ``category(x)`` or ``number(x)`` where it cannot stand."""
    return (
        f"{kind}(...) says what a column is. It stands around the whole left side, {kind}(y) ~ mlp(x, 20), or around an input "
        f"of a network, y ~ mlp({kind}(x), 20)."
    )
