"""A transform: a problem that rotates, shifts, scales or disturbs another problem."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.backend import Array
from optframe.contracts.layout import Layout
from optframe.contracts.metrics import is_loss
from optframe.contracts.problem import Problem, Setting, StochasticProblem
from optframe.contracts.sampler import Indices

__all__ = ["Transform"]


class Transform(StochasticProblem):
    """A problem around an inner problem, which is in the field ``problem``.

    In a study: ``wrap = [{ name = "noise", sigma = 0.1 }]``, or ``rosenbrock+noise:sigma=0.1``.

    The inner problem is a function or a problem with batches. Around a function, `draws_batch` is
    False, and methods are called without a batch. They therefore take ``*batch`` and pass it on::

        def loss(self, theta, *batch):
            return self.inside.loss(theta / 2, *batch)

    A transform supports the methods that both it and the inner problem define. Everything else,
    such as `start` and `minimum`, is that of the inner problem, unless the transform overrides it.

    The metrics follow from `inward`, the point at which the inner problem is evaluated, and
    `of_loss`, the transform's loss as a function of the inner one. Override these two if the
    transform changes them. Then the losses on training, validation and test records all belong to
    the transform's own loss.
    """

    problem: Problem

    @property
    def inside(self) -> Any:
        """The inner problem, typed as ``Any``, so that type checkers accept any attribute of it."""
        return self.problem

    @property
    def dtype(self) -> str:  # type: ignore[override]
        """The precision of the inner problem."""
        return self.problem.dtype

    @property
    def vectorized(self) -> bool:  # type: ignore[override]
        """Whether the inner problem takes run axes."""
        return self.problem.vectorized

    @property
    def quadratic(self) -> bool:  # type: ignore[override]
        """Whether the inner problem is quadratic. Override it if the transform changes that."""
        return self.problem.quadratic

    @property
    def draws_start(self) -> bool:  # type: ignore[override]
        """Whether the start of the inner problem is drawn."""
        return self.problem.draws_start

    @property
    def draws_instance(self) -> bool:
        """Whether the inner problem draws constants. Return True if the transform draws some."""
        return self.problem.draws_instance

    @property
    def draws_batch(self) -> bool:
        """Whether the inner problem has batches. Return True if the transform draws in steps."""
        return self.problem.draws_batch

    @property
    def deterministic(self) -> bool:  # type: ignore[override]
        """Whether the inner problem has no noise. Return False if the transform adds noise."""
        return not isinstance(self.problem, StochasticProblem) or self.problem.deterministic

    @property
    def size(self) -> int:
        """P, the number of parameters of the inner problem."""
        return self.problem.size

    @property
    def minimum(self) -> float | None:
        """f* of the inner problem."""
        return self.problem.minimum

    @property
    def knows_minimum(self) -> bool:
        """Whether f* of the inner problem is known. Return False if the transform changes that."""
        return self.problem.knows_minimum

    @property
    def minimizer(self) -> Any | None:
        """The minimizer of the inner problem."""
        return self.problem.minimizer

    @property
    def shown(self) -> Mapping[str, str]:
        """What the label of the inner problem shows."""
        return self.problem.shown

    def start(self, random: np.random.Generator) -> Any:
        """Return the start of the inner problem."""
        return self.problem.start(random)

    def random_start(self, random: np.random.Generator) -> Any:
        """Return a random start of the inner problem."""
        return self.problem.random_start(random)

    def inward(self, theta: Array) -> Array:
        """Return the point at which the inner problem is evaluated, (..., P); by default θ."""
        return theta

    def of_loss(self, loss: Array) -> Array:
        """Return the transform's mean loss where the inner loss is ``loss``; by default the same.

        It must not depend on which records the loss is the mean of.
        """
        return loss

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Return the inner problem's metrics at `inward`; `of_loss` is applied to all losses.

        Losses are ``loss`` and metrics whose names end in ``_loss``.
        """
        inside = self.problem.metrics(self.inward(theta))
        return {
            name: self.of_loss(value) if is_loss(name) else value for name, value in inside.items()
        }

    def layout(self) -> Layout:
        """Return the blocks of the inner problem; one block if θ has another size here.

        A transform that mixes the parameters of different blocks, as a rotation does, returns
        ``Layout.single(self.size)``.
        """
        inside = self.problem.layout()
        return inside if inside.size == self.size else Layout.single(self.size)

    def work(self, word: str) -> float | None:
        """Return the price of an answer of the inner problem."""
        return self.problem.work(word)

    @property
    def records(self) -> int | None:
        """The number of training records of the inner problem; None if it has none."""
        return self.problem.records if isinstance(self.problem, StochasticProblem) else None

    def groups(self, by: str) -> NDArray[Any] | None:
        """Return the groups of the inner problem's records; None if it has none."""
        return self.problem.groups(by) if isinstance(self.problem, StochasticProblem) else None

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Any:
        """Return a batch of the inner problem."""
        (batch,) = self._draw_inside(indices, random)
        return batch

    def _draw_inside(
        self, indices: Indices | None, random: np.random.Generator | None
    ) -> tuple[Any, ...]:
        """Return the arguments after θ for the inner problem's methods: (batch,), or () if none.

        The inner problem gets no generator if it is deterministic.
        """
        inside = self.problem
        if not (isinstance(inside, StochasticProblem) and inside.draws_batch):
            return ()
        return (inside.draw(indices, None if inside.deterministic else random),)

    def loss_and_gradient(self, theta: Array, *batch: Any) -> tuple[Array, Array]:
        """Return the loss and its gradient; override this if they share work."""
        return self.loss(theta, *batch), self.gradient(theta, *batch)

    def offers(self) -> frozenset[str]:
        """Return the names of the methods that both the transform and the inner problem define."""
        return Problem.offers(self) & self.problem.offers()

    def bind(self, setting: Setting) -> Self:
        """Return a copy of the transform and its inner problem, both bound to this setting."""
        bound = dataclasses.replace(self, problem=self.problem.bind(setting))  # type: ignore[type-var]
        bound.__dict__["setting"] = setting
        return bound

    def instance_random(self) -> np.random.Generator:
        """Return the generator for the transform's constants, with the same draws at every call.

        It differs from the inner problem's generator and from those of other transforms around the
        same problem. So a problem draws the same constants with and without transforms.
        """
        inside, depth = self.problem, 0
        while isinstance(inside, Transform):
            inside, depth = inside.problem, depth + 1
        seed = np.random.SeedSequence(0) if self.setting is None else self.setting.seed
        own = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, depth))
        return np.random.default_rng(own)
