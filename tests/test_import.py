"""`import steepest` is cheap, and every public name is there and explained."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import steepest as sd

HEAVY = {
    "scipy",
    "llvmlite",
    "pyarrow",
    "matplotlib",
    "typer",
    "sympy",
    "rich",
    "narwhals",
    "pandas",
    "polars",
    "sklearn",
}


def loaded(code: str) -> set[str]:
    """The top-level modules in a fresh interpreter after `code`."""
    script = f"{code}\nimport sys; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_import_alone_loads_no_numpy():
    assert not loaded("import steepest") & (HEAVY | {"numpy"})


def test_a_tensor_needs_numpy_only():
    modules = loaded("import steepest as sd; sd.tensor(3.0).requires_grad_()")
    assert "numpy" in modules
    assert not modules & HEAVY


def test_a_fit_of_arrays_imports_what_it_uses_only():
    code = "import steepest as sd; sd.fit('y ~ a + b*x', {'x': [0, 1, 2], 'y': [1, 3, 5.5]}).params"
    assert not loaded(code) & {"scipy", "pyarrow", "matplotlib", "typer", "sympy", "pandas", "polars"}


def test_dir_lists_the_public_names():
    assert set(sd.__all__) == set(dir(sd))
    assert len(sd.__all__) == len(set(sd.__all__))


@pytest.mark.parametrize("name", sd.__all__)
def test_every_public_name_is_there_and_has_a_docstring(name):
    thing = getattr(sd, name)
    if not isinstance(thing, str):
        assert (thing.__doc__ or "").strip()
        if inspect.isclass(thing):
            assert "__doc__" in vars(thing)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'gradient_ascent'"):
        sd.gradient_ascent  # noqa: B018
