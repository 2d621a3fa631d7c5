"""Files: found by path, told apart by their ending and their first bytes."""

from __future__ import annotations

import contextlib
import difflib
import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from steepest.base.errors import DataError
from steepest.data.arrays import column, from_array, plain
from steepest.data.json_lines import from_json_lines
from steepest.data.source import Loaded, Source
from steepest.data.text import decoded, from_text

_TEXT = (".csv", ".tsv", ".txt", ".dat")
_JSON = (".jsonl", ".ndjson", ".json")
_PARQUET = (".parquet", ".pq")
_ARROW = (".feather", ".arrow", ".ipc")
SUPPORTED = "CSV (.csv, .tsv, .txt), Parquet (.parquet), Feather or Arrow (.feather, .arrow), JSON lines (.jsonl), NumPy (.npy, .npz)"
_BY_FIRST_BYTES = {
    b"PAR1": ".parquet",
    b"ARROW1": ".arrow",
    b"FEA1": ".feather",
    b"\x93NUMPY": ".npy",
    b"\x1f\x8b": ".gz",
}
_ELSEWHERE = {
    ".xlsx": "a spreadsheet; save the sheet as CSV",
    ".xls": "a spreadsheet; save the sheet as CSV",
    ".ods": "a spreadsheet; save the sheet as CSV",
    ".zip": "an archive; unpack it first",
    ".pkl": "a pickle, which can run any code when it is loaded, so it is never opened; save the data as Parquet or CSV",
    ".pickle": "a pickle, which can run any code when it is loaded, so it is never opened; save the data as Parquet or CSV",
}


def from_file(path: str | os.PathLike[str]) -> Source:
    """The source for a file: CSV and its kin, Parquet, Feather, Arrow, JSON lines or NumPy.

    Raises
    ------
    DataError
        The file is not there (offers near names), is a folder, may not be read, is damaged, or is of no supported kind.
    """
    file = Path(path).expanduser()
    title = str(path)
    _refuse_absent(file, title)
    suffixes = [suffix.lower() for suffix in file.suffixes]
    suffix = next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")
    if suffix in _ELSEWHERE:
        raise DataError(f"{title} is {_ELSEWHERE[suffix]}. Files can be {SUPPORTED}.")
    with _readable(title):
        with file.open("rb") as stream:
            start = stream.read(8)
            kind = next((kind for magic, kind in _BY_FIRST_BYTES.items() if start.startswith(magic)), suffix)
            if kind not in (*_PARQUET, *_ARROW, ".npy", ".npz"):
                content = start + stream.read()
                if kind == ".gz" or ".gz" in suffixes[-1:]:
                    content = gzip.decompress(content)
    ...
