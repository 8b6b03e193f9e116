"""A search: how far to go along a direction that a method has chosen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from optframe.contracts.backend import Array

if TYPE_CHECKING:
    from optframe.contracts.oracle import Oracle

__all__ = ["Point", "Search"]


@dataclass(frozen=True)
class Point:
    """θ with what is known there: the loss and the gradient (None where it was not asked for)."""

    theta: Array
    loss: float
    gradient: Array | None


class Search(ABC):
    """A frozen dataclass of a search's constants; methods (CG, BFGS) hold one."""

    needs: ClassVar[frozenset[str]] = frozenset({"loss", "gradient", "deterministic"})
    """What it asks of a problem, in the oracle's words."""

    @abstractmethod
    def along(
        self, start: Point, direction: Array, slope: float, first: float, oracle: Oracle
    ) -> Point | None:
        """Return a point θ + t·d with t > 0 that is good enough, or None where there is none.

        Parameters
        ----------
        start
            θ, f(θ) and ∇f(θ).
        direction
            d, shape (P,).
        slope
            ∇f(θ)·d, negative.
        first
            The t to try first, > 0.
        oracle
            Answers at the points that are tried.
        """
