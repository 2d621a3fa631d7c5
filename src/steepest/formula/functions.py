"""The functions of the formula language: how many arguments each takes and which operation computes it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """One function of the language.

    Attributes
    ----------
    name : str
        As written in a formula.
    operation : str
        Name of the operation in `steepest.autodiff.ops`.
    least, most : int or None
        Number of arguments; `most` is None where there is no limit and the operation joins them two by two.
    """

    name: str
    operation: str
    least: int = 1
    most: int | None = 1

    def arguments(self) -> str:
        """How many arguments the function takes, in words."""
        if self.most is None:
            return f"at least {self.least} arguments"
        return f"{self.least} argument" + ("s" if self.least != 1 else "")


_ONE_ARGUMENT = (
    "sin cos tan arcsin arccos arctan sinh cosh tanh exp expm1 log log10 log2 log1p sqrt cbrt square "
    "abs sign floor ceil sigmoid softplus relu erf"
)
FUNCTIONS: dict[str, Function] = {
    **{name: Function(name, name) for name in _ONE_ARGUMENT.split()},
    "arctan2": Function("arctan2", "arctan2", 2, 2),
    "hypot": Function("hypot", "hypot", 2, 2),
    "logaddexp": Function("logaddexp", "logaddexp", 2, 2),
    "clip": Function("clip", "clip", 3, 3),
    "where": Function("where", "where", 3, 3),
    "min": Function("min", "minimum", 2, None),
    "max": Function("max", "maximum", 2, None),
}
"""Every function of the language by name."""

ALIASES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "minimum": "min",
    "maximum": "max",
}
"""Second names, which the tree does not keep."""

BLOCKS: dict[str, tuple[str, ...]] = {"mlp": ("activation", "dropout")}
"""Every block, a network inside a formula, by name, with its keywords."""

KINDS = ("category", "number")
"""What a column may be called where it could be both: the left side, and an input of a block."""

# What other languages call it.
_WRITE_INSTEAD = {
    "ln": "log(...)",
    "pow": "x**n",
    "power": "x**n",
    "logistic": "sigmoid(...)",
    "expit": "sigmoid(...)",
    "heaviside": "where(x > 0, 1, 0)",
    "step": "where(x > 0, 1, 0)",
    "sgn": "sign(...)",
    "fabs": "abs(...)",
    "ceiling": "ceil(...)",
    "round": "floor(x + 0.5)",
    "iif": "where(condition, a, b)",
    "ifelse": "where(condition, a, b)",
    "mod": "a - b*floor(a/b)",
    "cot": "1/tan(...)",
    "sec": "1/cos(...)",
    "csc": "1/sin(...)",
    "coth": "1/tanh(...)",
}


def find_function(name: str) -> Function | None:
    """The function of this name or alias.

    Examples
    --------
    >>> find_function("asin").name
    'arcsin'
    """
    return FUNCTIONS.get(ALIASES.get(name, name))


def unknown_function(name: str) -> str:
    """What to tell someone who called a function that does not exist.

    Examples
    --------
    >>> unknown_function("sqr")
    "There is no function 'sqr'. Did you mean sqrt or square? For a product write sqr*(...)."
    >>> unknown_function("ln")
    "There is no function 'ln'. Write log(...)."
    """
    start = f"There is no function {name!r}."
    if name.lower() in _WRITE_INSTEAD:
        return f"{start} Write {_WRITE_INSTEAD[name.lower()]}."
    near = difflib.get_close_matches(name.lower(), [*FUNCTIONS, *ALIASES], n=3, cutoff=0.6)
    offer = f" Did you mean {' or '.join(near)}?" if near else f" The functions are {', '.join(sorted(FUNCTIONS))}."
    return f"{start}{offer} For a product write {name}*(...)."
