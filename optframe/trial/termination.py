"""What ends a run: a target, a spent budget, patience, or a divergence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, isfinite, sqrt
from typing import Any

from optframe.contracts import Array, Problem
from optframe.contracts.columns import rises
from optframe.contracts.oracle import Counts
from optframe.contracts.trial import Budget
from optframe.errors import PluginError
from optframe.trial.metrics import full_gradient

__all__ = ["DIVERGED", "Endings", "norm", "within"]

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
        self.best, self.stale = inf, 0
        """What patience remembers: the best loss, and the checkpoints since."""
        self._goal = budget.goal
        self.every = budget.target_every if problem.draws_batch else 1
        """Problems without data are tested for targets at every step, others rarely."""
        self.tests_steps = self._goal is not None or budget.gradient_norm is not None

    def ends(self, solution: Array, theta: Array) -> bool:
        """Whether a run ends here before its budget does: what is tested between checkpoints."""
        values = self._problem.metrics(solution)
        if self.diverged(float(values["loss"]), theta):
            return True
        return self.reached(values, solution) is not None

    def diverged(self, loss: float, theta: Array) -> bool:
        """Whether the loss is no number or θ is far away."""
        return not (isfinite(loss) and within(theta, self.limit, self._xp))

    def reached(self, values: Mapping[str, Array], solution: Array) -> str | None:
        """Say which target is reached, or None."""
        if self._goal is not None:
            metric, value = self._goal
            if metric not in values:
                raise PluginError(
                    f"target: {type(self._problem).__name__} measures no {metric!r}; "
                    f"it measures {', '.join(values)}"
                )
            found = float(values[metric])
            if found >= value if rises(metric) else found <= value:
                return f"{metric} {found:.6g} reached {value:g}"
        smallest = self._budget.gradient_norm
        if smallest is not None:
            gradient = self.full_gradient(solution)
            if within(gradient, smallest, self._xp):
                return f"gradient norm {norm(gradient, self._xp):.6g} reached {smallest:g}"
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
        self.stale = 0 if loss < self.best else self.stale + 1
        self.best = min(loss, self.best)
        if self.stale < patience:
            return None
        return f"no better loss in {patience} checkpoints"

    def progress(self, k: int, epoch: float, counts: Counts, seconds: Callable[[], float]) -> float:
        """Return the largest share of any budget that is used up, in [0, 1].

        ``seconds`` reads the clock, and is called where seconds are a budget.
        """
        budget, share = self._budget, 0.0
        if budget.steps is not None:
            share = k / budget.steps
        if budget.epochs is not None:
            share = max(share, epoch / budget.epochs)
        if budget.gradients is not None:
            share = max(share, counts.gradients / budget.gradients)
        if budget.seconds is not None:
            share = max(share, seconds() / budget.seconds)
        return min(1.0, share)

    def full_gradient(self, theta: Array) -> Array:
        """Return the gradient over all the data, uncounted, shape (..., P)."""
        return full_gradient(self._problem, theta)


def norm(vector: Array, xp: Any) -> float:
    """Return the Euclidean norm."""
    return float(xp.sqrt(xp.sum(vector * vector)))


def within(vector: Array, limit: float, xp: Any) -> bool:
    """Whether the Euclidean norm is at most a limit; no number is not.

    A scalar product takes a third of the time, and decides wherever its rounding does not matter.
    """
    roughly = sqrt(vector @ vector)
    if roughly <= 0.5 * limit:
        return True
    return roughly <= 2 * limit and norm(vector, xp) <= limit
