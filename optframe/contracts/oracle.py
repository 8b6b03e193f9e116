"""The oracle: what an optimizer may ask of a problem within one step, counted.

The words of `Optimizer.needs` are an open vocabulary: the names of a problem's public methods
(``gradient``, ``hessian``, ``hvp``, ``partial``, ``prox``, ...) and these, which `offers` adds:

- ``deterministic``: every step sees the same loss (no minibatch, no noise);
- ``full``: the loss over all data can be asked beside the minibatch's;
- ``quadratic``: the loss is quadratic in θ (the problem says so, ``quadratic = True``);
- ``minimum``: f* is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.contracts.backend import Array, Backend
from optframe.contracts.problem import Problem, StochasticProblem
from optframe.contracts.sampler import Sampler

__all__ = ["Counts", "Oracle", "offers"]


def offers(problem: Problem, sampler: Sampler | None) -> frozenset[str]:
    """Return the words that a problem answers to under this sampler."""
    words = set(problem.offers())
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
    return frozenset(words)


@dataclass(slots=True)
class Counts:
    """What one run has asked for so far. P partial derivatives count as one gradient."""

    losses: float = 0
    gradients: float = 0
    hessians: float = 0
    hvps: float = 0
    samples: int = 0


class Oracle:
    """Answers about one problem, on the minibatch and noise of the current step.

    All answers within a step share the step's batch. θ has shape (..., P), or (..., C, P) with C
    candidates per run, each of which counts. Answers are read-only.
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
        self._loss: Any = getattr(problem, "loss", None)
        self._gradient: Any = getattr(problem, "gradient", None)
        self._passes: Callable[[Array], Array] | None = None
        self._timed: Callable[[Any], Any] | None = None

    def see(self, batch: Any) -> None:
        """Let the answers be about this batch (the loop calls it, once per step)."""
        self._batch = (batch,)

    def watch(self, timed: Callable[[Any], Any]) -> None:
        """Let the problem's answers be timed: ``timed`` returns a function that keeps its time."""
        self._timed = timed
        self._loss, self._gradient = timed(self._loss), timed(self._gradient)

    def _each(self, theta: Array) -> int:
        """How many points θ holds per run."""
        if theta.ndim == self._dimensions:
            return 1
        candidates: int = np.prod(theta.shape[self._dimensions - 1 : -1], dtype=int)
        return candidates

    def _count_partials(self, theta: Array) -> None:
        """Count in whole P-ths: ten times 0.1 would be less than one gradient."""
        size, counts = self.problem.size, self.counts
        counts.gradients = (round(counts.gradients * size) + self._each(theta)) / size

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        self.counts.losses += self._each(theta)
        return self._loss(theta, *self._batch)

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        self.counts.gradients += 1 if theta.ndim == self._dimensions else self._each(theta)
        if self._batch:  # a call with a star is dearer, and this one is in every step
            return self._gradient(theta, *self._batch)
        return self._gradient(theta)

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return f(θ) and ∇f(θ), which may share work."""
        each = self._each(theta)
        self.counts.losses += each
        self.counts.gradients += each
        loss, gradient = self._ask("loss_and_gradient")(theta, *self._batch)
        return loss, gradient if self._passes is None else self._passes(gradient)

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        self.counts.hessians += self._each(theta)
        return self._ask("hessian")(theta, *self._batch)

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        self.counts.hvps += self._each(theta)
        return self._ask("hvp")(theta, v, *self._batch)

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        self._count_partials(theta)
        return self._ask("partial")(theta, i, *self._batch)

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return the value of θᵢ that minimizes f with the others held, shape (...)."""
        self._count_partials(theta)
        return self._ask("coordinate_minimum")(theta, i, *self._batch)

    def per_sample(self, theta: Array) -> Array:
        """Return the gradient of each record of the batch, shape (..., B, P)."""
        self.counts.gradients += self._each(theta)
        return self._ask("per_sample")(theta, *self._batch)

    def ask(self, word: str, *arguments: Any) -> Any:
        """Return the problem's answer to any other word (``prox``, ``project``, ``layout``)."""
        return self._ask(word)(*arguments, *(self._batch if word != "layout" else ()))

    @property
    def minimum(self) -> float:
        """f*, the least possible loss."""
        minimum = self.problem.minimum
        if minimum is None:
            raise LookupError(f"{type(self.problem).__name__} knows no minimum")
        return minimum

    @property
    def full(self) -> Oracle:
        """The same questions about all the data; every answer touches all of its records."""
        problem = self.problem
        if not isinstance(problem, StochasticProblem) or problem.records is None:
            return self
        return self._like((self._ask("draw")(slice(None), None),), self._passes)

    @property
    def random(self) -> np.random.Generator:
        """The generator of this run and step, for the optimizer's own draws."""
        if self._generator is None or self._generator[0] != self.step:
            self._generator = (self.step, self._random(self.step))
        return self._generator[1]

    def stop(self, reason: str) -> None:
        """End the run after this step: the optimizer has found its end (status ``stopped``)."""
        self.stopped = reason

    def through(self, gradient: Callable[[Array], Array]) -> Oracle:
        """Return the same oracle, whose gradients pass through a function (wrappers clip so)."""
        inner = self._passes
        passes = gradient if inner is None else lambda g: gradient(inner(g))
        return self._like(self._batch, passes)

    def _like(self, batch: tuple[Any, ...], passes: Callable[[Array], Array] | None) -> Oracle:
        """Return an oracle of the same step, counts and random draws on another batch."""
        other = Oracle(
            self.problem, self.backend, self.counts, lambda _: self.random, self._dimensions - 1
        )
        other.step = self.step
        other.stop = self.stop  # type: ignore[method-assign]
        other._batch = batch
        if self._timed is not None:
            other.watch(self._timed)
        if passes is not None:
            asked = other._gradient
            other._passes = passes
            other._gradient = lambda *arguments: passes(asked(*arguments))
        return other

    def _ask(self, word: str) -> Any:
        method = getattr(self.problem, word, None)
        if method is None:
            raise LookupError(
                f"{type(self.problem).__name__} offers no {word!r}; the optimizer that asks for it "
                f"must name it in `needs`"
            )
        return method if self._timed is None else self._timed(method)
