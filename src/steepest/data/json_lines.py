"""JSON lines: one object a line; pyarrow reads what is regular, Python what is not, and names the line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import DataError
from steepest.data.arrays import column
from steepest.data.arrow import from_column
from steepest.data.source import Loaded, Source
from steepest.data.text import decoded


def from_json_lines(content: bytes, title: str) -> Source:
    """The source for JSON lines; a key that a line does not have is a missing value there.

    Raises
    ------
    DataError
        The file is empty, or a line is not a JSON object; names the line.

    Examples
    --------
    >>> source = from_json_lines(b'{"t": 0, "height": 2.5}\\n{"t": 1}\\n', "heights.jsonl")
    >>> source.read().columns["height"]
    array([2.5, nan])
    """
    import pyarrow as pa
    from pyarrow import json as arrow_json

    content = decoded(content, title).rstrip()
    if not content:
        raise DataError(f"{title} is empty. Give a file with one JSON object a line.")
    if content.lstrip().startswith(b"["):
        raise DataError(
            f"{title} holds one JSON list. Write one object a line instead, without brackets and commas around the lines "
            "(in pandas: to_json(orient='records', lines=True))."
        )
    line_numbers: Sequence[int] = range(1, content.count(b"\n") + 2)
    if b"\n\n" in content or content.startswith(b"\n"):
        line_numbers = [line for line, text in enumerate(content.split(b"\n"), start=1) if text.strip()]
    try:
        options = arrow_json.ReadOptions(block_size=min(len(content) + 1, 1 << 30))
        table = arrow_json.read_json(pa.BufferReader(content), options)
    except pa.ArrowInvalid:  # a column of mixed kinds, a repeated key, or a line that is not JSON
        return _from_objects(content, title)
    if table.num_rows != len(line_numbers):  # an object over several lines, or several on one
        return _from_objects(content, title)

    def load(names: list[str]) -> Loaded:
        return {name: from_column(table.column(name)) for name in names}, line_numbers

    return Source(title, tuple(table.column_names), load)


def _from_objects(content: bytes, title: str) -> Source:
    """The same, line by line."""
    objects: dict[int, dict[str, Any]] = {}
    for line, text in enumerate(content.split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            reason = str(error).partition(": line ")[0]
            raise DataError(
                f"Line {line} of {title} is not JSON: {reason}. Write one complete object a line."
            ) from error
        if not isinstance(value, dict):
            raise DataError(f"Line {line} of {title} is no JSON object. Write one object a line, such as {{'x': 1.5}}.")
        objects[line] = value
    names = dict.fromkeys(name for value in objects.values() for name in value)

    def cells(name: str) -> NDArray[Any]:
        return np.fromiter((value.get(name) for value in objects.values()), dtype=object, count=len(objects))

    return Source(
        title,
        tuple(names),
        lambda names: ({name: column(cells(name), name, title) for name in names}, list(objects)),
    )
