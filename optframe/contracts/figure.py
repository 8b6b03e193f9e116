"""A figure: a picture drawn from tidy frames and from nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Figure", "Frames"]


@dataclass(frozen=True)
class Frames:
    """What a figure sees: ``trials`` (a row per trial) and ``curves`` (a row per checkpoint).

    ``colors`` gives each optimizer label its colour, the same one in every figure of a report;
    ``landscapes`` holds the loss on a grid around the paths of trials with P ≤ 2, by their key.
    """

    trials: pd.DataFrame
    curves: pd.DataFrame
    colors: Mapping[str, Any]
    landscapes: Mapping[str, Any] = field(default_factory=dict)


class Figure(ABC):
    """A frozen dataclass of a figure's choices that draws results on Matplotlib's axes."""

    across: ClassVar[bool] = False
    """Whether the frames hold all problems of a study; else they hold one."""

    @abstractmethod
    def title(self) -> str:
        """Return what the picture shows, in a few words."""

    def missing(self, frames: Frames) -> str | None:
        """Say why there is nothing to draw, or None where there is."""
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the width and the height in inches that the picture wants."""
        return (6.4, 3.9)

    @abstractmethod
    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the numbers that are drawn, tidy, in the units of the frames."""

    @abstractmethod
    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw on an empty `matplotlib.axes.Axes`, with its labels, its title and its legend."""
