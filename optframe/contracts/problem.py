"""A problem: a loss to minimize, the start of the runs, and the metrics of a result."""

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
from optframe.contracts.layout import Layout
from optframe.contracts.sampler import Indices
from optframe.errors import PluginError

__all__ = ["Function", "Problem", "Setting", "StochasticProblem", "layout_of"]


@dataclass(frozen=True)
class Setting:
    """What a problem is bound to: backend, dtype, the seed of its random constants, and data.

    ``dataset`` loads a data set by its name, or by name and parameters (``"digits:split=1"``).
    """

    backend: Backend
    dtype: str
    seed: np.random.SeedSequence
    dataset: Callable[[str], Dataset]


class Problem(ABC):
    """The base class of `Function` and `StochasticProblem`; a frozen dataclass of parameters.

    A problem that is bound to a `Setting` computes on its backend through ``self.xp``. It makes its
    constants with ``self.asarray``, best in a ``functools.cached_property``. An unbound problem
    computes with NumPy.

    Optimizers may use any public method that a problem defines. For θ of shape (..., P) these
    methods return: ``hessian(theta)`` (..., P, P), ``hvp(theta, v)`` (..., P),
    ``partial(theta, i)`` (...), ``coordinate_minimum(theta, i)`` (...), ``prox(theta, t)`` and
    ``project(theta)`` (..., P), and ``per_sample(theta, batch)`` (..., B, P). A problem whose loss
    is c·‖r(θ)‖² may define ``residuals(theta)`` r (..., m) and ``jacobian(theta)`` ∂r/∂θ (..., m,
    P). The constant c > 0 is the problem's choice, ½ or 1: what uses them must not depend on it.
    """

    dtype: ClassVar[str] = "float64"
    """The precision of runs, unless the study sets another one."""

    vectorized: ClassVar[bool] = True
    """Whether θ may have leading run axes."""

    copies: ClassVar[bool] = True
    """Whether its methods get copies of θ, and their answers are copied and checked.

    Set it to False, to save the time of the copies, if no method keeps or overwrites the θ that it
    gets, or changes an array that it has returned.
    """

    quadratic: ClassVar[bool] = False
    """Whether the loss is a quadratic function, so that its Hessian is constant."""

    draws_start: ClassVar[bool] = False
    """Whether `start` depends on its generator."""

    @property
    def title(self) -> str:
        """What results call an object that was made in Python; by default, by its class."""
        return type(self).__name__

    @property
    def draws_instance(self) -> bool:
        """Whether it draws constants (a rotation, for example) from `instance_random`."""
        return False

    @property
    def draws_batch(self) -> bool:
        """Whether each step draws something: a minibatch of records, noise, or both."""
        return False

    @property
    @abstractmethod
    def size(self) -> int:
        """P, the number of parameters."""

    @property
    def minimum(self) -> float | None:
        """f*, the least possible loss; None if it is not known."""
        return None

    @property
    def knows_minimum(self) -> bool:
        """Whether `minimum` is known.

        Override it if `minimum` takes long to compute: plans use only this property.
        """
        return self.minimum is not None

    @property
    def minimizer(self) -> Any | None:
        """A point θ* with the loss f*, shape (P,); None if it is not known."""
        return None

    @abstractmethod
    def start(self, random: np.random.Generator) -> Any:
        """Return θ₀ of shape (P,): the start in the literature if there is one, else a draw."""

    def random_start(self, random: np.random.Generator) -> Any:
        """Return the start for ``start = "random"``: by default `start` plus N(0, 1) noise."""
        return np.asarray(self.start(random)) + random.standard_normal(self.size)

    @abstractmethod
    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Return what a checkpoint measures at θ (..., P): values of shape (...), by name.

        ``loss`` is required; it is the loss over all the data. If a metric's name ends in
        ``accuracy``, higher values are better; for all other metrics, lower values are better.
        """

    def layout(self) -> Layout:
        """Return the blocks of θ in order: by default one ``parameter`` of shape (P,).

        A model with weights and biases overrides it. The sum of the blocks' sizes is P.
        """
        return Layout.single(self.size)

    def work(self, word: str) -> float | None:
        """Return what an answer over all the data costs, in gradients; None for the usual price.

        ``word`` is the method that the oracle calls (``"hessian"``). Override it if the problem
        computes something much cheaper or dearer than `optframe.contracts.counts.PRICES` assumes.
        """
        return None

    @property
    def shown(self) -> Mapping[str, str]:
        """Parameters that the label of an object made in Python shows, though it has no table.

        For example, that the gradient is approximated: every table and figure then says so.
        """
        return {}

    def offers(self) -> frozenset[str]:
        """Return the names of the public methods that the problem defines."""
        methods = {name for name in dir(type(self)) if callable(getattr(type(self), name))}
        methods |= {name for name, value in vars(self).items() if callable(value)}
        return frozenset(name for name in methods - {*dir(Problem)} if not name.startswith("_"))

    def bind(self, setting: Setting) -> Self:
        """Return a copy of the problem that is bound to this setting."""
        bound = dataclasses.replace(self)  # type: ignore[type-var]
        bound.__dict__["setting"] = setting
        return bound

    @cached_property
    def setting(self) -> Setting | None:
        """The setting that the problem is bound to; None if it is unbound."""
        return None

    @cached_property
    def xp(self) -> Any:
        """The array namespace of the backend; NumPy if the problem is unbound."""
        return np if self.setting is None else self.setting.backend.xp

    def asarray(self, values: Any) -> Array:
        """Return floating-point constants as an array on the device, in the run's dtype."""
        if self.setting is None:
            array = np.asarray(values, self.dtype)
        else:
            array = self.setting.backend.asarray(values, self.setting.dtype)
        if isinstance(array, np.ndarray):
            array = array.view()  # trials share it, so it must not be written to
            array.flags.writeable = False
        return array

    def instance_random(self) -> np.random.Generator:
        """Return the generator for random constants, with the same draws after every call."""
        return np.random.default_rng(0 if self.setting is None else self.setting.seed)


