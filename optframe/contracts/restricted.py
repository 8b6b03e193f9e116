"""Parts of θ: where some of its blocks lie, and an oracle that sees these blocks alone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from optframe.contracts.backend import Array
from optframe.contracts.layout import Block, Layout
from optframe.contracts.oracle import Oracle

__all__ = ["Blocks", "Point", "Restricted"]


LONG = 1024
"""From about this many numbers in each slice it takes longer to copy slices than to loop."""


class Blocks:
    """Some blocks of a layout, in its order; φ are their parameters, shape (..., p).

    ``layout`` is the layout of φ. Blocks that follow each other in θ are one slice of it.
    """

    def __init__(self, whole: Layout, blocks: Iterable[Block], xp: Any) -> None:
        self.layout = Layout(tuple(blocks))
        self.size = self.layout.size
        self.xp = xp
        self._pairs: list[tuple[slice, slice]] = []
        end = 0
        for block in self.layout:
            there, here = whole.slices[block.name], slice(end, end := end + block.size)
            if self._pairs and self._pairs[-1][0].stop == there.start:
                before = self._pairs.pop()
                there = slice(before[0].start, there.stop)
                here = slice(before[1].start, here.stop)
            self._pairs.append((there, here))

    def taken(self, array: Array) -> Array:
        """Return their entries of the last axis: a view if they are one slice, else a new array."""
        if len(self._pairs) == 1:
            return array[..., self._pairs[0][0]]
        parts = [array[..., there] for there, _ in self._pairs]
        return self.xp.concat(parts, axis=-1)

    def copied(self, theta: Array) -> Array:
        """Return φ of a θ, shape (..., p), in memory of its own."""
        phi = self.taken(theta)
        return self.xp.asarray(phi, copy=True) if len(self._pairs) == 1 else phi

    def same(self, theta: Array, phi: Array) -> bool:
        """Whether φ has the values that θ has there."""
        if phi.ndim != theta.ndim:
            return False
        xp, pairs = self.xp, self._pairs
        if len(pairs) == 1 or self.size < LONG * len(pairs):
            return bool(xp.all(self.taken(theta) == phi))
        return all(bool(xp.all(theta[..., there] == phi[..., here])) for there, here in pairs)

    def put(self, theta: Array, phi: Array) -> None:
        """Write φ to its place in a θ."""
        if len(self._pairs) == 1:
            theta[..., self._pairs[0][0]] = phi
            return
        for there, here in self._pairs:
            theta[..., there] = phi[..., here]


class Point:
    """The θ of a step and the evaluations there, which the parts of θ share; each is done once.

    θ must not be overwritten as long as an oracle of a part is in use.
    """

    def __init__(self, oracle: Oracle, theta: Array) -> None:
        self.oracle = oracle
        self.theta = theta
        self._loss: Array = None
        self._gradient: Array = None

    def gradient(self) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        if self._gradient is None:
            self._gradient = self.oracle.gradient(self.theta)
        return self._gradient

    def loss(self) -> Array:
        """Return f(θ), shape (...)."""
        if self._loss is None:
            self._loss = self.oracle.loss(self.theta)
        return self._loss

    def loss_and_gradient(self) -> tuple[Array, Array]:
        """Return f(θ) and ∇f(θ); the work counts as one gradient if neither is known."""
        if self._loss is None and self._gradient is None:
            self._loss, self._gradient = self.oracle.loss_and_gradient(self.theta)
        return self.loss(), self.gradient()


class Restricted(Oracle):
    """The oracle of the function φ ↦ f(φ, the other blocks as they are in θ).

    Its derivatives are the blocks of those of f. At θ itself the loss and the gradient are those of
    a `Point`, which all parts share. Anywhere else, and for all other answers, the problem is asked
    with the whole θ, and each answer counts.
    """

    OFFERS = frozenset(
        {"loss", "gradient", "loss_and_gradient", "hvp", "hessian", "per_sample", "full"}
        | {"quadratic", "matrices"}
    )
    """What may be asked. The loss is not ``deterministic``: it changes as the other blocks do."""

    def __init__(
        self,
        point: Point,
        blocks: Blocks,
        name: str,
        passes: Callable[[Array, Array], Array] | None = None,
    ) -> None:
        whole = point.oracle
        self.problem, self.backend, self.xp = whole.problem, whole.backend, whole.xp
        self.counts, self.step, self.stopped = whole.counts, whole.step, whole.stopped
        self._point, self._blocks, self._name, self._passes = point, blocks, name, passes

    @property
    def layout(self) -> Layout:
        """The layout of φ."""
        return self._blocks.layout

    @property
    def direct(self) -> bool:
        """False: gradients of φ are parts of those that the problem returns."""
        return False

    def _whole(self, phi: Array) -> Array:
        """Return θ with φ in its place; φ may have candidate axes."""
        theta, xp = self._point.theta, self.xp
        more = phi.ndim - theta.ndim
        if more:
            runs = tuple(theta.shape[:-1])
            theta = xp.reshape(theta, runs + (1,) * more + tuple(theta.shape[-1:]))
            theta = xp.broadcast_to(theta, (*phi.shape[:-1], theta.shape[-1]))
        theta = xp.asarray(theta, copy=True)
        self._blocks.put(theta, phi)
        return theta

    def _part(self, gradient: Array, phi: Array) -> Array:
        part = self._blocks.taken(gradient)
        return part if self._passes is None else self._passes(part, phi)

    def _here(self, phi: Array) -> bool:
        """Whether φ is as in the θ of the step; a part may have overwritten what it was given."""
        return self._blocks.same(self._point.theta, phi)

    def loss(self, theta: Array) -> Array:
        """Return f at φ, shape (...)."""
        if self._here(theta):
            return self._point.loss()
        return self._point.oracle.loss(self._whole(theta))

    def gradient(self, theta: Array) -> Array:
        """Return ∂f/∂φ, shape (..., p)."""
        if self._here(theta):
            return self._part(self._point.gradient(), theta)
        return self._part(self._point.oracle.gradient(self._whole(theta)), theta)

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return f and ∂f/∂φ."""
        if self._here(theta):
            loss, gradient = self._point.loss_and_gradient()
        else:
            loss, gradient = self._point.oracle.loss_and_gradient(self._whole(theta))
        return loss, self._part(gradient, theta)

    def hessian(self, theta: Array) -> Array:
        """Return ∂²f/∂φ², shape (..., p, p)."""
        rows = self._blocks.taken(self._point.oracle.hessian(self._whole(theta)))
        turned = self.xp.matrix_transpose(rows)
        return self.xp.matrix_transpose(self._blocks.taken(turned))

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∂²f/∂φ²·v, shape (..., p)."""
        whole = self._whole(theta)
        along = self.xp.zeros_like(whole)
        self._blocks.put(along, v)
        return self._blocks.taken(self._point.oracle.hvp(whole, along))

    def per_sample(self, theta: Array) -> Array:
        """Return ∂f/∂φ of each record of the batch, shape (..., B, p)."""
        return self._blocks.taken(self._point.oracle.per_sample(self._whole(theta)))

    def partial(self, theta: Array, i: int) -> Array:
        """Raise `LookupError`, as for every answer that is not among `OFFERS`."""
        return self.ask("partial", theta, i)

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Raise `LookupError`, as for every answer that is not among `OFFERS`."""
        return self.ask("coordinate_minimum", theta, i)

    def counted(self, losses: int = 0, gradients: int = 0, hvps: int = 0) -> Any:
        """Raise `LookupError`: gradients of φ are parts of those that the problem returns."""
        return self.ask("counted")

    def ask(self, word: str, *arguments: Any) -> Any:
        """Return the layout; raise `LookupError` for all else."""
        if word == "layout":
            return self.layout
        raise LookupError(f"{self._name}: an optimizer of some blocks cannot ask for {word}")

    @property
    def minimum(self) -> float:
        """Raise `LookupError`: f* is the minimum over all blocks."""
        minimum: float = self.ask("minimum")
        return minimum

    @property
    def full(self) -> Oracle:
        """The oracle of the same function over all the data."""
        whole = self._point.oracle.full
        point = self._point if whole is self._point.oracle else Point(whole, self._point.theta)
        return Restricted(point, self._blocks, self._name, self._passes)

    @property
    def random(self) -> np.random.Generator:
        """The random generator of this run and step, from which all parts draw."""
        return self._point.oracle.random

    def stop(self, reason: str) -> None:
        """End the run after this step."""
        self._point.oracle.stop(f"{self._name}: {reason}")

    def through(self, gradient: Callable[..., Array], *, at: bool = False) -> Oracle:
        """Return an oracle that applies a function to each gradient of φ, and its φ if ``at``."""
        other, inner = copy.copy(self), self._passes
        outer: Callable[..., Array] = gradient if at else lambda g, phi: gradient(g)
        other._passes = outer if inner is None else lambda g, phi: outer(inner(g, phi), phi)
        return other
