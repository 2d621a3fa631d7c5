"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
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
        with contextlib.suppress(OSError):  # some file systems refuse to open a folder
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
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
