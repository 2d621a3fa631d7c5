"""Files: found by path, told apart by their first bytes and their ending."""

from __future__ import annotations

import difflib
import gzip
import os
import zlib
from pathlib import Path

from steepest.base.errors import DataError
from steepest.data.json_lines import from_json_lines
from steepest.data.source import Source
from steepest.data.stores import from_arrow, from_numpy, from_parquet
from steepest.data.text import from_text

SUPPORTED = (
    "CSV (.csv, .tsv, .txt), Parquet (.parquet), Feather or Arrow (.feather, .arrow), JSON lines (.jsonl), "
    "NumPy (.npy, .npz), and text files packed with gzip (.csv.gz)"
)
_STORES = {
    ".parquet": from_parquet,
    ".pq": from_parquet,
    ".feather": from_arrow,
    ".arrow": from_arrow,
    ".arrows": from_arrow,
    ".ipc": from_arrow,
    ".npy": from_numpy,
    ".npz": from_numpy,
}
_FIRST_BYTES = {b"PAR1": ".parquet", b"ARROW1": ".arrow", b"FEA1": ".feather", b"\x93NUMPY": ".npy"}
_GZIP = b"\x1f\x8b"
_SHEET = "is a spreadsheet; save the sheet as CSV"
_PICKLE = (
    "is a pickle, which can run any code when it is loaded, so it is never opened; save the data as Parquet or CSV"
)
_REFUSED = {
    ".xlsx": _SHEET,
    ".xls": _SHEET,
    ".ods": _SHEET,
    ".zip": "is an archive; unpack it first",
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
}


def from_file(path: str | os.PathLike[str]) -> Source:
    """The source for a file: CSV and its kin, Parquet, Feather, Arrow, JSON lines or NumPy.

    The first bytes decide where they can, then the ending; what is left is read as a text table.

    Raises
    ------
    DataError
        The file is not there (offers near names), is a folder, may not be read, is damaged, or is of no supported kind.
    """
    file, title = Path(path).expanduser(), os.fspath(path)
    _refuse_absent(file, title)
    packed = file.suffix.lower() == ".gz"
    suffix = Path(file.stem if packed else file.name).suffix.lower()
    if suffix in _REFUSED:
        raise DataError(f"{title} {_REFUSED[suffix]}. Files can be {SUPPORTED}.")
    try:
        with file.open("rb") as stream:
            start = stream.read(8)
            kind = next((kind for first, kind in _FIRST_BYTES.items() if start.startswith(first)), suffix)
            content = b"" if kind in _STORES and not packed else start + stream.read()
        if packed or content.startswith(_GZIP):
            content = gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"{title} cannot be unpacked: it is damaged or not a gzip file ({error}). Pack it anew."
        ) from error
    except PermissionError as error:
        raise DataError(f"{title} may not be read: permission denied. Give yourself the right to read it.") from error
    except OSError as error:
        raise DataError(f"{title} cannot be read: {error.strerror}.") from error
    if kind in _STORES:
        if packed:
            raise DataError(f"{title} is a packed {kind} file; unpack it first, only text files are read packed.")
        return _STORES[kind](file, title)
    if kind in (".jsonl", ".ndjson", ".json"):
        return from_json_lines(content, title)
    try:
        return from_text(content, title)
    except DataError as error:
        if suffix in ("", ".csv", ".tsv", ".txt", ".dat"):
            raise
        raise DataError(
            f"{error} ({suffix} is no known ending, so the file was read as CSV; files can be {SUPPORTED}.)"
        ) from error


def _refuse_absent(file: Path, title: str) -> None:
    """Raise if there is no such file, offering what stands near."""
    if not title.strip():
        raise DataError("The name of the data file is empty. Give the path of a file.")
    if os.path.isdir(file):
        inside = sorted(entry.name for entry in file.iterdir() if entry.is_file() and not entry.name.startswith("."))
        offer = f", such as {file / inside[0]}" if inside else ""
        raise DataError(f"{title} is a folder, not a file. Name a file in it{offer}.")
    if os.path.exists(file):
        return
    if "://" in title:
        raise DataError(f"{title} is an address on a network. Download the file first, then give its path.")
    if not os.path.isdir(file.parent):
        raise DataError(f"{title} does not exist: there is no folder {file.parent}. Check the path.")
    names = {entry.name.lower(): entry.name for entry in file.parent.iterdir() if entry.is_file()}
    near = [names[name] for name in difflib.get_close_matches(file.name.lower(), names, n=3)]
    offer = f" Did you mean {' or '.join(near)}?" if near else " Check the path."
    raise DataError(f"{title} does not exist: the folder {file.parent.absolute()} has no such file.{offer}")
