"""Triangle: the R of a QR decomposition, of which rows come a piece at a time, written as machine code."""

from __future__ import annotations

from functools import partial

from steepest.program.native.code import Code, number, splat, vector


class TriangleWriter:
    """Writes the step from the triangle R of some rows to that of these rows and a piece of more.

    The piece lies in memory column by column and is used up. Householder reflections of R on top of the piece, of which column
    j touches row j of R and the piece alone (Golub and Van Loan, Matrix Computations, 5.2; the flat tree of Demmel, Grigori,
    Hoemmen and Langou, SIAM J. Sci. Comput. 34, 2012). Each pass over the piece undoes what the reflection before it has to
    undo and gathers the products that the next one needs.

    Parameters
    ----------
    code : Code
    width : int
        Columns.
    rows : int
        Of the piece; a multiple of the vectors' length.
    bits : int
        How wide vectors are.
    """

    def __init__(self, code: Code, width: int, rows: int, bits: int) -> None:
        self.code, self.width, self.rows = code, width, rows
        self.lanes = bits // 64
        assert rows % self.lanes == 0

    def write(self, piece: str, triangle: str) -> None:
        """`piece` and `triangle` are addresses of float64; the triangle's rows lie behind each other, all of it in memory."""
        code, vec = self.code, vector("f8", self.lanes)
        factors: list[str] = []  # by which the last column is taken off the ones behind it, in every lane
        for j in range(self.width):
            slots = [code.slot(vec) for _ in range(j, self.width)]
            for slot in slots:
                code.do(f"store {vec} {splat(0.0, 'f8', self.lanes)}, ptr {slot}")
            code.loop(self.rows, self.lanes, partial(self._pass, piece, j, factors, slots))
            products = [self._gathered(slot) for slot in slots]
            factors = self._reflected(triangle, j, products)

    def _pass(self, piece: str, j: int, factors: list[str], slots: list[str], i: str) -> None:
        """A vector of all columns from j on: less the column before, and their products with column j."""
        code, vec = self.code, vector("f8", self.lanes)
        places = [code.address(piece, 8 * k * self.rows, (i, 8)) for k in range(max(j - 1, 0), self.width)]
        columns = [code.op(f"load {vec}, ptr {place}, align 8") for place in places]
        if j > 0:
            last, *columns = columns
            columns = [code.call("fma", "f8", self.lanes, f, last, x) for f, x in zip(factors, columns, strict=True)]
            if j < self.width - 1:
                for place, column in zip(places[1:], columns, strict=True):
                    code.do(f"store {vec} {column}, ptr {place}, align 8")
        for slot, column in zip(slots, columns, strict=True):
            held = code.op(f"load {vec}, ptr {slot}")
            code.do(f"store {vec} {code.call('fma', 'f8', self.lanes, columns[0], column, held)}, ptr {slot}")

    def _gathered(self, slot: str) -> str:
        """One number from a vector of partial sums."""
        code, lanes = self.code, self.lanes
        total = code.op(f"load {vector('f8', lanes)}, ptr {slot}")
        while lanes > 1:
            lanes //= 2
            whole = vector("f8", 2 * lanes)
            halves = []
            for start in (0, lanes):
                if lanes == 1:
                    halves.append(code.op(f"extractelement {whole} {total}, i32 {start}"))
                else:
                    places = ", ".join(f"i32 {start + q}" for q in range(lanes))
                    halves.append(code.op(f"shufflevector {whole} {total}, {whole} poison, <{lanes} x i32> <{places}>"))
            total = code.op(f"fadd {vector('f8', lanes)} {halves[0]}, {halves[1]}")
        return total

    def _reflected(self, triangle: str, j: int, products: list[str]) -> list[str]:
        """Row j of the triangle after the reflection of its column j; by which the piece's other columns are to be changed.

        With alpha = R[j, j] and x the piece's column: beta = -sign(alpha) |(alpha, x)|, v = (1, x / (alpha - beta)),
        tau = (beta - alpha) / beta, and each further column y, of R and of the piece, loses tau (v' y) v.
        """
        code, zero = self.code, number(0.0, "f8")

        def op(name: str, a: str, b: str) -> str:
            return code.op(f"{name} double {a}, {b}")

        places = [code.address(triangle, 8 * (j * self.width + k)) for k in range(j, self.width)]
        row = [code.op(f"load double, ptr {place}, align 8") for place in places]
        alpha = row[0]
        length = code.call("sqrt", "f8", 1, op("fadd", op("fmul", alpha, alpha), products[0]))
        nothing = code.op(f"fcmp oeq double {length}, {zero}")  # a column of zeros stays one
        beta = code.op(f"fneg double {code.call('copysign', 'f8', 1, length, alpha)}")
        scale = op("fdiv", number(1.0, "f8"), op("fsub", alpha, beta))
        tau = op("fdiv", op("fsub", beta, alpha), beta)
        code.do(
            f"store double {code.op(f'select i1 {nothing}, double {zero}, double {beta}')}, ptr {places[0]}, align 8"
        )
        factors = []
        for place, top, product in zip(places[1:], row[1:], products[1:], strict=True):
            loss = op("fmul", tau, op("fadd", top, op("fmul", scale, product)))
            loss = code.op(f"select i1 {nothing}, double {zero}, double {loss}")
            code.do(f"store double {op('fsub', top, loss)}, ptr {place}, align 8")
            factor = code.op(f"fneg double {op('fmul', loss, scale)}")
            factor = code.op(f"select i1 {nothing}, double {zero}, double {factor}")
            factors.append(code.spread(factor, "f8", self.lanes))
        return factors
