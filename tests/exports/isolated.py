"""Exported Python run where steepest cannot be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

_SCRIPT = """
import sys
sys.path.insert(0, {packages!r})
for name in ("steepest", "scipy"):
    sys.modules[name] = None  # importing it is an ImportError
import runpy, numpy as np
space = runpy.run_path({file!r})
inputs = np.load({inputs!r})
outputs = space[{function!r}](*(inputs[f"arr_{{k}}"] for k in range(len(inputs.files))))
np.save({outputs!r}, outputs)
"""


def run_isolated(file: Path, *inputs: object, function: str = "predict") -> np.ndarray:
    """What a function of the file gives, in an interpreter without site packages other than NumPy's folder."""
    given, outputs = file.parent / "given.npz", file.parent / "outputs.npy"
    np.savez(given, *inputs)
    script = _SCRIPT.format(
        packages=str(Path(np.__file__).parents[1]),
        file=str(file),
        inputs=str(given),
        outputs=str(outputs),
        function=function,
    )
    subprocess.run([sys.executable, "-I", "-S", "-W", "error", "-c", script], check=True, timeout=60)
    return np.load(outputs)


def functions_of(source: str) -> dict[str, object]:
    """The names that exported source defines."""
    space: dict[str, object] = {}
    exec(compile(source, "exported", "exec"), space)
    return space
