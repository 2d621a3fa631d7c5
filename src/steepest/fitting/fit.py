"""fit: the short way from a model and data to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from steepest.base.choices import chosen
from steepest.base.errors import ModelError
from steepest.fitting.intervals import INTERVALS
from steepest.fitting.networks.train import Training, fit_network
from steepest.fitting.prepare import Given, of_problem, prepared
from steepest.fitting.result import Fit
from steepest.formula.formula import Formula
from steepest.nn.losses import Loss, loss_named
from steepest.optim.method import Method
from steepest.optim.restarts import Restarts
from steepest.optim.search import Search
from steepest.optim.stopping import Stopping
from steepest.training.descent import Descent
from steepest.training.methods import method_named
from steepest.training.problem import Problem
from steepest.training.resume import finished
from steepest.training.run import Run


def fit(
    model: str | Formula | Problem | Callable[..., Any],
    data: Any = None,
    target: Any = None,
    *,
    loss: str | Loss = "mse",
    method: Any = None,
    start: Mapping[str, Any] | None = None,
    weights: Any = None,
    sigma: Any = None,
    fix: Mapping[str, Any] | None = None,
    tie: Any = None,
    bounds: Any = None,
    learning_rate: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    time: float | None = None,
    threshold: float | None = None,
    patience: int | None = None,
    tolerance: float = 1e-8,
    seed: int = 0,
    intervals: str = "t",
    drop_missing: bool = False,
    hooks: Any = (),
    snapshots: Any = (),
    checkpoints: Any = None,
    resume: bool = False,
    epochs: int | None = None,
    validation: float | None = None,
    engine: str | None = None,
) -> Fit:
    """Fit a model to data.

    Parameters
    ----------
    model : str, Formula, callable or Problem
        A formula such as ``"y ~ a + b*x"``, which may have networks in it, ``"species ~ mlp(., 20)"``; a function ``f(t, a, b)``
        whose first arguments are data and whose others are parameters; or a Problem, followed by a method. For networks of your
        own there is `train`.
    data : path, data frame, dict of arrays, array, or tuple of arrays
        For a formula: anything with named columns. For a function: ``(t,)``, or named columns with `target` a column's name.
    target : array or str, optional
        For a function only; for a formula it is the left side.
    loss : {"mse", "rmse", "mae", "huber", "log_cosh"} or Loss
        Of a formula or function ``huber`` and ``log_cosh`` take the size of usual errors from the data, in the target's unit:
        so many standard deviations of the good rows that 95 % of the efficiency of mse is kept, the standard deviation being
        1.4826 times the median size of the residuals of a fit by mae. "huber(0.5)" and "log_cosh(0.5)" set it.
    method : str or Method, optional
        levenberg_marquardt (the default), lbfgs, gradient_descent, adam, restarts, genetic and others. With a learning rate the
        default is gradient_descent, with only a batch size adam.
    start : mapping of str to number or array, optional
        Where to start; what is left out is guessed for a formula, and 1 for a function. A descent rule that is asked for by
        name starts a formula's linear parameters at 0, so that there is something to descend.
    weights : array or str, optional
        Relative weights of the rows, or the name of a column that holds them. A row of weight 0 does not count.
    sigma : array or str, optional
        The standard error of each observation, or the name of a column that holds them: absolute, in the target's unit. Rows
        are weighted by 1/sigma**2 and the parameters' errors follow from sigma alone, not from the scatter of the residuals.
    fix : mapping of str to number, optional
        Parameters that are not fitted, with their values.
    tie : mapping of str to str, or str, or list of str, optional
        Parameters that follow from others: ``"d = 2*c"``.
    bounds : mapping of str to (low, high), or str, optional
        ``{"b": (0, None)}`` or ``"b > 0, 0 < c < 1"``; the bound itself belongs to it.
    learning_rate : float or callable, optional
        In the user's units; found from the curvature if left out.
    batch_size, steps, time, threshold, patience, tolerance, seed, hooks, snapshots
        See `Descent`, `Run` and `Stopping`.
    checkpoints : path, optional
        A folder in which to save the run once a minute and at its end (not for lbfgs, which cannot stop and go on).
    resume : bool
        Go on from the newest whole checkpoint there, to the same bits as if the run had never stopped.
    intervals : {"t", "profile", "bootstrap"}
        What intervals the summary shows; see `Fit.confidence_intervals`.
    drop_missing : bool
        Leave out rows with missing or infinite values instead of refusing them.
    epochs : int, optional
        Of a formula with a network: how often it goes through the rows. Some 3,000 steps, and at least 20 epochs, if left out.
    validation : float, optional
        Of a formula with a network: the share of rows that are held out, to choose the best weights by and to measure them on.
        0.15 if left out, or 0 of fewer than 40 rows. `patience` is how many epochs it waits for better ones, a fifth of them if
        left out.
    engine : {"numpy", "llvm", "auto"}, optional
        See `Run`.

    Returns
    -------
    Fit
        Of a formula with a network a `NetworkFit`.

    Raises
    ------
    FormulaError, DataError, ModelError, ShapeError
        What was given does not fit together; names the file, row, column or parameter, and what to do.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> t = np.arange(5.0)
    >>> sd.fit("y ~ a*exp(-b*t)", {"t": t, "y": 3 * np.exp(-0.5 * t)}).params["b"].__round__(9)
    0.5
    >>> answer = sd.fit(lambda t, a, b: a + b * t, (t,), 1 + 2 * t)
    >>> round(answer.params["b"], 9)
    2.0
    """
    intervals = chosen("kind of interval", intervals, INTERVALS)
    stopping = Stopping(tolerance=tolerance, threshold=threshold, patience=patience)
    given = Given(target, loss, start, weights, sigma, fix, tie, bounds, drop_missing)
    formula = Formula(model) if isinstance(model, str) else model
    if isinstance(formula, Formula) and formula.has_network:
        training = Training(
            method, learning_rate, batch_size, epochs, steps, time, threshold, patience, tolerance, seed, validation, hooks,
            snapshots, checkpoints, resume, engine, intervals,
        )  # fmt: skip
        return fit_network(formula, data, given, training)
    if epochs is not None or validation is not None:
        raise ModelError(
            f"{'epochs' if epochs is not None else 'validation'} is for formulas with a network in them, such as y ~ mlp(x, 20); "
            f"{'give steps' if epochs is not None else 'leave it out'}."
        )
    if isinstance(model, Problem):
        ready = of_problem(model, given)
        asked = _method(model.loss_function, data if method is None else method, learning_rate, batch_size)
    else:
        asked = _method(loss_named(loss), method, learning_rate, batch_size)
        to_go = isinstance(asked, Descent | Search | Restarts)
        ready = prepared(model, data, given, seed, to_go, asked, steps)
    run = Run(
        ready.problem,
        asked,
        steps=steps,
        time=time,
        seed=seed,
        hooks=hooks,
        snapshots=snapshots,
        stopping=stopping,
        engine=engine,
    )
    run = finished(run, checkpoints, resume)
    return Fit(run, ready.model, ready.rows, ready.told, ready.starts).showing(intervals)


def _method(loss: Loss, method: Any, learning_rate: Any, batch_size: int | None) -> Method:
    """The method that is named, or else that of the kind that what is given besides means."""
    if method is None and learning_rate is not None:
        method = "gradient_descent"
    elif method is None and batch_size is not None:
        method = "adam"
    elif method is None:
        method = "levenberg_marquardt" if loss.slope is not None else "lbfgs"
    return method_named(method, learning_rate, batch_size)
