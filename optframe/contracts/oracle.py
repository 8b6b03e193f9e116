"""The oracle: evaluates a problem for an optimizer within one step, and counts the evaluations.

`Optimizer.needs` contains names of the problem's public methods (``gradient``, ``hessian``,
``hvp``, ``partial``, ``prox``, ...; plugins may add others) and names of these conditions, which
`offers` adds:

- ``deterministic``: every step sees the same loss (no minibatch, no noise);
- ``full``: the problem can compute the loss over all data, too, not only over the minibatch;
- ``quadratic``: the loss is quadratic in θ (the problem sets ``quadratic = True``);
- ``minimum``: f* is known;
- ``matrices``: every block of the layout is a matrix.

Every problem has a layout, so ``layout`` is no need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from optframe.contracts.backend import Array, Backend
from optframe.contracts.counts import PRICES, Counts, price
from optframe.contracts.layout import Layout
from optframe.contracts.problem import Problem, StochasticProblem, layout_of
from optframe.contracts.sampler import Sampler
from optframe.errors import one_line

__all__ = ["PRICES", "Counts", "Oracle", "offers", "price"]


def offers(problem: Problem, sampler: Sampler | None) -> frozenset[str]:
    """Return the methods and conditions that a problem supports with this sampler."""
    words = {*problem.offers(), "layout"}
    if not (isinstance(problem, StochasticProblem) and problem.draws_batch):
        words.add("deterministic")
    elif problem.records is not None:
        words.add("full")
        if sampler is not None and sampler.whole and problem.deterministic:
            words.add("deterministic")
    if problem.quadratic:
        words.add("quadratic")
    if problem.knows_minimum:
        words.add("minimum")
    if all(len(block.shape) == 2 for block in layout_of(problem)):
        words.add("matrices")
    return frozenset(words)


class Oracle:
    """Evaluates one problem on the minibatch and noise of the current step, and counts.

    All evaluations within a step use the same batch. θ has shape (..., P), or (..., C, P) with C
    candidates per run; each candidate counts as one evaluation. The returned arrays are read-only.

    ``xp`` is the array namespace of the backend, ``step`` the number of steps done, and ``counts``
    the evaluations so far.
    """

    def __init__(
        self,
        problem: Problem,
        backend: Backend,
        counts: Counts,
        random: Callable[[int], np.random.Generator],
        run_axes: int = 0,
    ) -> None:
        self.problem = problem
        self.backend = backend
        self.xp = backend.xp
        self.counts = counts
        self.step = 0
        self.stopped: str | None = None
        self._random = random
        self._generator: tuple[int, np.random.Generator] | None = None
        self._dimensions = run_axes + 1
        self._batch: tuple[Any, ...] = ()
        self._prices: dict[str, float] = {}
        self._all = 0
        if isinstance(problem, StochasticProblem) and problem.draws_batch:
            self._all = problem.records or 0
        self._weigh(self._all)
        self._loss: Any = getattr(problem, "loss", None)
        self._gradient: Any = getattr(problem, "gradient", None)
        self._passes: Callable[..., Array] | None = None
        self._wrap: Callable[[str, Any], Any] | None = None
        self._around: AbstractContextManager[Any] = nullcontext()
        self._first: Oracle | None = None
        self._layout: Layout | None = None

    def see(self, batch: Any, records: int | None = None) -> None:
        """Set the batch that evaluations use, and its number of records (None for all of them).

        The loop calls this once per step.
        """
        self._batch = (batch,)
        if records != self._records:
            self._weigh(self._all if records is None else records)

    def _weigh(self, records: int) -> None:
        """Charge evaluations from now on for this number of records."""
        self._records = records
        self._share = records / self._all if self._all else 1.0
        self._gradient_cost = self._cost("gradient")

    def _cost(self, word: str) -> float:
        """Return what one evaluation costs on the current batch, in gradients over all the data."""
        if word not in self._prices:
            self._prices[word] = price(self.problem, word)
        return self._prices[word] * self._share

    def _charge(self, word: str, theta: Array) -> int:
        """Add the work and the records of an evaluation; return the number of points per run."""
        each = self._each(theta)
        self.counts.work += each * self._cost(word)
        self.counts.records += each * self._records
        return each

    def watch(
        self, wrap: Callable[[str, Any], Any], around: AbstractContextManager[Any] | None = None
    ) -> None:
        """Call ``wrap(word, method)`` in place of each method, to time it or to check it.

        ``around`` is entered for evaluations that the optimizer makes itself (`counted`).
        """
        self._wrap, self._around = wrap, self._around if around is None else around
        self._loss, self._gradient = wrap("loss", self._loss), wrap("gradient", self._gradient)

    def _each(self, theta: Array) -> int:
        """Return the number of points in θ per run."""
        if theta.ndim == self._dimensions:
            return 1
        candidates: int = np.prod(theta.shape[self._dimensions - 1 : -1], dtype=int)
        return candidates

    def _count_partials(self, word: str, theta: Array) -> None:
        """Count 1/P of a gradient for each point.

        The sum is rounded to whole P-ths, because ten times 0.1 would be less than one gradient.
        """
        size, counts = self.problem.size, self.counts
        counts.gradients = (round(counts.gradients * size) + self._charge(word, theta)) / size

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        self.counts.losses += self._charge("loss", theta)
        return self._loss(theta, *self._batch)

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        counts = self.counts
        if theta.ndim != self._dimensions:
            counts.gradients += self._charge("gradient", theta)
            return self._gradient(theta, *self._batch)
        counts.gradients += 1  # as in `_charge`: this is in every step
        counts.work += self._gradient_cost
        if self._batch:  # a call with a star takes longer
            counts.records += self._records
            return self._gradient(theta, *self._batch)
        return self._gradient(theta)

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return f(θ) and ∇f(θ), which may share work; the work counts as one gradient."""
        each = self._charge("loss_and_gradient", theta)
        self.counts.losses += each
        self.counts.gradients += each
        loss, gradient = self._ask("loss_and_gradient")(theta, *self._batch)
        return loss, gradient if self._passes is None else self._passes(gradient, theta)

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        self.counts.hessians += self._charge("hessian", theta)
        return self._ask("hessian")(theta, *self._batch)

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        self.counts.hvps += self._charge("hvp", theta)
        return self._ask("hvp")(theta, v, *self._batch)

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        self._count_partials("partial", theta)
        return self._ask("partial")(theta, i, *self._batch)

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return the value of θᵢ that minimizes f with the others held, shape (...)."""
        self._count_partials("coordinate_minimum", theta)
        return self._ask("coordinate_minimum")(theta, i, *self._batch)

    def per_sample(self, theta: Array) -> Array:
        """Return the gradient of each record of the batch, shape (..., B, P)."""
        self.counts.gradients += self._charge("per_sample", theta)
        return self._ask("per_sample")(theta, *self._batch)

    @property
    def direct(self) -> bool:
        """Whether gradients reach the optimizer as the problem returns them.

        It is False if a function changes them (`through`).
        """
        return self._passes is None

    @contextmanager
    def counted(
        self, losses: int = 0, gradients: int = 0, hvps: int = 0
    ) -> Iterator[tuple[Any, ...]]:
        """Count evaluations that the caller makes itself in this context, on the step's batch.

        It is for a library that shares memory or a compilation with the problem::

            with oracle.counted(losses=1, gradients=1) as batch:
                loss = oracle.problem.backward(theta, *batch)

        ``batch`` is what the problem's methods take after θ: ``(batch,)``, or ``()`` if there is
        none. The numbers are those of one run. A loss and a gradient cost `loss_and_gradient`.

        Raises
        ------
        LookupError
            If a wrapper changes the gradients (`direct` is False).
        """
        if not self.direct:
            raise LookupError(
                "oracle.counted: a wrapper changes the gradients; ask oracle.gradient for them"
            )
        counts, both = self.counts, min(losses, gradients)
        asked = losses + gradients - both + hvps
        counts.losses += losses
        counts.gradients += gradients
        counts.hvps += hvps
        counts.records += asked * self._records
        for word, number in (
            ("loss_and_gradient", both),
            ("loss", losses - both),
            ("gradient", gradients - both),
            ("hvp", hvps),
        ):
            counts.work += number * self._cost(word)
        with self._around:
            yield self._batch

    def ask(self, word: str, *arguments: Any) -> Any:
        """Call any other method of the problem (``prox``, ``project``) by its name.

        Raises
        ------
        LookupError
            If the problem has no such method.
        """
        if word == "layout":
            return self.layout
        if self._cost(word):
            self._charge(word, arguments[0])
        method = self._ask(word)
        if not self.problem.copies:
            return method(*arguments, *self._batch)
        return self._copied(method(*map(self._copied, arguments), *self._batch))

    def _copied(self, value: Any) -> Any:
        """Return a copy of an array, and anything else as it is."""
        array = hasattr(value, "dtype") and value.shape != ()
        return self.xp.asarray(value, copy=True) if array else value

    @property
    def layout(self) -> Layout:
        """The blocks of θ in order, the same in all steps; one block of shape (P,) by default.

        Raises
        ------
        PluginError
            If the problem's blocks do not cover θ.
        """
        first = self._first or self
        if first._layout is None:
            first._layout = layout_of(self.problem)
        return first._layout

    @property
    def minimum(self) -> float:
        """f*, the least possible loss.

        Raises
        ------
        LookupError
            If the problem does not define it.
        """
        minimum = self.problem.minimum
        if minimum is None:
            raise LookupError(
                f"{type(self.problem).__name__} does not define its minimum; an optimizer that "
                "uses it must list 'minimum' in `needs`"
            )
        return minimum

    @property
    def full(self) -> Oracle:
        """An oracle that evaluates the problem on all the data; every record counts."""
        problem = self.problem
        if not isinstance(problem, StochasticProblem) or problem.records is None:
            return self
        other = self._like((self._ask("draw")(slice(None), None),), self._passes)
        other._weigh(self._all)
        return other

    @property
    def random(self) -> np.random.Generator:
        """The random generator of this run and step, for the optimizer's own draws."""
        if self._generator is None or self._generator[0] != self.step:
            self._generator = (self.step, self._random(self.step))
        return self._generator[1]

    def stop(self, reason: str) -> None:
        """End the run after this step; its status is then ``stopped``, with this reason."""
        self.stopped = one_line(reason)

    def through(self, gradient: Callable[..., Array], *, at: bool = False) -> Oracle:
        """Return an oracle that applies a function to each gradient g, and its θ if ``at``."""
        inner = self._passes
        outer: Callable[..., Array] = gradient if at else lambda g, theta: gradient(g)
        passes = outer if inner is None else lambda g, theta: outer(inner(g, theta), theta)
        return self._like(self._batch, passes)

    def _like(self, batch: tuple[Any, ...], passes: Callable[..., Array] | None) -> Oracle:
        """Return an oracle on another batch, with the same step, counts and random draws."""
        other = Oracle(
            self.problem, self.backend, self.counts, lambda _: self.random, self._dimensions - 1
        )
        other.step = self.step
        other._first = self._first or self
        other.stop = self.stop  # type: ignore[method-assign]
        other._batch = batch
        other._weigh(self._records)
        if self._wrap is not None:
            other.watch(self._wrap, self._around)
        if passes is not None:
            asked = other._gradient
            other._passes = passes
            other._gradient = lambda theta, *batch: passes(asked(theta, *batch), theta)
        return other

    def _ask(self, word: str) -> Any:
        method = getattr(self.problem, word, None)
        if method is None:
            raise LookupError(
                f"{type(self.problem).__name__} has no method {word!r}; an optimizer that calls it "
                f"must list it in `needs`"
            )
        return method if self._wrap is None else self._wrap(word, method)
