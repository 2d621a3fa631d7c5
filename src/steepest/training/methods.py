"""Methods by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from steepest.base.choices import unknown
from steepest.base.errors import ModelError
from steepest.optim.adam_family import AdaMax, AdamW, AMSGrad, Nadam, RAdam
from steepest.optim.adaptive import Adadelta, Adagrad, RMSprop
from steepest.optim.differential_evolution import DifferentialEvolution
from steepest.optim.genetic import GeneticAlgorithm
from steepest.optim.lbfgs import LBFGS
from steepest.optim.levenberg_marquardt import LevenbergMarquardt
from steepest.optim.method import Method
from steepest.optim.random_search import RandomSearch
from steepest.optim.restarts import Restarts
from steepest.optim.rprop import Rprop
from steepest.optim.rules import Adam, GradientDescent, Momentum, Rule
from steepest.optim.sgd import SGD, Nesterov
from steepest.training.batches import Batches
from steepest.training.descent import Descent

_RULES: dict[str, Callable[[], Rule]] = {
    "gradient_descent": GradientDescent, "sgd": SGD, "momentum": Momentum, "nesterov": Nesterov,
    "adagrad": Adagrad, "adadelta": Adadelta, "rmsprop": RMSprop, "adam": Adam, "adamax": AdaMax, "nadam": Nadam,
    "radam": RAdam, "amsgrad": AMSGrad, "adamw": AdamW, "rprop": Rprop,
}  # fmt: skip
_OTHERS: dict[str, Callable[[], Method]] = {
    "levenberg_marquardt": LevenbergMarquardt, "lbfgs": LBFGS, "random_search": RandomSearch, "genetic": GeneticAlgorithm,
    "differential_evolution": DifferentialEvolution, "restarts": lambda: Restarts(LBFGS()),
}  # fmt: skip
_ALIASES = {
    "gd": "gradient_descent", "lm": "levenberg_marquardt", "l_bfgs_b": "lbfgs", "l_bfgs": "lbfgs", "lbfgsb": "lbfgs",
    "genetic_algorithm": "genetic",
}  # fmt: skip
NAMES = (*_RULES, *_OTHERS)


def method_named(
    method: str | Any, learning_rate: Any = None, batch_size: int | None = None, batch_order: str = "random"
) -> Method:
    """The method of this name, the descent by this rule, or the method itself.

    Parameters
    ----------
    method : str, Rule or Method
        gradient_descent (gd), sgd, momentum, nesterov, adagrad, adadelta, rmsprop, adam, adamax, nadam, radam, amsgrad, adamw,
        rprop, levenberg_marquardt (lm), lbfgs, random_search, genetic, differential_evolution, restarts (of lbfgs); case and
        ``-``/``_`` do not matter.
    learning_rate, batch_size, batch_order
        For the descent rules only; see `Descent` and `Batches`.

    Raises
    ------
    ModelError
        Unknown name (the nearest are offered), or options that the method does not have.

    Examples
    --------
    >>> method_named("Gradient-Descent", learning_rate=0.1).name
    'gradient descent'
    """
    if not isinstance(method, str):
        if isinstance(method, type) or not (hasattr(method, "update") or hasattr(method, "advance")):
            raise ModelError(f"a method is a name ({', '.join(NAMES)}) or such as sd.Adam(), not {method!r}.")
        if hasattr(method, "update"):  # a rule
            return Descent(method, learning_rate, Batches(batch_size, batch_order))
        if learning_rate is not None or batch_size is not None:
            raise ModelError(
                "give the learning rate and the batch size to the method itself: Descent(rule, rate, batches)."
            )
        return method  # type: ignore[no-any-return]
    name = method.strip().lower().replace("-", "_").replace(" ", "_")
    name = _ALIASES.get(name, name)
    if name in _RULES:
        return Descent(_RULES[name](), learning_rate, Batches(batch_size, batch_order))
    if name in _OTHERS:
        given = "a learning rate" if learning_rate is not None else "a batch size" if batch_size is not None else ""
        if given:
            raise ModelError(f"{method} takes no {given[2:]}: it works on all rows and finds its own steps. Leave it out, "
                             "or use gradient_descent, momentum or adam.")  # fmt: skip
        return _OTHERS[name]()
    raise unknown("method", method, [*NAMES, *_ALIASES], NAMES)
