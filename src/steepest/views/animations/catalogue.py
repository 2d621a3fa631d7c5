"""Every animation by name: the one table behind `sd.animate.…`, `run.animate.…` and `fit.animate.…`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from steepest.base.choices import unknown
from steepest.views.animations.animation import Animation
from steepest.views.animations.animation_curve import animate_curve
from steepest.views.animations.animation_fit import animate_fit
from steepest.views.animations.animation_surface import animate_surface
from steepest.views.subject import has_residuals, run_of

ANIMATIONS: dict[str, Callable[..., Animation]] = {
    "curve": animate_curve,
    "surface": animate_surface,
    "fit": animate_fit,
}


def animation(name: str) -> Callable[..., Animation]:
    """The function that makes the animation `name`.

    Raises
    ------
    AttributeError
        There is none of this name; offers the nearest.
    """
    if name not in ANIMATIONS:
        raise AttributeError(str(unknown("animation", name, ANIMATIONS, ANIMATIONS)))
    return ANIMATIONS[name]


class Animations:
    """The animations of one run or fit: ``run.animate.surface("path.gif")``; called itself, it makes the most telling one.

    That is the curve for a problem of one parameter without data, the fit where there are data to compare with, and the surface
    otherwise. Each takes `path` (GIF, or HTML with play and scrub, by its ending), and returns an `Animation`.

    Parameters
    ----------
    subject : Run or Fit

    Examples
    --------
    >>> import steepest as sd
    >>> run = sd.minimize(lambda z: z**2, -4.0, method="gradient_descent", learning_rate=0.05, steps=50)
    >>> run.animate()
    Animation(Descent on a curve: gradient descent, 51 frames)
    """

    def __init__(self, subject: Any) -> None:
        self._subject = subject

    def __call__(self, path: Any = None, **options: Any) -> Animation:
        run = run_of(self._subject, "an animation")
        name = "fit" if has_residuals(run) else "curve" if run.params.count == 1 else "surface"
        return animation(name)(self._subject, path, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # of Python itself, such as __deepcopy__
            raise AttributeError(name)
        return functools.partial(animation(name), self._subject)

    def __dir__(self) -> list[str]:
        return list(ANIMATIONS)

    def __repr__(self) -> str:
        return f"<animations of a {type(self._subject).__name__}: {', '.join(ANIMATIONS)}>"
