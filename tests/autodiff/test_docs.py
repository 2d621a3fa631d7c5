"""docs/autodiff.md says nothing that is not so."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import steepest as sd
from steepest.autodiff import ops

PAGE = Path(__file__).parents[2] / "docs" / "autodiff.md"


def test_the_page_runs() -> None:
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    results = doctest.testfile(str(PAGE), module_relative=False, optionflags=flags)
    assert results.attempted > 30
    assert results.failed == 0


def test_every_operation_says_what_it_does() -> None:
    for name in ops.__all__:
        assert inspect.getdoc(getattr(ops, name)), name
    for name in (
        "grad",
        "value_and_grad",
        "vjp",
        "jvp",
        "jacobian",
        "hessian",
        "hvp",
        "check_grads",
        "primitive",
        "tensor",
    ):
        assert ">>>" in inspect.getdoc(getattr(sd, name)), name
