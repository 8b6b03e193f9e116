"""The figure rank-heatmap: each optimizer's rank on each problem."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from optframe import Figure, Frames
from optframe.contracts.costs import CostName
from optframe_reports.plotting.compared_optimizers import add_notes, notes_height, number_of_seeds
from optframe_reports.plotting.cost_ranking import Measure, Ranking
from optframe_reports.plotting.labelling import WIDTH, add_title, height_of, literal, room, stroke
from optframe_reports.quantities import number, plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RankHeatmap"]

Floats = NDArray[np.float64]

_MOST = 24
_ROW, _TALLEST = 0.21, 7.5  # inches: of a row, and of all of them
_LETTER, _LINE, _BAR = 0.068, 0.15, 0.7  # inches: of text, and for the colours' bar
_NAME = 30  # letters in a line
_LEAST = 5.5  # points: of numbers that can be read
_COLORS, _FAILED = "YlGnBu_r", "0.88"
_UNITS = {"rank": "rank", "ratio": "cost / the least"}


@dataclass(frozen=True)
class RankHeatmap(Figure):
    """A row for each problem, a column for each optimizer, the best on average at the left.

    A cell is the optimizer's rank on the problem in the standings, 1 being the best. Equal
    optimizers share the mean of their ranks. × marks an optimizer of which no run reached the
    target. Those share the last ranks. A cell is blank if the optimizer did not run on the problem.
    Problems on which more optimizers failed are further below. Cells that are too small have no
    numbers.

    Parameters
    ----------
    show
        The ``rank``, or the ``ratio`` to the problem's best cost; losses have no ratio.
    measure
        What is ranked: the cost of reaching the study's ``target``, or the ``final`` metric.
        ``auto`` is the target if every problem has one.
    by
        The cost of the target; by default the study's, else the work.
    metric
        The final metric; by default the one that judges, as in the tables.
    """

    across = True

    show: Literal["rank", "ratio"] = "rank"
    measure: Measure = "auto"
    by: CostName | None = None
    metric: str | None = None

    def title(self) -> str:
        """Return the picture's title."""
        return "Ranks on each problem" if self.show == "rank" else "Costs relative to the best"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if fewer than two optimizers ran, or no ratio exists, else None."""
        reason = self._ranking.missing(frames)
        if reason is None and self.show == "ratio" and not self._ranking.by_target(frames):
            return "a final value can be ranked, but has no ratio; expected show=rank"
        return reason

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with a row for each problem and columns as wide as names."""
        cells = self._cells(frames)
        rows = [literal(name, _NAME) for name in cells.problems]
        columns = [literal(name, _NAME) for name in cells.optimizers]
        wide = max(_LINE * _tallest(columns) + 0.06, 0.3)
        width = _LETTER * _longest(rows) + wide * len(columns) + _BAR
        height = min(max(_ROW, _LINE * _tallest(rows) + 0.04) * len(rows), _TALLEST)
        height += _LETTER * _longest(columns) + 0.6 + notes_height(cells.notes)
        return max(WIDTH, width), max(height, 2.4)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return a row for each cell, as ordered: problem, optimizer, cost, rank, ratio."""
        import pandas as pd

        cells = self._cells(frames)
        shape = cells.values.shape
        return pd.DataFrame(
            {
                "problem": np.repeat(cells.problems, shape[1]),
                "optimizer": np.tile(cells.optimizers, shape[0]),
                "cost": cells.costs.ravel(),
                self.show: cells.values.ravel(),
            }
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the cells, with their numbers if these are legible, and the colour bar."""
        import seaborn

        cells = self._cells(frames)
        place = _place(axes, cells)
        known = np.isfinite(cells.values) & ~cells.failed
        texts = np.array([[_two_digits(value) for value in row] for row in cells.values])
        letters = max(map(len, texts[known]), default=1)
        size = min(8.3, 50 * place.height, 72 * place.width / (0.62 * letters + 0.4))
        grey = np.ma.masked_where(~cells.failed, np.ones(cells.values.shape))
        axes.pcolormesh(grey, cmap=ListedColormap([_FAILED]))
        bar = axes.inset_axes([1.015, 0, 0.02, 1])
        seaborn.heatmap(
            cells.values,
            mask=~known,
            cmap=_COLORS,
            **self._scale(cells.values[known], len(cells.optimizers)),
            annot=texts if size >= _LEAST else None,
            fmt="",
            annot_kws={"size": size * stroke()},
            linewidths=0.6 if min(place.width, place.height) > 0.12 else 0.0,
            cbar_ax=bar,
            cbar_kws={"label": _UNITS[self.show]},
            ax=axes,
        )
        self._label_bar(axes.collections[1].colorbar, len(cells.optimizers))
        row, column = np.nonzero(cells.failed)
        cross = 0.55 * min(8.3, 50 * place.height, 50 * place.width)
        axes.plot(column + 0.5, row + 0.5, "x", ms=cross * stroke(), mew=stroke(), color="0.45")
        _label(axes, cells, place)
        text = f"{plural(len(cells.problems), 'problem')}, {number_of_seeds(frames)}"
        add_title(axes, f"{text}: {_UNITS[self.show]}", place.taken)
        add_notes(axes, cells.notes, axes, left=_LETTER * place.taken)

    def _scale(self, known: Floats, optimizers: int) -> dict[str, Any]:
        if self.show == "rank":
            return {"vmin": 1, "vmax": optimizers}
        return {"norm": LogNorm(1, max(float(known.max(initial=1.0)), 2.0))}

    def _label_bar(self, bar: Any, optimizers: int) -> None:
        """Write whole ranks, and the best at the top."""
        bar.outline.set_visible(False)
        bar.ax.invert_yaxis()
        if self.show == "rank":
            bar.set_ticks(range(1, optimizers + 1, math.ceil(optimizers / 12)))
        else:
            bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
            bar.ax.minorticks_off()

    @property
    def _ranking(self) -> Ranking:
        return Ranking(self.measure, self.by, self.metric, _MOST)

    def _cells(self, frames: Frames) -> _Cells:
        ranked = self._ranking.of(frames)
        costs = ranked.costs
        failures = np.isinf(costs).sum(axis=1)
        order = failures.sort_values(kind="stable").index
        costs = costs.loc[order]
        shown = ranked.ranks if self.show == "rank" else ranked.ratios
        values = shown.loc[order].to_numpy(np.float64)
        table = costs.to_numpy(np.float64)
        incomplete = int(np.isnan(table).any(axis=1).sum())
        failed = np.isinf(table)
        notes = [
            f"{ranked.words.capitalize()}; in the order of the standings.",
            "× failed: no run reached the target." if failed.any() else "",
            f"Blank: did not run, on {plural(incomplete, 'problem')}." if incomplete else "",
            *ranked.notes,
            ranked.lost,
        ]
        notes = [note for note in notes if note]
        return _Cells(
            list(map(str, costs.index)), list(costs.columns), table, values, failed, notes
        )


