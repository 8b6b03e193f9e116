"""An oracle that ends a solver inside its step once the run's budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from optframe.contracts import Array
from optframe.contracts.oracle import Oracle

__all__ = ["LimitedOracle", "SpentError"]


class SpentError(BaseException):
    """The budget is spent, so the oracle does not answer; the loop around a solver catches it.

    It is no `Exception`, so that libraries that catch what a function raises let it through.
    """


class LimitedOracle(Oracle):
    """Raises `SpentError` instead of an answer as soon as ``spent()`` is true.

    One iteration of a solver may ask many times, and only the solver knows how often. What has been
    answered before is counted; the answer that is refused is not.
    """

    def __init__(self, spent: Callable[[], bool], *arguments: Any) -> None:
        super().__init__(*arguments)
        self._spent = spent

    def _check(self) -> None:
        if self._spent():
            raise SpentError

    def _charge(self, word: str, theta: Array) -> int:
        self._check()
        return super()._charge(word, theta)

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        self._check()
        return super().gradient(theta)

    @contextmanager
    def counted(
        self, losses: int = 0, gradients: int = 0, hvps: int = 0
    ) -> Iterator[tuple[Any, ...]]:
        """Count evaluations that the caller makes itself."""
        self._check()
        with super().counted(losses, gradients, hvps) as batch:
            yield batch

    def _like(self, batch: tuple[Any, ...], passes: Callable[..., Array] | None) -> Oracle:
        other = LimitedOracle.__new__(LimitedOracle)
        other.__dict__.update(vars(super()._like(batch, passes)), _spent=self._spent)
        return other
