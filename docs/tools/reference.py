"""The public names, where each is defined, and which pages of the reference have them."""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import Any

from docs.tools.pages import DOCS, printed_by

import steepest as sd

REFERENCE = DOCS / "reference"
_DIRECTIVE = re.compile(r"^::: (sd(?:\.\w+)+)$", re.MULTILINE)
_ROW = re.compile(r"^\| `(sd(?:\.\w+)+)", re.MULTILINE)
_MENTION = re.compile(r"(?<![\[`])`(sd(?:\.\w+)+)((?:\([^`]*\))?)`(?![\]`])")
_HELP = "<!-- help of the commands -->"
_TABLE = re.compile(r"^<!-- table of (sd(?:\.\w+)+) -->$", re.MULTILINE)


def public_names() -> dict[str, Any]:
    """Each public name, such as ``sd.Adam`` or ``sd.nn.orthogonal``, with what it stands for."""
    names = {f"sd.{name}": getattr(sd, name) for name in sd.__all__}
    modules = {name: thing for name, thing in names.items() if isinstance(thing, ModuleType)}
    at_the_top = {id(thing) for thing in names.values()}
    for path, module in modules.items():
        for name in _names_of(module):
            thing = getattr(module, name)
            if id(thing) not in at_the_top:  # sd.nn.Linear is sd.Linear
                names[f"{path}.{name}"] = thing
    return names


def documented_names() -> dict[str, str]:
    """The names on the pages of the reference, each with its page; once only."""
    found: dict[str, str] = {}
    for page in sorted(REFERENCE.glob("*.md")):
        text = expanded_tables(page.read_text())
        for name in [*_DIRECTIVE.findall(text), *_ROW.findall(text)]:
            if name in found:
                raise ValueError(f"{name} stands on {found[name]} and again on {page.name}.")
            found[name] = page.name
    return found


def complaints() -> list[str]:
    """What is wrong with the reference: public names without a place, and names that are not public."""
    public, documented = public_names(), documented_names()
    missing = [f"{name} has no place in docs/reference/." for name in public if name not in documented]
    extra = [f"docs/reference/{page} has {name}, which is not public." for name, page in documented.items()
             if name not in public]  # fmt: skip
    return missing + extra


def home(thing: Any) -> str:
    """Where a class or function is defined, as a dotted path.

    Raises
    ------
    ValueError
        It is neither, and has no docstring of its own: it belongs into a table.
    """
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        raise ValueError(f"{thing!r} is neither a class nor a function: give it a row in a table.")
    return f"{thing.__module__}.{thing.__qualname__}"


def expanded(text: str) -> str:
    """A page of the reference with its directives for mkdocstrings, its tables and the help of the commands written out."""
    public = public_names()

    def directive(found: re.Match[str]) -> str:
        name = found[1]
        short = name if name.count(".") > 1 else name.removeprefix("sd.")
        lines = [f"::: {home(public[name])}", "    options:", f"      heading: {name}", f"      toc_label: {short}"]
        return "\n".join([f'<a id="{name}"></a>', "", *lines])

    return _DIRECTIVE.sub(directive, expanded_tables(text)).replace(_HELP, _help() if _HELP in text else "")


def linked(text: str, up: str) -> str:
    """A page on which names such as `` `sd.Adam` `` lead to their place in the reference; not in headings and code.

    Parameters
    ----------
    up : str
        What leads from the page to docs/, such as "../".
    """
    places = documented_names()
    entries = {name for page in REFERENCE.glob("*.md") for name in _DIRECTIVE.findall(page.read_text())}

    def link(found: re.Match[str]) -> str:
        name = found[1]
        if name not in places:
            return found[0]
        return f"[{found[0]}]({up}reference/{places[name]}{f'#{name}' if name in entries else ''})"

    lines, inside = [], False
    for line in text.split("\n"):
        inside ^= line.startswith("```")
        lines.append(line if inside or line.startswith(("#", "    ", "```")) else _MENTION.sub(link, line))
    return "\n".join(lines)


def expanded_tables(text: str) -> str:
    """A page with ``<!-- table of sd.ops -->`` replaced by a row for each function: how it is called, what it gives."""
    return _TABLE.sub(lambda found: _table(found[1]), text)


def _help() -> str:
    """What each command says of itself, under a heading."""
    from steepest.cli.app import app

    names = [command.name for command in app.registered_commands]
    return "\n\n".join(f"## {name}\n\n```text\n{printed_by(f'steepest {name} --help')}```" for name in names)


def _table(path: str) -> str:
    module = getattr(sd, path.removeprefix("sd."))
    rows = ["| function | gives |", "|---|---|"]
    for name in _names_of(module):
        function = getattr(module, name)
        first = (function.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
        parameters = ", ".join(_parameter(p) for p in inspect.signature(function).parameters.values())
        rows.append(f"| `{path}.{name}({parameters})` | {first} |")
    return "\n".join(rows)


def _parameter(parameter: inspect.Parameter) -> str:
    stars = (
        "*" if parameter.kind is parameter.VAR_POSITIONAL else "**" if parameter.kind is parameter.VAR_KEYWORD else ""
    )
    default = "" if parameter.default is parameter.empty else f"={parameter.default!r}"
    return f"{stars}{parameter.name}{default}"


def _names_of(module: ModuleType) -> list[str]:
    names = getattr(module, "__all__", None)
    return list(names) if names else [name for name in dir(module) if not name.startswith("_")]
