"""Binary tables: Parquet, Feather, Arrow and NumPy files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import DataError
from steepest.base.progress import tell
from steepest.data.arrays import from_array, from_mapping
from steepest.data.arrow import from_column
from steepest.data.source import Loaded, Source

_ROWS = 2**16  # of a Parquet file at a time
_BUFFER = 2**20  # bytes of it


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

    def load(wanted: list[str]) -> Loaded:
        with _sound(title, "Parquet"), parquet.ParquetFile(file, buffer_size=_BUFFER) as opened:
            return {name: _parquet_column(opened, name, title) for name in wanted}, None

    return Source(title, tuple(names), load, fresh=True)


def _parquet_column(opened: Any, name: str, title: str) -> NDArray[Any]:
    """One column; numbers are read some rows at a time into their place, so that the column is in memory once."""
    import pyarrow as pa

    kind, rows = opened.schema_arrow.field(name).type, opened.metadata.num_rows
    if not rows or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return np.array(from_column(opened.read(columns=[name]).column(name)))
    whole: NDArray[Any] | None = None
    done = 0
    for batch in opened.iter_batches(_ROWS, columns=[name]):
        tell(f"reading {name} of {title}, row", done + 1, rows)
        part = from_column(pa.chunked_array([batch.column(0)]))
        if whole is None:
            whole = np.empty(rows, dtype=part.dtype)
        elif part.dtype != whole.dtype:  # the first batch with an empty cell makes whole numbers real ones
            whole = whole.astype(np.result_type(whole, part), copy=False)
        whole[done : done + len(part)] = part
        done += len(part)
    if whole is None or done != rows:
        raise DataError(f"{title} says that it has {rows} rows, but column {name!r} has {done}. Write it anew.")
    return whole


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