class _Cells(NamedTuple):
    """The costs and what is shown of them, shape (problems, optimizers)."""

    problems: list[str]
    optimizers: list[str]
    costs: Floats
    values: Floats
    failed: NDArray[np.bool_]
    notes: list[str]


def _two_digits(value: float) -> str:
    """Return a rank or a ratio as text with two digits and no exponent."""
    return number(float(round(value)) if 9.95 <= value < 1e6 else value, 2)


def _longest(names: list[str]) -> int:
    return max(len(line) for name in names for line in name.split("\n"))


def _tallest(names: list[str]) -> int:
    return 1 + max(name.count("\n") for name in names)


class _Place(NamedTuple):
    """The approximate size of a cell, and the length of the names at the left.

    Sizes are in inches, for the text of a picture of `axes.WIDTH`.
    """

    width: float
    height: float
    taken: int
    """Letters of the longest line of names at the left."""
    letters: int
    """In a line of a name."""


def _place(axes: Any, cells: _Cells) -> _Place:
    letters = max(14, int(_NAME * room(axes)))
    rows, columns = ([literal(n, letters) for n in names] for names in cells[:2])
    taken = _longest(rows)
    width = WIDTH * room(axes) - _LETTER * taken - _BAR
    above = _LETTER * _longest(columns) + 0.6
    height = height_of(axes) - (above + notes_height(cells.notes, room(axes)))
    size = max(width, 0.5) / len(columns), max(height, 0.5) / len(rows)
    return _Place(*size, taken, letters)


def _label(axes: Any, cells: _Cells, place: _Place) -> None:
    """Write the names at the left and above, so that they do not overlap."""
    heads, tall = cells.optimizers, min(8.3, 58 * place.width)
    lines = max(1, int((72 * place.width - 2) / (1.25 * tall)))
    heads = [
        literal(name, max(place.letters, math.ceil(1.3 * len(name) / lines))) for name in heads
    ]
    axes.xaxis.tick_top()
    axes.set_xticks(np.arange(len(heads)) + 0.5, heads, rotation=90, fontsize=tall * stroke())
    every = max(1, math.ceil(0.11 / place.height))
    rows = [literal(name, place.letters) for name in cells.problems][::every]
    tall = max(5.0, min(8.3, 58 * place.height * every / _tallest(rows)))
    axes.set_yticks(
        np.arange(0, len(cells.problems), every) + 0.5, rows, rotation=0, fontsize=tall * stroke()
    )
    axes.tick_params(length=0)
    axes.set(xlabel="", ylabel="")
