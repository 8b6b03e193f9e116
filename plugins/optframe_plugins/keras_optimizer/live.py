"""The state of a run: an optimizer of Keras, which takes and gives NumPy's arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from optframe import Array

__all__ = ["Live", "Rule"]


class Rule(Protocol):
    """An optimizer of Keras on one of its backends."""

    def step(self, theta: Any, gradient: Any, rate: float | None, values: dict[str, Any]) -> Any:
        """Return the next θ, which may be the memory of this θ or of the rule.

        ``values`` are those of further parameters that are schedules.
        """

    def average(self, theta: Any) -> Any:
        """Return what Keras finalizes θ to; θ itself where that is the same."""

    def arrays(self) -> list[Any]:
        """Return copies of the variables of the optimizer, in its order."""

    def restore(self, arrays: list[Any]) -> None:
        """Set the variables."""


class Live:
    """A rule and the backend of the run; both are NumPy's memory where the backend is NumPy."""

    def __init__(self, rule: Rule, xp: Any, to_numpy: Callable[[Array], Any]) -> None:
        self.rule, self.xp, self.to_numpy = rule, xp, to_numpy

    def step(
        self, theta: Array, gradient: Array, rate: float | None, values: dict[str, Any]
    ) -> Array:
        """Do a step."""
        if isinstance(theta, np.ndarray):
            return self.rule.step(theta, gradient, rate, values)
        host = np.array(self.to_numpy(theta))
        return self._back(self.rule.step(host, self.to_numpy(gradient), rate, values), theta)

    def solution(self, theta: Array) -> Array:
        """Return the average."""
        if isinstance(theta, np.ndarray):
            return self.rule.average(theta)
        host = self.to_numpy(theta)
        average = self.rule.average(host)
        return theta if average is host else self._back(average, theta)

    def _back(self, host: Any, like: Any) -> Array:
        return self.xp.asarray(host, dtype=like.dtype, device=like.device, copy=True)
