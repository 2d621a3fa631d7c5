from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from steepest.cli.command import run


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON object on standard output; anything before or after it is an error."""
        found = json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        assert isinstance(found, dict)
        return found


Steepest = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a few data files."""
    monkeypatch.chdir(tmp_path)
    files = {
        # y = 1 + x on average; by hand b = Sxy/Sxx = 9.9/10 = 0.99, a = 4.02 - 0.99*3 = 1.05
        "line.csv": "x,y\n1,2\n2,3.1\n3,3.9\n4,5.2\n5,5.9\n",
        "growth.csv": "x,y\n0,1\n1,2.718281828459045\n2,7.38905609893065\n3,20.085536923187668\n",
        "missing.csv": "x,y\n1,2\n2,\n3,4\n4,5\n5,inf\n",
        "text.csv": "x,y\n1,2\n2,abc\n3,4\n",
        "empty.csv": "",
        "nothing.csv": "x,y\n",
        "numbers.csv": "1,2\n3,4\n",
        "one.csv": "x,y\n1,2\n",
        "dates.csv": "d,y\n2020-01-01,2\n2020-01-02,3\n2020-01-03,4\n",
        "constant.csv": "x,y\n1,2\n1,3\n1,4\n1,5\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.fixture
def steepest(folder: Path, capsys: pytest.CaptureFixture[str]) -> Steepest:
    def call(*arguments: str) -> Result:
        code = run(arguments)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
