"""Which engine computes: NumPy, or machine code by LLVM."""

from __future__ import annotations

import functools
import importlib.util
import os

from steepest.base.choices import chosen
from steepest.base.errors import ModelError

ENGINES = {name: name for name in ("auto", "numpy", "llvm")}


def engine_named(engine: str | None, default: str = "auto") -> str:
    """``auto``, ``numpy`` or ``llvm``: the given one, else what SD_ENGINE says, else `default`.

    Raises
    ------
    ModelError
        The name is unknown, or it is ``llvm`` and llvmlite is not installed.

    Examples
    --------
    >>> engine_named("numpy")
    'numpy'
    """
    name = chosen("engine", engine if engine is not None else os.environ.get("SD_ENGINE") or default, ENGINES)
    if name == "llvm" and not llvm_there():
        raise ModelError("the engine 'llvm' needs the package llvmlite, which is not installed: pip install llvmlite.")
    return name


@functools.cache
def llvm_there() -> bool:
    """Whether llvmlite is installed; does not import it."""
    return importlib.util.find_spec("llvmlite") is not None
