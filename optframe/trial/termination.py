"""Decides whether a run ends: at a target, a spent budget, lost patience, or divergence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np

from optframe.contracts import Array, Backend, Problem
from optframe.contracts.columns import rises
from optframe.contracts.oracle import Counts
from optframe.contracts.products import norm, norms
from optframe.contracts.trial import Budget
from optframe.errors import PluginError
from optframe.trial.metrics import full_gradient

__all__ = ["DIVERGED", "Termination", "limit_of", "within"]

DIVERGED = 1e10
"""A run has diverged if |θ| > DIVERGED · max(1, |θ₀|), or if the loss or θ is not finite.

A run has also diverged if its optimizer stops where the gradient is not finite.

A run that is at its target has not diverged: the minimum may be that far away.
"""

UNDERFLOW = 2.0**-40
"""A norm below it may have a square that is not representable in float32."""

ROUNDING = 1e-9
"""The share of a budget of work that sums of shares of the data may lack."""


def limit_of(start: Array, xp: Any) -> float:
    """Return the norm of θ above which a run from this start has diverged."""
    with np.errstate(over="ignore"):  # `norm` avoids the overflow that NumPy would warn of
        return DIVERGED * max(1.0, norm(start, xp))


class Termination:
    """Decides whether runs end, at checkpoints and, for runs with targets, between them.

    θ has shape (..., P). ``limit`` is the norm above which a run has diverged, shape (...). Results
    have shape (...); for a lone run they are a bool. Losses and metrics are on the host.
    """

    def __init__(self, problem: Problem, budget: Budget, backend: Backend, limit: Any) -> None:
        self._problem = problem
        self._budget = budget = budget.aimed(problem.knows_minimum)
        self._backend = backend
        self._xp = backend.xp
        self.goal = budget.goal
        """The target as (metric, value); None if there is no target."""
        self._minimum = problem.minimum if self.goal and self.goal[0] == "gap" else None
        self.limit = limit
        self.best, self.stale = inf, 0
        """For patience: the best loss, and the number of checkpoints since then."""
        self.every = budget.target_every if problem.draws_batch else 1
        """The number of steps between two tests of targets; 1 on problems without data."""
        self.tests_steps = self.goal is not None or budget.gradient_norm is not None
        self.limits_answers = budget.gradients is not None or budget.work is not None
        """Whether the budget limits what the oracle counts."""

    def window(self, k: int) -> int:
        """Return the number of steps since the last test before step k."""
        return (k - 1) % self.every + 1 if k else 0

    def repeats_from(self, k: int) -> bool:
        """Return whether step k begins a window whose steps may have to be repeated."""
        return self.tests_steps and self.every > 1 and k % self.every == 0

    def diverged(self, loss: Any, theta: Array) -> Any:
        """Return whether the loss is not finite, or |θ| exceeds the limit."""
        if theta.ndim == 1:
            return not (isfinite(loss) and within(theta, self.limit, self._xp))
        lost = ~np.isfinite(loss)
        # One norm of the whole array is cheap. If it is within half of the smallest limit, every
        # run is within its own limit; if not, the norm of each run decides.
        if not within(self._xp.reshape(theta, (-1,)), 0.5 * self.limit.min(), self._xp):
            lost |= ~self._short(theta, self.limit)
        return lost

    def reached(self, values: Mapping[str, Any], solution: Array) -> Any:
        """Return whether the target is reached, or the gradient's norm is small enough."""
        reached: Any = False if self.goal is None else self.met(values)
        smallest = self._budget.gradient_norm
        if smallest is not None and (solution.ndim > 1 or not reached):
            reached = reached | self._short(full_gradient(self._problem, solution), smallest)
        return reached

    def met(self, values: Mapping[str, Any]) -> Any:
        """Return whether the target is reached; never if the loss or its metric is not finite."""
        assert self.goal is not None
        metric, value = self.goal
        found, loss = self._found(metric, values), values["loss"]
        met = found >= value if rises(metric) else found <= value
        if isinstance(loss, float):
            return met and isfinite(found) and isfinite(loss)
        return met & np.isfinite(found) & np.isfinite(loss)

    def target(self, values: Mapping[str, float], solution: Array) -> tuple[str, bool]:
        """Return a text with what a lone run has reached, and whether that is its target."""
        if self.goal is not None and self.met(values):
            metric, value = self.goal
            return f"{metric} {self._found(metric, values):.6g} reached {value:g}", True
        gradient = norm(full_gradient(self._problem, solution), self._xp)
        return f"gradient norm {gradient:.6g} reached {self._budget.gradient_norm:g}", False

    def _found(self, metric: str, values: Mapping[str, Any]) -> Any:
        """Return the value of the target's metric; the gap is f − f*."""
        if metric in values:
            return values[metric]
        if metric == "gap" and self._minimum is not None:
            return values["loss"] - self._minimum
        raise PluginError(
            f"target: {type(self._problem).__name__} has no metric {metric!r}; "
            f"expected one of: {', '.join(values)}"
        )

    def verdict(
        self,
        k: int,
        values: Mapping[str, float],
        *,
        target: str | None,
        diverged: bool,
        spent: bool,
        stopped: str | None = None,
        exhausted: str | None = None,
    ) -> tuple[str | None, str | None]:
        """Return a lone run's status and its reason after k steps; (None, None) if it continues.

        The first of these ends that applies is the result: a reached ``target``, divergence, the
        optimizer's own end (``stopped``), a ``spent`` budget, the end of a stream (``exhausted``),
        lost patience.
        """
        if target is not None:
            return "converged", target
        if diverged:
            return "diverged", f"at step {k}"
        if stopped is not None:
            return "stopped", stopped
        if k and spent:
            return "finished", None
        if exhausted is not None:
            return "stopped", exhausted
        stale = self._impatient(values)
        return (None, None) if stale is None else ("stopped", stale)

    def spent(self, k: int, total: int | None, counts: Counts, seconds: float) -> bool:
        """Return whether the budget is spent after k steps."""
        if total is not None and k >= total:
            return True
        limit = self._budget.seconds
        return (limit is not None and seconds >= limit) or (
            self.limits_answers and self.answered(counts)
        )

    def answered(self, counts: Counts) -> bool:
        """Return whether the budget of gradients or of work is spent."""
        gradients, work = self._budget.gradients, self._budget.work
        return (gradients is not None and counts.gradients >= gradients) or (
            work is not None and counts.work >= work * (1 - ROUNDING)
        )

    @property
    def limits_evaluations(self) -> bool:
        """Whether a budget may be spent by evaluations alone, between two steps."""
        return self.limits_answers or self._budget.seconds is not None

    def used_up(self, counts: Counts, seconds: Callable[[], float]) -> bool:
        """Return whether the budget of gradients, work or seconds is spent.

        ``seconds`` reads the clock; it is called only if seconds are a budget.
        """
        limit = self._budget.seconds
        return (self.limits_answers and self.answered(counts)) or (
            limit is not None and seconds() >= limit
        )

    def progress(self, k: int, epoch: float, counts: Counts, seconds: Callable[[], float]) -> float:
        """Return the largest share of any budget that is spent, in [0, 1].

        ``seconds`` reads the clock; it is called only if seconds are a budget.
        """
        budget, share = self._budget, 0.0
        if budget.steps is not None:
            share = k / budget.steps
        if budget.epochs is not None:
            share = max(share, epoch / budget.epochs)
        if budget.gradients is not None:
            share = max(share, counts.gradients / budget.gradients)
        if budget.work is not None:
            share = max(share, counts.work / budget.work)
        if budget.seconds is not None:
            share = max(share, seconds() / budget.seconds)
        return min(1.0, share)

    def _impatient(self, values: Mapping[str, float]) -> str | None:
        """Return a reason if the loss has not improved for too many checkpoints, else None.

        It is the validation loss, if the problem measures one. A loss that is no finite number is
        not better than any other.
        """
        patience = self._budget.patience
        if patience is None:
            return None
        loss = values["validation_loss"] if "validation_loss" in values else values["loss"]
        better = isfinite(loss) and loss < self.best
        self.stale = 0 if better else self.stale + 1
        self.best = loss if better else self.best
        if self.stale < patience:
            return None
        return f"no better loss in {patience} checkpoints"

    def _short(self, vectors: Array, limit: Any) -> Any:
        """Return whether |v| ≤ limit for vectors of shape (..., P)."""
        if vectors.ndim == 1:
            return within(vectors, limit, self._xp)
        if isinstance(limit, float) and UNDERFLOW < limit < 1 / UNDERFLOW:
            # A square that is not representable is far on its side of the limit's.
            squares = self._backend.to_numpy(self._xp.sum(vectors * vectors, axis=-1))
            return np.sqrt(squares) <= limit
        return self._backend.to_numpy(norms(vectors, self._xp)) <= limit


def within(vector: Array, limit: float, xp: Any) -> bool:
    """Whether the Euclidean norm is at most a limit; False if it is NaN.

    A scalar product takes a third of the time of `norms`. It decides unless the norm is near the
    limit, where rounding matters, or its square may not be representable.
    """
    roughly = sqrt(vector @ vector)
    if roughly <= 0.5 * limit and limit > UNDERFLOW:
        return True
    return not 2 * limit < roughly < inf and float(norms(vector, xp)) <= limit
