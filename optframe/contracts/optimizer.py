"""An optimizer: one step from θ to the next, and what it keeps in between."""

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
    """A frozen dataclass of hyperparameters with `init` and `step`.

    θ and state are handed over and may be overwritten; everything else, the oracle's answers
    included, is read-only. State is None or a dataclass of numbers and arrays, run axes first.
    A step never loops to convergence, prints, logs or times.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"gradient"})
    """What it asks of a problem, in the oracle's words; what is missing skips the trial."""

    vectorized: ClassVar[bool] = True
    """Whether θ may have leading run axes. Line searches, say, can only do one run at a time."""

    resumable: ClassVar[bool] = True
    """Whether its state is numbers and arrays that can be saved and restored."""

    random: ClassVar[bool] = False
    """Whether it draws from ``oracle.random``, so that its seeds differ on a fixed problem."""

    def requires(self) -> frozenset[str]:
        """Return what this instance needs; by default ``needs``, and those of its searches."""
        searches = (value for value in vars(self).values() if isinstance(value, Search))
        return self.needs.union(*(search.needs for search in searches))

    def init(self, theta: Array, oracle: Oracle) -> Any:
        """Return the state before the first step, by default None."""
        return None

    @abstractmethod
    def step(self, theta: Array, state: Any, oracle: Oracle) -> tuple[Array, Any]:
        """Return the next θ, of the same shape (..., P) and dtype, and the next state."""

    def solution(self, theta: Array, state: Any) -> Array:
        """Return what checkpoints measure, by default θ (averaging returns its average)."""
        return theta


class Wrapper(Optimizer):
    """An optimizer that holds another one in its field ``optimizer`` and changes what it sees.

    In a study: ``wrap = [{ name = "clip-norm", max = 1.0 }]``, or ``adam+clip-norm:max=1``.
    """

    optimizer: Optimizer

    def requires(self) -> frozenset[str]:
        """Return what this wrapper and the optimizer inside need."""
        return self.needs | self.optimizer.requires()

    def init(self, theta: Array, oracle: Oracle) -> Any:
        """Return the inner optimizer's state."""
        return self.optimizer.init(theta, oracle)

    def solution(self, theta: Array, state: Any) -> Array:
        """Return what the inner optimizer's checkpoints measure."""
        return self.optimizer.solution(theta, state)


class Solver(ABC):
    """A frozen dataclass for code that owns its loop (SciPy, a C library)."""

    needs: ClassVar[frozenset[str]] = frozenset({"gradient"})
    vectorized: ClassVar[bool] = False
    resumable: ClassVar[bool] = False
    random: ClassVar[bool] = False

    def requires(self) -> frozenset[str]:
        """Return what this instance needs; by default ``needs``."""
        return self.needs

    @abstractmethod
    def minimize(self, theta: Array, oracle: Oracle, report: Callable[[Array], bool]) -> Array:
        """Run to the end and return the last θ.

        Parameters
        ----------
        theta
            The start, of shape (P,).
        oracle
            Answers and counts, as for an optimizer; one "step" lasts from one report to the next.
        report
            Marks an iterate. It returns False when the budget is spent: then return. Where the
            library cannot be told to stop, raise `StopIteration`; it is taken as the end.
        """
