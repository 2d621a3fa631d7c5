"""Elementary functions, computed side by side for the lanes of a vector.

Each follows the argument reduction of W. J. Cody and W. Waite, "Software Manual for the Elementary Functions" (1980), with the
polynomials of fdlibm (Sun Microsystems, 1993) or Taylor's, and is right at NaN, infinities, zeros of both signs and denormals.
float32 goes through float64 where it has no polynomial of its own, and is then rounded once.
"""

from __future__ import annotations

import math

from steepest.program.native.numbers import Number

LOG2E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_TAYLOR = [1.0 / math.factorial(k) for k in range(14)]
# pi/2 in three parts of 53 bits each.
_HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)

_LOG = (1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01, 2.222219843214978396e-01,
        2.857142874366239149e-01, 3.999999999940941908e-01, 6.666666666666735130e-01)  # fmt: skip
_SIN = (1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06, -1.98412698298579493134e-04,
        8.33333333332248946124e-03, -1.66666666666666324348e-01)  # fmt: skip
_COS = (-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07, 2.48015872894767294178e-05,
        -1.38888888888741095749e-03, 4.16666666666666019037e-02)  # fmt: skip


def _power_of_two(n: Number) -> Number:
    """2**n for whole n from -1022 to 1023."""
    return (n.integer() + 1023).shifted("shl", 52).as_float()


def exp(x: Number) -> Number:
    return exp_of_sum(x, None)


def exp_of_sum(x: Number, more: Number | None) -> Number:
    """exp(x + more), where `more` is below the last digits of `x`."""
    held = (x > 710.0).where(710.0, x)
    held = (held < -746.0).where(-746.0, held)
    n = (held * LOG2E).rint()
    r = n.muladd(-LN2_LOW, n.fma(-LN2_HIGH, held))
    if more is not None:
        r = r + x.equals(held).where(more, 0.0)
    # 2**n in two halves, so that denormal results and the last before infinity are reached.
    half = (n * 0.5).intrinsic("trunc")
    value = r.polynomial(_TAYLOR[::-1])
    result = value * _power_of_two(half) * _power_of_two(n - half)
    return x.is_nan().where(x, result)


def _expm1_reduced(held: Number) -> tuple[Number, Number]:
    """``exp(r) - 1`` and n, where the argument is n log 2 + r."""
    n = (held * LOG2E).rint()
    high = n.fma(-LN2_HIGH, held)
    r = n.muladd(-LN2_LOW, high)
    lost = (high - r) - n * LN2_LOW  # what the rounding of r took away
    tail = r.polynomial(_TAYLOR[:1:-1])  # (exp(r) - 1 - r) / r**2
    return r + (r * r).muladd(tail, lost), n


def expm1(x: Number) -> Number:
    held = (x > 710.0).where(710.0, x)
    held = (held < -60.0).where(-60.0, held)
    small, n = _expm1_reduced(held)
    half_scale = _power_of_two(n - 1.0)  # 2**1024 would be infinite
    result = (half_scale.muladd(small, half_scale - 0.5)) * 2.0
    result = n.equals(0.0).where(small, result)
    result = x.equals(0.0).where(x, result)  # keeps the sign of zero
    return x.is_nan().where(x, result)


def tanh(x: Number) -> Number:
    """-t / (t + 2) with t = expm1(-2 |x|), which lies between -1 and 0."""
    held = x.abs() * -2.0
    held = (held < -60.0).where(-60.0, held)
    small, n = _expm1_reduced(held)
    scale = _power_of_two(n)
    t = scale.muladd(small, scale - 1.0)
    return _nan_through(x, (-t / (t + 2.0)).copysign(x))


def _nan_through(x: Number, result: Number) -> Number:
    return x.is_nan().where(x, result)


def sigmoid(x: Number) -> Number:
    small = exp(-x.abs())
    return (x >= 0.0).where(1.0, small) / (small + 1.0)


def log_parts(x: Number) -> tuple[Number, Number]:
    """k and f with x = 2**k (1 + f), 1 + f between sqrt(1/2) and sqrt(2), for positive x."""
    tiny = x < 2.2250738585072014e-308
    k, f = _normal_log_parts(tiny.where(x * 18014398509481984.0, x))  # 2**54
    return k - tiny.where(54.0, k.const(0.0)), f


def _normal_log_parts(x: Number) -> tuple[Number, Number]:
    """The same for normal x."""
    bits = x.bits()
    shifted = bits + (0x3FF0000000000000 - 0x3FE6A09E00000000)
    k = shifted.shifted("ashr", 52) - 1023
    fraction = (bits - k.shifted("shl", 52)).as_float()
    return k.of(x.code.op(f"sitofp {k.type} {k.name} to {x.type}"), "f8"), fraction - 1.0


def log_sum(k: Number, f: Number, more: Number | float) -> Number:
    """log(2**k (1 + f)) + more, as in fdlibm."""
    s = f / (f + 2.0)
    z = s * s
    r = z * z.polynomial(_LOG)
    half = f * f * 0.5
    return k * LN2_HIGH - ((half - (s * (half + r) + (k * LN2_LOW + more))) - f)


