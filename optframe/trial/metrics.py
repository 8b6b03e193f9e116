"""Computes the metrics of `[run] measure`: the gradient's norm and variance at checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from optframe.contracts import Array, Problem, StochasticProblem
from optframe.contracts.products import norms

__all__ = ["Measures", "full_gradient", "is_blind", "next_gradient"]


class _Drawn(Protocol):
    """`optframe.trial.minibatches.Minibatches`, or those of several runs."""

    @property
    def drawing(self) -> bool: ...

    @property
    def end(self) -> int | None: ...

    def draw(self, k: int) -> tuple[Any, int]: ...


class Measures:
    """Computes the metrics of `[run] measure`; they are neither counted nor timed.

    ∇f is the gradient over all the data, and g_B is the gradient on the minibatch and noise of the
    next step::

        gradient_norm       ‖∇f(θ)‖
        gradient_variance   ‖g_B(θ) − ∇f(θ)‖²

    The second is one draw of the variance E‖g_B − ∇f‖². If steps draw independently, its mean over
    seeds is unbiased. Within an epoch without replacement it is biased, since θ depends on which
    records are left. If draws bias the gradient (dropout), it contains the squared bias. If steps
    draw nothing, it is 0. After the end of a stream its last batch is used.

    ``minibatches`` must be another object than that of the run, which would otherwise load the next
    epoch too early.
    """

    def __init__(self, names: Sequence[str], problem: Problem, minibatches: _Drawn) -> None:
        self._names = tuple(names)
        self._minibatches = minibatches
        self._problem: Any = problem

    def __call__(self, k: int, theta: Array, xp: Any) -> dict[str, Array]:
        """Return the metrics at θ (..., P) after k steps; each value has shape (...)."""
        if not self._names:
            return {}
        whole = full_gradient(self._problem, theta)
        values: dict[str, Array] = {}
        if "gradient_norm" in self._names:
            values["gradient_norm"] = norms(whole, xp)
        if "gradient_variance" in self._names:
            draws, problem = self._minibatches, self._problem
            off = (next_gradient(problem, draws, k, theta) if draws.drawing else whole) - whole
            # In float64, where the square of a float32 is representable.
            off = xp.astype(off, xp.float64)
            values["gradient_variance"] = xp.sum(off * off, axis=-1)
        return values


def next_gradient(problem: Any, minibatches: _Drawn, k: int, theta: Array) -> Array:
    """Return the gradient that plain SGD would use at θ after k steps, shape (..., P).

    It is not counted. It is computed on the minibatch and noise of the next step, or on the last
    batch after the end of a stream. ``minibatches`` must be another object than that of the run.
    """
    if not minibatches.drawing:
        return problem.gradient(theta)
    end = minibatches.end
    batch, _ = minibatches.draw(k if end is None else min(k, end - 1))
    return problem.gradient(theta, batch)


def full_gradient(problem: Any, theta: Array) -> Array:
    """Return the gradient over all the data, shape (..., P); it is not counted."""
    if isinstance(problem, StochasticProblem) and problem.draws_batch:
        whole = slice(None) if problem.records is not None else None
        return problem.gradient(theta, problem.draw(whole, None))
    return problem.gradient(theta)


def is_blind(optimizer: Any, problem: Any, theta: Array) -> bool:
    """Return whether an optimizer that needs gradients is where ∇f is not finite.

    If it stops there, it has diverged: it has found no minimum.
    """
    if "gradient" not in optimizer.requires():
        return False
    return not bool(problem.xp.all(problem.xp.isfinite(full_gradient(problem, theta))))
