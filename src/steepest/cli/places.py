"""Where a fit's files go, known to be writable before the fit begins."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from steepest.cli.usage import UsageError


@contextlib.contextmanager
def output_folder(path: str) -> Iterator[Path]:
    """The folder of ``--out``, made where it is missing and taken away again when what follows fails.

    Raises
    ------
    UsageError
        It cannot be made or written to.
    """
    folder = Path(path).expanduser()
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise UsageError(
                f"--out {path} cannot be a folder, since a file is in its way. Choose another name."
            ) from None
        except OSError as error:
            raise UsageError(f"--out {path} cannot be made: {error.strerror}. Choose another folder.") from None
        reason = not_writable(folder)
        if reason:
            raise UsageError(f"--out {path} cannot be written to: {reason}. Choose another folder.")
        yield folder
    except BaseException:
        for parent in made:
            with contextlib.suppress(OSError):  # it was never made, or something stands in it
                parent.rmdir()
        raise


def picture_place(data: str, kind: str = "fit", ending: str = "png") -> tuple[Path | None, str]:
    """Where the picture of a fit to this file (or another `kind`) goes: beside it, else in the current folder.

    Returns
    -------
    path : Path or None
        None where neither folder can be written to.
    note : str
        What the user should know; empty for the usual place.

    Examples
    --------
    >>> picture_place("heights.csv.gz")
    (PosixPath('heights.fit.png'), '')
    """
    file = Path(data).expanduser()
    name = Path(file.stem).stem if file.suffix.lower() == ".gz" else file.stem
    what = "picture" if ending == "png" else kind
    beside = file.parent / f"{name}.{kind}.{ending}"
    reason = not_writable(beside.parent)
    if not reason:
        return beside, ""
    here = Path(beside.name)
    if not not_writable(Path()):
        return here, f"{beside.parent} cannot be written to ({reason}), so the {what} is in the current folder."
    return None, (
        f"there is no {what}: neither {beside.parent} nor the current folder can be written to. Choose a folder with --out."
    )


def not_writable(folder: Path) -> str:
    """Why no file can be made in a folder; empty if one can. Asked by making one, since permissions do not tell all."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
