"""Machine: LLVM made ready for this processor, and modules of text turned into functions that can be called."""

from __future__ import annotations

import ctypes
import functools
import math
import weakref
from collections.abc import Callable
from typing import Any

from steepest.program.native import blas
from steepest.program.native.functions import C_LIBRARY


class Library:
    """What a module's functions share: declarations, and functions that are defined once."""

    def __init__(self) -> None:
        self.declarations: dict[str, None] = {}
        self.definitions: dict[str, str] = {}

    def declare(self, text: str) -> None:
        self.declarations[text] = None

    def define(self, symbol: str, write: Callable[[], str]) -> None:
        if symbol not in self.definitions:
            self.definitions[symbol] = ""  # a definition that calls itself would never end
            self.definitions[symbol] = write()

    def text(self, *functions: str) -> str:
        width = vector_bits()
        attributes = (
            f'attributes #0 = {{ nounwind "prefer-vector-width"="{width}" "min-legal-vector-width"="{width}" }}\n'
            "attributes #1 = { nounwind willreturn memory(none) }"
        )
        return "\n\n".join([*self.declarations, *self.definitions.values(), *functions, attributes])


def _llvm() -> Any:
    """LLVM; as an error of its own where it is installed but cannot be loaded."""
    try:
        import llvmlite.binding as llvm
    except (ImportError, OSError) as error:
        raise RuntimeError(f"llvmlite cannot be loaded: {error}") from error
    return llvm


@functools.cache
def _target() -> Any:
    """The target machine of this processor."""
    llvm = _llvm()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    for symbol, address in _addresses().items():
        llvm.add_symbol(symbol, address)
    return target, llvm.get_host_cpu_name(), features


def target_machine() -> Any:
    """A fresh one: an execution engine takes it over."""
    target, cpu, features = _target()
    return target.create_target_machine(cpu=cpu, features=features, opt=3, jit=True)


@functools.cache
def vector_bits() -> int:
    """How wide this processor's vectors are."""
    features = _llvm().get_host_cpu_features()
    return 512 if features.get("avx512f") and features.get("avx512vl") else 256 if features.get("avx2") else 128


def _addresses() -> dict[str, int]:
    """Where the C library's functions and BLAS are: the dynamic loader knows."""
    found: dict[str, int] = {}
    process = ctypes.CDLL(None)
    try:
        library = ctypes.CDLL("libm.so.6")
    except OSError:
        library = process
    for name in (*C_LIBRARY, "fma", "exp", "log"):
        function = getattr(library, name, None) or getattr(process, name, None)
        if function is not None:
            found[name] = int(ctypes.cast(function, ctypes.c_void_p).value or 0)
    found["steepest_qsort"] = int(ctypes.cast(process.qsort, ctypes.c_void_p).value or 0)
    for kind, name in (("f8", "dgemm"), ("f4", "sgemm")):
        address = blas.address(kind)
        if address is not None:
            found[f"steepest_{name}"] = address
    return found


def _simplify(llvm: Any, module: Any, machine: Any) -> None:
    """The few passes that this code needs: loops and vectors are written as they should be.

    LLVM's whole pipeline gives code 5 % faster and takes ten times as long; 0.1 s is 100,000 steps of a small network.
    """
    tuning = llvm.create_pipeline_tuning_options(speed_level=1)
    builder = llvm.create_pass_builder(machine, tuning)
    passes = llvm.create_new_function_pass_manager()
    passes.add_sroa_pass()  # stack places become registers
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    for function in module.functions:
        if not function.is_declaration:
            passes.run(function, builder)


def _close(*parts: Any) -> None:
    for part in parts:
        part.close()


class Machine:
    """Compiled functions of one module; they live as long as this object.

    Parameters
    ----------
    text : str
        The module in LLVM's language; verified before anything of it runs.

    Raises
    ------
    RuntimeError
        LLVM finds the module wrong, or cannot be loaded.
    """

    def __init__(self, text: str) -> None:
        llvm = _llvm()
        context = llvm.create_context()  # a module's memory is given back with its context
        module = llvm.parse_assembly(text, context)
        module.verify()
        machine = target_machine()
        module.triple = machine.triple
        module.data_layout = str(machine.target_data)
        _simplify(llvm, module, machine)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        # The engine has to go before the context that its module lives in, also where the garbage collector breaks a cycle.
        weakref.finalize(self, _close, self._engine, context)
        self._engine.finalize_object()

    def function(self, name: str, result: Any, *arguments: Any) -> Any:
        """The function as ctypes calls it, which releases the interpreter's lock meanwhile."""
        return ctypes.CFUNCTYPE(result, *arguments)(self._engine.get_function_address(name))


@functools.lru_cache(maxsize=32)
def machine_of(text: str) -> Machine:
    """The machine code of a module; the same text is compiled once, since data and parameters are no part of it."""
    return Machine(text)


def aligned(nbytes: int, alignment: int = 64) -> int:
    """`nbytes` rounded up."""
    return math.ceil(nbytes / alignment) * alignment
