"""Text tables (CSV, TSV, blanks): cells to columns by pyarrow, and the line named where a row is wrong."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from steepest.base.errors import DataError
from steepest.data.arrow import from_column
from steepest.data.header import MISSING, Header, find_header, lines
from steepest.data.source import Loaded, Source

# pyarrow infers the types of columns from the first block; a file that fits in one block has its types from every row.
_BLOCK = 1 << 30
_DECIMAL_COMMA = r"^[+-]?\d*,?\d+([eE][+-]?\d+)?$"


def decoded(content: bytes, title: str) -> bytes:
    r"""The content as UTF-8 without a byte-order mark and with line ends ``\n``; read as Latin-1 where it is not UTF-8.

    Raises
    ------
    DataError
        The content is not text.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        content = content.decode("utf-16", errors="replace").encode()
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in content[: 1 << 16]:
        raise DataError(
            f"{title} is not text: it holds zero bytes. If it is a table of another kind, give it the ending of its kind, "
            "such as .parquet, .feather or .npy; save a spreadsheet as CSV."
        )
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        content.decode()
    except UnicodeDecodeError:
        content = content.decode("latin-1").encode()
    return content


def from_text(content: bytes, title: str) -> Source:
    """The source for a text table with a header, separated by commas, semicolons, tabs or blanks.

    Blank lines, and lines that begin with ``#`` before the header, are passed over. Blanks around a cell do not count. Cells
    that are empty or one of `MISSING` are missing. Where semicolons separate, ``1,5`` is 1.5.

    Raises
    ------
    DataError
        The file is empty, not text, or without a header or rows; a quotation mark is never closed; on reading: a row has
        too few or too many cells. Names the file and the line.
    """
    content = decoded(content, title)
    header = find_header(content, title)
    body = content[header.body :].rstrip(b"\n ")
    if not body:
        raise DataError(
            f"{title} has a header (line {header.line}) but no rows below it. Add at least one row of data."
        )
    delimiter = header.delimiter
    if delimiter == " ":
        delimiter = "\t"
        body = b"\n".join(b"\t".join(row.split()) for row in body.split(b"\n"))
    if body.count(b'"') % 2:
        _refuse_open_quotation(body, delimiter, header, title)

    def load(names: list[str]) -> Loaded:
        if not names:
            return {}, None
        table = _parsed(body, delimiter, header, names, title)
        arrays = {name: from_column(_settled(table.column(name), delimiter)) for name in names}
        line_numbers: Sequence[int] = range(header.first_line, header.first_line + table.num_rows)
        if body.count(b"\n") + 1 != table.num_rows:  # blank lines, or line ends within quotation marks
            line_numbers = [line for line, _ in _records(body, delimiter, header.first_line)]
        return arrays, line_numbers

    return Source(title, header.names, load)


def _parsed(body: bytes, delimiter: str, header: Header, names: list[str], title: str) -> Any:
    """The wanted columns as an Arrow table."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    convert = arrow_csv.ConvertOptions(include_columns=names, null_values=MISSING, strings_can_be_null=True)

    def parse() -> Any:
        return arrow_csv.read_csv(
            pa.BufferReader(body),
            arrow_csv.ReadOptions(column_names=header.names, block_size=min(len(body) + 1, _BLOCK)),
            arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in body),
            convert,
        )

    try:
        return parse()
    except pa.ArrowInvalid as error:
        _refuse_ragged(body, delimiter, header, title)
        convert.column_types = dict.fromkeys(names, pa.string())  # a later block holds what the first did not
        try:
            return parse()
        except pa.ArrowInvalid:
            raise DataError(f"{title} cannot be read as a table of text: {error}.") from error


def _settled(column: Any, delimiter: str) -> Any:
    """A column of text as numbers if all of its cells are, once trimmed; any other column as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type):
        return column
    text = pc.utf8_trim_whitespace(column)
    text = pc.if_else(pc.is_in(text, value_set=pa.array(MISSING)), pa.scalar(None, pa.string()), text)
    numbers = text
    if delimiter == ";" and pc.all(pc.match_substring_regex(text, _DECIMAL_COMMA)).as_py():
        numbers = pc.replace_substring(text, ",", ".")
    try:
        return numbers.cast(pa.float64())
    except pa.ArrowInvalid:
        return text


def _records(body: bytes, delimiter: str, first_line: int, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it starts; empty lines are passed over."""
    reader = csv.reader(lines(body), delimiter=delimiter, strict=strict)
    line = first_line
    for cells in reader:
        if cells:
            yield line, cells
        line = first_line + reader.line_num


def _refuse_ragged(body: bytes, delimiter: str, header: Header, title: str) -> None:
    """Raise for the first row whose number of cells is not the header's."""
    expected = len(header.names)
    for line, cells in _records(body, delimiter, header.first_line):
        if len(cells) == expected:
            continue
        if cells[0].startswith("#"):
            remedy = "A comment may stand only before the header; remove it."
        elif line == header.first_line and len(cells) == expected + 1:
            remedy = "If the first column holds the rows' names, give it a name in the header."
        elif len(cells) > expected and delimiter == ",":
            remedy = "Write a decimal comma as a point, and put text with a comma in it between quotation marks."
        else:
            remedy = "Correct the line; a missing cell is left empty, but its separator stays."
        raise DataError(
            f"Line {line} of {title} has {len(cells)} cell{'s' * (len(cells) > 1)}, but the header on line {header.line} "
            f"names {expected} column{'s' * (expected > 1)}. {remedy}"
        )


def _refuse_open_quotation(body: bytes, delimiter: str, header: Header, title: str) -> None:
    """Raise if a cell begins with a quotation mark that is never closed: it would swallow the rows after it."""
    start = header.first_line
    try:
        for line, cells in _records(body, delimiter, header.first_line, strict=True):
            start = line + 1 + sum(cell.count("\n") for cell in cells)
    except csv.Error as error:
        if "end of data" in str(error) or "field limit" in str(error):
            raise DataError(
                f"Line {start} of {title} opens a quotation mark that is never closed. Close it, or write it twice if it "
                "belongs to the text."
            ) from error
