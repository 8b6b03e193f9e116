"""A search: finds how far to go along a direction that an optimizer has chosen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from optframe.contracts.backend import Array
from optframe.contracts.space import Space

if TYPE_CHECKING:
    from optframe.contracts.oracle import Oracle

__all__ = ["Point", "Search"]


@dataclass(frozen=True)
class Point:
    """A point θ of shape (P,), with the loss and the gradient there.

    ``gradient`` has shape (P,); it is None if it was not evaluated.
    """

    theta: Array
    loss: float
    gradient: Array | None


class Search(ABC):
    """Finds a step length along a direction; a frozen dataclass of the search's constants.

    Optimizers such as conjugate gradients and BFGS have a search as a field.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"loss", "gradient", "deterministic"})
    """The oracle methods and conditions that it uses (see `optframe.Oracle`)."""

    spaces: ClassVar[Mapping[str, Space]] = {}
    """The usual space of its fields, by the fields' names in a study, with its source (see
    `optframe.Space`). The order is that in which they are tuned."""

    @abstractmethod
    def along(
        self, start: Point, direction: Array, slope: float, first: float, oracle: Oracle
    ) -> Point | None:
        """Return a point θ + t·d, t > 0, that meets the search's condition; None if none is found.

        If no value that it met was finite, it returns a point whose loss is NaN. The method then
        ends the run as diverged, unless another direction helps.

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
            Evaluates the loss and the gradient at the points that are tried.
        """
