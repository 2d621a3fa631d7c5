"""Chain: clipping, weight decay and a rule, one behind the other, as one rule."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from steepest.base.errors import ModelError
from steepest.base.params import Array, Params
from steepest.optim.rules import Rule, RuleState


class Transformation(ABC):
    """A part of a chain that is not a rule: it changes the gradient before the rule sees it, or the change that comes out.

    Subclass it to make one's own; `init` and `update` are a rule's.

    Attributes
    ----------
    place : {"before", "after", "either"}
        Where in a chain it makes sense: before the rule, after it, or either.
    phrase : str
        What it does, for the chain's name.
    """

    place: ClassVar[str] = "either"

    @property
    @abstractmethod
    def phrase(self) -> str: ...

    def init(self, params: Array) -> RuleState:
        """The state before the first step; none unless overridden."""
        return {}

    @abstractmethod
    def update(self, vector: Array, state: RuleState, params: Array, rate: float, step: int) -> tuple[Array, RuleState]:
        """The transformed gradient or change, and the state after this step."""


@dataclass(frozen=True)
class Chain:
    """Parts one behind the other: each gets what the one before gives. A `Rule`; see `chain`."""

    parts: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ModelError("a chain needs a rule, for example chain(ClipGlobalNorm(5.0), Adam()).")
        for part in self.parts:
            if inspect.isclass(part):
                raise ModelError(f"a chain is made of {part.__name__}(...), not of the class {part.__name__} itself.")
            if not (hasattr(part, "init") and hasattr(part, "update")):
                raise ModelError(f"a chain is made of rules and transformations; {part!r} is neither.")
        rules = [i for i, part in enumerate(self.parts) if not isinstance(part, Transformation)]
        if len(rules) != 1:
            names = ", ".join(self.parts[i].name for i in rules) or "none"
            raise ModelError(
                f"a chain needs exactly one rule that makes a change of the gradient; this one has {names}."
            )
        for i, part in enumerate(self.parts):
            if isinstance(part, Transformation) and part.place not in ("either", "before" if i < rules[0] else "after"):
                raise ModelError(f"{type(part).__name__} belongs {part.place} the rule in a chain.")

    @property
    def rule(self) -> Any:
        """The part that makes a change of the gradient."""
        return next(part for part in self.parts if not isinstance(part, Transformation))

    @property
    def name(self) -> str:
        phrases = [part.phrase for part in self.parts if isinstance(part, Transformation)]
        return ", ".join([self.rule.name, *phrases])

    @property
    def usual_rate(self) -> float | None:
        """That of its rule; see `usual_rate`."""
        return usual_rate(self.rule)

    def init(self, params: Array) -> RuleState:
        return {str(i): part.init(params) for i, part in enumerate(self.parts)}

    def init_layers(self, params: Params) -> RuleState:
        """`init` for parts that must know where a layer begins and ends."""
        return {str(i): state_for(part, params) for i, part in enumerate(self.parts)}

    def update(
        self, gradient: Array, state: RuleState, params: Array, rate: float, step: int
    ) -> tuple[Array, RuleState]:
        after: RuleState = {}
        for i, part in enumerate(self.parts):
            gradient, after[str(i)] = part.update(gradient, state[str(i)], params, rate, step)
        return gradient, after


def chain(*parts: Any) -> Chain:
    """One rule out of transformations and a rule.

    Parameters
    ----------
    *parts : Transformation or Rule
        In the order in which they act, exactly one of them a rule. Before it they get the gradient (clipping, `WeightDecay`),
        after it the change (`DecoupledWeightDecay`; clipping there bounds the step).

    Raises
    ------
    ModelError
        No rule, two rules, a part in the wrong place, or something that is no part.

    Examples
    --------
    >>> import numpy as np
    >>> from steepest.optim.clipping import ClipGlobalNorm
    >>> from steepest.optim.rules import GradientDescent
    >>> rule = chain(ClipGlobalNorm(5.0), GradientDescent())
    >>> w = np.zeros(2)
    >>> rule.update(np.array([30.0, 40.0]), rule.init(w), w, 0.1, 0)[0]
    array([-0.3, -0.4])
    """
    return Chain(parts)


def state_for(rule: Any, params: Params) -> RuleState:
    """The state of a rule before its first step, from parameters with names.

    A rule or transformation that must know the layers has a method ``init_layers(params)``, which takes the `Params`; all
    others get the vector.
    """
    state: RuleState = rule.init_layers(params) if hasattr(rule, "init_layers") else rule.init(params.flat)
    return state


def usual_rate(rule: Rule) -> float | None:
    """The rate with which a rule is usually begun, for parameters of magnitude 1; None where it depends on the curvature.

    The steps of Adam and its like are about as long as the rate, whatever the size of the gradient; those of gradient descent
    with or without momentum are rate times gradient, and the rate has to fit the curvature.

    Examples
    --------
    >>> from steepest.optim.rules import Adam, GradientDescent
    >>> usual_rate(Adam()), usual_rate(GradientDescent())
    (0.01, None)
    """
    rate: float | None = getattr(rule, "usual_rate", None)
    return rate
