"""NetworkFit: the answer of a fit whose formula has a network in it."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from steepest.base.errors import ModelError
from steepest.base.params import Array
from steepest.base.registry import provided
from steepest.fitting.networks import saved
from steepest.fitting.networks.encoder import codes_of
from steepest.fitting.networks.prepare import ReadyNetwork
from steepest.fitting.networks.quality import Quality, most_frequent, quality_of_classes, quality_of_numbers
from steepest.fitting.networks.target import Classes
from steepest.fitting.result import Fit
from steepest.fitting.uncertainty import Uncertainty
from steepest.nn.metrics import confusion_matrix
from steepest.nn.module import Module
from steepest.optim.method import State
from steepest.training import outcome as outcomes
from steepest.training.outcome import Outcome
from steepest.training.problem import Problem
from steepest.training.run import Run
from steepest.training.validation import Validation

NO_ERRORS = "the weights of a network have no standard errors, nor has what depends on them"


class NetworkFit(Fit):
    """The answer of a fit whose formula has a network in it.

    What is said of a `Fit` holds here too, but for errors and intervals: a network's weights have none.

    Attributes
    ----------
    run : Run
        The descent, on the rows that were learned from.
    network : NetworkModel
        How columns become features and outputs become predictions.
    training_rows, held_rows : ndarray of int
        Places in `data` of the rows that were learned from, and of those that were held out.
    validation_hook : Validation or None
        What was seen of the rows held out, epoch by epoch.
    planned : bool
        Whether the budget was one of epochs, not of steps.
    steady : bool
        Whether the rate was, so that a loss that falls no further is at its end, and not leaping about.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> x = np.linspace(-1, 1, 60)
    >>> fit = sd.fit("side ~ mlp(x, 4)", {"x": x, "side": np.where(x > 0, "right", "left")})
    >>> fit.predict({"x": [-0.5, 0.5]}).tolist(), fit.classes, fit.confusion.tolist()
    (['left', 'right'], ('left', 'right'), [[5, 0], [0, 4]])
    """

    def __init__(
        self, run: Run, ready: ReadyNetwork, validation: Validation | None, planned: bool = False, steady: bool = False
    ) -> None:
        super().__init__(run, None, ready.rows, ready.model.told)
        self.network, self.whole, self._user_loss = ready.model, ready.whole, ready.loss
        self.training_rows, self.held_rows = ready.training, ready.held
        self.validation_hook, self.planned, self.steady = validation, planned, steady

    # ---- the answer
    @cached_property
    def params(self) -> dict[str, Any]:
        """The formula's parameters as numbers, in the user's units, then the weights of its networks as arrays."""
        weights = {name: np.array(x) for name, x in self.run.params.items() if name != "law"}
        return {**self.law, **weights}

    @cached_property
    def law(self) -> dict[str, float]:
        """The formula's parameters alone; none where a network stands alone on the right side."""
        return self.network.values_of_parameters(self.run.params)

    @property
    def net(self) -> Module:
        """The network; inside a larger formula the module that computes it with its networks."""
        return self.network.net

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The labels of the classes, in the order of probabilities and of `confusion`; None where numbers are predicted."""
        return self.network.classes

    @cached_property
    def uncertainty(self) -> Uncertainty:
        return Uncertainty(None, [], NO_ERRORS)

    def profile(self, name: str, level: float = 0.95) -> NoReturn:
        """Refused: there are no intervals."""
        _refuse_errors()

    def bootstrap(self, samples: int = 1000, kind: str = "rows", seed: int = 0, progress: Any = None) -> NoReturn:
        """Refused: there are no intervals."""
        _refuse_errors()

    def band(self, data: Any = None, level: float = 0.95) -> NoReturn:
        """Refused: there are no bands."""
        _refuse_errors()

    # ---- how good it is
    @cached_property
    def training(self) -> Quality:
        """How well the network does on the rows that it learned from."""
        return self._quality(self.training_rows)

    @cached_property
    def validation(self) -> Quality | None:
        """How well it does on the rows that were held out; None where none were."""
        return self._quality(self.held_rows) if len(self.held_rows) else None

    @property
    def measured(self) -> Quality:
        """`validation`, or `training` where no rows were held out."""
        return self.validation or self.training

    @property
    def accuracy(self) -> float:
        """The share of rows whose class is predicted right, of the rows held out (of all where none were); NaN for numbers."""
        return self.measured.accuracy

    @cached_property
    def confusion(self) -> Array:
        """Counts of rows by true class (row) and predicted class (column), of the rows held out, or of all where none were.

        Raises
        ------
        ModelError
            Numbers are predicted.
        """
        rows = self.held_rows if len(self.held_rows) else self.training_rows
        if self.classes is None:
            self._refuse_classes()
        return confusion_matrix(self._outputs[rows], self._codes[rows], len(self.classes))

    @property
    def loss(self) -> float:
        """The loss of the rows that were learned from, in the user's units."""
        return self.training.loss

    @property
    def loss_name(self) -> str:
        return self._user_loss.name

    @property
    def r_squared(self) -> float:
        """Of the rows held out (of all where none were); NaN for classes."""
        return self.measured.r_squared

    @property
    def rmse(self) -> float:
        """Root of the mean squared error of the rows held out (of all where none were), in the target's unit; NaN for classes."""
        return self.measured.rmse

    @property
    def residual_standard_deviation(self) -> float:
        """As `rmse`, of the rows that were learned from."""
        return self.training.rmse

    @property
    def degrees_of_freedom(self) -> int:
        """Refused: weights that are stopped early have no such number."""
        raise ModelError("a network has no degrees of freedom: how well it does is seen on the rows held out.")

    @property
    def has_residuals(self) -> bool:
        return self.classes is None

    @cached_property
    def residuals(self) -> Array:
        """Observed minus predicted, of all rows.

        Raises
        ------
        ModelError
            Classes are predicted.
        """
        if self.classes is not None:
            raise ModelError(f"{self.target_text} names classes, so there are no residuals; see fit.confusion.")
        return np.asarray(self.observed - self.predicted)

    @cached_property
    def predicted(self) -> Array:
        """What the network says of all rows of the data: numbers, or labels."""
        return self.network.target.values(self._outputs)

    @cached_property
    def _outputs(self) -> Array:
        return np.asarray(self.whole.outputs(self.run.params, state=self._state))

    @property
    def _state(self) -> State:
        state: State = self.run.state.get("model") or {}
        return state

    @cached_property
    def _codes(self) -> Array:
        assert self.classes is not None
        return codes_of(self.observed, self.classes)

    def _quality(self, rows: Array) -> Quality:
        weights = None if self.data.weights is None else self.data.weights[rows]
        target = self.network.target
        if isinstance(target, Classes):
            learned = None if self.data.weights is None else self.data.weights[self.training_rows]
            usual = most_frequent(target, self._codes[self.training_rows], learned)
            return quality_of_classes(self._user_loss, self._outputs[rows], self._codes[rows], weights, usual)
        return quality_of_numbers(self._user_loss, target, self._outputs[rows], self.observed[rows], weights)

    # ---- how it came about
    @property
    def problem(self) -> Problem:
        """Of the rows that were learned from, in units of its own."""
        return self.run.problem

    @property
    def epochs(self) -> int:
        """Passes over the rows that were learned from."""
        return self.steps // self.run.steps_per_epoch

    @cached_property
    def outcome(self) -> Outcome:
        """How the training ended; epochs that are over are no failure, nor is a loss that is at its end."""
        ended = super().outcome
        if ended.name == outcomes.STALLED and self.steady:
            return Outcome(
                outcomes.STOPPED_EARLY, f"{ended.message.partition(', though')[0]}.".replace("stalled", "ended", 1)
            )
        if ended.name != outcomes.OUT_OF_STEPS or not self.planned:
            return ended
        kept = ""
        best = None if self.validation_hook is None else self.validation_hook.best
        if best is not None and best["epoch"] < self.epochs:
            kept = f"; the weights of epoch {best['epoch']:.0f} are kept, which did best on the rows held out"
        return Outcome(ended.name, f"trained for {self.epochs:,} epoch{'s' * (self.epochs != 1)}{kept}.")

    @property
    def formula_text(self) -> str:
        return self.network.formula.text

    @property
    def target_text(self) -> str:
        return self.network.target_text

    @cached_property
    def remarks(self) -> list[str]:
        return list(provided("NetworkFit", "remarks")(self))

    # ---- what it is for
    def predict(self, data: Any = None, interval: float | None = None) -> Any:
        """What the network says of other data (of the fit's own if left out): labels, or numbers in the unit of the left side.

        Parameters
        ----------
        data : optional
            As for the fit; only the columns of the right side are needed.
        interval : None
            There are no bands.

        Raises
        ------
        DataError
            A column is missing, has empty cells, or a label that was not seen before; names row, column and label.
        """
        if interval is not None:
            _refuse_errors()
        return self.predicted if data is None else self.network.target.values(self._outputs_of(data))

    def predict_probabilities(self, data: Any = None) -> Array:
        """The probability of each class in the order of `classes`, shape (n, classes).

        Raises
        ------
        ModelError
            Numbers are predicted.
        DataError
            As of `predict`.
        """
        if self.classes is None:
            self._refuse_classes()
        return self.network.probabilities(self._outputs if data is None else self._outputs_of(data))

    def predict_original(self, data: Any = None) -> Array | None:
        return self.network.invert_target(self.predict(data))

    def _outputs_of(self, data: Any) -> Array:
        features = self.network.features(self.network.read(data), self.run.params.flat.dtype)
        return self.network.outputs(self.run.params, self._state, features)

    def _refuse_classes(self) -> NoReturn:
        raise ModelError(
            f"{self.target_text} is a number, so there are no classes; category({self.target_text}) on the left side makes some."
        )

    def from_found_start(self) -> None:
        """None: a network has no start to compare with."""

    @property
    def plot(self) -> Any:
        """Pictures: ``fit.plot("fit.png")`` draws how well the network does and how it learned; others go by name.

        See `steepest.plot`; ``dir(fit.plot)`` lists them.
        """
        return provided("NetworkFit", "plot")(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write everything that a prediction needs to one JSON file, weights included; see `steepest.load`.

        Raises
        ------
        ModelError
            The weights are not finite.
        """
        return saved.save(self, path)


def _refuse_errors() -> NoReturn:
    raise ModelError(
        f"{NO_ERRORS}, so there are no intervals and no bands. Errors show on the rows held out: fit.validation, fit.residuals."
    )
