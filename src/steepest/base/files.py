"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from steepest.base.errors import SteepestError


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part.

    A temporary file in the same folder is written, flushed to the disk, renamed over the target, and the folder's entry
    flushed too, so that a power cut leaves one or the other.

    Raises
    ------
    SteepestError
        The folder does not exist, cannot be written, or the disk is full; names the path and the reason.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> write_whole(folder / "a.txt", "hello").read_text()
    'hello'
    """
    target = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes the file private; what the user asked for has the permissions that open() would give.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
        temporary = None
        _flush_folder(target.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SteepestError(
            f"cannot write {target}: {reason}. Choose another place, for example with --out."
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return target


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
        _flush_folder(temporary)
        if target.exists():  # renaming onto a folder that is not empty fails
            shutil.rmtree(target)
        os.replace(temporary, target)
        temporary = None
        _flush_folder(target.parent)
    except OSError as error:
        raise SteepestError(f"cannot write {target}: {error.strerror or error}. Choose another place.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return target


def _flush_folder(path: str | os.PathLike[str]) -> None:
    with contextlib.suppress(OSError):  # some file systems refuse to open a folder
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
