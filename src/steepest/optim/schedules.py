"""Schedules: the rate as a function of the step.

Stochastic gradients do not vanish at the minimum, so with a constant rate a descent ends up wandering around it; it converges
for certain if the rates satisfy sum(rate) = infinity (any distance can still be covered) and sum(rate**2) < infinity (the
noise dies out): Robbins and Monro, Ann. Math. Statist. 22, 1951. Of the schedules here `InverseTimeDecay` with
1/2 < power <= 1 satisfies both. `ConstantRate` and `CosineRestarts` fail the second; `StepDecay` and `ExponentialDecay` fail
the first, and may come to rest short of the minimum; `PolynomialDecay`, `CosineDecay` and `OneCycle` are for a fixed budget of
steps, after which their last rate stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from steepest.base import checks
from steepest.base.errors import ModelError

Schedule = Callable[[int], float]


@dataclass(frozen=True)
class ConstantRate:
    """The same rate at every step: rate_k = rate."""

    rate: float

    def __post_init__(self) -> None:
        checks.positive("the rate of ConstantRate", self.rate)

    def __call__(self, step: int) -> float:
        return float(self.rate)


@dataclass(frozen=True)
class StepDecay:
    """Multiply by `factor` every so many steps: rate_k = rate * factor**floor(k / every), as PyTorch's StepLR.

    Examples
    --------
    >>> [StepDecay(1.0, every=2, factor=0.5)(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        checks.positive("the rate of StepDecay", self.rate)
        checks.whole("every, the steps between two decays,", self.every)
        _factor("StepDecay", self.factor)

    def __call__(self, step: int) -> float:
        return float(self.rate * self.factor ** (step // self.every))


@dataclass(frozen=True)
class ExponentialDecay:
    """Multiply by `factor` at each step: rate_k = rate * factor**k, as PyTorch's ExponentialLR.

    Examples
    --------
    >>> [ExponentialDecay(1.0, 0.5)(step) for step in range(3)]
    [1.0, 0.5, 0.25]
    """

    rate: float
    factor: float

    def __post_init__(self) -> None:
        checks.positive("the rate of ExponentialDecay", self.rate)
        _factor("ExponentialDecay", self.factor)

    def __call__(self, step: int) -> float:
        return float(self.rate * self.factor**step)


@dataclass(frozen=True)
class InverseTimeDecay:
    """Fall as a power of time: rate_k = rate / (1 + decay * k)**power; 1/t for power 1 (Robbins and Monro 1951).

    Satisfies the conditions of Robbins and Monro for 1/2 < power <= 1. After 1 / decay steps the rate is halved (power 1).

    Examples
    --------
    >>> [InverseTimeDecay(1.0, decay=1.0)(step) for step in (0, 1, 3)]
    [1.0, 0.5, 0.25]
    """

    rate: float
    decay: float
    power: float = 1.0

    def __post_init__(self) -> None:
        checks.positive("the rate of InverseTimeDecay", self.rate)
        checks.not_negative("the decay of InverseTimeDecay", self.decay)
        checks.positive("the power of InverseTimeDecay", self.power)

    def __call__(self, step: int) -> float:
        return float(self.rate * (1.0 + self.decay * step) ** -self.power)


@dataclass(frozen=True)
class PolynomialDecay:
    """Fall to `end` over `steps`: rate_k = end + (rate - end) * (1 - k / steps)**power, `end` from then on.

    Linear for power 1. PyTorch's PolynomialLR for end 0.

    Examples
    --------
    >>> [PolynomialDecay(1.0, steps=4)(step) for step in (0, 1, 4, 9)]
    [1.0, 0.75, 0.0, 0.0]
    """

    rate: float
    steps: int
    end: float = 0.0
    power: float = 1.0

    def __post_init__(self) -> None:
        _falls("PolynomialDecay", self.rate, self.end)
        checks.whole("the steps of PolynomialDecay", self.steps)
        checks.positive("the power of PolynomialDecay", self.power)

    def __call__(self, step: int) -> float:
        left = 1.0 - min(step, self.steps) / self.steps
        return float(self.end + (self.rate - self.end) * left**self.power)


@dataclass(frozen=True)
class CosineDecay:
    """Fall to `end` over `steps` along half a cosine, `end` from then on (Loshchilov and Hutter, ICLR 2017, eq. 5).

    rate_k = end + (rate - end) * (1 + cos(pi * k / steps)) / 2, as PyTorch's CosineAnnealingLR, which goes up again afterwards.

    Examples
    --------
    >>> [round(CosineDecay(1.0, steps=4)(step), 6) for step in (0, 1, 2, 4, 9)]
    [1.0, 0.853553, 0.5, 0.0, 0.0]
    """

    rate: float
    steps: int
    end: float = 0.0

    def __post_init__(self) -> None:
        _falls("CosineDecay", self.rate, self.end)
        checks.whole("the steps of CosineDecay", self.steps)

    def __call__(self, step: int) -> float:
        return _cosine(self.rate, self.end, min(step, self.steps) / self.steps)


@dataclass(frozen=True)
class CosineRestarts:
    """Cosine decay with warm restarts (SGDR; Loshchilov and Hutter, ICLR 2017): each period begins at the top again.

    rate_k = end + (rate - end) * (1 + cos(pi * j / T)) / 2, with j steps since the last restart and the period T growing by
    `growth` at each; as PyTorch's CosineAnnealingWarmRestarts (``T_0``, ``T_mult``).

    Examples
    --------
    >>> [round(CosineRestarts(1.0, period=2, growth=2)(step), 6) for step in range(7)]
    [1.0, 0.5, 1.0, 0.853553, 0.5, 0.146447, 1.0]
    """

    rate: float
    period: int
    growth: int = 1
    end: float = 0.0

    def __post_init__(self) -> None:
        _falls("CosineRestarts", self.rate, self.end)
        checks.whole("the period of CosineRestarts", self.period)
        checks.whole("the growth of CosineRestarts", self.growth)

    def __call__(self, step: int) -> float:
        period = self.period
        if self.growth == 1:
            step %= period
        while step >= period:
            step, period = step - period, period * self.growth
        return _cosine(self.rate, self.end, step / period)


@dataclass(frozen=True)
class OneCycle:
    """Up to the peak, then down far below the start (Smith and Topin, "Super-convergence", 2018), along two half cosines.

    The first rate is peak / start_divisor, the peak stands at step rise * steps - 1, the last rate, at step steps - 1 and from
    then on, is the first one / end_divisor. As PyTorch's OneCycleLR without its cycle of the momentum.

    Examples
    --------
    >>> [round(OneCycle(1.0, steps=10, rise=0.3)(step), 6) for step in (0, 2, 9)]
    [0.04, 1.0, 4e-06]
    """

    peak: float
    steps: int
    rise: float = 0.3
    start_divisor: float = 25.0
    end_divisor: float = 1e4

    def __post_init__(self) -> None:
        checks.positive("the peak of OneCycle", self.peak)
        checks.whole("the steps of OneCycle", self.steps)
        checks.between("the rise of OneCycle, a fraction of its steps,", self.rise, 0.0, 1.0)
        checks.positive("the start_divisor of OneCycle", self.start_divisor)
        checks.positive("the end_divisor of OneCycle", self.end_divisor)

    def __call__(self, step: int) -> float:
        first = self.peak / self.start_divisor
        top, last = max(0.0, self.rise * self.steps - 1.0), self.steps - 1.0
        if step < top:
            return _cosine(first, self.peak, step / top)
        if step >= last:
            return first / self.end_divisor if last > top else float(self.peak)
        return _cosine(self.peak, first / self.end_divisor, (step - top) / (last - top))


@dataclass(frozen=True)
class LinearWarmUp:
    """Rise in a straight line over `steps`, then go on as `then` (Goyal et al., arXiv:1706.02677, section 2.2).

    rate_k = then(0) * (start + (1 - start) * k / steps) for k < steps, and then(k - steps) afterwards; as PyTorch's SequentialLR
    of LinearLR and another. Early steps are small while the rule's running means are still rough.

    Parameters
    ----------
    then : float or schedule
    steps : int
    start : float in [0, 1]
        First rate, as a fraction.

    Examples
    --------
    >>> [round(LinearWarmUp(1.0, steps=4, start=0.2)(step), 6) for step in range(6)]
    [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]
    """

    then: float | Schedule
    steps: int
    start: float = 0.1

    def __post_init__(self) -> None:
        base_rate("LinearWarmUp", self.then, 0)
        checks.whole("the steps of LinearWarmUp", self.steps)
        checks.between("the start of LinearWarmUp, a fraction,", self.start, 0.0, 1.0)

    def __call__(self, step: int) -> float:
        if step >= self.steps:
            return base_rate("LinearWarmUp", self.then, step - self.steps)
        return base_rate("LinearWarmUp", self.then, 0) * (self.start + (1.0 - self.start) * step / self.steps)


def base_rate(what: str, schedule: float | Schedule, step: int) -> float:
    """The rate of a number or of a schedule at a step.

    Raises
    ------
    ModelError
        It is neither a positive number nor callable.
    """
    if callable(schedule):
        return float(schedule(step))
    checks.positive(f"the rate that {what} wraps", schedule, " or a schedule")
    return float(schedule)


def _cosine(start: float, end: float, part: float) -> float:
    """From `start` to `end` along half a cosine."""
    return float(end + (start - end) * (1.0 + math.cos(math.pi * part)) / 2.0)


def _factor(what: str, value: float) -> None:
    checks.positive(f"the factor of {what}", value)
    if value > 1:
        raise ModelError(f"the factor of {what} must be at most 1, so that the rate does not grow, not {value!r}.")


def _falls(what: str, rate: float, end: float) -> None:
    checks.positive(f"the rate of {what}", rate)
    checks.not_negative(f"the end of {what}", end)
    if end > rate:
        raise ModelError(f"the end of {what}, {end!r}, is above its rate, {rate!r}: it would rise.")
