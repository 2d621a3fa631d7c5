"""Params: the parameters of a model, by name and as one vector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import ModelError, ShapeError

Array = NDArray[Any]


class Params(Mapping[str, Array]):
    """Named arrays that lie one behind the other in one C-contiguous vector.

    Formulas see names, descent rules see the vector. Values never change; `replaced` gives new ones of the same layout.

    Parameters
    ----------
    values : mapping of str to array-like
        Dotted names (``layers.0.weight``) to numbers or arrays; integers become float64, all share one dtype.

    Attributes
    ----------
    flat : ndarray, shape (n,)
        All elements, in the order of the names; read-only.

    Raises
    ------
    ModelError
        There are none, all are empty, or one does not hold real numbers.

    Examples
    --------
    >>> p = Params({"a": 1.0, "w": [[1, 2], [3, 4]]})
    >>> p.flat
    array([1., 1., 2., 3., 4.])
    >>> p.replaced(p.flat * 2)["w"]
    array([[2., 4.],
           [6., 8.]])
    """

    __slots__ = ("_places", "flat")

    def __init__(self, values: Mapping[str, Any]) -> None:
        if not values:
            raise ModelError("there are no parameters: nothing to descend on.")
        arrays = {}
        for name, value in values.items():
            array = np.asarray(value)
            if array.dtype.kind in "iub":
                array = array.astype(np.float64)
            if array.dtype.kind != "f":
                raise ModelError(f"parameter '{name}' must hold real numbers, not {array.dtype}.")
            arrays[name] = array
        dtype = np.result_type(*arrays.values())
        self._places: dict[str, tuple[slice, tuple[int, ...]]] = {}
        start = 0
        for name, array in arrays.items():
            self._places[name] = (slice(start, start + array.size), array.shape)
            start += array.size
        if start == 0:
            raise ModelError(f"there are no parameters: {', '.join(map(repr, arrays))} hold no numbers.")
        self.flat: Array = np.concatenate([np.ravel(a) for a in arrays.values()]).astype(dtype.newbyteorder("="))
        self.flat.flags.writeable = False

    def replaced(self, flat: Array) -> Params:
        """The same names and shapes with the numbers of `flat`.

        Raises
        ------
        ShapeError
            `flat` has another length.
        """
        flat = np.array(flat, dtype=self.flat.dtype, order="C").reshape(-1)  # a copy: nobody else may write into it
        if flat.shape != self.flat.shape:
            raise ShapeError(f"expected {self.flat.size} numbers for {', '.join(self)}, got {flat.size}.")
        return self.owning(flat)

    def owning(self, flat: Array) -> Params:
        """`replaced` without a copy or a check, for a vector of the same kind that was just made and that nobody else holds."""
        new = object.__new__(Params)
        new._places = self._places
        flat.flags.writeable = False
        new.flat = flat
        return new

    def view(self, flat: Array) -> dict[str, Array]:
        """`flat` cut into the named arrays, without a copy."""
        return {name: flat[place].reshape(shape) for name, (place, shape) in self._places.items()}

    def places(self) -> dict[str, slice]:
        """Where each name's elements lie in `flat`."""
        return {name: place for name, (place, _) in self._places.items()}

    def element_names(self) -> list[str]:
        """A name for each element of `flat`: ``a``, ``w[0,1]``."""
        names = []
        for name, (_, shape) in self._places.items():
            if shape == ():
                names.append(name)
            else:
                names += [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(shape)]
        return names

    def __getitem__(self, name: str) -> Array:
        place, shape = self._places[name]
        return self.flat[place].reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __eq__(self, other: object) -> bool:
        """Whether names, shapes and all numbers are the same."""
        return isinstance(other, Params) and self._places == other._places and np.array_equal(self.flat, other.flat)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={self[name].item():.6g}" if shape == () else f"{name}: {'x'.join(map(str, shape))}"
            for name, (_, shape) in self._places.items()
        )
        return f"Params({shown})"

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return int(self.flat.size)
