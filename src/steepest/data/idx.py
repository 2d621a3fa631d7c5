"""IDX files, the format of MNIST: reading, writing, and MNIST itself."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import DataError
from steepest.base.files import write_whole

# The third byte of the magic number names the type of the elements, all big-endian.
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
# SHA-256 of the four files as LeCun, Cortes and Burges published them.
MNIST_FILES = {
    "train-images-idx3-ubyte.gz": "db8f937d487057fb14a9f0fbe97f0bc8d311ab41b750d41e1ff37c43b9e55e19",
    "train-labels-idx1-ubyte.gz": "51fc562b6747b666fbf6e84ce29d43c3cb5f9c388c664d43b33f02095313405a",
    "t10k-images-idx3-ubyte.gz": "cfeddb84311ecf044fc6a5b0f6ee8a24d265d4e83e388400186eb114082f4209",
    "t10k-labels-idx1-ubyte.gz": "e41c74e484045d39b462a7790a4af51301bd9b0b24f0154798d713ec68c45920",
}


class Digits(NamedTuple):
    """Images and labels for training and for testing.

    Images are float32 in [0, 1] of shape (n, 784), a row of pixels after the other; labels are int64 of shape (n,).
    """

    train_images: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.float32]
    test_labels: NDArray[np.int64]


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in an IDX file, plain or gzipped, in native byte order.

    Raises
    ------
    DataError
        There is no such file, it is no IDX file, or its length does not fit its header.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except FileNotFoundError:
        raise DataError(f"there is no file {file}.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {file}: {error}.") from None
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES:
        raise DataError(f"{file} is not an IDX file: it does not begin with an IDX magic number.")
    rank = data[3]
    if len(data) < 4 + 4 * rank:
        raise DataError(f"{file} is cut off within its header.")
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    kind = np.dtype(_TYPES[data[2]])
    expected = math.prod(shape) * kind.itemsize
    found = len(data) - 4 - 4 * rank
    if found != expected:
        raise DataError(f"{file} is damaged: its header promises {expected} bytes of shape {shape}, there are {found}.")
    array = np.frombuffer(data, kind, offset=4 + 4 * rank).reshape(shape)
    return array.astype(kind.newbyteorder("="))


def write_idx(path: str | os.PathLike[str], array: NDArray[Any]) -> Path:
    """Write an array as IDX, gzipped where the name ends in .gz.

    Raises
    ------
    DataError
        IDX has no type for the elements.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a-idx2-ubyte.gz"
    >>> read_idx(write_idx(path, np.array([[1, 2], [3, 4]], dtype=np.uint8))).tolist()
    [[1, 2], [3, 4]]
    """
    big_endian = array.dtype.newbyteorder(">").str.replace("|", ">")
    codes = [code for code, kind in _TYPES.items() if kind == big_endian]
    if not codes:
        raise DataError(
            f"IDX has no type for {array.dtype}; it has unsigned and signed bytes, int16, int32, float32, float64."
        )
    header = bytes([0, 0, codes[0], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    data = header + array.astype(_TYPES[codes[0]]).tobytes()
    return write_whole(path, gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)


def mnist(folder: str | os.PathLike[str], download: bool = False, url: str = MNIST_URL) -> Digits:
    """Handwritten digits from the four IDX files in `folder`.

    Parameters
    ----------
    folder : path
        Holds the four files under their published names, with or without ``.gz``.
    download : bool
        Fetch the files that are not there, and check their SHA-256.
    url : str
        Where to fetch them.

    Raises
    ------
    DataError
        A file is missing, damaged or of the wrong shape, or the download failed or has another checksum.
    """
    place = Path(folder)
    arrays = []
    for name in MNIST_FILES:
        file = next((place / n for n in (name, name.removesuffix(".gz")) if (place / n).is_file()), None)
        if file is None:
            if not download:
                raise DataError(
                    f"{place} does not hold {name}. Give the folder with the four MNIST files, or download=True."
                )
            file = _fetched(url + name, place / name, MNIST_FILES[name])
        arrays.append(read_idx(file))
    for (images, labels), part in zip((arrays[:2], arrays[2:]), ("training", "test"), strict=True):
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or images.dtype != np.uint8:
            raise DataError(
                f"the {part} files in {place} do not fit together: images {images.shape}, labels {labels.shape}."
            )
        if labels.size and labels.max() > 9:
            raise DataError(f"the {part} labels in {place} are not digits: one is {labels.max()}.")
    train, test = (images.reshape(len(images), -1).astype(np.float32) / np.float32(255) for images in arrays[::2])
    return Digits(train, arrays[1].astype(np.int64), test, arrays[3].astype(np.int64))


def _fetched(url: str, target: Path, sha256: str) -> Path:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=60) as answer:
            data = answer.read()
    except (URLError, OSError, ValueError) as error:
        raise DataError(f"cannot download {url}: {error}. Put the four files into {target.parent} yourself.") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DataError(f"{url} has another checksum than the published file; it was not kept.")
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(target, data)
