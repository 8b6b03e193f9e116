"""A figure: a picture that is drawn from tidy frames alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from optframe.contracts.costs import DEFAULT

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Figure", "Frames"]


@dataclass(frozen=True)
class Frames:
    """The input of a figure: ``trials`` (a row per trial) and ``curves`` (a row per checkpoint).

    ``colors`` maps each optimizer's label to its colour, which is the same in every figure of a
    report. ``landscapes`` maps the keys of trials with P ≤ 2 to the loss on a grid around their
    paths. ``paths`` maps them to tables with the columns step, θ and gradient, shape
    (points, 1 + 2P): see `optframe.Record.path`. ``cost`` is what the study compares by, and
    ``metric`` what it judges by, None if it names none; they are the defaults of figures.
    ``standings`` is the `optframe.statistics.Standings` of the whole study, which has every
    ranking; None if the frames were made by hand. ``tuning`` has the trials that searched for
    hyperparameters, and ``tunings`` a row for each search with its space, its tuner, its settings
    and its winner: those of `Results`. Both are empty where nothing was tuned. ``trials`` has none
    of these trials. ``found`` keeps, by a name, what a figure works out of these frames and others
    need again; frames that are made of these by `dataclasses.replace` begin without it.
    """

    trials: pd.DataFrame
    curves: pd.DataFrame
    colors: Mapping[str, Any]
    landscapes: Mapping[str, Any] = field(default_factory=dict)
    paths: Mapping[str, Any] = field(default_factory=dict)
    cost: str = DEFAULT
    metric: str | None = None
    standings: Any = None
    tuning: pd.DataFrame = field(default_factory=lambda: _no_rows())
    tunings: pd.DataFrame = field(default_factory=lambda: _no_rows())
    found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)


def _no_rows() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame()


class Figure(ABC):
    """Draws results on Matplotlib's axes; a frozen dataclass whose fields are options."""

    across: ClassVar[bool] = False
    """Whether its frames contain all problems of a study; if not, they contain one problem."""

    on_request: ClassVar[bool] = False
    """Whether reports leave it out, and it is drawn by name alone."""

    of_tuning: ClassVar[bool] = False
    """Whether it shows a tuning alone; reports of studies without one do not name it."""

    @abstractmethod
    def title(self) -> str:
        """Return what the picture shows, in a few words."""

    def missing(self, frames: Frames) -> str | None:
        """Return why these frames cannot be drawn; None, the default, if they can."""
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the width and the height of the picture in inches."""
        return (6.4, 3.9)

    @abstractmethod
    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the numbers that are drawn as a tidy frame, in the units of ``frames``."""

    @abstractmethod
    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw on an empty `matplotlib.axes.Axes`, with labels, title and legend."""
