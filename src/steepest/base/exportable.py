"""Exportable: what fits, runs and networks share so that other programs can use them."""

from __future__ import annotations

import os
from typing import Any

from steepest.base.registry import provided

_Path = str | os.PathLike[str]


class Exportable:
    """What can be written for other programs; docs/exports.md says what each kind holds."""

    def to_python(self, path: _Path | None = None) -> str:
        """Python source with a function ``predict`` that needs NumPy alone: `steepest.to_python`."""
        return str(provided("Exportable", "to_python")(self, path))

    def to_onnx(self, path: _Path | None = None, *, dtype: str | None = None) -> Any:
        """An ONNX model: `steepest.to_onnx`."""
        return provided("Exportable", "to_onnx")(self, path, dtype=dtype)

    def to_latex(self, path: _Path | None = None, *, values: str | None = None) -> str:
        """LaTeX of the model, with its fitted values if asked for: `steepest.to_latex`."""
        return str(provided("Exportable", "to_latex")(self, path, values=values))
