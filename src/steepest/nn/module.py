"""Module: a layer or a network of layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from steepest.autodiff import graph, ops
from steepest.autodiff import primitives as p
from steepest.autodiff.apply import Value, apply, linking, scope
from steepest.autodiff.tensor import Tensor
from steepest.base.errors import ModelError, ShapeError
from steepest.base.exportable import Exportable
from steepest.base.params import Array
from steepest.nn.place import LayerOutput, Part, as_place, missing

State = Mapping[str, Any]
Numbers = dict[str, Array]


class Module(Exportable):
    """A layer or a network: it knows the names and shapes of its parameters, and how its output follows from them.

    A module has two faces. The pure one is `init` and `apply` (calling a module is `apply`): the output is a function of
    (parameters, state, input, key) and of nothing else, so that a `Problem` takes a module as its model. The other works layer
    by layer on numbers that the module keeps: `forward`, `backward`, `params`, `grads`. Both run the same operations, and
    every derivative comes from their rules.

    A module of your own defines `apply` and, if it has parameters, `init`.

    Examples
    --------
    >>> import numpy as np, steepest as sd
    >>> class Scale(Module):
    ...     def init(self, key, follower=None):
    ...         return {"factor": np.array(2.0)}, {}
    ...
    ...     def apply(self, params, state, x, key, training):
    ...         return params["factor"] * x, state
    >>> layer = Scale()
    >>> layer.forward([[1.0, 3.0]])
    array([[2., 6.]])
    >>> layer.backward([[1.0, 1.0]]), layer.grads
    (array([[2., 2.]]), {'factor': array(4.)})
    """

    # For the default initialisers: the one that suits weights in front of this module (activations say), and whether they should
    # look through it at what comes next (dropout, normalisations).
    suits: ClassVar[str | None] = None
    looked_through: ClassVar[bool] = False

    # The numbers of the layer-by-layer face; class attributes, so that a subclass needs no call of super().__init__().
    _params: Numbers | None = None
    _state: Numbers | None = None
    _grads: Numbers | None = None
    _trace: tuple[Any, Tensor, dict[str, Tensor]] | None = None
    _owner: Module | None = None

    # ---- the pure face
    @property
    def children(self) -> dict[str, Module]:
        """The modules that this one is made of, by name; none for a layer."""
        return {}

    def init(self, key: Any, follower: Module | None = None) -> tuple[Numbers, Numbers]:
        """The first parameters and the first state.

        Parameters
        ----------
        key : Key or int
            The numbers are a function of it, of the names and of the shapes.
        follower : Module, optional
            What comes next; the default initialisers suit an activation that follows.

        Returns
        -------
        params : dict of str to ndarray
            Names, shapes and order are those of ``state_dict()`` of the same PyTorch module.
        state : dict of str to ndarray
            What changes without a gradient, such as running statistics; empty for most modules.
        """
        return {}, {}

    def apply(self, params: Mapping[str, Any], state: State, x: Any, key: Any, training: bool) -> tuple[Any, State]:
        """The output and the next state.

        Parameters
        ----------
        params : mapping of str to Tensor or ndarray
        state : mapping of str to ndarray
            As `init` or the last `apply` returned it.
        x : Tensor or ndarray, shape (rows, ...)
        key : Key or int
            Where random numbers come from, for modules that draw some.
        training : bool
            Whether parameters are being fitted: dropout and batch statistics work only then.

        Raises
        ------
        LayerShapeError
            The input does not fit; names the layer, what it expects, the shape, and the layer that the input came from.
        """
        raise ModelError(f"{type(self).__name__} does not define apply(params, state, x, key, training).")

    def __call__(
        self, params: Mapping[str, Any], state: State, inputs: Any, key: Any, training: bool
    ) -> tuple[Any, State]:
        """`apply`, so that a module is a Problem's `predict`; a parameter or state that is missing is named."""
        before = Part(state or {}, "")
        output, after = self.apply(Part(params, ""), before, inputs, key, training)
        return output, state if after is before else after

    @property
    def features_expected(self) -> int | None:
        """The length that the input's last axis must have; None where any will do or it is not known before data come."""
        return None

    def features_after(self, features: int | None) -> int | None:
        """The length of the output's last axis, given that of the input's; None where it is not known before data come."""
        return None

    def layer_outputs(
        self, params: Mapping[str, Any], state: State, x: Any, key: Any = 0, training: bool = False
    ) -> list[LayerOutput]:
        """The output of every layer, in order, each with its path and module; recurrent layers add each time step's.

        On Tensors the outputs are links of one graph, so that gradients with respect to each of them can be asked for.

        Examples
        --------
        >>> from steepest.nn import Linear, ReLU, Sequential
        >>> net = Sequential(Linear(2, 3), ReLU())
        >>> [(seen.path, seen.output.shape) for seen in net.layer_outputs(*net.init(0), np.ones((5, 2)))]
        [('0', (5, 3)), ('1', (5, 3)), ('', (5, 3))]
        """
        seen: list[LayerOutput] = []
        place = as_place(key)._replace(watcher=seen.append)
        output, _ = self(params, state, x, place, training)
        place.show(self, output)
        return seen

    # ---- layer by layer
    def reset(self, key: Any = 0) -> None:
        """Draw the module's own numbers anew from `key`."""
        self.load(*self.init(key))

    @property
    def params(self) -> Numbers:
        """The module's own parameters, by dotted name; arrays that may be changed in place."""
        self._draw()
        assert self._params is not None
        return {**self._params, **self._gathered(lambda child: child.params)}

    @property
    def state(self) -> Numbers:
        """The module's own state, by dotted name."""
        self._draw()
        assert self._state is not None
        return {**self._state, **self._gathered(lambda child: child.state)}

    @property
    def grads(self) -> Numbers:
        """The gradient of each of the module's own parameters, as the last `backward` left it; empty before."""
        return {**(self._grads or {}), **self._gathered(lambda child: child.grads)}

    def load(self, params: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> None:
        """Take these numbers as the module's own, for example ``run.params`` of a finished run.

        Parameters
        ----------
        params, state : mapping of str to array-like
            Copied. The state may stand among the parameters, as in the ``state_dict()`` of a PyTorch module and in the file
            of weights of a checkpoint; left out, it stays as it is.

        Raises
        ------
        ModelError
            They are of another model: a name is missing, too many, or has another shape; names the first one.

        Examples
        --------
        >>> from steepest.nn import BatchNorm
        >>> layer = BatchNorm(1)
        >>> layer.load({"weight": [2.0], "bias": [1.0], "running_mean": [3.0], "running_var": [4.0], "num_batches_tracked": 7})
        >>> layer.forward([[5.0]]).round(4)  # 2 * (5 - 3) / sqrt(4) + 1
        array([[3.]])
        """
        expected_params, expected_state = self.init(0)
        if state is None and any(name in params for name in expected_state):
            state = {name: x for name, x in params.items() if name in expected_state}
            params = {name: x for name, x in params.items() if name not in expected_state}
        _check_same("parameter", expected_params, params)
        if state is not None:
            _check_same("state", expected_state, state)
        elif self._state is None:
            state = expected_state
        self._take(params, state, only_missing=False)

    def check_numbers(self, params: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> None:
        """Raise unless these are numbers of this module, by their names and shapes.

        Raises
        ------
        ModelError
            They are of another model; names the first difference.

        Examples
        --------
        >>> from steepest.nn import Linear
        >>> Linear(2, 3).check_numbers(Linear(3, 3).init(0)[0])
        Traceback (most recent call last):
        steepest.base.errors.ModelError: these numbers are of another model: parameter 'weight' has shape (3, 3), ...
        """
        expected_params, expected_state = self.init(0)
        _check_same("parameter", expected_params, params)
        _check_same("state", expected_state, state or {})

    def forward(self, x: Any, *, training: bool = False, key: Any = 0) -> Array:
        """The output for `x` with the module's own numbers; what `backward` needs is kept.

        Parameters
        ----------
        x : array-like, shape (rows, ...)
        training : bool
            As in `apply`; running statistics are updated only then.
        key : Key or int
        """
        return self._forward(x, self.params, training, key)

    def backward(self, dy: Any) -> Array:
        """The gradient with respect to the input of the last `forward`; that of each parameter is left in `grads`.

        Parameters
        ----------
        dy : array-like
            Gradient of the loss with respect to the output of the last `forward`, of its shape.

        Raises
        ------
        ModelError
            `forward` was not called before.
        ShapeError
            `dy` has another shape than the output.
        """
        if self._trace is None:
            raise ModelError(f"{type(self).__name__}.backward needs a forward(x) of the same module before it.")
        out, entry, leaves = self._trace
        dy = np.asarray(dy, dtype=np.float64)
        if dy.shape != ops.shape(out):
            raise ShapeError(
                f"{type(self).__name__}.backward: dy has shape {dy.shape}, the output of forward had {ops.shape(out)}."
            )
        wanted = [entry, *leaves.values()]
        if isinstance(out, Value) and out.requires_grad:
            dx, *grads = (np.array(g) for g in graph.pull_back(out, dy, wanted, False))
        else:
            dx, *grads = (np.zeros(v.shape) for v in wanted)
        self._take_grads(dict(zip(leaves, grads, strict=True)))
        return dx

    def _forward(self, x: Any, params: Mapping[str, Array], training: bool, key: Any) -> Array:
        x = np.asarray(plain(x))
        if x.dtype.kind not in "fiub":
            raise ModelError(f"{type(self).__name__}.forward takes real numbers, not {x.dtype}.")
        entry = Tensor(x if x.dtype == np.float32 else x.astype(np.float64), requires_grad=True)
        leaves = {name: Tensor(array, requires_grad=True) for name, array in params.items()}
        with linking():
            out, state = self(leaves, self.state, entry, key, training)
        self._trace = (out, entry, leaves)
        self._take({}, state, only_missing=False)
        return np.array(plain(out))

    # ---- where the own numbers are kept: each module has those of its own parameters
    def _draw(self) -> None:
        """Draw the numbers that are not there yet: the outermost network does it, since names and places are its own."""
        if self._params is None:
            outermost = self
            while outermost._owner is not None:
                outermost = outermost._owner
            outermost._take(*outermost.init(0), only_missing=True)

    def _take(self, params: Mapping[str, Any], state: Mapping[str, Any] | None, only_missing: bool) -> None:
        for name, child in self.children.items():
            child._take(Part(params, f"{name}."), None if state is None else Part(state, f"{name}."), only_missing)
        if only_missing and self._params is not None:
            return
        parts = tuple(f"{name}." for name in self.children)
        if own := _own(params, parts):
            self._params = {name: x if x.dtype.kind == "f" else x.astype(np.float64) for name, x in own.items()}
        elif self._params is None:
            self._params = {}
        if state is not None:
            self._state = _own(state, parts)

    def _take_grads(self, grads: Mapping[str, Array]) -> None:
        for name, child in self.children.items():
            child._take_grads(Part(grads, f"{name}."))
        parts = tuple(f"{name}." for name in self.children)
        self._grads = {name: g for name, g in grads.items() if not name.startswith(parts)} if parts else dict(grads)

    def _gathered(self, of_child: Callable[[Module], Numbers]) -> Numbers:
        return {
            f"{name}.{inner}": array
            for name, child in self.children.items()
            for inner, array in of_child(child).items()
        }


def _own(numbers: Mapping[str, Any], parts: tuple[str, ...]) -> Numbers:
    """Writable copies of the entries that belong to no child."""
    return {name: np.array(plain(x)) for name, x in numbers.items() if not parts or not name.startswith(parts)}


def _check_same(what: str, expected: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    if not isinstance(given, Mapping):
        raise ModelError(
            f"the numbers of a network are a mapping of names to arrays, as init() returned or safetensors.numpy.load_file "
            f"reads, not {type(given).__name__}."
        )
    for name, array in expected.items():
        if name not in given:
            raise missing(name, given)
        if (kind := np.asarray(plain(given[name])).dtype).kind not in "fiub":
            raise ModelError(f"{what} '{name}' must hold real numbers, not {kind}.")
        if np.shape(plain(given[name])) != array.shape:
            raise ModelError(
                f"these numbers are of another model: {what} '{name}' has shape {np.shape(plain(given[name]))}, "
                f"this network's has {array.shape}."
            )
    if extra := [name for name in given if name not in expected]:
        raise ModelError(f"these numbers are of another model: this network has no {what} '{extra[0]}'.")


def plain(x: Any) -> Any:
    """The array behind a Tensor; anything else as it is."""
    return x._data if isinstance(x, Value) else x


def settled(x: Any) -> Any:
    """A new value of a state: a constant to differentiation, and a plain array unless a recording follows it."""
    constant = apply(p.stop_gradient, x)
    return constant if scope.recorder is not None else np.asarray(plain(constant))
