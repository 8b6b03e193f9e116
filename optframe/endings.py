"""What ends a run: a target, a spent budget, patience, or a divergence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optframe.contracts import Array, Problem, StochasticProblem
from optframe.errors import PluginError
from optframe.oracle import Counts
from optframe.record import rises
from optframe.study import Budget

__all__ = ["DIVERGED", "Endings", "norm"]

DIVERGED = 1e10
"""A run has diverged when |θ| exceeds this many times max(1, |θ₀|), or is not finite."""


class Endings:
    """Judges a run by its budget, at checkpoints and, for what is tested there, at steps."""

    def __init__(self, problem: Problem, budget: Budget, xp: Any, start: Array) -> None:
        self._problem = problem
        self._budget = budget
        self._xp = xp
        self.limit = DIVERGED * max(1.0, norm(start, xp))
        """A run with a larger |θ| has diverged."""
        self._best, self._stale = np.inf, 0
        self.every = budget.target_every if problem.draws_batch else 1
        """Problems without data are tested for targets at every step, others rarely."""
        self.tests_steps = budget.goal is not None or budget.gradient_norm is not None

    def diverged(self, loss: float, theta: Array) -> bool:
        """Whether the loss is no number or θ is far away."""
        return not (np.isfinite(loss) and norm(theta, self._xp) <= self.limit)

    def reached(self, values: Mapping[str, Array], solution: Array) -> str | None:
        """Say which target is reached, or None."""
        goal, smallest = self._budget.goal, self._budget.gradient_norm
        if goal is not None:
            metric, value = goal
            if metric not in values:
                raise PluginError(
                    f"target: {type(self._problem).__name__} measures no {metric!r}; "
                    f"it measures {', '.join(values)}"
                )
            found = float(values[metric])
            if found >= value if rises(metric) else found <= value:
                return f"{metric} {found:.6g} reached {value:g}"
        if smallest is not None:
            found = norm(self.full_gradient(solution), self._xp)
            if found <= smallest:
                return f"gradient norm {found:.6g} reached {smallest:g}"
        return None

    def spent(self, k: int, total: int | None, counts: Counts, seconds: float) -> bool:
        """Whether the budget is spent after k steps."""
        budget = self._budget
        return bool(
            (total is not None and k >= total)
            or (budget.gradients is not None and counts.gradients >= budget.gradients)
            or (budget.seconds is not None and seconds >= budget.seconds)
        )

    def impatient(self, loss: float) -> str | None:
        """Say that the loss has not improved for too many checkpoints, or None."""
        patience = self._budget.patience
        if patience is None:
            return None
        self._stale = 0 if loss < self._best else self._stale + 1
        self._best = min(loss, self._best)
        if self._stale < patience:
            return None
        return f"no better loss in {patience} checkpoints"

    def progress(self, k: int, epoch: float, counts: Counts, seconds: float) -> float:
        """Return the largest share of any budget that is used up, in [0, 1]."""
        budget = self._budget
        used = (
            (k, budget.steps),
            (epoch, budget.epochs),
            (counts.gradients, budget.gradients),
            (seconds, budget.seconds),
        )
        return min(1.0, max((u / limit for u, limit in used if limit is not None), default=0.0))

    def full_gradient(self, theta: Array) -> Array:
        """Return the gradient over all the data, uncounted, shape (..., P)."""
        if isinstance(self._problem, StochasticProblem) and self._problem.draws_batch:
            whole = slice(None) if self._problem.records is not None else None
            return self._problem.gradient(theta, self._problem.draw(whole, None))
        return self._problem.gradient(theta)  # type: ignore[attr-defined]


def norm(vector: Array, xp: Any) -> float:
    """Return the Euclidean norm."""
    return float(xp.sqrt(xp.sum(vector * vector)))
