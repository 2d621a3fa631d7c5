"""What NetworkRegressor and NetworkClassifier share: a network, trained on standardised columns."""

from __future__ import annotations

import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from steepest.base.checks import is_number, whole
from steepest.base.choices import chosen
from steepest.base.errors import CompilationWarning
from steepest.base.params import Array
from steepest.base.random import Key
from steepest.estimators.rows import Rows, seed_from
from steepest.estimators.units import Units
from steepest.nn.losses import Loss
from steepest.nn.mlp import MLP
from steepest.nn.penalties import L2
from steepest.optim.adam_family import AdamW
from steepest.optim.chain import usual_rate
from steepest.optim.method import Method
from steepest.optim.schedules import CosineDecay
from steepest.program.engine import engine_named, llvm_there
from steepest.training.batches import Batches
from steepest.training.descent import Descent
from steepest.training.methods import method_named
from steepest.training.problem import Problem
from steepest.training.run import Run
from steepest.training.validation import Validation

ROWS = 200  # a batch has at most, all of them about as many
EPOCHS = 100
STEPS = 100
RATE = 0.02
DECAY = 0.4
DTYPES = {"float64": np.float64, "float32": np.float32}
MANY = 4_096  # rows that are predicted side by side


class NetworkEstimator(BaseEstimator, metaclass=ABCMeta):  # type: ignore[misc]
    """A network with scikit-learn's `fit`, `partial_fit` and `predict`; see `NetworkRegressor` and `NetworkClassifier`."""

    def __init__(
        self,
        hidden: Any = (100,),
        *,
        activation: Any = "relu",
        method: Any = None,
        learning_rate: Any = None,
        batch_size: int | None = None,
        epochs: int = EPOCHS,
        penalty: Any = None,
        patience: int | None = None,
        validation_fraction: float = 0.1,
        standardise: bool = True,
        dtype: str = "float64",
        engine: str | None = None,
        warm_start: bool = False,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.method = method
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.penalty = penalty
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.standardise = standardise
        self.dtype = dtype
        self.engine = engine
        self.warm_start = warm_start
        self.random_state = random_state

    def _network(self, columns: int, outputs: int) -> MLP:
        return MLP(columns, self.hidden, outputs, self.activation)

    def _usual(self, rows: int) -> str | None:
        """The method of `fit` where nothing else is asked for, if it is no descent."""
        return None

    # ---- what differs between numbers and classes
    @abstractmethod
    def _read(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> Rows:
        """The rows that count, checked."""

    @abstractmethod
    def _learn_target(self, rows: Rows, classes: Any) -> None:
        """Learn what targets are: their units, or their classes unless they are given."""

    @abstractmethod
    def _target(self, rows: Rows) -> tuple[Array, int, Loss]:
        """The targets as the loss takes them, how many outputs the network has, and the loss."""

    # ---- learning
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array or data frame of shape (rows, columns)
        y : array of shape (rows,), or for several targets at once (rows, targets)
        sample_weight : array of shape (rows,), optional
            How much each row counts; one of weight 0 is as good as not there.

        Raises
        ------
        ValueError
            X, y or a parameter cannot be used (`DataError` and `ModelError` are such); says what and where.

        Warns
        -----
        ConvergenceWarning
            The descent ended badly; says how, and what to do.
        """
        going_on = bool(self.warm_start) and hasattr(self, "params_")
        rows = self._read(X, y, sample_weight, reset=not going_on)
        start = self.params_ if going_on else self._begin(rows)
        problem, validation = self._problem(rows, start), None
        if self.patience is not None:
            problem, held = problem.split(self.validation_fraction, self._seed)
            validation = Validation(held, patience=self.patience)
        method = self._method(problem, ends=True)
        per_epoch = method.batches.per_epoch(problem.rows) if isinstance(method, Descent) else 1
        hooks = [] if validation is None else [validation]
        steps = whole("epochs", self.epochs) * per_epoch
        few = steps <= STEPS and problem.rows <= ROWS  # NumPy has done them before they would be recorded
        usual = "numpy" if few else "llvm" if isinstance(method, Descent) and llvm_there() else "auto"
        with warnings.catch_warnings():
            if self.engine is None:
                warnings.simplefilter("ignore", CompilationWarning)  # of what nobody has asked for
            run = Run(
                problem, method, steps=steps, seed=self._seed, hooks=hooks, engine=engine_named(self.engine, usual)
            )
        run.finish()
        if validation is not None:
            validation.restore(run)
        self._keep(run, first=True)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """One pass over these rows, from where the last one ended."""
        first = not hasattr(self, "params_")
        rows = self._read(X, y, sample_weight, reset=first)
        problem = self._problem(rows, self._begin(rows, classes) if first else self.params_)
        run = Run(problem, self._method(problem, ends=False), seed=self._seed, engine=engine_named(self.engine))
        steps = run.steps_per_epoch
        if not first and self._memory is not None:
            # At the beginning of a pass over these rows, with what the rule remembers and about as many steps behind it.
            done, rule = self._memory
            run.state = {**run.state, "step": -(-done // steps) * steps, "rule": rule}
        self._keep(run.finish(steps), first)
        return self

    def _begin(self, rows: Rows, classes: Any = None) -> dict[str, Array]:
        """What stays as it is from here on, units and network; returns the first weights."""
        self._learn_target(rows, classes)
        self._seed = seed_from(self.random_state)
        columns = rows.x.shape[1]
        self._units = Units.of(rows.x, rows.weights) if self.standardise else Units.none(columns)
        outputs = self._target(rows)[1]
        self.network_ = self._network(columns, outputs)
        dtype = self._dtype()
        return {name: x.astype(dtype) for name, x in self.network_.init(Key(self._seed))[0].items()}

    def _dtype(self) -> type:
        return chosen("dtype", getattr(self.dtype, "__name__", str(self.dtype)), DTYPES)

    def _problem(self, rows: Rows, start: Mapping[str, Array]) -> Problem:
        target, _, loss = self._target(rows)
        penalty = L2(self.penalty) if is_number(self.penalty) else self.penalty
        dtype = self._dtype()
        x, target = self._units.applied(rows.x, dtype), target.astype(dtype, copy=False)
        problem = Problem(self.network_, start, x, target, loss=loss, weights=rows.weights, penalty=penalty, state={})
        if isinstance(self.activation, str):  # a layer of somebody else's need not do the same at each call
            problem.recipe = (MLP, self.activation.lower(), *(x.shape for x in start.values()))
        return problem

    def _method(self, problem: Problem, ends: bool) -> Method:
        """What is asked for. The rate of a descent falls over the steps, where there is an end to them."""
        method = self.method
        if method is None:
            free = ends and self.learning_rate is None and self.batch_size is None
            method = (self._usual(problem.rows) if free else None) or AdamW(weight_decay=DECAY)
        named = method_named(method, self.learning_rate, self.batch_size)
        if not isinstance(named, Descent) or named is method:
            return named
        size = -(-problem.rows // -(-problem.rows // ROWS)) if self.batch_size is None else self.batch_size
        batches = Batches(size if size < problem.rows else None)
        rate = self.learning_rate
        if rate is None:
            rate = RATE if self.method is None else usual_rate(named.rule)
        if ends and is_number(rate):
            rate = CosineDecay(rate, whole("epochs", self.epochs) * batches.per_epoch(problem.rows))
        return Descent(named.rule, rate, batches)

    def _keep(self, run: Run, first: bool) -> None:
        """What is left of a run: no data, so that a pickled estimator holds none."""
        epochs = run.history["epoch"] - (run.history["epoch"][0] if len(run.history) else 0)
        curve = np.bincount(epochs, run.history["loss"]) / np.bincount(epochs)
        if first:
            self.history_, self.loss_curve_, self.n_iter_ = run.history, curve, len(curve)
        else:
            self.history_.extend(run.history.to_dict())
            self.loss_curve_, self.n_iter_ = np.concatenate([self.loss_curve_, curve]), self.n_iter_ + len(curve)
        self.outcome_ = run.outcome
        self.params_ = {name: np.array(x) for name, x in run.params.items()}
        self._memory: tuple[int, Any] | None = (run.steps_done, run.state["rule"]) if "rule" in run.state else None
        if run.outcome is not None and not run.outcome.ok:
            warnings.warn(str(run.outcome), ConvergenceWarning, stacklevel=3)

    # ---- answering
    def _outputs(self, X: Any) -> Array:
        """What the network says, shape (rows, outputs)."""
        check_is_fitted(self, "params_")
        x = validate_data(self, X, reset=False, dtype=list(DTYPES.values()))
        dtype = next(iter(self.params_.values())).dtype
        parts = [
            self.network_(self.params_, {}, self._units.applied(x[first : first + MANY], dtype), 0, False)[0]
            for first in range(0, len(x), MANY)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
