"""The text of an exported Python file: how names, texts and arrays are written so that they are read back as they were."""

from __future__ import annotations

import base64
import inspect
import keyword
import math
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from steepest.base.params import Array
from steepest.exports.python import plain

_FEW = 1000  # numbers that are written in digits; more are written as bytes
_WIDTH = 100
_UNPACK = '''
def unpacked(text, dtype, shape):
    """An array from its bytes as text."""
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)
'''


def docstring(text: str, indent: str = "") -> str:
    """A docstring of this very text, whatever stands in it.

    Examples
    --------
    >>> docstring('say "hello"') == '\"""say \\\\"hello\\\\"\"""'
    True
    """
    safe = text.replace("\\", "\\\\")
    if '""' in safe or safe.endswith('"'):
        safe = safe.replace('"', '\\"')
    safe = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in safe)
    return textwrap.indent(f'"""{safe}"""', indent)


def quoted(text: str) -> str:
    """A text as a literal, in the quotation marks of most Python code where nothing in it is against that."""
    return f'"{text}"' if repr(text) == f"'{text}'" and '"' not in text else repr(text)


def identifiers(wanted: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A Python name for each text, alike where that can be, and each another one.

    Examples
    --------
    >>> identifiers(["t", "wind speed", "wind_speed", "lambda", "2x", "np"], taken=["np"])
    {'t': 't', 'wind speed': 'wind_speed', 'wind_speed': 'wind_speed_2', 'lambda': 'lambda_', '2x': 'x2x', 'np': 'np_'}
    """
    used = set(taken)
    found: dict[str, str] = {}
    for text in wanted:
        plain_text = unicodedata.normalize("NFKC", text.strip())  # as Python reads identifiers
        name = "".join(c if f"x{c}".isidentifier() else "_" for c in plain_text) or "x"
        name = f"x{name}" if not name.isidentifier() else name
        name = f"{name}_" if keyword.iskeyword(name) or name in taken or name.startswith("__") else name
        base, k = name, 1
        while name in used:
            k += 1
            name = f"{base}_{k}"
        used.add(name)
        found[text] = name
    return found


def renamed_columns(inputs: Mapping[str, str]) -> list[str]:
    """Lines of a docstring that say which arguments are called otherwise than their columns."""
    return [f"    {short} is the column {name!r}" for name, short in inputs.items() if short != name]


def helper_sources(wanted: Iterable[str]) -> list[str]:
    """The source of helpers and of those that they call, in the order of their file."""
    needed: set[str] = set()
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name not in needed:
            needed.add(name)
            queue += [other for other in _function(name).__code__.co_names if other in HELPERS]
    return [inspect.getsource(_function(name)).rstrip() for name in HELPERS if name in needed]


def _function(name: str) -> Callable[..., object]:
    return getattr(plain, name)  # type: ignore[no-any-return]


HELPERS = [name for name, thing in vars(plain).items() if inspect.isfunction(thing)]
"""The names of all helpers."""


def array_table(name: str, arrays: Mapping[str, Array]) -> tuple[str, bool]:
    """The lines ``NAME = {...}`` of a dictionary of arrays, each number exactly, and whether they call ``unpacked``.

    Few numbers are written in digits, many as the bytes that they are.
    """
    lines, packed = [f"{name} = {{"], False
    for key, array in arrays.items():
        if array.size > _FEW:
            packed = True
            little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            text = textwrap.wrap(base64.b64encode(little.tobytes()).decode("ascii"), _WIDTH)
            body = "\n".join(f"        {piece!r}" for piece in text)
            lines.append(f"    {quoted(key)}: unpacked(\n{body},\n        {little.dtype.str!r}, {array.shape}),")
        else:
            dtype = "" if array.dtype == np.float64 else f", dtype=np.{array.dtype.name}"
            rows = array.tolist() if array.ndim == 2 else [array.tolist()]  # each row of a matrix begins a line
            texts = [line for row in rows for line in _wrapped(f"{row!r},")]
            texts[-1] = texts[-1].removesuffix(",")
            if array.ndim == 2:
                texts[0] = f"[{texts[0]}"
                texts[-1] += "]"
            texts[-1] += dtype
            body = texts[0] if len(texts) == 1 else "\n        " + "\n        ".join(texts) + "\n    "
            lines.append(f"    {quoted(key)}: np.array({body}),")
    return "\n".join([*lines, "}"]), packed


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False)


def unpack_source() -> str:
    """The source of ``unpacked``."""
    return _UNPACK.strip()


def number_table(name: str, numbers: Mapping[str, float], comment: str) -> str:
    """The lines ``NAME = {...}`` of a dictionary of numbers, each exactly; `comment` stands above it."""
    entries = [f"    {quoted(key)}: {_literal(float(value))}," for key, value in numbers.items()]
    return "\n".join([*([f"# {comment}"] if comment else []), f"{name} = {{", *entries, "}"])


def _literal(value: float) -> str:
    return repr(value) if math.isfinite(value) else f"float({str(value)!r})"


def whole_file(title: str, about: list[str], helpers: list[str], parts: list[str]) -> str:
    """The text of a file: its docstring, the modules that it uses, helpers, and its parts."""
    body = "\n\n\n".join([*helper_sources(helpers), *parts])
    used = [name for name in ("base64", "math") if f"{name}." in body]
    imports = "".join(f"import {name}\n" for name in used) + ("\n" if used else "") + "import numpy as np"
    said = (textwrap.fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False) for line in [title, "", *about])
    head = docstring("\n".join([*said, "", "Needs NumPy alone.", ""]))
    return f"{head}\n\n{imports}\n{'' if body.startswith(('#', 'PARAMETERS')) else chr(10)}\n{body}\n"