def _log_edges(x: Number, result: Number) -> Number:
    """What log has at 0, below 0, at infinity and at NaN."""
    result = x.equals(math.inf).where(x, result)
    result = x.equals(0.0).where(-math.inf, result)
    result = (x < 0.0).where(math.nan, result)
    return x.is_nan().where(x, result)


def log(x: Number) -> Number:
    k, f = log_parts(x)
    return _log_edges(x, log_sum(k, f, 0.0))


def log1p(x: Number) -> Number:
    """log(u) with u = 1 + x rounded, and the rounding's share (x - (u - 1)) / u."""
    u = x + 1.0
    k, f = _normal_log_parts(u)
    lost = (x >= 1.0).where((x - u) + 1.0, x - (u - 1.0))
    # Where u is 1 + f itself, f = u - 1 exactly, and the correction keeps the digits of a small x.
    result = log_sum(k, f, lost / u)
    result = _log_edges(u, result)
    return x.equals(0.0).where(x, result)


def _sin_and_cos(x: Number) -> tuple[Number, Number, Number]:
    """sin and cos of r, and the whole number n, where x = n pi/2 + r."""
    n = (x * (2.0 / math.pi)).rint()
    r = n.fma(-_HALF_PI[0], x)  # exact where it cancels: n has few bits
    product = n * _HALF_PI[1]
    rounding = n.fma(_HALF_PI[1], -product)
    total = r - product
    back = total - r  # the error of this difference, exactly (Knuth)
    error = (r - (total - back)) - (product + back)
    tail = n.muladd(-_HALF_PI[2], error - rounding)
    second = total + tail
    tail = (total - second) + tail
    z = second * second
    sine = second + (z * second).muladd(z.polynomial(_SIN), tail)
    half = z * 0.5
    w = 1.0 - half
    cosine = w + (((1.0 - w) - half) + (z * z).muladd(z.polynomial(_COS), -(second * tail)))
    sine = second.equals(0.0).where(second, sine)
    return sine, cosine, n


def _quadrant(n: Number) -> Number:
    return n.integer()


def sin(x: Number) -> Number:
    sine, cosine, n = _sin_and_cos(x)
    q = _quadrant(n)
    odd = (q & q.const(1)).compare("ne", 0)
    turned = (q & q.const(2)).compare("ne", 0)
    result = odd.where(cosine, sine)
    result = turned.where(-result, result)
    return x.equals(0.0).where(x, result)


def cos(x: Number) -> Number:
    sine, cosine, n = _sin_and_cos(x)
    q = _quadrant(n)
    odd = (q & q.const(1)).compare("ne", 0)
    turned = ((q + 1) & q.const(2)).compare("ne", 0)
    result = odd.where(sine, cosine)
    return turned.where(-result, result)


# ---- float32: polynomials of its own where they are worth it
_TAYLOR4 = _TAYLOR[:8]
LN2_HIGH4, LN2_LOW4 = 0.693359375, -2.12194440e-4


def _expm1_reduced4(held: Number) -> tuple[Number, Number]:
    """``exp(r) - 1`` and n, where the argument is n log 2 + r."""
    n = (held * LOG2E).rint()
    r = n.muladd(-LN2_LOW4, n.muladd(-LN2_HIGH4, held))
    tail = r.polynomial(_TAYLOR4[:1:-1])
    return (r * r).muladd(tail, r), n


def _power_of_two4(n: Number) -> Number:
    """2**n for whole n from -126 to 127, by the exponent's bits."""
    whole = "i32" if n.lanes == 1 else f"<{n.lanes} x i32>"
    bias, places = ("127", "23") if n.lanes == 1 else ("splat (i32 127)", "splat (i32 23)")
    code = n.code
    exponent = code.op(f"add {whole} {code.op(f'fptosi {n.type} {n.name} to {whole}')}, {bias}")
    return n.of(code.op(f"bitcast {whole} {code.op(f'shl {whole} {exponent}, {places}')} to {n.type}"))


def exp4(x: Number) -> Number:
    """exp of float32, as `exp`."""
    held = (x > 89.0).where(89.0, x)
    held = (held < -104.0).where(-104.0, held)
    small, n = _expm1_reduced4(held)
    half = (n * 0.5).intrinsic("trunc")
    return _nan_through(x, (small + 1.0) * _power_of_two4(half) * _power_of_two4(n - half))


def sigmoid4(x: Number) -> Number:
    """sigmoid of float32, as `sigmoid`."""
    small = exp4(-x.abs())
    return (x >= 0.0).where(1.0, small) / (small + 1.0)


def tanh4(x: Number) -> Number:
    """tanh of float32, as `tanh`."""
    held = x.abs() * -2.0
    held = (held < -30.0).where(-30.0, held)
    small, n = _expm1_reduced4(held)
    scale = _power_of_two4(n)
    t = scale.muladd(small, scale - 1.0)
    return _nan_through(x, (-t / (t + 2.0)).copysign(x))
