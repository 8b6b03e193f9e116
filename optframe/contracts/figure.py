"""A figure: a picture drawn from tidy frames and from nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Figure", "Frames"]


@dataclass(frozen=True)
class Frames:
    """What a figure sees: ``trials`` (a row per trial) and ``curves`` (a row per checkpoint).

    ``colors`` gives each optimizer label its colour, the same one in every figure of a report.
    """

    trials: pd.DataFrame
    curves: pd.DataFrame
    colors: dict[str, Any]


class Figure(ABC):
    """A frozen dataclass of a figure's choices that draws one problem's results."""

    @abstractmethod
    def title(self) -> str:
        """Return what the picture shows, in a few words."""

    @abstractmethod
    def missing(self, frames: Frames) -> str | None:
        """Say why there is nothing to draw, or None where there is."""

    @abstractmethod
    def draw(self, figure: Any, frames: Frames) -> None:
        """Draw on an empty `matplotlib.figure.Figure`; the frames hold one problem."""
