from __future__ import annotations

import contextlib
import csv
import gzip
import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.errors import DataError
from steepest.data import numeric_columns, open_data, read_table

CSV = "t,y\n1,0.5\n2,1.5\n"
TABLE = pa.table({"t": [1, 2], "y": [0.5, 1.5], "layers.0": [1.0, 1.0]})


def refusal(path: Path | str) -> str:
    with pytest.raises(DataError) as caught:
        read_table(path)
    message = str(caught.value)
    assert str(path) in message
    return message


def write_stream(path: Path) -> None:
    with pa.ipc.new_stream(path, TABLE.schema) as stream:
        stream.write_table(TABLE)


WRITERS: dict[str, Any] = {
    "a.csv": lambda path: path.write_text(CSV),
    "A.CSV": lambda path: path.write_text(CSV),
    "a.tsv": lambda path: path.write_text(CSV.replace(",", "\t")),
    "a.txt": lambda path: path.write_text(CSV.replace(",", " ")),
    "a": lambda path: path.write_text(CSV),
    "a.data": lambda path: path.write_text(CSV),
    "a.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "packed.csv": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "a.jsonl": lambda path: path.write_text('{"t": 1, "y": 0.5}\n{"t": 2, "y": 1.5}\n'),
    "a.json": lambda path: path.write_text('{"t": 1, "y": 0.5}\n{"t": 2, "y": 1.5}\n'),
    "a.ndjson.gz": lambda path: path.write_bytes(gzip.compress(b'{"t": 1, "y": 0.5}\n{"t": 2, "y": 1.5}\n')),
    "a.parquet": lambda path: pa.parquet.write_table(TABLE, path),
    "parquet.csv": lambda path: pa.parquet.write_table(TABLE, path),
    "a.feather": lambda path: pa.feather.write_feather(TABLE, path),
    "a.arrow": lambda path: pa.feather.write_feather(TABLE, path, compression="zstd"),
    "a.arrows": write_stream,
    "a.npy": lambda path: np.save(path, np.array([(1, 0.5), (2, 1.5)], dtype=[("t", "i4"), ("y", ">f8")])),
    "a.npz": lambda path: np.savez(path, t=[1, 2], y=[0.5, 1.5]),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("as_type", [str, Path])
def test_every_kind_of_file(tmp_path: Path, name: str, as_type: Any) -> None:
    WRITERS[name](tmp_path / name)
    table = read_table(as_type(tmp_path / name), ["t", "y"])
    assert table.source == str(tmp_path / name)
    assert numeric_columns(table, ["t", "y"]).columns["y"].tolist() == [0.5, 1.5]
    assert table.numeric("t").tolist() == [1.0, 2.0]


@pytest.mark.parametrize("name", ["a.parquet", "a.feather"])
def test_names_with_dots(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    assert read_table(tmp_path / name, ["layers.0"]).names == ("layers.0",)
    assert read_table(tmp_path / name).names == ("t", "y", "layers.0")


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "year=2001"
    folder.mkdir()
    WRITERS["a.parquet"](folder / "a.parquet")
    assert "year" not in open_data(folder / "a.parquet").names


def test_rows_of_a_store_are_counted_from_one(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({"x": [1.0, None, 2.0]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"row 2 of .*a\.parquet"):
        read_table(tmp_path / "a.parquet").numeric("x")


def test_a_missing_file_offers_near_names(tmp_path: Path) -> None:
    (tmp_path / "co2.csv").write_text(CSV)
    (tmp_path / "other.parquet").touch()
    message = refusal(tmp_path / "CO2.cvs")
    assert "does not exist" in message
    assert "Did you mean co2.csv?" in message
    assert "Check the path." in refusal(tmp_path / "zzz")


def test_a_missing_folder(tmp_path: Path) -> None:
    assert f"there is no folder {tmp_path / 'none'}" in refusal(tmp_path / "none" / "a.csv")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "is a folder, not a file. Name a file in it." in refusal(tmp_path)
    (tmp_path / "b.csv").touch()
    assert f"such as {tmp_path / 'b.csv'}" in refusal(tmp_path)


@pytest.mark.parametrize("path", ["https://example.org/a.csv", "s3://bucket/a.csv"])
def test_an_address_is_no_path(path: str) -> None:
    assert "Download the file first" in refusal(path)


@pytest.mark.parametrize("path", ["t,y\n1,2\n", "a" * 5000, "a\0b"])
def test_text_that_is_no_path(path: str) -> None:
    assert "does not exist" in refusal(path)


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_text(CSV)
    assert read_table("~/a.csv").place(0) == "line 2 of ~/a.csv"


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (PermissionError(13, "Permission denied"), "permission denied"),
        (OSError(5, "Input/output error"), "Input/output"),
    ],
)
def test_a_file_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, part: str
) -> None:
    (tmp_path / "a.csv").write_text(CSV)

    def refuse(*args: Any, **others: Any) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    assert part in refusal(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("a.pkl", "never opened"),
        ("a.pickle", "never opened"),
        ("a.pkl.gz", "never opened"),
        ("a.xlsx", "save the sheet as CSV"),
        ("a.zip", "unpack it first"),
    ],
)
def test_kinds_that_are_refused(tmp_path: Path, name: str, part: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps({"t": [1.0]}))
    message = refusal(tmp_path / name)
    assert part in message
    assert "Parquet (.parquet)" in message


