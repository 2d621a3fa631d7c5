"""Gradient descent that shows every step, says why a descent goes wrong, and certifies its answer.

``import steepest as sd`` is cheap: each public name is imported when it is first used.
"""

from __future__ import annotations

import importlib

from steepest.version import __version__

TYPE_CHECKING = False  # as typing's, whose import would take most of the time of `steepest --version`
if TYPE_CHECKING:
    from typing import Any

# Where each public name lives. The order is the floors', from the ground up.
_HOMES = {
    "steepest.base.errors": (
        "SteepestError", "DataError", "FormulaError", "ModelError", "CheckpointError", "ShapeError", "DifferentiationError",
        "GradientMismatch", "RecordingError",
    ),
    "steepest.autodiff.tensor": ("Tensor", "tensor"),
    "steepest.autodiff.creation": ("arange", "linspace", "zeros", "ones", "full", "eye", "randn", "rand", "manual_seed"),
    "steepest.autodiff.apply": ("apply", "no_grad"),
    "steepest.autodiff.primitive": ("Primitive",),
    "steepest.autodiff.extend": ("primitive",),
    "steepest.autodiff.transforms": ("grad", "value_and_grad", "vjp", "jvp", "jacobian", "hessian", "hvp"),
    "steepest.autodiff.check": ("check_grads",),
    "steepest.base.params": ("Params",),
    "steepest.base.random": ("Key",),
    "steepest.formula.formula": ("Formula",),
    "steepest.data.table": ("Table",),
    "steepest.data.reading": ("read_table", "open_data"),
    "steepest.program.program": ("Program",),
    "steepest.program.record": ("record",),
    "steepest.program.compile": ("compile",),
    "steepest.differentiation.derivation": ("Derivation", "derivation"),
    "steepest.differentiation.ways": ("Ways", "ways"),
    "steepest.nn.losses": ("Loss", "mse", "rmse", "mae", "huber", "log_cosh", "dispersion"),
    "steepest.nn.module": ("Module",),
    "steepest.nn.linear": ("Linear",),
    "steepest.nn.sequential": ("Sequential",),
    "steepest.nn.mlp": ("MLP",),
    "steepest.nn.activations": (
        "ReLU", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU", "Softplus", "Tanh", "Sigmoid", "Softmax", "Identity",
    ),
    "steepest.nn.shaping": ("Flatten",),
    "steepest.nn.dropout": ("Dropout",),
    "steepest.nn.normalisation": ("LayerNorm", "BatchNorm"),
    "steepest.nn.recurrent": ("RNN", "GRU", "LSTM"),
    "steepest.nn.classification": ("cross_entropy", "binary_cross_entropy", "hinge", "poisson", "class_weights"),
    "steepest.nn.loss_layers": ("MSELoss", "CrossEntropyLoss"),
    "steepest.nn.penalties": ("L1", "L2"),
    "steepest.nn.metrics": ("accuracy", "confusion_matrix", "precision_recall", "r_squared"),
    "steepest.nn.layer_table": ("summary",),
    "steepest.optim.rules": ("GradientDescent", "Momentum", "Adam"),
    "steepest.optim.sgd": ("SGD", "Nesterov"),
    "steepest.optim.adaptive": ("Adagrad", "Adadelta", "RMSprop"),
    "steepest.optim.adam_family": ("AdaMax", "Nadam", "RAdam", "AMSGrad", "AdamW"),
    "steepest.optim.rprop": ("Rprop",),
    "steepest.optim.chain": ("chain", "Chain", "Transformation"),
    "steepest.optim.clipping": ("ClipGlobalNorm", "ClipValue", "ClipPerLayer"),
    "steepest.optim.decay": ("WeightDecay", "DecoupledWeightDecay"),
    "steepest.optim.schedules": (
        "ConstantRate", "StepDecay", "ExponentialDecay", "InverseTimeDecay", "PolynomialDecay", "CosineDecay",
        "CosineRestarts", "OneCycle", "LinearWarmUp",
    ),
    "steepest.optim.plateau": ("ReduceOnPlateau",),
    "steepest.optim.levenberg_marquardt": ("LevenbergMarquardt",),
    "steepest.optim.lbfgs": ("LBFGS",),
    "steepest.optim.random_search": ("RandomSearch",),
    "steepest.optim.genetic": ("GeneticAlgorithm",),
    "steepest.optim.differential_evolution": ("DifferentialEvolution",),
    "steepest.optim.restarts": ("Restarts",),
    "steepest.optim.stopping": ("Stopping",),
    "steepest.training.problem": ("Problem",),
    "steepest.training.batches": ("Batches",),
    "steepest.training.descent": ("Descent",),
    "steepest.training.hooks": ("Hook",),
    "steepest.training.history": ("History",),
    "steepest.training.outcome": ("Outcome",),
    "steepest.training.run": ("Run",),
    "steepest.training.range_test": ("range_test", "auto_rate", "RangeTest"),
    "steepest.training.validation": ("Validation",),
    "steepest.training.logs": ("Log",),
    "steepest.training.progress": ("Progress",),
    "steepest.training.resume": ("Checkpoint", "save", "resume"),
    "steepest.training.minimize": ("minimize",),
    "steepest.training.train": ("train",),
    "steepest.training.restarts": ("restarts", "Minima"),
    "steepest.doctor.watch": ("Watch",),
    "steepest.comparison.compare": ("compare",),
    "steepest.comparison.result": ("Comparison",),
    "steepest.fitting.fit": ("fit",),
    "steepest.fitting.result": ("Fit",),
    "steepest.fitting.ranking": ("rank",),
    "steepest.fitting.saved": ("load",),
    "steepest.fitting.problems": ("formula_problem", "network_problem"),
    "steepest.exports.python.file": ("to_python",),
    "steepest.exports.onnx.file": ("to_onnx",),
    "steepest.exports.latex": ("to_latex",),
    "steepest.estimators": (
        "FormulaRegressor", "LinearRegressor", "LogisticClassifier", "NetworkClassifier", "NetworkRegressor",
    ),
    "steepest.views.landscapes.landscape": ("landscape", "Landscape"),
    "steepest.views.animations.animation": ("Animation",),
    "steepest.views.report.report": ("report",),
    "steepest.inspection.graph": ("graph",),
    "steepest.inspection.blocks": ("LossGraph",),
    "steepest.inspection.explain": ("explain", "Explanation"),
}  # fmt: skip
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}
_MODULES = ("animate", "data", "functions", "nn", "ops", "plot")

__all__ = ["__version__", *_HOME_OF, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        value = getattr(importlib.import_module(_HOME_OF[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"steepest.{name}")
    else:
        raise AttributeError(f"module 'steepest' has no attribute {name!r}")
    globals()[name] = value  # the next look-up is an ordinary one
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
