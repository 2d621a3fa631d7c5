"""Matrix products in machine code: OpenBLAS against loops over tiles in registers, each on one core.

The choice between them in src/steepest/program/native/products.py follows from this table. Each figure is the least CPU time of
many rounds; a matrix in double brackets lies transposed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from time import process_time

import numpy as np

from steepest.base.openblas import one_thread
from steepest.program.native.code import Code
from steepest.program.native.compiled import PADDING
from steepest.program.native.machine import Library, Machine, aligned, vector_bits
from steepest.program.native.products import ProductWriter
from steepest.program.steps import Product, View

ROUNDS, SECONDS = 15, 2e-3
# m, k, n of (m, k) @ (k, n), and whether the first, the second and the result lie transposed
SHAPES = [
    (64, 784, 128, 0, 1, 0), (784, 64, 128, 1, 0, 1), (512, 784, 128, 0, 1, 1), (256, 256, 256, 0, 0, 0),
    (512, 512, 512, 0, 0, 0), (64, 1024, 1024, 0, 1, 0), (512, 1024, 1024, 0, 0, 0),
    (10_000, 64, 16, 0, 1, 1), (512, 128, 10, 0, 1, 1),
]  # fmt: skip


def main() -> None:
    with one_thread():
        for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
            print(f"{dtype}, billions of multiplications and additions a second")
            print(f"  {'product':32} {'OpenBLAS':>9} {'loops':>9}   chosen")
            for m, k, n, *turned in SHAPES:
                rates = measured(m, k, n, turned, dtype)
                first, second = (f"({shape})" if t else shape for shape, t in zip((f"{m}, {k}", f"{k}, {n}"), turned))
                print(f"  {f'({first}) @ ({second})':32} {rates[0]:9.0f} {rates[1]:9.0f}   {chosen(m, k, n, dtype)}")


def chosen(m: int, k: int, n: int, dtype: np.dtype) -> str:
    return "OpenBLAS" if ProductWriter.is_large(m, k, n, dtype.itemsize) else "loops"


def measured(m: int, k: int, n: int, turned: list[int], dtype: np.dtype) -> list[float]:
    """The rates of BLAS and of loops."""
    shapes = [(m, k), (k, n), (m, n)]
    size = dtype.itemsize
    views = [
        View(i, 0, shape, (size, shape[0] * size) if turn else (shape[1] * size, size), dtype)
        for i, (shape, turn) in enumerate(zip(shapes, turned))
    ]
    product = Product(*views)
    offsets, end = {}, 0
    for i, shape in enumerate(shapes):
        offsets[i], end = end, end + aligned(shape[0] * shape[1] * size + PADDING)
    library = Library()
    ways: dict[str, Callable[[ProductWriter], object]] = {
        "blas": ProductWriter.by_blas,
        "loops": ProductWriter.by_loops,
    }
    functions = []
    for name, write in ways.items():
        code = Code(library)
        write(ProductWriter(code, product, offsets, vector_bits()))
        functions.append(f"define void @{name}(ptr noalias %arena) #0 {{\n{code.body()}\n  ret void\n}}")
    machine = Machine(library.text(*functions))
    memory = np.zeros(end + 64, np.uint8)
    start = -memory.ctypes.data % 64
    rng = np.random.default_rng(0)
    arrays = [np.ndarray(v.shape, dtype, memory.data, start + offsets[v.base], v.strides) for v in views]
    for array in arrays[:2]:
        array[...] = rng.standard_normal(array.shape)
    repeats = max(3, int(SECONDS / (2 * m * n * k / 1e11)))
    rates = [0.0, 0.0]
    for _ in range(ROUNDS):
        for i, name in enumerate(ways):
            function = machine.function(name, None, ctypes.c_void_p)
            began = process_time()
            for _ in range(repeats):
                function(memory.ctypes.data + start)
            rates[i] = max(rates[i], 2e-9 * m * n * k * repeats / (process_time() - began))
            assert np.allclose(arrays[2], arrays[0] @ arrays[1], rtol=1e-3, atol=1e-2)
    return rates