def test_an_unknown_ending_that_is_not_text_says_what_is_supported(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    message = refusal(tmp_path / "a.h5")
    assert "is not text" in message
    assert ".h5 is no known ending" in message
    assert "Feather or Arrow (.feather, .arrow)" in message


def test_a_binary_file_that_is_named_csv(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"PK\x03\x04" + bytes(100))
    assert "is not text" in refusal(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.feather", "a.arrow", "a.arrows", "a.npy", "a.npz", "a.csv.gz", "a.ndjson.gz"]
)
@pytest.mark.parametrize("damage", ["cut in half", "cut short", "empty", "text", "zeros in the middle"])
def test_damaged_files(tmp_path: Path, name: str, damage: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    sound = path.read_bytes()
    path.write_bytes(
        {
            "cut in half": sound[: len(sound) // 2],
            "cut short": sound[:5],
            "empty": b"",
            "text": CSV.encode(),
            "zeros in the middle": sound[:10] + bytes(len(sound) - 20) + sound[-10:],
        }[damage]
    )
    message = refusal(path)
    assert "damaged" in message or "is empty" in message
    assert "\n" not in message


def test_offsets_that_point_outside_of_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.feather"
    pa.feather.write_feather(pa.table({"s": ["abc", "def", "ghi"]}), path, compression="uncompressed")
    offsets = np.array([0, 3, 6, 9], dtype="<i4").tobytes()
    damaged = path.read_bytes().replace(offsets, np.array([0, 3, 2**30, 9], dtype="<i4").tobytes())
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("name", ["a.parquet", "a.feather", "a.npy", "a.npz"])
def test_changed_bytes_raise_a_data_error_or_nothing(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    sound = np.frombuffer((tmp_path / name).read_bytes(), dtype=np.uint8)
    random = np.random.default_rng(0)
    for _ in range(40):
        changed = sound.copy()
        changed[random.integers(len(sound), size=2)] = random.integers(256, size=2)
        (tmp_path / name).write_bytes(changed.tobytes())
        with contextlib.suppress(DataError):
            assert read_table(tmp_path / name).rows > 0


def test_numpy_files_with_python_objects_stay_closed(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([1, "a"], dtype=object))
    np.savez(tmp_path / "a.npz", t=np.array([1, "a"], dtype=object))
    for name in ("a.npy", "a.npz"):
        assert "without Python objects" in refusal(tmp_path / name)


def test_a_numpy_vector_needs_names(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    assert "(3,)" in refusal(tmp_path / "a.npy")


def test_a_packed_store_is_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.parquet.gz").write_bytes(gzip.compress(b"PAR1"))
    assert "unpack it first" in refusal(tmp_path / "a.parquet.gz")


def test_duplicate_names_in_a_parquet_file(tmp_path: Path) -> None:
    twice = pa.table([pa.array([1.0]), pa.array([2.0])], names=["a", "a"])
    pa.parquet.write_table(twice, tmp_path / "a.parquet")
    assert "are named 'a': number 1 and number 2" in refusal(tmp_path / "a.parquet")


def test_a_store_without_rows(tmp_path: Path) -> None:
    pa.parquet.write_table(TABLE.slice(0, 0), tmp_path / "a.parquet")
    assert "no rows" in refusal(tmp_path / "a.parquet")


def test_a_pipe_can_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen([sys.executable, "-c", f"open({str(tmp_path / 'pipe')!r}, 'w').write({CSV!r})"]):
        assert read_table(tmp_path / "pipe").rows == 2


def test_importing_the_floor_imports_no_reader() -> None:
    code = (
        "import sys, steepest.data as d; d.read_table({'x': [1.0]});"
        "print([m for m in ('pyarrow', 'narwhals', 'pandas', 'polars') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_reading_text_imports_no_data_frames(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    code = (
        f"import sys, steepest.data as d; d.read_table({str(tmp_path / 'a.csv')!r}).numeric('y');"
        "print([m for m in ('narwhals', 'pandas', 'polars') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (told.stdout.strip(), told.stderr) == ("[]", "")


NAMES = st.text("abcxyz_ (),;\"'é0123456789", min_size=1, max_size=8).map(lambda s: "n" + s.rstrip())
KINDS = st.sampled_from(["csv", "semicolons", "tabs", "parquet", "feather", "jsonl", "dict"])


@settings(deadline=None, max_examples=50)
@given(data=st.data(), names=st.lists(NAMES, min_size=1, max_size=4, unique=True), kind=KINDS)
def test_what_is_written_is_read(data: st.DataObject, names: list[str], kind: str) -> None:
    rows = data.draw(st.integers(1, 6))
    member = data.draw(
        st.sampled_from([st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**62), 2**62)])
    )
    cells = st.one_of(member, st.none()) if len(names) > 1 else member  # one empty cell alone makes a blank line
    columns = {name: data.draw(st.lists(cells, min_size=rows, max_size=rows)) for name in names}
    columns["n"] = [float(row) for row in range(rows)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{ {'semicolons': 'csv', 'tabs': 'tsv'}.get(kind, kind) }"
        if kind in ("csv", "semicolons", "tabs"):
            with path.open("w", newline="") as file:
                writer = csv.writer(file, delimiter={"csv": ",", "semicolons": ";", "tabs": "\t"}[kind])
                writer.writerow(columns)
                writer.writerows(zip(*columns.values()))
        elif kind == "jsonl":
            path.write_text("".join(json.dumps(dict(zip(columns, row))) + "\n" for row in zip(*columns.values())))
        elif kind != "dict":
            (pa.parquet.write_table if kind == "parquet" else pa.feather.write_feather)(pa.table(columns), path)
        table = read_table(columns if kind == "dict" else path)
        kept = numeric_columns(table, list(columns), drop_missing=True) if _any_full_row(columns) else None
    assert table.names == tuple(columns)
    full = [row for row in range(rows) if all(values[row] is not None for values in columns.values())]
    if kept is None:
        assert full == []
        return
    assert kept.rows_used.tolist() == full
    for name, values in columns.items():
        assert kept.columns[name].tolist() == [float(values[row]) for row in full]


def _any_full_row(columns: dict[str, list[Any]]) -> bool:
    return any(all(cell is not None for cell in row) for row in zip(*columns.values()))
