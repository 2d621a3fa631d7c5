"""Params: names and one vector."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from steepest.base.errors import ModelError, ShapeError
from steepest.base.params import Params


def test_names_and_the_vector_are_two_views_of_the_same_numbers() -> None:
    p = Params({"a": 1, "w": [[1, 2], [3, 4]], "layers.0.b": np.array([5.0])})
    assert p.flat.tolist() == [1, 1, 2, 3, 4, 5]
    assert list(p) == ["a", "w", "layers.0.b"]
    assert len(p) == 3
    assert p.count == 6
    assert p["a"].shape == ()
    assert p["w"].tolist() == [[1, 2], [3, 4]]
    assert np.shares_memory(p["w"], p.flat)
    assert p.element_names() == ["a", "w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]", "layers.0.b[0]"]
    assert p.places() == {"a": slice(0, 1), "w": slice(1, 5), "layers.0.b": slice(5, 6)}
    assert repr(p) == "Params(a=1, w: 2x2, layers.0.b: 1)"


def test_values_never_change() -> None:
    source = np.array([1.0, 2.0])
    p = Params({"w": source})
    source[0] = 99.0
    assert p.flat.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        p.flat[0] = 3.0
    with pytest.raises(ValueError, match="read-only"):
        p["w"][0] = 3.0
    new = np.array([5.0, 6.0])
    q = p.replaced(new)
    new[0] = 99.0
    assert q["w"].tolist() == [5.0, 6.0]
    assert p["w"].tolist() == [1.0, 2.0]


def test_equality_is_of_names_shapes_and_numbers() -> None:
    p = Params({"a": 1.0, "w": np.ones((2, 2))})
    assert copy.deepcopy(p) == p
    assert p == Params({"a": 1.0, "w": np.ones((2, 2))})
    assert p != Params({"a": 1.0, "v": np.ones((2, 2))})
    assert p != Params({"a": 1.0, "w": np.ones(4)})
    assert p != p.replaced(np.zeros(5))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.arange(12.0)[::2],
        np.arange(6).astype(">i4"),
        np.arange(6).astype(">f8"),
        np.asfortranarray(np.arange(6.0).reshape(3, 2)),
        np.array([True, False]),
    ],
    ids=["transposed", "strided", "big-endian integers", "big-endian", "fortran", "booleans"],
)
def test_arrays_of_all_kinds_become_contiguous_floats(array: Any) -> None:
    p = Params({"w": array})
    assert p["w"].tolist() == array.astype(float).tolist()
    assert p.flat.flags.c_contiguous
    assert p.flat.dtype == np.float64
    assert p.flat.dtype.isnative


def test_one_dtype_for_all() -> None:
    assert Params({"a": np.float32(1)}).flat.dtype == np.float32
    assert Params({"a": np.float32(1), "b": 1.0}).flat.dtype == np.float64
    assert Params({"a": np.float32(1)}).replaced(np.array([0.1])).flat.dtype == np.float32


def test_view_cuts_any_vector_the_same_way() -> None:
    p = Params({"a": 1.0, "w": [[1, 2], [3, 4]]})
    cut = p.view(np.arange(5.0))
    assert cut["a"] == 0.0
    assert cut["w"].tolist() == [[1, 2], [3, 4]]


def test_what_cannot_be_parameters() -> None:
    with pytest.raises(ModelError, match="no parameters"):
        Params({})
    with pytest.raises(ModelError, match="'a'"):
        Params({"a": []})
    with pytest.raises(ModelError, match="'b' must hold real numbers"):
        Params({"a": 1.0, "b": 1j})
    with pytest.raises(ModelError, match="'b' must hold real numbers"):
        Params({"a": 1.0, "b": "one"})
    with pytest.raises(ShapeError, match=r"2 numbers for a, b, got 3"):
        Params({"a": 1.0, "b": 2.0}).replaced(np.ones(3))
    assert Params({"a": [], "b": 1.0}).flat.tolist() == [1.0]
