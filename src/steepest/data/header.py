"""The header of a text table: where it stands, what separates its cells, and the names in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from steepest.base.errors import DataError

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "-", "None")


@dataclass(frozen=True)
class Header:
    """What the head of a text table tells.

    Attributes
    ----------
    names : tuple of str
        The columns; one without a name is ``column_3``, say.
    delimiter : str
        The character between cells; ``" "`` stands for any run of blanks.
    line : int
        The header's own line, counted from 1.
    body, first_line : int
        Offset and line of what follows the header.
    """

    names: tuple[str, ...]
    delimiter: str
    line: int
    body: int
    first_line: int


def lines(content: bytes, start: int = 0) -> Iterator[str]:
    """The lines of UTF-8 text from the offset `start`, each with its line end."""
    while start < len(content):
        end = content.find(b"\n", start) + 1 or len(content)
        yield content[start:end].decode()
        start = end


def find_header(content: bytes, title: str) -> Header:
    r"""Find the header below blank lines and comment lines, which begin with ``#``.

    Parameters
    ----------
    content : bytes
        UTF-8 text with line ends ``\n``.
    title : str
        What messages call the file.

    Raises
    ------
    DataError
        The file is empty, has only comments, or begins with a row of numbers.

    Examples
    --------
    >>> header = find_header(b"# made by hand\nt; height\n1,5; 2\n", "heights.csv")
    >>> header.names, header.delimiter, header.line
    (('t', 'height'), ';', 2)
    """
    start, line, comment = 0, 1, ""
    for text in lines(content):
        if text.strip() and not text.lstrip().startswith("#"):
            break
        comment = text.strip() or comment
        start, line = start + len(text.encode()), line + 1
    else:
        raise DataError(f"{title} is empty. Give a file with a header line and at least one row of data.")
    following = lines(content, start + len(text.encode()))
    first_row = next((row for row in following if row.strip()), "")
    delimiter = separator(text, first_row)
    if delimiter == " ":
        names, height = text.split(), 1
    else:
        reader = csv.reader(lines(content, start), delimiter=delimiter, skipinitialspace=True)
        names, height = [cell.strip() for cell in next(reader)], reader.line_num
    _refuse_numbers(names, line, comment, delimiter, title)
    body = start + sum(len(row.encode()) for row, _ in zip(lines(content, start), range(height)))
    return Header(
        names=tuple(name or f"column_{index}" for index, name in enumerate(names, start=1)),
        delimiter=delimiter,
        line=line,
        body=body,
        first_line=line + height,
    )


def separator(header: str, row: str) -> str:
    """The character between cells: tab, semicolon or comma, whichever splits the header and the first row alike.

    They are tried in this order, since a comma may also be a decimal comma; ``" "`` stands for any run of blanks.

    Examples
    --------
    >>> separator("t;height", "1,5;2,5"), separator("t  height", "1.5 2.5")
    (';', ' ')
    """
    names = {mark: _width(header, mark) for mark in "\t;,"}
    for mark, width in names.items():
        if 1 < width == _width(row, mark):
            return mark
    widest = max(names, key=lambda mark: names[mark])
    if names[widest] > 1:
        return widest
    if '"' not in header + row and 1 < len(header.split()) == len(row.split()):
        return " "
    return ","


def _width(line: str, delimiter: str) -> int:
    return len(next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), []))


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _refuse_numbers(names: list[str], line: int, comment: str, delimiter: str, title: str) -> None:
    """Raise if the first line holds numbers, so that the file has no header."""
    if not all(_is_number(name) or name in MISSING for name in names) or not any(map(_is_number, names)):
        return
    said = comment.lstrip("# ")
    if said and len(names) in (_width(said, delimiter), len(said.split())):
        remedy = f"If the comment {comment!r} above it is the header, remove its '#'"
    else:
        inputs = ["x"] if len(names) == 2 else [f"x{index}" for index in range(1, len(names))]
        remedy = f"Put a line with a name for each column before it, such as {delimiter.join([*inputs, 'y'])[:60]!r}"
    raise DataError(
        f"{title} has no header: line {line} holds only numbers, {delimiter.join(names)[:60]!r}. {remedy}. "
        "If these are names, add a letter to each."
    )
