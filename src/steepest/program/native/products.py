"""Matrix products: small ones as loops over tiles that stay in registers, large ones by the BLAS that NumPy has loaded."""

from __future__ import annotations

from dataclasses import replace

from steepest.program.native import blas
from steepest.program.native.code import SCALARS, Code, itemsize, kind_of, splat, vector
from steepest.program.native.numbers import Number
from steepest.program.steps import Product, View

# Measured against OpenBLAS: loops are up to twice as fast while both matrices stay in the processor's second cache, since BLAS
# copies them first, and where one side is narrow. BLAS is faster where they do not, and up to three times.
CACHED, NARROW = 1 << 21, 16


class ProductWriter:
    """Writes one `Product` into a function."""

    def __init__(self, code: Code, product: Product, offsets: dict[int, int], width: int) -> None:
        self.code, self.offsets = code, offsets
        self.kind = kind_of(product.out.dtype)
        self.size = itemsize(self.kind)
        self.most = width // 8 // self.size  # lanes of the widest vector
        self.a, self.b, self.out, self.adds = product.a, product.b, product.out, product.adds

    def write(self) -> None:
        m, k = self.a.shape
        n = self.b.shape[1]
        if not (self.is_large(m, k, n, self.size) and blas.available(self.kind) and self.by_blas()):
            self.by_loops()

    @staticmethod
    def is_large(m: int, k: int, n: int, size: int) -> bool:
        """Whether BLAS is faster for (m, k) @ (k, n), in numbers of so many bytes."""
        return (m * k + k * n) * size >= CACHED and min(m, n, k) > NARROW

    def by_loops(self) -> None:
        """Write loops over tiles."""
        m, n = self.out.shape
        # Along an axis of length 1 any stride will do.
        a_rows, a_inner = self._unit(self.a, 0), self._unit(self.a, 1)
        b_inner, b_columns = self._unit(self.b, 0), self._unit(self.b, 1)
        out_rows, out_columns = self._unit(self.out, 0), self._unit(self.out, 1)
        if a_rows and out_rows and m > 1 and (m >= n or not (b_columns and out_columns)):
            self._outer(self.a, self.b, self.out)
        elif b_columns and out_columns and not (n == 1 and a_inner and b_inner):
            self._outer(_transposed(self.b), _transposed(self.a), _transposed(self.out))
        elif a_inner and b_inner:
            self._inner()
        elif m >= n:
            self._outer(self.a, self.b, self.out)
        else:
            self._outer(_transposed(self.b), _transposed(self.a), _transposed(self.out))

    def _unit(self, view: View, axis: int) -> bool:
        return view.strides[axis] == self.size or view.shape[axis] == 1

    def _pointer(self, view: View, *indices: tuple[str, int]) -> str:
        """The address of the element at these (index, axis) pairs."""
        offset = self.offsets[view.base] + view.offset
        terms = self.code.moved(view.advance)
        for index, axis in indices:
            if index.isdigit():
                offset += int(index) * view.strides[axis]
            else:
                terms.append((index, view.strides[axis]))
        return self.code.address("%arena", offset, *terms)

    # ---- vectors along the rows of the result
    def _outer(self, a: View, b: View, out: View) -> None:
        """Columns of `a` times numbers of `b`: no sums across lanes."""
        m, n = out.shape
        lanes = 1
        while lanes < m and lanes < self.most:
            lanes *= 2
        across = 6 if n % 6 == 0 else 5 if n % 5 == 0 else 4
        across = min(across, n)
        deep = max(1, min(4, m // lanes))  # vectors below each other in a tile
        tile = deep * lanes

        def rows(i: str, vectors: list[int]) -> None:
            full = n // across
            if full == 1 and n % across == 0:
                self._tile(a, b, out, i, "0", lanes, vectors, across)
                return
            self.code.loop(full * across, across, lambda j: self._tile(a, b, out, i, j, lanes, vectors, across))
            if n % across:
                self._tile(a, b, out, i, str(full * across), lanes, vectors, n % across)

        whole = m // tile
        if whole == 1:
            rows("0", [lanes] * deep)
        elif whole:
            self.code.loop(whole * tile, tile, lambda i: rows(i, [lanes] * deep))
        rest = m - whole * tile
        if rest:
            vectors = [lanes] * (rest // lanes) + ([rest % lanes] if rest % lanes else [])
            rows(str(whole * tile), vectors)

    def _tile(self, a: View, b: View, out: View, i: str, j: str, lanes: int, vectors: list[int], across: int) -> None:
        code, kind = self.code, self.kind
        t = vector(kind, lanes)
        inner = a.shape[1]
        slots = [[code.slot(t) for _ in range(across)] for _ in vectors]
        start = self._pointer(out, (i, 0), (j, 1))
        for v, active in enumerate(vectors):
            for q in range(across):
                place = code.address(start, v * lanes * out.strides[0] + q * out.strides[1])
                first = self._side_by_side(place, out.strides[0], lanes, active) if self.adds else None
                code.do(f"store {t} {first or splat(0.0, kind, lanes)}, ptr {slots[v][q]}")

        def add(k: str) -> None:
            columns = []
            start = self._pointer(a, (i, 0), (k, 1))
            for v, active in enumerate(vectors):
                pointer = code.address(start, v * lanes * a.strides[0])
                name = self._side_by_side(pointer, a.strides[0], lanes, active)
                columns.append(Number(code, name, kind, lanes))
            first = self._pointer(b, (k, 0), (j, 1))
            for q in range(across):
                scalar = code.load(code.address(first, q * b.strides[1]), kind, 1, 1)
                factor = Number(code, code.spread(scalar, kind, lanes), kind, lanes)
                for v, column in enumerate(columns):
                    held = Number(code, code.op(f"load {t}, ptr {slots[v][q]}"), kind, lanes)
                    code.do(f"store {t} {column.muladd(factor, held).name}, ptr {slots[v][q]}")

        if inner == 1:
            add("0")
        else:
            code.loop(inner, 1, add)
        start = self._pointer(out, (i, 0), (j, 1))
        for v, active in enumerate(vectors):
            for q in range(across):
                value = code.op(f"load {t}, ptr {slots[v][q]}")
                pointer = code.address(start, v * lanes * out.strides[0] + q * out.strides[1])
                if lanes == 1 or out.strides[0] == self.size:
                    code.store(value, pointer, kind, lanes, active)
                else:
                    code.scatter(value, pointer, out.strides[0], kind, lanes, active)

    def _side_by_side(self, pointer: str, stride: int, lanes: int, active: int) -> str:
        """A vector of numbers that lie `stride` bytes apart."""
        if lanes == 1 or stride == self.size:
            return self.code.load(pointer, self.kind, lanes, active)
        return self.code.gather(pointer, stride, self.kind, lanes, active)

    # ---- vectors along the axis that is summed over
    def _inner(self) -> None:
        """Dot products of rows of `a` with columns of `b`, several of each at a time."""
        m, n = self.out.shape
        down, across = min(4, m), min(4, n)

        def rows(i: str, count: int) -> None:
            full = n // across
            self.code.loop(full * across, across, lambda j: self._dots(i, j, count, across))
            if n % across:
                self._dots(i, str(full * across), count, n % across)

        full = m // down
        self.code.loop(full * down, down, lambda i: rows(i, down))
        if m % down:
            rows(str(full * down), m % down)

    def _dots(self, i: str, j: str, down: int, across: int) -> None:
        code, kind = self.code, self.kind
        inner = self.a.shape[1]
        lanes = 1
        while lanes < inner and lanes < self.most:
            lanes *= 2
        t = vector(kind, lanes)
        slots = [[code.slot(t) for _ in range(across)] for _ in range(down)]
        for row in slots:
            for slot in row:
                code.do(f"store {t} {splat(0.0, kind, lanes)}, ptr {slot}")
        a_start, b_start = self._pointer(self.a, (i, 0)), self._pointer(self.b, (j, 1))

        def add(k: str, active: int) -> None:
            here = [code.address(a_start, 0, (k, self.size)), code.address(b_start, 0, (k, self.size))]
            left = [code.load(code.address(here[0], r * self.a.strides[0]), kind, lanes, active) for r in range(down)]
            right = [
                code.load(code.address(here[1], c * self.b.strides[1]), kind, lanes, active) for c in range(across)
            ]
            for r in range(down):
                for c in range(across):
                    held = Number(code, code.op(f"load {t}, ptr {slots[r][c]}"), kind, lanes)
                    total = Number(code, left[r], kind, lanes).muladd(Number(code, right[c], kind, lanes), held)
                    code.do(f"store {t} {total.name}, ptr {slots[r][c]}")

        whole, rest = divmod(inner, lanes)
        if whole == 1:
            add("0", lanes)
        elif whole:
            code.loop(whole * lanes, lanes, lambda k: add(k, lanes))
        if rest:
            add(str(whole * lanes), rest)
        start = self._pointer(self.out, (i, 0), (j, 1))
        sums = [[code.op(f"load {t}, ptr {slots[r][c]}") for c in range(across)] for r in range(down)]
        totals = self._sums([name for row in sums for name in row], lanes)
        for r in range(down):
            for c in range(across):
                pointer = code.address(start, r * self.out.strides[0] + c * self.out.strides[1])
                total = totals[r * across + c]
                if self.adds:
                    total = code.op(f"fadd {SCALARS[kind]} {total}, {code.load(pointer, kind, 1, 1)}")
                code.store(total, pointer, kind, 1, 1)

    def _sums(self, vectors: list[str], lanes: int) -> list[str]:
        """The sum over the lanes of each vector. Pairs of vectors are added crosswise, so that no lane idles."""
        if lanes == 1:
            return vectors
        code, kind = self.code, self.kind
        t = vector(kind, lanes)
        count = len(vectors)
        groups = [vectors[g : g + lanes] for g in range(0, count, lanes)]
        totals: list[str] = []
        for group in groups:
            wanted = len(group)
            size = 1
            while size < wanted:
                size *= 2
            work = [*group, *[group[0]] * (size - wanted)]
            per = 1  # original vectors in each working vector
            while len(work) > 1:
                joined = []
                half = len(work) // 2
                for x, y in zip(work[:half], work[half:]):
                    # Each original vector has `lanes / per` partial sums, one block after another; halve the blocks.
                    block = lanes // per
                    low = [q * block + e for q in range(per) for e in range(block // 2)]
                    high = [q * block + block // 2 + e for q in range(per) for e in range(block // 2)]
                    first = self._shuffle(t, x, y, [*low, *[lanes + e for e in low]], lanes)
                    second = self._shuffle(t, x, y, [*high, *[lanes + e for e in high]], lanes)
                    joined.append(code.op(f"fadd {t} {first}, {second}"))
                work, per = joined, per * 2
            value, block = work[0], lanes // per
            width = lanes
            while block > 1:
                low = [q * block + e for q in range(per) for e in range(block // 2)]
                high = [q * block + block // 2 + e for q in range(per) for e in range(block // 2)]
                wide = vector(kind, width)
                first = self._shuffle(wide, value, value, low, width)
                second = self._shuffle(wide, value, value, high, width)
                width //= 2
                value = code.op(f"fadd {vector(kind, width)} {first}, {second}")
                block //= 2
            # After the crosswise additions the vectors stand in bit-reversed order.
            order = _bit_reversed(per)
            for place in range(wanted):
                lane = order[place]
                name = value if width == 1 else code.op(f"extractelement {vector(kind, width)} {value}, i32 {lane}")
                totals.append(name)
        return totals

    def _shuffle(self, t: str, x: str, y: str, places: list[int], lanes: int) -> str:
        if len(places) == 1:
            return self.code.op(f"extractelement {t} {x}, i32 {places[0]}")
        text = ", ".join(f"i32 {q}" for q in places)
        return self.code.op(f"shufflevector {t} {x}, {t} {y}, <{len(places)} x i32> <{text}>")

    # ---- BLAS
    def by_blas(self) -> bool:
        """Write a call of BLAS; False where the operands do not lie as BLAS wants them."""
        a, b, out = self.a, self.b, self.out
        if not self._unit(out, 1) or (out.shape[1] == 1 and not self._unit(out, 0)):
            a, b, out = _transposed(b), _transposed(a), _transposed(out)
        ways = [self._way(x) for x in (a, b, out)]
        if any(way is None for way in ways) or (ways[2] is not None and ways[2][0]):
            return False
        (turn_a, lead_a), (turn_b, lead_b), (_, lead_out) = [way for way in ways if way is not None]
        m, n, k = out.shape[0], out.shape[1], a.shape[1]
        blas.write_call(
            self.code, self.kind, turn_a, turn_b, m, n, k,
            self._pointer(a), lead_a, self._pointer(b), lead_b, self._pointer(out), lead_out, self.adds,
        )  # fmt: skip
        return True

    def _way(self, view: View) -> tuple[bool, int] | None:
        """Whether a matrix lies transposed, and the distance of its rows in elements."""
        (rows, columns), (down, along) = view.shape, view.strides
        if (along == self.size or columns == 1) and down >= columns * self.size and down % self.size == 0:
            return False, down // self.size
        if (along == self.size or columns == 1) and rows == 1:
            return False, columns
        if (down == self.size or rows == 1) and along >= rows * self.size and along % self.size == 0:
            return True, along // self.size
        return None


def _transposed(view: View) -> View:
    return replace(view, shape=view.shape[::-1], strides=view.strides[::-1])


def _bit_reversed(count: int) -> list[int]:
    """Where each of `count` vectors stands after the crosswise additions."""
    bits = count.bit_length() - 1
    return [int(format(i, f"0{bits}b")[::-1], 2) if bits else 0 for i in range(count)]
