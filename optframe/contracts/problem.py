"""A problem: what is to be minimized, where runs start, and how a result is measured."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.backend import Array, Backend
from optframe.contracts.dataset import Dataset
from optframe.contracts.sampler import Indices

__all__ = ["Function", "Problem", "Setting", "StochasticProblem"]


@dataclass(frozen=True)
class Setting:
    """Where a problem lives: backend, dtype, the seed of what it draws, and where data is.

    ``dataset`` loads a data set by its name, or by name and parameters (``"digits:split=1"``).
    """

    backend: Backend
    dtype: str
    seed: np.random.SeedSequence
    dataset: Callable[[str], Dataset]


class Problem(ABC):
    """A frozen dataclass of a problem's parameters; `Function` or `StochasticProblem`.

    A problem that has been bound to a `Setting` computes on that backend through ``self.xp`` and
    makes its constants with ``self.asarray``, best in a ``functools.cached_property``. Unbound, it
    computes with NumPy.

    What else it offers is what it defines, by the oracle's words, with θ of shape (..., P):
    ``hessian(theta)`` (..., P, P), ``hvp(theta, v)`` (..., P), ``partial(theta, i)`` (...),
    ``coordinate_minimum(theta, i)`` (...), ``prox(theta, t)``, ``project(theta)``,
    ``per_sample(theta, batch)`` (..., B, P), ``layout()``.
    """

    dtype: ClassVar[str] = "float64"
    """The precision that runs use unless the study says otherwise."""

    vectorized: ClassVar[bool] = True
    """Whether θ may have leading run axes."""

    quadratic: ClassVar[bool] = False
    """Whether the loss is a quadratic function, so that its Hessian is constant."""

    draws_start: ClassVar[bool] = False
    """Whether `start` depends on its generator."""

    @property
    def draws_instance(self) -> bool:
        """Whether it draws constants of its own (a rotation, say) from `instance_random`."""
        return False

    @property
    def draws_batch(self) -> bool:
        """Whether a step sees a draw: a minibatch of records, noise, or both."""
        return False

    @property
    @abstractmethod
    def size(self) -> int:
        """P, the number of parameters."""

    @property
    def minimum(self) -> float | None:
        """f*, the least possible loss, where it is known."""
        return None

    @property
    def knows_minimum(self) -> bool:
        """Whether `minimum` is known, said without computing it (plans ask only this)."""
        return self.minimum is not None

    @property
    def minimizer(self) -> Any | None:
        """Where the minimum is reached, where it is known."""
        return None

    @abstractmethod
    def start(self, random: np.random.Generator) -> Any:
        """Return θ₀ of shape (P,): the literature's point where there is one, else a draw."""

    def random_start(self, random: np.random.Generator) -> Any:
        """Return a drawn start, for ``start = "random"``: the usual one plus N(0, 1) noise."""
        return np.asarray(self.start(random)) + random.standard_normal(self.size)

    @abstractmethod
    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure θ at a checkpoint; ``loss`` is what is being minimized, over all the data.

        A metric whose name ends in ``accuracy`` is better when it is higher, all others when they
        are lower.
        """

    def offers(self) -> frozenset[str]:
        """Return the oracle's words that it answers to: the public methods that it defines."""
        methods = {name for name in dir(type(self)) if callable(getattr(type(self), name))}
        methods |= {name for name, value in vars(self).items() if callable(value)}
        return frozenset(name for name in methods - {*dir(Problem)} if not name.startswith("_"))

    def bind(self, setting: Setting) -> Self:
        """Return the same problem, living in this setting."""
        bound = dataclasses.replace(self)  # type: ignore[type-var]
        bound.__dict__["setting"] = setting
        return bound

    @cached_property
    def setting(self) -> Setting | None:
        """Where the problem lives; None until it is bound."""
        return None

    @cached_property
    def xp(self) -> Any:
        """The array namespace."""
        return np if self.setting is None else self.setting.backend.xp

    def asarray(self, values: Any) -> Array:
        """Put floating-point constants on the device, in the run's dtype."""
        if self.setting is None:
            array = np.asarray(values, self.dtype)
        else:
            array = self.setting.backend.asarray(values, self.setting.dtype)
        if isinstance(array, np.ndarray):
            array = array.view()  # trials share it: nobody may write to it
            array.flags.writeable = False
        return array

    def instance_random(self) -> np.random.Generator:
        """Return the generator for constants that are drawn, the same one at every call."""
        return np.random.default_rng(0 if self.setting is None else self.setting.seed)


class Function(Problem):
    """A deterministic problem: ``loss(theta)`` (...) and ``gradient(theta)`` (..., P)."""

    @abstractmethod
    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""

    @abstractmethod
    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both; override where they share work."""
        return self.loss(theta), self.gradient(theta)

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure the loss."""
        return {"loss": self.loss(theta)}


class StochasticProblem(Problem):
    """A problem whose step sees a draw: a minibatch of its records, noise, or both.

    Problems are pure: everything that a step draws is in ``batch``, which `draw` makes once per
    step, so that all answers within a step are consistent.
    """

    deterministic: ClassVar[bool] = True
    """Whether a batch of all the data is always the same (no noise, no dropout)."""

    @property
    def draws_batch(self) -> bool:
        """Yes; a transform of a function says no, and is called without a batch."""
        return True

    @property
    @abstractmethod
    def records(self) -> int | None:
        """How many training records a sampler chooses from; None for noise without data."""

    def groups(self, by: str) -> NDArray[Any] | None:
        """Return the group of each training record, shape (n,) on the host, for samplers.

        ``by`` says of what kind: ``"class"``, ``"subject"``. None where that is not known.
        """
        return None

    @abstractmethod
    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Any:
        """Return the step's batch: the records with these indices, and the step's noise.

        ``random`` is None when the whole data is asked for and nothing may be drawn.
        """

    @abstractmethod
    def loss(self, theta: Array, batch: Any) -> Array:
        """Return the batch's loss at θ, shape (...)."""

    @abstractmethod
    def gradient(self, theta: Array, batch: Any) -> Array:
        """Return its gradient, shape (..., P)."""

    def loss_and_gradient(self, theta: Array, batch: Any) -> tuple[Array, Array]:
        """Return both; override where they share work."""
        return self.loss(theta, batch), self.gradient(theta, batch)
