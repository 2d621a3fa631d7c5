"""Fingerprints: whether a model or a method is the one that a checkpoint was made with."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping
from types import CodeType
from typing import Any

import numpy as np

from steepest.base.params import Array
from steepest.nn.module import Module

_PLAIN = (type(None), bool, int, float, complex, str, bytes)


def fingerprint_of(thing: Any) -> str:
    """A digest of what a function, a network or a method does.

    Of a function count its byte code, constants and defaults, what it closes over, and the functions, numbers, arrays and
    networks of its Python module that it names; line numbers and file names do not. Of a network or a dataclass count its
    class and its public attributes and, unless the class is steepest's own, what its methods do. Other objects count by
    their class and their repr.

    Examples
    --------
    >>> fingerprint_of(lambda x: x + 1) == fingerprint_of(lambda x: x + 1)
    True
    >>> fingerprint_of(lambda x: x + 1) == fingerprint_of(lambda x: x + 2)
    False
    """
    reader = _Reader()
    reader.take(thing)
    return reader.digest.hexdigest()


def fingerprint_of_data(*arrays: Array | None) -> str:
    """A digest of arrays: their shapes, dtypes and elements."""
    reader = _Reader()
    for array in arrays:
        reader.take(array)
    return reader.digest.hexdigest()


class _Reader:
    """Reads a thing into a digest, each part with its length so that no two things read alike."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.seen: dict[int, Any] = {}  # what was read before, kept alive so that no other thing gets its id

    def mark(self, *texts: str) -> None:
        for text in texts:
            data = text.encode()
            self.digest.update(b"%d:" % len(data) + data)

    def take(self, thing: Any) -> None:
        if isinstance(thing, _PLAIN):
            self.mark(repr(thing))
            return
        if isinstance(thing, (np.ndarray, np.generic)):
            self.mark("array", repr((thing.shape, thing.dtype.str)))
            self.digest.update(np.ascontiguousarray(thing).tobytes())
            return
        self.mark(type(thing).__qualname__)
        if isinstance(thing, tuple):
            self.take_all(thing)
            return
        if isinstance(thing, (set, frozenset)):  # their order differs from process to process
            self.take_all(sorted(thing, key=repr))
            return
        if id(thing) in self.seen:
            return
        self.seen[id(thing)] = thing
        if isinstance(thing, functools.partial):
            self.take_all([thing.func, thing.args, thing.keywords])
        elif hasattr(thing, "__func__"):
            self.take_all([thing.__func__, thing.__self__])
        elif hasattr(thing, "__code__"):
            self.function(thing)
        elif isinstance(thing, Mapping):
            self.take_all([part for pair in thing.items() for part in pair])
        elif isinstance(thing, list):
            self.take_all(thing)
        elif isinstance(thing, Module):
            self.attributes(thing, {name: x for name, x in vars(thing).items() if not name.startswith("_")})
        elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
            names = [f.name for f in dataclasses.fields(thing) if f.compare]
            self.attributes(thing, {name: getattr(thing, name) for name in names})
        elif " at 0x" not in (text := repr(thing)):  # where an object lies says nothing of what it does
            self.mark(text)

    def take_all(self, things: Any) -> None:
        self.mark(str(len(things)))
        for thing in things:
            self.take(thing)

    def attributes(self, thing: Any, values: Mapping[str, Any]) -> None:
        self.take(dict(values))
        for kind in type(thing).__mro__:
            if not kind.__module__.startswith(("steepest.", "builtins", "abc", "typing")):
                methods = {name: method for name, method in vars(kind).items() if hasattr(method, "__code__")}
                self.take(methods)

    def function(self, function: Any) -> None:
        names = self.code(function.__code__)
        self.take_all([function.__defaults__, function.__kwdefaults__])
        for cell in function.__closure__ or ():
            try:
                self.take(cell.cell_contents)
            except ValueError:  # not filled yet
                continue
        for name in names:
            other = function.__globals__.get(name)
            if other is not None and (
                hasattr(other, "__code__") or isinstance(other, (*_PLAIN, np.ndarray, np.generic, Module))
            ):
                self.take(other)

    def code(self, code: CodeType) -> list[str]:
        """Read byte code; returns the global names in it, those of functions inside included."""
        self.digest.update(code.co_code)
        self.mark(repr((code.co_names, code.co_varnames)))
        names = list(code.co_names)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                names += self.code(constant)
            else:
                self.take(constant)
        return names
