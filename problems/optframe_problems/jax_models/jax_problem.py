"""`JaxProblem`: a loss that is written in JAX, with any optimizer."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Function, Indices, Layout, Problem, Setting, StochasticProblem
from optframe_problems.data_loading.parts import PARTS
from optframe_problems.jax_models.given import Given

if TYPE_CHECKING:
    from optframe_problems.jax_models.compiled import Compiled, JaxBatch
    from optframe_problems.jax_models.traceable import Traceable

__all__ = ["JaxFunction", "JaxLearning", "JaxProblem"]


class JaxProblem(Problem):
    """A loss that is written in JAX, as a function of a pytree; with data, its mean over records.

    θ, of shape (P,), has the leaves one after the other, in JAX's order. The gradient, products
    with the Hessian, the Hessian and the gradients of the records are JAX's. Each answer is
    compiled once for each shape and precision, before the clock starts. Double precision needs no
    setting of JAX: both precisions work in one process.

    Parameters
    ----------
    loss
        Without data, ``loss(params)``. With data, ``loss(params, inputs, targets)``, the mean over
        the records: the arrays of ``data`` follow the parameters. If it has an argument ``key``, or
        one more argument than that, it draws noise from this key, which follows from the run's
        seed: the same in all answers of a step. A checkpoint gives ``key=None``: no noise.
    params
        A pytree of arrays of float32 or float64, from which all runs start; or a function of a key
        that makes one: it draws the starts.
    data
        The training records: a tuple of arrays with n records along their first axes. Minibatches
        come from the study's sampler. Numbers get the precision of the run, and whole numbers stay
        what they are. Without data, the problem is a function.
    test, validation
        Records as ``data``, or a share of it that is split off, with equal shares of the classes.
    metrics
        Functions of what the loss takes (without a key) that return one number, by name: what a
        checkpoint measures beside the loss.

    Raises
    ------
    UsageError
        If a leaf is not float32 or float64, the loss returns no number, keeps traced values, or
        draws from other generators than its key's, or data is empty, not finite or of different
        lengths.
    UnavailableError
        If JAX is not installed.

    Examples
    --------
    >>> import jax.numpy as jnp, optframe
    >>> problem = optframe.JaxProblem(lambda p: jnp.sum((p["x"] - 1) ** 2), {"x": jnp.zeros(2)})
    >>> result = optframe.minimize(problem, "sgd:lr=0.5", steps=1)
    >>> result.apply()["x"].tolist()
    [1.0, 1.0]
    """

    _given: Given

    copies = False

    def __new__(cls, loss: Any = None, params: Any = None, data: Any = None, **_: Any) -> Any:
        """Return a `Function`, or with data a `StochasticProblem`."""
        if cls is not JaxProblem:
            return object.__new__(cls)
        return object.__new__(JaxFunction if data is None else JaxLearning)

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if cls.__module__ != __name__:
            raise TypeError(
                f"{cls.__name__}: JaxProblem has no subclasses; write a function that returns one"
            )

    def __init__(
        self,
        loss: Callable[..., Any],
        params: Any,
        data: Any = None,
        *,
        test: Any = None,
        validation: Any = None,
        metrics: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self._given = Given(loss, params, data, test, validation, dict(metrics or {}))

    def __reduce__(self) -> tuple[Any, ...]:
        return object.__new__, (type(self),), {"_given": self._given}

    def __repr__(self) -> str:
        return f"JaxProblem({self._given.name})"

    @property
    def title(self) -> str:
        """The name of the loss, where it has one that says something."""
        name = self._given.name
        return "JaxProblem" if name in ("<lambda>", "loss", "loss_fn", "partial") else name

    @property
    def known_failures(self) -> Mapping[str, str]:
        """The kit's checks that fail for good reasons."""
        found = {}
        if self._given.parts and not self._given.is_mean:
            reason = "the loss of a batch is no mean over its records"
            found["minibatches-average-to-the-whole"] = reason
        if self._given.loss.wants is not None:
            reason = "JAX draws other numbers from the same key in double precision"
            found["gradient-is-the-same-in-single-precision"] = reason
        try:
            pickle.dumps(self)
        except (pickle.PicklingError, AttributeError, TypeError):
            found["pickles"] = "it holds what cannot be pickled; workers make it by its name"
        return found

    @property
    def dtype(self) -> str:  # type: ignore[override]
        """``float32`` if a leaf is that, else ``float64``."""
        return self._given.tree.dtype

    @property
    def draws_start(self) -> bool:  # type: ignore[override]
        """Whether ``params`` is a function that draws."""
        return self._given.tree.draws_start

    @property
    def size(self) -> int:
        """P, the number of parameters."""
        return sum(self._given.tree.sizes)

    def layout(self) -> Layout:
        """Return the blocks of θ: the leaves, by their paths such as ``layers.0.w``."""
        return self._given.tree.layout

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return the parameters, or those that the function makes of a key."""
        return self._given.tree.start(random.integers(2**32, size=2, dtype=np.uint32))

    def random_start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return the start where it is drawn, else the parameters plus N(0, 1) noise."""
        return self.start(random) if self.draws_start else super().random_start(random)

    def apply(self, theta: Array, params: Any = None) -> Any:
        """Return θ as a pytree like ``params``, by default like the problem's own.

        Each leaf is an array of the library and precision that the leaf has there.
        """
        home = self.setting
        host = theta if home is None else home.backend.to_numpy(theta)  # of a result: NumPy's
        return self._given.tree.apply(np.asarray(host), params)

    def offers(self) -> frozenset[str]:
        """Return the words of the oracle that it answers."""
        return super().offers() - {"apply", "traceable"}

    def bind(self, setting: Setting) -> Self:
        """Return a problem of the same loss and data in this setting."""
        bound = object.__new__(type(self))
        bound.__dict__.update(_given=self._given, setting=setting)
        return bound

    def traceable(self) -> Traceable:
        """Return the loss for a compilation that an optimizer written in JAX shares with it."""
        from optframe_problems.jax_models.traceable import Traceable

        compiled = self._compiled

        def shorter(*batch: JaxBatch) -> tuple[Any, ...] | None:
            found = compiled.shorter(*batch) if batch else None
            return None if found is None else found.arguments

        return Traceable(
            compiled.value_of_blocks, _arguments, shorter, compiled.dtype, compiled.device
        )

    @cached_property
    def _compiled(self) -> Compiled:
        home = self.setting
        backend, dtype = (None, self.dtype) if home is None else (home.backend, home.dtype)
        return self._given.compiled(backend, dtype)


