"""IDX files and MNIST."""

from __future__ import annotations

import gzip
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import steepest as sd
from steepest.data import idx, read_idx, write_idx

SMALL = Path(__file__).parents[2] / "examples" / "data" / "mnist-small"


def test_reads_a_file_written_by_hand(tmp_path: Path) -> None:
    # magic 0x00000801, two items, then the bytes 5 and 0: as LeCun's page describes label files
    (tmp_path / "labels").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 0]))
    assert read_idx(tmp_path / "labels").tolist() == [5, 0]
    # big-endian int16: 258 is 0x0102
    (tmp_path / "shorts.gz").write_bytes(gzip.compress(bytes([0, 0, 0x0B, 1, 0, 0, 0, 1, 1, 2])))
    shorts = read_idx(tmp_path / "shorts.gz")
    assert shorts.tolist() == [258]
    assert shorts.dtype.isnative


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i4", "<f4", ">f8"])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 3, 4)])
def test_round_trip(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    back = read_idx(write_idx(tmp_path / "a.idx", array))
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype.newbyteorder("=")


def test_what_idx_has_no_type_for(tmp_path: Path) -> None:
    with pytest.raises(sd.DataError, match="no type for int64"):
        write_idx(tmp_path / "a", np.arange(3))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG\r\n", "not an IDX file"),
        (bytes([0, 0, 8, 3, 0, 0]), "cut off within its header"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 9, 1, 2]), "promises 9 bytes"),
        (gzip.compress(bytes(100), mtime=0)[:-9], "cannot read"),
    ],
)
def test_damaged_files(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(content)
    with pytest.raises(sd.DataError, match=says) as caught:
        read_idx(file)
    assert str(file) in str(caught.value)


def test_the_small_part_of_mnist() -> None:
    digits = sd.data.mnist(SMALL)
    assert digits.train_images.shape == (2000, 784)
    assert digits.test_images.shape == (500, 784)
    assert digits.train_images.dtype == np.float32
    assert digits.train_images.min() == 0
    assert digits.train_images.max() == 1
    # The first labels of both files, as printed in many tutorials.
    assert digits.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert digits.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(sd.DataError, match=r"does not hold train-images-idx3-ubyte\.gz.*download=True"):
        sd.data.mnist(tmp_path)


def test_files_that_do_not_fit_together(tmp_path: Path) -> None:
    for name in idx.MNIST_FILES:
        write_idx(tmp_path / name, np.zeros((3, 2, 2) if "images" in name else (4,), np.uint8))
    with pytest.raises(sd.DataError, match="training files"):
        sd.data.mnist(tmp_path)


def test_download_checks_the_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SMALL)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        with pytest.raises(sd.DataError, match="another checksum"):  # the small part is not the whole
            sd.data.mnist(tmp_path / "a", download=True, url=url)
        assert not (tmp_path / "a").exists()
        import hashlib

        sums = {name: hashlib.sha256((SMALL / name).read_bytes()).hexdigest() for name in idx.MNIST_FILES}
        monkeypatch.setattr(idx, "MNIST_FILES", sums)
        assert len(sd.data.mnist(tmp_path / "b", download=True, url=url).test_labels) == 500
        with pytest.raises(sd.DataError, match="cannot download"):
            sd.data.mnist(tmp_path / "c", download=True, url=url + "nowhere/")
    finally:
        server.shutdown()
        server.server_close()
