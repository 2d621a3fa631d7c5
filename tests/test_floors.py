"""A floor imports only from floors below it; folders on one floor do not know each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "steepest"

FLOORS = {
    "base": 0,
    "autodiff": 1,
    "formula": 2,
    "data": 2,
    "program": 3,
    "differentiation": 3,
    "optim": 4,
    "nn": 4,
    "training": 5,
    "comparison": 6,
    "doctor": 6,
    "fitting": 6,
    "inspection": 6,
    "estimators": 7,  # scikit-learn's names for fits and runs
    "views": 7,
    "demos": 8,
    "exports": 8,
    "cli": 9,
    "lab": 9,
}
# Files beside the folders: the public face of the package and of its parts. They stand on top and are imported by nobody.
FACES = {"animate", "__init__", "__main__", "functions", "ops", "plot"}
FILES = sorted(SOURCE.rglob("*.py"))


def imported_modules(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import; write the floor's name"
            assert node.module is not None
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == "steepest"}


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(SOURCE)))
def test_imports_point_down(file: Path) -> None:
    parts = file.relative_to(SOURCE).with_suffix("").parts
    if len(parts) == 1 and parts[0] in FACES | {"version"}:
        return
    here = parts[0]
    assert here in FLOORS, f"{file}: a folder without a floor; add it to the floors of docs/design.md and to this test"
    for name in imported_modules(file):
        pieces = name.split(".")
        if len(pieces) == 1 or pieces[1] == "version":
            continue
        there = pieces[1]
        assert there in FLOORS, f"{file} imports {name}, which has no floor"
        assert there == here or FLOORS[there] < FLOORS[here], f"{file} imports {name}: floors point downwards only"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(SOURCE)))
def test_files_stay_readable(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 450, f"{file}: one noun a file; split it"
