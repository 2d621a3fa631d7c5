"""Binary tables: Parquet, Feather, Arrow and NumPy files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from steepest.base.errors import DataError
from steepest.data.arrays import from_array, from_mapping
from steepest.data.arrow import from_column
from steepest.data.source import Loaded, Source


@contextlib.contextmanager
def _sound(title: str, kind: str) -> Iterator[None]:
    """Turn what a reader raises for a damaged file into one sentence."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # a reader may raise anything when lengths and types in the file are wrong
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"{title} cannot be read as {kind}: it is damaged, incomplete or of another kind ({reason}). Write it anew, or "
            "give it the ending of its kind."
        ) from error


def _source(title: str, kind: str, names: list[str], read: Callable[[list[str]], Any]) -> Source:
    """The source for what `read` gives as an Arrow table."""

    def load(wanted: list[str]) -> Loaded:
        with _sound(title, kind):
            table = read(wanted)
            return {name: from_column(table.column(name)) for name in wanted}, None

    return Source(title, tuple(names), load)


def from_parquet(file: Path, title: str) -> Source:
    """The source for a Parquet file; only the wanted columns are read from the disk."""
    with _sound(title, "Parquet"):
        from pyarrow import parquet

        with parquet.ParquetFile(file) as opened:
            names = opened.schema_arrow.names

    def read(wanted: list[str]) -> Any:
        with parquet.ParquetFile(file) as opened:
            return opened.read(columns=wanted)

    return _source(title, "Parquet", names, read)


def from_arrow(file: Path, title: str) -> Source:
    """The source for a Feather file or an Arrow file, of the file or the stream format."""
    with _sound(title, "Arrow"):
        import pyarrow as pa
        from pyarrow import feather

        try:
            table = feather.read_table(file)
        except pa.ArrowInvalid:
            with pa.ipc.open_stream(file.read_bytes()) as stream:
                table = stream.read_all()
        names = table.column_names

    def read(wanted: list[str]) -> Any:
        chosen = table.select(wanted)
        chosen.validate(full=True)  # Arrow trusts the file: damaged offsets would be read outside of the memory
        return chosen

    return _source(title, "Arrow", names, read)


def from_numpy(file: Path, title: str) -> Source:
    """The source for a .npy file (two dimensions or named fields) or a .npz file (each array is a column)."""
    with _sound(title, "a NumPy file without Python objects"), file.open("rb") as stream:
        loaded = np.load(stream, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return from_array(loaded, title)
        return from_mapping({name: loaded[name] for name in loaded.files}, title)
