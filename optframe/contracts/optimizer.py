"""An optimizer: computes the next θ, one step at a time, with an explicit state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from optframe.contracts.backend import Array
from optframe.contracts.search import Search

if TYPE_CHECKING:
    from optframe.contracts.oracle import Oracle

__all__ = ["Optimizer", "Solver", "Wrapper"]


class Optimizer(ABC):
    """Computes the next θ with `step`; a frozen dataclass whose fields are hyperparameters.

    The state is explicit: `init` returns it, and each `step` takes it and returns the next one. It
    is None or a dataclass of numbers and arrays; arrays have the run axes first. θ and state may be
    overwritten. Everything else is read-only, the oracle's answers included. A step does not loop
    to convergence, print, log or measure time. ::

        @dataclass(frozen=True)
        class GradientDescent(Optimizer):
            lr: Positive = 0.01

            def step(self, theta, state, oracle):
                return theta - self.lr * oracle.gradient(theta), state
    """

    needs: ClassVar[frozenset[str]] = frozenset({"gradient"})
    """The oracle methods and conditions that it uses (see `optframe.Oracle`). If a problem does not
    support one of them, the trial is skipped with that reason."""

    vectorized: ClassVar[bool] = True
    """Whether θ may have leading run axes. A line search, for example, does one run at a time."""

    resumable: ClassVar[bool] = True
    """Whether its state consists of numbers and arrays, so that it can be saved and restored."""

    random: ClassVar[bool] = False
    """Whether it draws from ``oracle.random``, so that seeds differ on a fixed problem."""

    def requires(self) -> frozenset[str]:
        """Return what this instance needs: by default ``needs`` and the needs of its searches."""
        searches = (value for value in vars(self).values() if isinstance(value, Search))
        return self.needs.union(*(search.needs for search in searches))

    def init(self, theta: Array, oracle: Oracle) -> Any:
        """Return the state before the first step; by default None."""
        return None

    @abstractmethod
    def step(self, theta: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Return the next θ and the next state.

        The next θ has the shape (..., P) and the dtype of ``theta``.
        """

    def solution(self, theta: Array, state: Any) -> Array:
        """Return the point that checkpoints measure; by default θ, for averaging the average."""
        return theta

    def invariances(self) -> frozenset[str]:
        """Declare which changes of the problem change nothing but the names; by default none.

        Of ``"rotation"`` (of θ), ``"parameter scale"`` (another unit for each parameter) and
        ``"loss scale"`` (the loss times a positive number). `optframe.testing` checks them.
        """
        return frozenset()

    def displacement(self, gradient: Array, steps: int) -> Array | None:
        """Return θ after so many steps with one constant gradient, minus θ before, by a formula.

        By default None: there is none. `optframe.testing` holds the steps against it.
        """
        return None


class Wrapper(Optimizer):
    """An optimizer around another one, which is in the field ``optimizer``.

    It may change the gradients that the inner optimizer gets (`Oracle.through`) or the θ that it
    returns. In a study: ``wrap = [{ name = "clip-norm", max = 1.0 }]``, or
    ``adam+clip-norm:max=1``.
    """

    optimizer: Optimizer

    def requires(self) -> frozenset[str]:
        """Return what this wrapper and the inner optimizer need."""
        return self.needs | self.optimizer.requires()

    def init(self, theta: Array, oracle: Oracle) -> Any:
        """Return the inner optimizer's state."""
        return self.optimizer.init(theta, oracle)

    def solution(self, theta: Array, state: Any) -> Array:
        """Return the inner optimizer's `Optimizer.solution`."""
        return self.optimizer.solution(theta, state)


class Solver(ABC):
    """An optimizer with its own loop (SciPy, a C library); a frozen dataclass.

    Its fields are its parameters. The class attributes are those of `Optimizer`.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"gradient"})
    vectorized: ClassVar[bool] = False
    resumable: ClassVar[bool] = False
    random: ClassVar[bool] = False

    def requires(self) -> frozenset[str]:
        """Return what this instance needs: by default ``needs``."""
        return self.needs

    @abstractmethod
    def minimize(self, theta: Array, oracle: Oracle, report: Callable[[Array], bool]) -> Array:
        """Run to the end and return the last θ.

        Parameters
        ----------
        theta
            The start, of shape (P,).
        oracle
            Evaluates and counts, as for an optimizer. A step is the time between two reports.
        report
            Call it with each iterate. It returns False when the run should end: then return. If the
            library has no way to stop, raise `StopIteration`; the run then ends normally.
        """