class Function(Problem):
    """A problem without data and noise: f(θ) with its gradient ∇f(θ).

    For θ of shape (..., P), `loss` has shape (...) and `gradient` has shape (..., P). The metric
    ``loss`` is f(θ).
    """

    @abstractmethod
    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""

    @abstractmethod
    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return f(θ) and ∇f(θ); override this if they share work."""
        return self.loss(theta), self.gradient(theta)

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Return the loss."""
        return {"loss": self.loss(theta)}


class StochasticProblem(Problem):
    """A problem whose steps draw something: a minibatch of its records, noise, or both.

    `draw` makes the step's ``batch`` once per step. It contains everything that the step draws:
    `loss` and `gradient` draw nothing themselves, so that all evaluations within a step are
    consistent.
    """

    deterministic: ClassVar[bool] = True
    """Whether a batch of all the data is always the same (no noise, no dropout)."""

    @property
    def draws_batch(self) -> bool:
        """True; a transform of a function returns False and is called without a batch."""
        return True

    @property
    @abstractmethod
    def records(self) -> int | None:
        """The number of training records; None for noise without data."""

    def groups(self, by: str) -> NDArray[Any] | None:
        """Return the group of each training record, shape (n,) on the host, for samplers.

        ``by`` is the kind of group: ``"class"`` or ``"subject"``. The result is None if the problem
        has no such groups.
        """
        return None

    @abstractmethod
    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Any:
        """Return the step's batch: the records with these indices, and the step's noise.

        ``indices`` is None if the problem has no records. ``random`` is None if nothing may be
        drawn, as in an evaluation over all the data.
        """

    @abstractmethod
    def loss(self, theta: Array, batch: Any) -> Array:
        """Return the batch's loss at θ, shape (...)."""

    @abstractmethod
    def gradient(self, theta: Array, batch: Any) -> Array:
        """Return the gradient of the batch's loss at θ, shape (..., P)."""

    def loss_and_gradient(self, theta: Array, batch: Any) -> tuple[Array, Array]:
        """Return the loss and its gradient; override this if they share work."""
        return self.loss(theta, batch), self.gradient(theta, batch)


def layout_of(problem: Problem) -> Layout:
    """Return the problem's layout, after a check that its blocks cover θ.

    Raises
    ------
    PluginError
        If they do not, or it is no `Layout`.
    """
    layout, who = problem.layout(), f"{type(problem).__name__}.layout()"
    if not isinstance(layout, Layout):
        raise PluginError(f"{who} returns {layout!r:.60}; expected an optframe.Layout")
    if layout.size != problem.size:
        raise PluginError(
            f"{who} has blocks of {layout.size} numbers in all; expected size = {problem.size}"
        )
    return layout
