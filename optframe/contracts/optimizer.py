"""An optimizer: computes the next θ, one step at a time, with an explicit state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from optframe.contracts.backend import Array
from optframe.contracts.search import Search
from optframe.contracts.space import Space

if TYPE_CHECKING:
    from optframe.contracts.layout import Layout
    from optframe.contracts.oracle import Oracle

__all__ = ["Optimizer", "Solver", "Wrapper", "all_of"]


class Optimizer(ABC):
    """Computes the next θ with `step`; a frozen dataclass whose fields are hyperparameters.

    The state is explicit: `init` returns it, and each `step` takes it and returns the next one. It
    is None or a dataclass of numbers and arrays (or `dump` makes such data of it); arrays have the
    run axes first. θ and state may be overwritten. Everything else is read-only, the oracle's
    answers included. A step does not loop to convergence, print, log or measure time.

    ``needs``, ``vectorized``, ``resumable`` and ``random`` are read from the object, so that they
    may be properties. ::

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
    """Whether what `dump` returns can be saved and restored."""

    random: ClassVar[bool] = False
    """Whether it draws from ``oracle.random``, so that seeds differ on a fixed problem."""

    spaces: ClassVar[Mapping[str, Space]] = {}
    """The usual space of its fields, by the fields' names in a study, with its source (see
    `optframe.Space`). The order is that in which they are tuned."""

    def requires(self) -> frozenset[str]:
        """Return what this instance needs: ``needs``, and what its searches and optimizers need."""
        held = list(vars(self).values())
        searches = (value.needs for value in held if isinstance(value, Search))
        inside = (value.requires() for value in held if isinstance(value, Optimizer))
        return self.needs.union(*searches, *inside)

    def refusal(self, layout: Layout) -> str | None:
        """Return why it cannot run on a problem with these blocks; by default None: it can.

        The trial is then skipped with this reason.
        """
        return None

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

    def dump(self, state: Any) -> Any:
        """Return a state as plain data, from which `load` makes it again; by default the state.

        Plain data is numbers, texts, None, arrays (NumPy's or the backend's), and lists, tuples,
        dicts with texts as keys, and dataclasses of these. It may share arrays with the state: it
        is copied or written at once. Define both methods if the state contains anything else, such
        as an object of another library.
        """
        return state

    def load(self, theta: Array, plain: Any, oracle: Oracle) -> Any:
        """Return the state that `dump` made this plain data of; by default the plain data.

        ``theta`` are the parameters after the last step, shape (..., P). ``plain`` is handed over.
        ``oracle`` tells about the problem (``layout``, ``xp``); ask it for no evaluation. If runs
        have left a batch, θ and the arrays of the plain data have fewer runs.
        """
        return plain


class Wrapper(Optimizer):
    """An optimizer around another one, which is in the field ``optimizer``.

    It may change the gradients that the inner optimizer gets (`Oracle.through`) or the θ that it
    returns. In a study: ``wrap = [{ name = "clip-norm", max = 1.0 }]``, or
    ``adam+clip-norm:max=1``.
    """

    optimizer: Optimizer

    def refusal(self, layout: Layout) -> str | None:
        """Return the inner optimizer's `Optimizer.refusal`."""
        return self.optimizer.refusal(layout)

    def init(self, theta: Array, oracle: Oracle) -> Any:
        """Return the inner optimizer's state."""
        return self.optimizer.init(theta, oracle)

    def solution(self, theta: Array, state: Any) -> Array:
        """Return the inner optimizer's `Optimizer.solution`."""
        return self.optimizer.solution(theta, state)

    def dump(self, state: Any) -> Any:
        """Return the inner optimizer's `Optimizer.dump`.

        A wrapper with a state of its own, which contains the inner one, defines `dump` and `load`
        and passes the inner state through those of the inner optimizer.
        """
        return self.optimizer.dump(state)

    def load(self, theta: Array, plain: Any, oracle: Oracle) -> Any:
        """Return the inner optimizer's `Optimizer.load`."""
        return self.optimizer.load(theta, plain, oracle)


def all_of(optimizer: Optimizer | Solver) -> Iterator[Optimizer | Solver]:
    """Yield an optimizer, and the optimizers in its fields, in theirs and so on."""
    yield optimizer
    for value in vars(optimizer).values():
        if isinstance(value, Optimizer):
            yield from all_of(value)


class Solver(ABC):
    """An optimizer with its own loop (SciPy, a C library); a frozen dataclass.

    Its fields are its parameters. The class attributes are those of `Optimizer`.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"gradient"})
    vectorized: ClassVar[bool] = False
    resumable: ClassVar[bool] = False
    random: ClassVar[bool] = False
    spaces: ClassVar[Mapping[str, Space]] = {}

    def requires(self) -> frozenset[str]:
        """Return what this instance needs: by default ``needs``."""
        return self.needs

    def refusal(self, layout: Layout) -> str | None:
        """Return why it cannot run on a problem with these blocks; by default None: it can.

        The trial is then skipped with this reason.
        """
        return None

    @abstractmethod
    def minimize(self, theta: Array, oracle: Oracle, report: Callable[[Array], bool]) -> Array:
        """Run to the end and return the last θ.

        Parameters
        ----------
        theta
            The start, of shape (P,).
        oracle
            Evaluates and counts, as for an optimizer. A step is the time between two reports. Once
            a budget of gradients, work or seconds is spent, it ends the run inside a step: in place
            of an answer it raises an exception that is no `Exception`. Let it through. This step
            has then moved nothing.
        report
            Call it with each iterate. It returns False when the run should end: then return. If the
            library has no way to stop, raise `StopIteration`; the run then ends normally.
        """
