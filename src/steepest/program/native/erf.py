"""erf: the error function, side by side for the lanes of a vector."""

from __future__ import annotations

from steepest.program.native.elementary import exp
from steepest.program.native.numbers import Number

SMALL = 0.84
CENTRE = 2.25
# Both interpolate at the nodes of Chebyshev: erf(x)/x - 1 in x**2 below SMALL, to 4e-17; and (1 + 2x) exp(x**2) erfc(x) in
# t = (x - CENTRE) / (x + CENTRE) from there to 6, to 2e-17 of erf; highest coefficient first. The second form is that of
# M. M. Shepherd and J. G. Laframboise, Math. Comp. 36, 1981.
_NEAR = (1.0757039105461453e-08, -1.5724725208291208e-07, 1.6403095433395954e-06, -1.4922237107498827e-05,
         0.00012055205425958353, -0.0008548323951700021, 0.005223977579226148, -0.02686617064106869, 0.1128379167093679,
         -0.3761263890318343, 0.12837916709551256)  # fmt: skip
_FAR = (3.491615004738099e-06, 1.0899445150674135e-05, -3.9947812961336035e-06, -5.915122813824063e-05, -4.4178263199334136e-05,
        0.0002510340510092835, 0.00041200514083423914, -0.0011735103123288308, -0.0026191106277412583, 0.008093641038065617,
        0.0114410149280642, -0.08313253704038277, 0.1652564325159875, -0.1307801018300399, -0.11025561594301488,
        1.2709799230171555)  # fmt: skip


def erf(x: Number) -> Number:
    """x + x P(x**2), and 1 - exp(-x**2) Q(t) / (1 + 2x) where that is larger than 1/4."""
    size = x.abs()
    held = (size > 6.0).where(6.0, size)  # from where it is 1
    square = held * held
    near = x + x * square.polynomial(_NEAR)
    t = (held - CENTRE) / (held + CENTRE)
    far = (1.0 - exp(-square) * t.polynomial(_FAR) / (held * 2.0 + 1.0)).copysign(x)
    result = (size < SMALL).where(near, far)
    return x.is_nan().where(x, result)
