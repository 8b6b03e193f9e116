"""A transform: a problem around another one, which it shows turned, moved, scaled or noisy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.backend import Array
from optframe.contracts.problem import Problem, Setting, StochasticProblem
from optframe.contracts.sampler import Indices

__all__ = ["Transform"]


class Transform(StochasticProblem):
    """A problem that holds another one in its field ``problem`` and changes what it answers.

    In a study: ``wrap = [{ name = "noise", sigma = 0.1 }]``, or ``rosenbrock+noise:sigma=0.1``.

    It holds functions as well as problems whose steps see a batch, and is itself what it holds:
    around a function, `draws_batch` is False and its methods are called without a batch. They
    therefore take it as ``*batch`` and hand it on::

        def loss(self, theta, *batch):
            return self.inside.loss(theta / 2, *batch)

    Of the oracle's words it answers those that it defines and that the problem inside answers,
    too. All else, from `start` to `metrics`, is that of the problem inside unless it is defined.
    """

    problem: Problem

    @property
    def inside(self) -> Any:
        """The problem inside, for type checkers one that answers to every word."""
        return self.problem

    @property
    def dtype(self) -> str:  # type: ignore[override]
        """The precision of the problem inside."""
        return self.problem.dtype

    @property
    def vectorized(self) -> bool:  # type: ignore[override]
        """Whether the problem inside takes run axes."""
        return self.problem.vectorized

    @property
    def quadratic(self) -> bool:  # type: ignore[override]
        """Whether the problem inside is quadratic, which a linear change of θ leaves it."""
        return self.problem.quadratic

    @property
    def draws_start(self) -> bool:  # type: ignore[override]
        """Whether the start of the problem inside is drawn."""
        return self.problem.draws_start

    @property
    def draws_instance(self) -> bool:
        """Whether the problem inside draws constants; say True where the transform does."""
        return self.problem.draws_instance

    @property
    def draws_batch(self) -> bool:
        """Whether steps of the problem inside see a batch; say True where the transform draws."""
        return self.problem.draws_batch

    @property
    def deterministic(self) -> bool:  # type: ignore[override]
        """Whether the problem inside has no noise; say False where the transform has some."""
        return not isinstance(self.problem, StochasticProblem) or self.problem.deterministic

    @property
    def size(self) -> int:
        """P of the problem inside."""
        return self.problem.size

    @property
    def minimum(self) -> float | None:
        """f* of the problem inside."""
        return self.problem.minimum

    @property
    def knows_minimum(self) -> bool:
        """Whether the problem inside knows f*; say no where `minimum` is no longer known."""
        return self.problem.knows_minimum

    @property
    def minimizer(self) -> Any | None:
        """Where the problem inside has its minimum."""
        return self.problem.minimizer

    def start(self, random: np.random.Generator) -> Any:
        """Return the start of the problem inside."""
        return self.problem.start(random)

    def random_start(self, random: np.random.Generator) -> Any:
        """Return a drawn start of the problem inside."""
        return self.problem.random_start(random)

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure what the problem inside measures."""
        return self.problem.metrics(theta)

    @property
    def records(self) -> int | None:
        """How many records the problem inside has."""
        return self.problem.records if isinstance(self.problem, StochasticProblem) else None

    def groups(self, by: str) -> NDArray[Any] | None:
        """Return the groups of the records of the problem inside."""
        return self.problem.groups(by) if isinstance(self.problem, StochasticProblem) else None

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Any:
        """Return a batch of the problem inside."""
        (batch,) = self._draw_inside(indices, random)
        return batch

    def _draw_inside(
        self, indices: Indices | None, random: np.random.Generator | None
    ) -> tuple[Any, ...]:
        """Return what the methods of the problem inside take after θ: (batch,), or () if none.

        It gets no generator where it draws nothing.
        """
        inside = self.problem
        if not (isinstance(inside, StochasticProblem) and inside.draws_batch):
            return ()
        return (inside.draw(indices, None if inside.deterministic else random),)

    def loss_and_gradient(self, theta: Array, *batch: Any) -> tuple[Array, Array]:
        """Return both; override where they share work."""
        return self.loss(theta, *batch), self.gradient(theta, *batch)

    def offers(self) -> frozenset[str]:
        """Return the words that both it and the problem inside answer to."""
        return Problem.offers(self) & self.problem.offers()

    def bind(self, setting: Setting) -> Self:
        """Return the same transform of the problem inside, both living in this setting."""
        bound = dataclasses.replace(self, problem=self.problem.bind(setting))  # type: ignore[type-var]
        bound.__dict__["setting"] = setting
        return bound

    def instance_random(self) -> np.random.Generator:
        """Return the generator for constants of the transform's own, the same one at every call.

        It is not that of the problem inside, which draws what it draws without a transform, nor
        that of another transform around it or inside.
        """
        inside, depth = self.problem, 0
        while isinstance(inside, Transform):
            inside, depth = inside.problem, depth + 1
        seed = np.random.SeedSequence(0) if self.setting is None else self.setting.seed
        own = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, depth))
        return np.random.default_rng(own)
