"""export: a fit or a network to a file, by the ending of its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from steepest.base.errors import SteepestError
from steepest.exports.latex import to_latex
from steepest.exports.onnx.file import to_onnx
from steepest.exports.onnx.graph import require_onnx
from steepest.exports.python.file import to_python

WRITERS: dict[str, Callable[..., Any]] = {".py": to_python, ".onnx": to_onnx, ".tex": to_latex}


def check_export(path: str | os.PathLike[str]) -> Path:
    """The path, if a fit can be exported to it: asked before the fit begins.

    Raises
    ------
    SteepestError
        Its ending is not .py, .onnx or .tex, its folder is not there, or the package that it takes is not installed.
    """
    file = Path(path).expanduser()
    if file.suffix not in WRITERS:
        raise SteepestError(f"a fit cannot be exported to {path}. End its name in {', '.join(WRITERS)}.")
    if file.suffix == ".onnx":
        require_onnx()
    if not file.parent.is_dir():
        raise SteepestError(f"a fit cannot be exported to {path}: the folder {file.parent} does not exist.")
    return file


def export(subject: Any, path: str | os.PathLike[str]) -> Path:
    """Write a fit or a network as Python, ONNX or LaTeX; errors as of `to_python`, `to_onnx` and `to_latex`."""
    file = check_export(path)
    WRITERS[file.suffix](subject, file)
    return file
