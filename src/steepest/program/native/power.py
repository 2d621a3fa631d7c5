"""pow: powers, side by side for the lanes of a vector."""

from __future__ import annotations

import math

from steepest.program.native.elementary import LN2_HIGH, LN2_LOW, exp_of_sum, log_parts, log_sum
from steepest.program.native.numbers import Number

_THIRD = (1.0 / 3.0, 1.850371707708594e-17)  # 1/3, and what the float64 lacks of it
# atanh(s) / s = 1 + z (1/3 + z Q(z)) with z = s**2; coefficients 1/(2k + 1) of Q, the highest first.
_ATANH = [1.0 / (2 * k + 1) for k in range(12, 1, -1)]


def power(x: Number, y: Number) -> Number:
    """exp(y log|x|), the logarithm in two words, with the sign and the special cases of the C standard (C99, F.9.4.4)."""
    high, low = _log_in_two_words(x.abs())
    exponent = y * high
    return _with_edges(x, y, exp_of_sum(exponent, y.fma(high, -exponent) + y * low))


def power_of_float32(x: Number, y: Number) -> Number:
    """The same where the result is rounded to float32's 24 bits, for which one word is enough."""
    return _with_edges(x, y, exp_of_sum(y * log_sum(*log_parts(x.abs()), 0.0), None))


def _log_in_two_words(x: Number) -> tuple[Number, Number]:
    """log(x) as an unevaluated sum, to about 65 bits, for positive finite x.

    With x = 2**k (1 + f) it is k log 2 + 2 atanh(s), s = f / (2 + f). Sums and products of two words after T. J. Dekker,
    Numer. Math. 18, 1971.
    """
    k, f = log_parts(x)
    over = f + 2.0
    over_low = f - (over - 2.0)
    s = f / over
    s_low = ((-s).fma(over, f) - s * over_low) / over
    z = s * s
    z_low = s.fma(s, -z) + s * s_low * 2.0
    rest = z * z.polynomial(_ATANH)
    p = rest + _THIRD[0]
    p_low = ((_THIRD[0] - p) + rest) + _THIRD[1]
    t = z * p
    t_low = z.fma(p, -t) + (z * p_low + z_low * p)
    u = s * t
    u_low = s.fma(t, -u) + (s * t_low + s_low * t)
    near = s + u
    near_low = ((s - near) + u) + (u_low + s_low)
    whole = k * LN2_HIGH  # exact: LN2_HIGH ends in zeros
    high = whole + near * 2.0
    low = ((whole - high) + near * 2.0) + (near_low * 2.0 + k * LN2_LOW)
    return high, low


def _with_edges(x: Number, y: Number, size: Number) -> Number:
    """The power, from that of |x| where both are ordinary."""
    far = (x.abs() > 1.0).where(y, -y)  # y = +-inf
    endless = y.abs().equals(math.inf)
    size = endless.where((far > 0.0).where(math.inf, size.const(0.0)), size)
    extreme = x.equals(0.0) | x.abs().equals(math.inf)
    grows = x.equals(0.0).where(-y, y) > 0.0
    size = extreme.where(grows.where(math.inf, size.const(0.0)), size)
    whole = y.intrinsic("trunc").equals(y)
    half = y * 0.5
    odd = whole & ~half.intrinsic("trunc").equals(half)
    below = x.const(1.0).copysign(x) < 0.0
    result = (odd & below).where(-size, size)
    result = (below & ~(whole | extreme)).where(math.nan, result)
    result = (x.is_nan() | y.is_nan()).where(math.nan, result)
    result = (endless & x.abs().equals(1.0)).where(1.0, result)
    return (y.equals(0.0) | x.equals(1.0)).where(1.0, result)
