"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from steepest.base.errors import SteepestError


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part.

    A temporary file in the same folder is written, flushed to the disk, renamed over the target, and the folder's entry
    flushed too, so that a power cut leaves one or the other. A file that is replaced keeps its permissions; a link is followed.

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
    data = content.encode() if isinstance(content, str) else content
    try:
        target = Path(os.path.realpath(path))
        temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(8)}.part")
        # 0o666 less the umask: the permissions that open() gives.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(target.stat().st_mode))
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        with contextlib.suppress(OSError):  # some file systems refuse to open a folder
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except (OSError, ValueError) as error:  # ValueError: no file name, or a null byte in it
        missing = isinstance(error, FileNotFoundError) and not Path(path).parent.exists()
        reason = f"the folder {Path(path).parent} does not exist" if missing else _reason(error)
        raise SteepestError(f"cannot write {path}: {reason}. Choose another place, for example with --out.") from error
    return Path(path)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
