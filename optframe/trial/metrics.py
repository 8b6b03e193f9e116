"""What a study may have measured at checkpoints beside the problem's own metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from optframe.contracts import Array, Problem, StochasticProblem

__all__ = ["Measures", "full_gradient"]


class _Drawn(Protocol):
    """`optframe.trial.minibatches.Minibatches`, or those of several runs."""

    @property
    def drawing(self) -> bool: ...

    @property
    def end(self) -> int | None: ...

    def draw(self, k: int) -> tuple[Any, int]: ...


class Measures:
    """The metrics of `[run] measure`, uncounted and off the clock; the run does not notice.

    With ∇f the gradient over all the data, and g_B that of the minibatch and noise which the next
    step will see::

        gradient_norm       ‖∇f(θ)‖
        gradient_variance   ‖g_B(θ) − ∇f(θ)‖²

    The second is one draw of the variance E‖g_B − ∇f‖². Its mean over seeds is unbiased where
    steps draw independently; within an epoch without replacement θ depends on which records are
    left. Where draws bias the gradient (dropout), the bias squared is in it; where steps draw
    nothing, it is 0. When a stream has come to its end, its last batch stands in.

    ``minibatches`` are to be another object than the run's, whose epochs would be loaded for it.
    """

    def __init__(self, names: Sequence[str], problem: Problem, minibatches: _Drawn) -> None:
        self._names = tuple(names)
        self._minibatches = minibatches
        self._problem: Any = problem

    def __call__(self, k: int, theta: Array, xp: Any) -> dict[str, Array]:
        """Measure θ (..., P) after k steps; each value has the shape (...) of the runs."""
        if not self._names:
            return {}
        whole = full_gradient(self._problem, theta)
        values: dict[str, Array] = {}
        if "gradient_norm" in self._names:
            values["gradient_norm"] = xp.sqrt(xp.sum(whole * whole, axis=-1))
        if "gradient_variance" in self._names:
            off = self._next_gradient(k, theta, whole) - whole
            values["gradient_variance"] = xp.sum(off * off, axis=-1)
        return values

    def _next_gradient(self, k: int, theta: Array, whole: Array) -> Array:
        if not self._minibatches.drawing:
            return whole
        end = self._minibatches.end
        batch, _ = self._minibatches.draw(k if end is None else min(k, end - 1))
        return self._problem.gradient(theta, batch)


def full_gradient(problem: Any, theta: Array) -> Array:
    """Return the gradient over all the data, uncounted, shape (..., P)."""
    if isinstance(problem, StochasticProblem) and problem.draws_batch:
        whole = slice(None) if problem.records is not None else None
        return problem.gradient(theta, problem.draw(whole, None))
    return problem.gradient(theta)
