"""Folders that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from steepest.base.errors import SteepestError


def write_folder_whole(path: str | os.PathLike[str], files: Mapping[str, bytes]) -> Path:
    """Write a folder of files so that a reader sees all of them or none; an existing folder of this name is replaced.

    The files are written and flushed in a temporary folder beside it, which is then renamed.

    Raises
    ------
    SteepestError
        The place cannot be written; names it and the reason.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> place = pathlib.Path(tempfile.mkdtemp()) / "point"
    >>> sorted(p.name for p in write_folder_whole(place, {"a": b"1", "b": b"2"}).iterdir())
    ['a', 'b']
    """
    target = Path(path)
    temporary: str | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        for name, data in files.items():
            with open(os.path.join(temporary, name), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        _flush(temporary)
        if target.exists():  # renaming onto a folder that is not empty fails: the old one is put aside, not lost
            aside = tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".old")
            os.replace(target, aside)
            os.replace(temporary, target)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            os.replace(temporary, target)
        temporary = None
        _flush(target.parent)
    except OSError as error:
        raise SteepestError(f"cannot write {target}: {error.strerror or error}. Choose another place.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


def _flush(folder: str | os.PathLike[str]) -> None:
    with contextlib.suppress(OSError):  # some file systems refuse to open a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