class JaxFunction(JaxProblem, Function):
    """A `JaxProblem` without data."""

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self._compiled("loss", None, theta)

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self._compiled("gradient", None, theta)

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from one evaluation."""
        return self._compiled("loss_and_gradient", None, theta)  # type: ignore[no-any-return]

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        return self._compiled("hvp", None, theta, v)

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        return self._compiled("hessian", None, theta)

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Return the loss and the metrics."""
        return self._compiled("measure", None, theta)  # type: ignore[no-any-return]


class JaxLearning(JaxProblem, StochasticProblem):
    """A `JaxProblem` with data."""

    @property
    def deterministic(self) -> bool:  # type: ignore[override]
        """Whether the loss takes no key."""
        return self._given.loss.wants is None

    @property
    def records(self) -> int:
        """The number of training records."""
        return len(self._given.parts["train"][-1])

    def groups(self, by: str) -> NDArray[Any] | None:
        """Return each training record's ``class``, where the last array has whole numbers."""
        targets = self._given.parts["train"][-1]
        whole = targets.ndim == 1 and targets.dtype.kind in "iu"
        return targets if by == "class" and whole else None

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> JaxBatch:
        """Return the training records with these indices, and the key of the step's noise."""
        words, runs, size = None, False, self.records
        if random is not None and not self.deterministic:
            words = random.integers(2**32, size=2, dtype=np.uint32)
        if indices is None or (isinstance(indices, slice) and indices == slice(None)):
            records = self._whole["train"]
        elif isinstance(indices, slice):
            records = tuple(part[indices] for part in self._rows)
            size = len(records[-1])
        else:
            runs, size = indices.ndim > 1, indices.shape[-1]
            if self._compiled.shares_device:
                records = self._compiled.rows(self._rows, indices)
            else:
                records = tuple(part.take(indices, axis=0) for part in self._rows)
        return self._batch(records, words, size, runs)

    def loss(self, theta: Array, batch: JaxBatch) -> Array:
        """Return the batch's loss, shape (...)."""
        return self._answer("loss", batch, theta)

    def gradient(self, theta: Array, batch: JaxBatch) -> Array:
        """Return the gradient of the batch's loss, shape (..., P)."""
        return self._answer("gradient", batch, theta)

    def loss_and_gradient(self, theta: Array, batch: JaxBatch) -> tuple[Array, Array]:
        """Return both from one evaluation."""
        return self._answer("loss_and_gradient", batch, theta)  # type: ignore[no-any-return]

    def hvp(self, theta: Array, v: Array, batch: JaxBatch) -> Array:
        """Return the Hessian of the batch's loss times v, shape (..., P)."""
        return self._answer("hvp", batch, theta, v)

    def hessian(self, theta: Array, batch: JaxBatch) -> Array:
        """Return the Hessian of the batch's loss, shape (..., P, P)."""
        return self._answer("hessian", batch, theta)

    def per_sample(self, theta: Array, batch: JaxBatch) -> Array:
        """Return the gradient of each record's loss, shape (..., B, P)."""
        return self._answer("per_sample", batch, theta)

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure θ on all training, validation and test records, without noise.

        The names are ``loss`` and those of the metrics; ``validation_`` and ``test_`` come before
        them for these parts. A part without records has no metrics.
        """
        values: dict[str, Array] = {}
        for name, records in self._whole.items():
            batch = self._batch(records, None, len(records[-1]))
            found = self._compiled("measure", batch, theta)
            values.update((PARTS[name] + metric, value) for metric, value in found.items())
        return values

    def offers(self) -> frozenset[str]:
        """Return the words; ``per_sample`` only if a batch's loss is the mean of the records'."""
        separable = self.deterministic and self._given.is_mean
        return super().offers() - (frozenset() if separable else {"per_sample"})

    def _answer(self, word: str, batch: JaxBatch, *points: Array) -> Any:
        return self._compiled(word, batch, *points)

    @cached_property
    def _rows(self) -> tuple[Any, ...]:
        """The training records, where minibatches are taken from."""
        if self._compiled.shares_device:
            return self._whole["train"]
        return self._compiled.host(self._given.parts["train"])

    @cached_property
    def _whole(self) -> dict[str, tuple[Any, ...]]:
        """The records of each part, on the device."""
        compiled = self._compiled
        parts = self._given.parts
        return {
            name: compiled.on_device(compiled.host(parts[name])) for name in PARTS if name in parts
        }

    @cached_property
    def _batch(self) -> type[JaxBatch]:
        from optframe_problems.jax_models.compiled import JaxBatch

        return JaxBatch


def _arguments(*batch: JaxBatch) -> tuple[Any, ...]:
    return batch[0].arguments if batch else ()
