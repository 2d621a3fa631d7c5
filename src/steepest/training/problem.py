"""Problem: what to make small."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from steepest.autodiff import graph, ops
from steepest.autodiff.apply import inside_transform, linking
from steepest.autodiff.tensor import Tensor
from steepest.autodiff.transforms import grad, hvp, jacobian
from steepest.autodiff.tree import flatten
from steepest.base.bounds import Bounds
from steepest.base.checks import is_number
from steepest.base.errors import ModelError, ShapeError
from steepest.base.params import Array, Params
from steepest.base.random import Key, generator
from steepest.nn.losses import Loss, loss_named
from steepest.nn.module import Module
from steepest.training.blocks import Block, cut, is_rowwise, joined, summed
from steepest.training.checked_data import checked_data

Predict = Callable[..., Any]


class Batch(NamedTuple):
    """Some rows of the data."""

    inputs: Any
    target: Any
    weights: Any

    @property
    def rows(self) -> int:
        return 1 if self.target is None else len(self.target)


class Problem:
    """What to make small: a model's loss over rows of data, or any function of parameters.

    objective(params) = sum(w * loss(predict(params, inputs), target)) / sum(w) + penalty(params)

    Parameters
    ----------
    predict : callable
        ``predict(params, inputs) -> outputs``, or in full ``predict(params, state, inputs, key, training) -> (outputs, state)``
        for models with dropout or running statistics. `params` is a dict of Tensors, `outputs` has one row for each row of data.
    start : mapping of str to array-like
        The parameters to start from.
    inputs : array, or dict or tuple of arrays
        First axis: rows.
    target : array, shape (n, ...)
    loss : str or Loss
        mse, rmse, mae, huber, log_cosh; rmse is full-batch only, since a root of a mean is no mean over batches.
    weights : array of shape (n,), optional
        Not negative; relative.
    reduction : {"mean", "sum"}
    penalty : callable, optional
        ``penalty(params) -> number``, added to the loss.
    state : optional
        The model's own state at the start (running statistics), passed through `predict`.
    scale : array, optional
        Natural magnitude of each element of the parameters; a descent without a given rate works in these units.
    bounds : mapping of str to pair, optional
        ``{"b": (0, None)}``: the lowest and the highest value of parameters, None for no bound. No method leaves them.
    rowwise : bool, optional
        Whether each row's output depends on that row alone, so that many rows can be worked through in blocks; found by trying
        if left out.

    Raises
    ------
    ModelError, ShapeError
        The pieces do not fit; says which.
    DataError
        A target is not what the loss is for, or a value of the data is not finite; says where.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(4.0)
    >>> problem = Problem(lambda p, x: p["a"] + p["b"] * x, {"a": 0, "b": 0}, x, 2 * x + 1)
    >>> problem.value(problem.start)  # mean of 1, 9, 25, 49
    21.0
    """

    target_name: str = "target"  # what pictures and tables call it
    recipe: Hashable = (
        None  # what the model is, where two problems may have the same: then it is compiled once for both
    )

    def __init__(
        self,
        predict: Predict,
        start: Mapping[str, Any],
        inputs: Any = None,
        target: Any = None,
        *,
        loss: str | Loss = "mse",
        weights: Any = None,
        reduction: str = "mean",
        penalty: Callable[..., Any] | None = None,
        state: Any = None,
        scale: Array | None = None,
        bounds: Mapping[str, tuple[Any, Any]] | None = None,
        rowwise: bool | None = None,
    ) -> None:
        self.predict = _full_contract(predict)
        self.trains_as_it_predicts = self.predict is not predict  # no dropout, no statistics of batches
        if not isinstance(start, Mapping):
            raise ModelError(
                f"parameters are a mapping of names to numbers, not {type(start).__name__}; net.init(key) returns two, "
                f"parameters and state."
            )
        self.start = start if isinstance(start, Params) else Params(start)
        self.loss_function = loss_named(loss)
        if reduction not in ("mean", "sum"):
            raise ModelError(f"reduction must be 'mean' or 'sum', not {reduction!r}.")
        if penalty is not None and not callable(penalty):
            raise ModelError(f"a penalty is a function of the parameters, such as sd.L2(1e-4), not {penalty!r}.")
        self.reduction = reduction
        self.penalty = penalty
        self.initial_state = state
        if isinstance(predict, Module):
            predict.check_numbers(self.start, state)
        self.scale = scale
        if scale is not None and np.shape(scale) != self.start.flat.shape:
            raise ShapeError(
                f"scale must have one number for each of {self.start.flat.size} parameters, not {np.shape(scale)}."
            )
        self.bounds = Bounds.of(self.start, bounds) if bounds else None
        self._rowwise: tuple[Batch | None, bool | None] = (None, rowwise)
        self.has_data = target is not None
        if target is None and (weights is not None or not (isinstance(loss, str) and loss == "mse")):
            raise ModelError("weights and a loss are for data: give a target too, or leave them out.")
        self.data = Batch(inputs, None, None) if target is None else Batch(*checked_data(inputs, target, weights))
        if self.has_data:
            self.loss_function.check_target(self.data.target)

    @classmethod
    def of_function(cls, function: Callable[..., Any], start: Mapping[str, Any], **options: Any) -> Problem:
        """A problem without data: make ``function(params)`` small; `options` are those of a Problem."""
        return cls(lambda params, _: function(params), start, **options)

    @property
    def rows(self) -> int:
        """How many rows of data there are; 1 without data."""
        return self.data.rows

    def batch(self, places: Array | slice | None) -> Batch:
        """The rows at `places`; all of them for None."""
        if places is None or not self.has_data:
            return self.data
        leaves, rebuild = flatten(self.data.inputs)
        inputs = rebuild([x[places] for x in leaves])
        weights = None if self.data.weights is None else self.data.weights[places]
        return Batch(inputs, self.data.target[places], weights)

    def split(self, fraction: float, seed: int = 0) -> tuple[Problem, Problem]:
        """Two problems of the same model: on the rows to train with, and on a random `fraction` of them held out.

        Examples
        --------
        >>> x = np.arange(10.0)
        >>> train, held = Problem(lambda p, x: p["a"] * x, {"a": 0}, x, x).split(0.2)
        >>> train.rows, held.rows
        (8, 2)
        """
        count = round(self.rows * fraction) if is_number(fraction) and 0 < fraction < 1 else 0
        if not self.has_data or not 0 < count < self.rows:
            raise ModelError(
                f"a split holds out a fraction between 0 and 1 that leaves rows on both sides; {fraction!r} of {self.rows} "
                f"row{'s' * (self.rows != 1)} does not."
            )
        order = generator(seed, "split").permutation(self.rows)
        problems = []
        for places in (np.sort(order[count:]), np.sort(order[:count])):
            part = copy.copy(self)
            part.data = self.batch(places)
            problems.append(part)
        return problems[0], problems[1]

    @property
    def rowwise(self) -> bool:
        """Whether each row's output depends on that row alone; found by trying where nobody has said so."""
        tried, answer = self._rowwise
        if answer is None or not (tried is None or tried is self.data):
            answer = is_rowwise(self)
            self._rowwise = (self.data, answer)
        return answer

    def blocks(self) -> Iterator[Block]:
        """The rows in blocks: where they are many some thousands at a time, as problems of their own."""
        return cut(self)

    def parts(self, cut: list[Any]) -> list[tuple[Batch, float]]:
        """The batches at the places `cut`, each with its share of their weight."""
        batches = [self.batch(places) for places in cut]
        if len(batches) == 1:
            return [(batches[0], 1.0)]
        weights = [float(b.rows if b.weights is None else np.sum(b.weights)) for b in batches]
        total = sum(weights) or 1.0  # rows that do not count may fill a batch
        return [(b, w / total) for b, w in zip(batches, weights, strict=True)]

    # ---- the pieces of the loop
    def leaves(self, params: Params) -> dict[str, Tensor]:
        """The parameters as Tensors that require grad."""
        return {name: Tensor(array, requires_grad=True) for name, array in params.view(params.flat).items()}

    def loss(self, outputs: Any, target: Any) -> Any:
        """The loss of each row, shape (n,); the output itself without data."""
        if not self.has_data:
            return outputs
        return self.loss_function.rows(self.loss_function.aligned(outputs, target), target)

    def objective(self, outputs: Any, batch: Batch, params: Mapping[str, Any], share: float = 1.0) -> Any:
        """One number: the rows' losses reduced, plus the penalty.

        `share` is the fraction of the weight of the rows that count together which `batch` has: the objectives of the parts of
        a batch, each with its share, add up to the objective of the batch.
        """
        rows = self.loss(outputs, batch.target)
        if self.has_data:
            total = self.loss_function.reduce(rows, batch.weights, self.reduction)
        else:
            if ops.size(rows) != 1:
                raise ShapeError(
                    f"the function to minimise must return one number, this one returned {ops.shape(rows)}."
                )
            total = ops.reshape(rows, ())
        if share != 1.0 and self.reduction == "mean":
            total = total * share
        if self.penalty is None:
            return total
        added = self.penalty(params)
        if ops.size(added) != 1:
            raise ShapeError(f"the penalty must be one number, this one has shape {ops.shape(added)}; sum it.")
        added = ops.reshape(added, ())
        return total + (added * share if share != 1.0 else added)

    def gradient(self, objective: Any, leaves: Mapping[str, Tensor]) -> Array:
        """The gradient with respect to all parameters, as one vector."""
        wanted = list(leaves.values())
        if not isinstance(objective, Tensor):  # the model does not use its parameters
            return np.zeros(sum(x.size for x in wanted))
        parts = graph.pull_back(objective, np.ones_like(objective._data), wanted, False)
        return np.concatenate([np.ravel(g) for g in parts]) if len(parts) > 1 else np.array(parts[0]).reshape(-1)

    # ---- the whole, on all the data
    def evaluate(self, params: Params, state: Any = None, key: Key | None = None) -> tuple[Any, float, Array]:
        """Outputs, objective and gradient on all the data."""
        leaves = self.leaves(params)
        with np.errstate(all="ignore"), linking(), inside_transform():
            state = self.initial_state if state is None else state
            outputs, _ = self.predict(leaves, state, self.data.inputs, key or Key(0), False)
            objective = self.objective(outputs, self.data, leaves)
        return detached(outputs), float(detached(objective)), self.gradient(objective, leaves)

    def value(self, params: Params, state: Any = None) -> float:
        """The objective on all the data."""

        def of(part: Problem) -> tuple[float, Array]:
            outputs = part.outputs_at_once(params, state=state)
            return float(detached(part.objective(outputs, part.data, dict(params)))), np.zeros(0)

        with np.errstate(all="ignore"):
            return summed(self, of)[0]

    def values(self, points: Sequence[Params]) -> Array:
        """The objective on all the data at each of some points, shape (k,)."""
        return np.array([self.value(params) for params in points], dtype=np.float64)

    def value_and_gradient(self, params: Params) -> tuple[float, Array]:
        """The objective on all the data, and its gradient."""
        return summed(self, lambda part: part.evaluate(params)[1:])

    def outputs(self, params: Params, inputs: Any = None, state: Any = None) -> Array:
        """What the model says, as a plain array, for the data or for other inputs."""
        if inputs is not None or not self.has_data:
            return self.outputs_at_once(params, inputs, state)
        return joined((part.outputs_at_once(params, state=state) for part, _, _ in self.blocks()), self.rows)

    def outputs_at_once(self, params: Params, inputs: Any = None, state: Any = None) -> Array:
        """As `outputs`, of all rows side by side, however many."""
        state = self.initial_state if state is None else state
        with np.errstate(all="ignore"):
            inputs = self.data.inputs if inputs is None else inputs
            return np.asarray(detached(self.predict(dict(params), state, inputs, Key(0), False)[0]))

    # ---- curvature
    @property
    def plain(self) -> Problem:
        """This problem as NumPy evaluates it."""
        return self

    def squares(self, params: Params) -> float | None:
        """The sum of w r**2 over all residuals, where it comes with its triangle in one pass; None where it does not."""
        return None

    def triangle(self, params: Params) -> Array | None:
        """The R, (n + 1, n + 1), of a QR decomposition of sqrt(w) (J, r), where it comes in one pass; None where not."""
        return None

    def bend(self, params: Params, step: Array, probe: float) -> tuple[float, Array] | None:
        """With s the second derivative of the residuals along `step`, |sqrt(w) s| and J' w s; None where not in one pass.

        s is twice the Taylor remainder at the share `probe` of the step.
        """
        return None

    @property
    def row_weights(self) -> Array:
        """The weight of each residual, so that the sum of w r**2 is the weighted loss up to a factor."""
        shape = np.shape(self.data.target)
        weights = np.ones(shape[0]) if self.data.weights is None else self.data.weights
        return np.repeat(weights, int(np.prod(shape[1:])))

    def reduced(self, total: float) -> float:
        """The objective, from the sum of w * loss over all residuals."""
        slope = float(self.reduced_slope(np.asarray(total)))
        return math.sqrt(slope) if self.loss_function.root else slope

    def reduced_slope(self, total: Array) -> Array:
        """What the reduction makes of a sum over all residuals, before a root is taken."""
        if self.reduction == "mean":
            weight = self.rows if self.data.weights is None else np.sum(self.data.weights)
            return np.asarray(total / (weight * (np.size(self.data.target) // self.rows)))
        return np.asarray(total * self.rows / np.size(self.data.target))  # a row's loss is the mean over its outputs

    def residuals(self, params: Params) -> Array:
        """Prediction minus target, one behind the other, not weighted."""
        parts = (
            np.ravel(self.loss_function.aligned(part.outputs_at_once(params), part.data.target) - part.data.target)
            for part, _, _ in self.blocks()
        )
        return joined(parts, int(np.size(self.data.target)))

    def residuals_and_jacobian(self, params: Params) -> tuple[Array, Array]:
        """The residuals (m,) and their derivatives with respect to the flat parameters, (m, n)."""
        seen: list[Any] = []

        def residuals_of(p: dict[str, Any]) -> Any:
            outputs, _ = self.predict(p, self.initial_state, self.data.inputs, Key(0), False)
            seen.append(ops.reshape(self.loss_function.aligned(outputs, self.data.target) - self.data.target, (-1,)))
            return seen[-1]

        with np.errstate(all="ignore"):
            blocks = jacobian(residuals_of)(dict(params))
        count = int(np.size(self.data.target))
        return np.asarray(detached(seen[-1])), np.concatenate(
            [np.reshape(b, (count, -1)) for b in blocks.values()], axis=1
        )

    def _flat_objective(self, params: Params) -> Callable[[Any], Any]:
        """The objective as a function of the dict of parameters, for transforms."""

        def objective(p: dict[str, Any]) -> Any:
            outputs, _ = self.predict(p, self.initial_state, self.data.inputs, Key(0), False)
            return self.objective(outputs, self.data, p)

        return objective

    def hessian_times(self, params: Params, vector: Array) -> Array:
        """Hessian of the objective times `vector`, without the Hessian."""

        def of(part: Problem) -> tuple[float, Array]:
            (product,) = hvp(part._flat_objective(params), (dict(params),), (params.view(np.asarray(vector)),))
            return 0.0, np.concatenate([np.ravel(product[name]) for name in params])

        with np.errstate(all="ignore"):
            return (of(self) if self.loss_function.root else summed(self, of))[1]

    def hessian(self, params: Params) -> Array:
        """The second derivatives of the objective, (n, n): one Hessian-vector product an element."""
        n = params.flat.size

        def of(part: Problem) -> tuple[float, Array]:
            def gradient_of(p: dict[str, Any]) -> Any:
                g = grad(part._flat_objective(params))(p)
                return ops.concatenate([ops.reshape(g[name], (-1,)) for name in params])

            columns = jacobian(gradient_of, mode="forward")(dict(params)).values()
            return 0.0, np.concatenate([np.reshape(detached(each), (n, -1)) for each in columns], axis=1)

        with np.errstate(all="ignore"):
            return (of(self) if self.loss_function.root else summed(self, of))[1]


def detached(x: Any) -> Any:
    """The plain array behind a Tensor."""
    return x._data if isinstance(x, Tensor) else x


def _full_contract(predict: Predict) -> Predict:
    """Let ``predict(params, inputs)`` stand for a model without state."""
    if isinstance(predict, Module) and type(predict).__call__ is Module.__call__:
        return predict  # a layer has it in full
    try:
        positional = [
            q
            for q in inspect.signature(predict).parameters.values()
            if q.kind in (q.POSITIONAL_ONLY, q.POSITIONAL_OR_KEYWORD) and q.default is q.empty
        ]
    except (TypeError, ValueError):
        positional = []
    if len(positional) == 5:
        return predict
    if len(positional) == 2:
        return lambda params, state, inputs, key, training: (predict(params, inputs), state)
    raise ModelError(
        "predict must be a function predict(params, inputs), or predict(params, state, inputs, key, training) that returns "
        f"(outputs, state); this one takes {len(positional)} arguments."
    )
