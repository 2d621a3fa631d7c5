"""From text to tokens: numbers, names, backquoted names, lone dots and signs, each with its place."""

from __future__ import annotations

import keyword
import re
import unicodedata
from dataclasses import dataclass

from steepest.base.errors import FormulaError

MAX_LENGTH = 10_000
"""Characters in a formula."""
MAX_TOKENS = 2_000
"""Numbers, names and signs in a formula; no tree has more nodes."""
MAX_LITERAL = 100
"""Characters in one number."""

NUMBER, NAME, QUOTED, DOT, SIGN = "number", "name", "quoted name", "dot", "sign"

_PATTERN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<quoted>`(?:[^`]|``)*`(?!`))
    | (?P<dot>\.)
    | (?P<sign>\*\*|<=|>=|==|!=|[-+*/(),<>=~])
    """,
    re.VERBOSE,
)

_BACKQUOTES = "A column with an unusual name goes in backquotes, as in `wind speed`."
_NO_TEXT = f"There is no text inside a formula. {_BACKQUOTES}"
# What people type or paste, and what they mean.
_WRITE_INSTEAD = {
    "^": "For powers write **, as in x**2.",
    "&": "To combine conditions write one where(...) inside another.",
    "|": "To combine conditions write one where(...) inside another.",
    "!": "For the opposite of a condition exchange the last two arguments of where(...).",
    "%": "The remainder of a/b is a - b*floor(a/b).",
    "[": "Only round brackets group; columns are used whole, without an index.",
    "]": "Only round brackets group; columns are used whole, without an index.",
    "{": "Only round brackets group.",
    "}": "Only round brackets group.",
    "'": _NO_TEXT,
    '"': _NO_TEXT,
    ":": "For a product write *.",
    ";": "A formula is one expression on each side of ~.",
    "@": "For a product write *.",
    "π": "Write pi.",
    "∞": "Numbers are finite.",
    "√": "Write sqrt(...).",
    "∛": "Write cbrt(...).",
    "°": "Angles are in radians: write x*pi/180.",
    "‘": _BACKQUOTES,
    "’": _BACKQUOTES,
    "“": _BACKQUOTES,
    "”": _BACKQUOTES,
    "´": _BACKQUOTES,
}
_MEANT = {
    "-": "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d",
    "*": "\u00d7\u00b7\u22c5\u2217\u2219\u2022\u2a09\uff0a",
    "/": "\u00f7\u2215\u2044\uff0f",
    "~": "\u223c\u02dc\uff5e\u301c",
    "+": "\uff0b\ufe62",
    "=": "\uff1d",
    "<=": "\u2264\u2a7d",
    ">=": "\u2265\u2a7e",
    "!=": "\u2260",
    "(": "\uff08",
    ")": "\uff09",
    ",": "\uff0c",
}
_MEANT_BY = {character: sign for sign, characters in _MEANT.items() for character in characters}


@dataclass(frozen=True)
class Token:
    """One token: its kind, the characters as written, and their offset in the text."""

    kind: str
    text: str
    position: int

    @property
    def end(self) -> int:
        """Offset just behind the token."""
        return self.position + len(self.text)

    @property
    def name(self) -> str:
        """The name that a name or a quoted name stands for."""
        return self.text[1:-1].replace("``", "`") if self.kind == QUOTED else self.text

    def is_sign(self, *signs: str) -> bool:
        """Whether the token is one of these signs."""
        return self.kind == SIGN and self.text in signs


def quoted_name(name: str) -> str:
    """The name in backquotes; a backquote inside it is doubled.

    Examples
    --------
    >>> print(quoted_name("wind speed"))
    `wind speed`
    """
    return "`" + name.replace("`", "``") + "`"


def tokenize(text: str) -> list[Token]:
    """Cut `text` into tokens.

    Raises
    ------
    FormulaError
        The text is too long, or holds a character that the language lacks; the message says what to write.

    Examples
    --------
    >>> [token.text for token in tokenize("`wind speed` ~ a*exp(-b*t)")]
    ['`wind speed`', '~', 'a', '*', 'exp', '(', '-', 'b', '*', 't', ')']
    """
    if not isinstance(text, str):
        raise FormulaError(f"A formula is text such as 'y ~ a + b*x', not {type(text).__name__}.")
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"The formula has {len(text)} characters; {MAX_LENGTH} are allowed.", text)
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise _unknown_character(text, position)
        if match.lastgroup != "space":
            tokens.append(_checked(_token(match), text, tokens))
        position = match.end()
    if len(tokens) > MAX_TOKENS:
        raise FormulaError(f"The formula has {len(tokens)} numbers, names and signs; {MAX_TOKENS} are allowed.", text)
    return tokens


def _token(match: re.Match[str]) -> Token:
    kinds = {"number": NUMBER, "name": NAME, "quoted": QUOTED, "dot": DOT, "sign": SIGN}
    return Token(kinds[match.lastgroup or ""], match.group(), match.start())


def _checked(token: Token, text: str, before: list[Token]) -> Token:
    """The token, unless it is wrong in itself or touches its neighbour as only Python would have it."""
    touching = before[-1] if before and before[-1].end == token.position else None
    if token.kind == NUMBER and len(token.text) > MAX_LITERAL:
        raise FormulaError(
            f"This number has {len(token.text)} characters; {MAX_LITERAL} are allowed.", text, token.position
        )
    if token.kind == QUOTED and not token.name.strip():
        raise FormulaError("There is no name between these backquotes.", text, token.position)
    if token.kind == DOT:
        following = re.match(r"[A-Za-z_]\w*", text[token.end :], re.ASCII)
        if touching is not None and touching.kind in (NAME, QUOTED) and following:
            dotted = quoted_name(f"{touching.name}.{following.group()}")
            raise FormulaError(
                f"A name has no dot in it; if this is a column, write {dotted} in backquotes.",
                text,
                token.position,
            )
    if touching is not None and touching.kind == NUMBER and token.kind == NAME:
        raise FormulaError(_stuck_to_number(touching.text, token.text), text, token.position)
    return token


def _stuck_to_number(number: str, name: str) -> str:
    if re.fullmatch(r"_[0-9_]+", name):
        return f"Digits are written without underscores: {number}{name.replace('_', '')}."
    if number == "0" and re.fullmatch(r"[xXoObB][0-9A-Fa-f_]*", name):
        return f"Numbers are decimal; {number}{name} is not. For a product write {number}*{name}."
    if name in ("j", "J"):
        return f"There are no complex numbers; if {name} is a name, write {number}*{name}."
    return f"For a product write {number}*{name}."


def _unknown_character(text: str, position: int) -> FormulaError:
    character = text[position]
    if character == "`":
        return FormulaError("This backquote has no partner: names are written as `wind speed`.", text, position)
    if character in _MEANT_BY:
        sign = _MEANT_BY[character]
        return FormulaError(f"{_described(character)} is not the sign {sign}: write {sign}.", text, position)
    if character in _WRITE_INSTEAD:
        hint = _WRITE_INSTEAD[character]
        return FormulaError(f"The character {character} is not part of a formula. {hint}", text, position)
    if unicodedata.category(character) == "No" and unicodedata.decomposition(character).startswith("<super>"):
        digit = unicodedata.normalize("NFKC", character)
        return FormulaError(f"{_described(character)}: for powers write **{digit}.", text, position)
    if unicodedata.category(character).startswith("L"):
        before = re.search(r"\w*$", text[:position])
        position = before.start() if before else position
        word = re.findall(r"\w+", text[position:])[0]
        return FormulaError(
            f"{_described(character)}: outside backquotes, names are made of a-z, A-Z, digits and _. "
            f"If this is a column, write {quoted_name(word)}{_ascii_offer(word)}.",
            text,
            position,
        )
    if unicodedata.category(character) == "Zs":
        return FormulaError(f"{_described(character)}: write a plain space.", text, position)
    return FormulaError(f"{_described(character)} is not part of a formula.", text, position)


def _described(character: str) -> str:
    """The character and its Unicode name; by its number alone where printing it would garble the line."""
    code = f"U+{ord(character):04X}"
    if not character.isprintable():
        return f"The character {code} {unicodedata.name(character, '')}".rstrip()
    if character.isascii():
        return f"The character {character}"
    return f"The character {character} ({code} {unicodedata.name(character, 'without a name')})"


def _ascii_offer(word: str) -> str:
    """For a Greek letter, its name as a parameter: α -> alpha."""
    match = re.fullmatch(r"GREEK (?:SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(word[0], ""))
    if not match or len(word) > 1:
        return "; a parameter needs another name"
    letter = match.group(1).replace("LAMDA", "LAMBDA")  # Unicode's spelling
    name = letter.lower() if word.islower() else letter.capitalize()
    return f"; for a parameter write {name}_" if keyword.iskeyword(name) else f"; for a parameter write {name}"
