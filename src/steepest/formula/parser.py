"""From text to the checked tree, through Python's own grammar and an allow list; nothing is evaluated."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Sequence

from steepest.base.errors import FormulaError
from steepest.formula.blocks import Keyword, built_block
from steepest.formula.functions import BLOCKS, KINDS, find_function, unknown_function
from steepest.formula.grammar import check_grammar, misplaced_kind
from steepest.formula.tokens import DOT, NAME, NUMBER, QUOTED, Token, tokenize
from steepest.formula.tree import Binary, Call, Compare, Constant, Kind, Name, Node, Number, Others, Unary

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


def parse_formula(text: str, networks: bool = False) -> tuple[Node, Node]:
    """Read ``left ~ right`` into two checked trees.

    Parameters
    ----------
    text : str
    networks : bool
        Whether the right side may have blocks, such as ``mlp(x, 20)``, and the left side be a ``category(y)`` or ``number(y)``.

    Raises
    ------
    FormulaError
        The text is not in the language; the message points at the place and says what to write.

    Examples
    --------
    >>> left, right = parse_formula("log(y) ~ a + b*x")
    >>> str(left), str(right)
    ('log(y)', 'a + b*x')
    """
    tokens = tokenize(text)
    tildes = [index for index, token in enumerate(tokens) if token.is_sign("~")]
    if not tildes:
        raise _without_tilde(tokens, text)
    if len(tildes) > 1:
        second = tokens[tildes[1]]
        raise FormulaError("There is more than one ~; a formula has a left and a right side.", text, second.position)
    left, right = tokens[: tildes[0]], tokens[tildes[0] + 1 :]
    if not left:
        raise FormulaError("Left of ~ stands what is to be fitted, as in y ~ a + b*x.", text, tokens[0].position)
    if not right:
        raise FormulaError("Right of ~ stands the model, as in y ~ a + b*x.", text, tokens[-1].position)
    kinds, blocks = (KINDS, (*KINDS, *BLOCKS)) if networks else ((), ())
    return _side(left, text, "the left side", kinds), _side(right, text, "the right side", blocks)


def parse_expression(text: str) -> Node:
    """Read a text without ``~`` into a checked tree.

    Raises
    ------
    FormulaError
        The text is not in the language, or has two sides.

    Examples
    --------
    >>> parse_expression("-log(sigmoid(w*x))")
    <Unary -log(sigmoid(w*x))>
    """
    tokens = tokenize(text)
    if not tokens:
        raise FormulaError("The expression is empty; write one such as a + b*x.", text)
    for token in tokens:
        if token.is_sign("~"):
            raise FormulaError("This takes an expression: leave away ~ and one side.", text, token.position)
    return _side(tokens, text, "the expression")


def _without_tilde(tokens: Sequence[Token], text: str) -> FormulaError:
    if not tokens:
        return FormulaError("The formula is empty; write one such as y ~ a + b*x.", text)
    for token in tokens:
        if token.is_sign("=", "=="):
            return FormulaError("Write ~ between the two sides, as in y ~ a + b*x.", text, token.position)
    return FormulaError(
        "A formula says what is fitted to what: write the column to fit, ~ and the model, as in y ~ a + b*x.",
        text,
        tokens[0].position,
    )


def _side(tokens: Sequence[Token], text: str, where: str, allowed: Collection[str] = ()) -> Node:
    check_grammar(tokens, text, where, allowed)
    tree = _Builder(tokens, text).build()
    if isinstance(tree, Kind) and where != "the left side":
        raise FormulaError(misplaced_kind(tree.kind), text, tree.position)
    return tree


class _Builder:
    """Hands the tokens to `ast.parse` and rebuilds what comes back from allowed nodes only.

    Numbers, backquoted names and dots become placeholders first, so that Python's parser sees ASCII names, signs
    and brackets only.
    """

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.text = text
        self.placeholders: dict[str, Token] = {}
        self.token_at: dict[int, Token] = {}
        words: list[str] = []
        offset = 0
        for token in tokens:
            word = token.text
            if token.kind in (NUMBER, QUOTED, DOT):
                word = f"__{len(self.placeholders)}"  # the grammar allows no name that starts like this
                self.placeholders[word] = token
            self.token_at[offset] = token
            words.append(word)
            offset += len(word) + 1
        self.code = " ".join(words)

    def build(self) -> Node:
        try:
            root = ast.parse(self.code, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            first = self.token_at[0].position
            raise FormulaError(
                "This cannot be read as an expression; write it in smaller parts.", self.text, first
            ) from error
        built: dict[ast.expr, Node] = {}
        for node in reversed(self._preorder(root)):
            built[node] = self._node(node, built)
        tree = built[root]
        if isinstance(tree, Compare):
            raise self._stray_comparison(tree)
        return tree

    def _preorder(self, root: ast.expr) -> list[ast.expr]:
        order: list[ast.expr] = []
        stack = [root]
        while stack:
            node = stack.pop()
            order.append(node)
            stack.extend(self._operands(node))
        return order

    def _operands(self, node: ast.expr) -> list[ast.expr]:
        """The allow list: what a node is computed from; an error for every node that the language lacks."""
        match node:
            case ast.Name():
                return []
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return [operand]
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _BINARY:
                return [left, right]
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _COMPARE:
                return [left, right]
            case ast.Compare():
                raise self._error("Compare two things at a time: write one where(...) inside another.", node)
            case ast.Call(func=ast.Name(), args=arguments, keywords=[]):
                return arguments
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in BLOCKS:
                return arguments
            case _:
                raise self._error("This is not part of the formula language.", node)

    def _node(self, node: ast.expr, built: dict[ast.expr, Node]) -> Node:
        position = self._token(node).position
        operands = [built[operand] for operand in self._operands(node)]
        if isinstance(node, ast.Call):
            return self._call(node, operands)
        for operand in operands:
            self._refuse_stray(operand)
        match node:
            case ast.Name(id=word):
                return self._leaf(word, self._token(node))
            case ast.UnaryOp(op=ast.UAdd()):
                return operands[0]
            case ast.UnaryOp():
                return Unary(operands[0], position=position)
            case ast.BinOp(op=operator):
                return Binary(_BINARY[type(operator)], *operands, position=position)
            case ast.Compare(ops=[comparison]):
                return Compare(_COMPARE[type(comparison)], *operands, position=position)
            case _:
                raise self._error("This is not part of the formula language.", node)

    def _leaf(self, word: str, token: Token) -> Node:
        if token.kind == NUMBER:
            return Number(self._literal(token), position=token.position)
        if token.kind == QUOTED:
            return Name(token.name, quoted=True, position=token.position)
        if token.kind == DOT:
            return Others(position=token.position)
        if word in Constant.VALUES:
            return Constant(word, position=token.position)
        return Name(word, position=token.position)

    def _literal(self, token: Token) -> float:
        value = float(token.text)
        if math.isinf(value):
            raise FormulaError("This number is beyond float64, which ends at 1.8e308.", self.text, token.position)
        if value == 0 and any(digit in "123456789" for digit in token.text.lower().split("e")[0]):
            raise FormulaError(
                "This number is too small for float64, which starts at 5e-324.", self.text, token.position
            )
        return value

    def _call(self, node: ast.Call, arguments: list[Node]) -> Node:
        token = self._token(node)
        if token.text in BLOCKS:
            return self._block(node, token, arguments)
        if token.text in KINDS:
            return self._kind(token, arguments)
        function = find_function(token.text) if token.kind == NAME else None
        if function is None:
            raise self._error(unknown_function(token.text), node)
        count = len(arguments)
        if count < function.least or (function.most is not None and count > function.most):
            raise self._error(f"{token.text} takes {function.arguments()}, not {count}.", node)
        for place, argument in enumerate(arguments):
            condition_due = function.name == "where" and place == 0
            if not (isinstance(argument, Compare) and condition_due):
                self._refuse_stray(argument)
            if condition_due and not isinstance(argument, Compare):
                raise FormulaError(
                    "The first argument of where is a comparison, as in where(x > 0, a, b).",
                    self.text,
                    argument.position,
                )
        return Call(function.name, tuple(arguments), position=token.position)

    def _block(self, node: ast.Call, token: Token, arguments: list[Node]) -> Node:
        for argument in arguments:
            if not isinstance(argument, Kind):
                self._refuse_stray(argument)
        keywords = []
        for each in node.keywords:
            if not isinstance(each.value, ast.Name):
                raise self._error("The value of a keyword is a name or a number, as in activation=tanh.", each.value)
            keywords.append(Keyword(self.token_at[each.col_offset], self._token(each.value)))
        return built_block(token, arguments, keywords, self.text)

    def _kind(self, token: Token, arguments: list[Node]) -> Node:
        if len(arguments) != 1 or not isinstance(arguments[0], Name):
            raise FormulaError(f"{token.text} takes one column, as in {token.text}(y).", self.text, token.position)
        return Kind(token.text, arguments[0], position=token.position)

    def _refuse_stray(self, operand: Node) -> None:
        if isinstance(operand, Compare):
            raise self._stray_comparison(operand)
        if isinstance(operand, Kind):
            raise FormulaError(misplaced_kind(operand.kind), self.text, operand.position)

    def _stray_comparison(self, comparison: Compare) -> FormulaError:
        return FormulaError(
            "A comparison can only be the first argument of where, as in where(x > 0, a, b).",
            self.text,
            comparison.position,
        )

    def _token(self, node: ast.expr) -> Token:
        return self.token_at[node.col_offset]

    def _error(self, message: str, node: ast.expr) -> FormulaError:
        return FormulaError(message, self.text, self._token(node).position)
