"""The critical-difference diagram: whose average ranks over problems differ significantly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.transforms import ScaledTranslation

from optframe import Figure, Fraction, Frames
from optframe.contracts.costs import CostName
from optframe.statistics import Friedman, average_ranks, friedman, nemenyi_distance, nemenyi_groups
from optframe_reports.plotting.compared_optimizers import (
    add_notes,
    notes_height,
    number_of_seeds,
    solvers,
)
from optframe_reports.plotting.cost_ranking import Measure, Ranking
from optframe_reports.plotting.labelling import WIDTH, add_title, height_of, literal, room, stroke
from optframe_reports.quantities import p_value, plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CriticalDifference"]

_MOST = 20
_NAME = 26  # letters in a line
_LETTER, _LINE, _GAP, _BAR = 0.068, 0.155, 0.09, 0.13  # inches
_ABOVE = 1.15  # inches: the title, the axis and its label


@dataclass(frozen=True)
class CriticalDifference(Figure):
    """The average ranks over problems; bars join optimizers that do not differ significantly.

    On each problem, the optimizers are ranked by their performance in the standings, 1 being the
    best. Equal optimizers share the mean of their ranks. Those without a run that reached the
    target share the last ranks. Reports leave this figure out, since their standings use a sharper
    test. Friedman's test decides whether the ranks differ at
    all. If they do not, one bar joins all. If they do, two optimizers differ significantly if their
    average ranks differ by the critical difference or more (Nemenyi's test at the level ``alpha``).
    Its length is drawn above the axis.

    Parameters
    ----------
    measure
        What is ranked: the cost of reaching the study's ``target``, or the ``final`` metric.
        ``auto`` is the target if every problem has one.
    by
        The cost of the target; by default the study's, else the work.
    metric
        The final metric; by default the one that judges, as in the tables.
    alpha
        The level of both tests.

    Reference: J. Demšar, *Journal of Machine Learning Research* 7 (2006).
    """

    across = True
    on_request = True

    measure: Measure = "auto"
    by: CostName | None = None
    metric: str | None = None
    alpha: Fraction = 0.05

    def __post_init__(self) -> None:
        """Raise if ``alpha`` is not positive, since nothing would ever differ."""
        if self.alpha <= 0:
            raise ValueError(f"alpha must be greater than 0, got {self.alpha}")

    def title(self) -> str:
        """Return the picture's title."""
        return "Critical differences of average ranks"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if there are too few optimizers or problems for the test, else None."""
        reason = self._ranking.missing(frames)
        if reason is not None:
            return reason
        problems, optimizers = self._ranking.of(frames).costs.dropna().shape
        if optimizers < 3:
            return "Friedman's test compares three optimizers or more; only two have run"
        if problems < 2:
            return (
                "ranks are averaged over two problems or more; "
                f"all optimizers have run on {problems or 'none'}"
            )
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with a row for each pair of names, and one for each bar."""
        ranks = self._ranks(frames)
        return WIDTH, _ABOVE + _places(ranks, 1.0).height + notes_height(ranks.notes)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return what is drawn: optimizer, rank, and the numbers of the bars that it is on."""
        import pandas as pd

        drawn = self._ranks(frames)
        bars = [
            [number for number, bar in enumerate(drawn.bars) if name in bar]
            for name in drawn.ranks.index
        ]
        return pd.DataFrame(
            {
                "optimizer": drawn.ranks.index,
                "rank": drawn.ranks.to_numpy(),
                "bars": [tuple(on) for on in bars],
                "critical_difference": drawn.distance,
                "p": drawn.test.p,
            }
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the axis above, the bars below it, and the names at both sides."""
        drawn = self._ranks(frames)
        places = _places(drawn, room(axes))
        count = len(drawn.ranks)
        _draw_axis(axes, count, places)
        _draw_names(axes, drawn, places)
        for index, bar in enumerate(drawn.bars):
            ends = drawn.ranks[list(bar)]
            left, right = ends.min() - 0.006 * count, ends.max() + 0.006 * count
            y = _GAP + _BAR * (index + 0.5)
            thick = {"color": "0.25", "lw": 3.5 * stroke(), "solid_capstyle": "round"}
            axes.plot([left, right], [y, y], zorder=3, **thick)
        if drawn.distance <= count - 1:
            _draw_distance(axes, drawn.distance)
        seeds = number_of_seeds(frames)
        add_title(axes, f"{plural(drawn.test.problems, 'problem')}, {seeds}: average ranks")
        add_notes(axes, drawn.notes, axes)

    @property
    def _ranking(self) -> Ranking:
        return Ranking(self.measure, self.by, self.metric, _MOST)

    def _ranks(self, frames: Frames) -> _Ranks:
        ranked = self._ranking.of(frames)
        costs = ranked.costs
        ranks, test = average_ranks(costs), friedman(costs)
        distance = nemenyi_distance(test.optimizers, test.problems, self.alpha)
        names = list(map(str, ranks.index))
        differ = test.p < self.alpha
        bars = nemenyi_groups(ranks, distance) if differ else [tuple(names)]
        notes = [
            f"Ranked by {ranked.words}; 1 is the best.",
            _verdict(test, self.alpha),
            _too_few(test, distance),
            *ranked.notes,
            f"Left out: {plural(test.left_out, 'problem')} that not all optimizers have run on."
            if test.left_out
            else "",
            ranked.lost,
        ]
        colors = {solver.name: solver.color for solver in solvers(ranked.frames, names)}
        return _Ranks(ranks, bars, distance, test, colors, [note for note in notes if note])


class _Ranks(NamedTuple):
    ranks: pd.Series[float]
    bars: list[tuple[str, ...]]
    distance: float
    test: Friedman
    colors: dict[str, Any]
    notes: list[str]


def _verdict(test: Friedman, alpha: float) -> str:
    form = "exact" if test.exact else "Iman–Davenport"
    text = f"Friedman's test ({form}): {p_value(test.p)}"
    if test.p < alpha:
        return f"{text}; bars join optimizers that do not differ by Nemenyi's test (α = {alpha:g})."
    return f"{text}: not significant at the level {alpha:g}, so one bar joins all."


def _too_few(test: Friedman, distance: float) -> str:
    """Return a note if even the largest possible difference is not significant, else ""."""
    most = test.optimizers - 1
    if distance <= most:
        return ""
    enough = math.ceil(test.problems * (distance / most) ** 2)
    return (
        f"Too few problems: the critical difference of {distance:.1f} is larger than the largest "
        f"possible difference of ranks ({most}); Nemenyi's test needs at least {enough} problems "
        "to find a difference."
    )


class _Places(NamedTuple):
    """The names at the left and the right, wrapped, with the depth of each below the axis."""

    names: list[str]
    depths: list[float]
    lefts: int
    height: float

    def margin(self, some: slice) -> float:
        """Return how many inches these names take at their side."""
        lines = [line for name in self.names[some] for line in name.split("\n")]
        return 0.12 + _LETTER * max(map(len, lines))


def _places(drawn: _Ranks, room: float) -> _Places:
    names = [
        literal(f"{name}  {rank:.2f}", max(12, int(_NAME * room)))
        for name, rank in drawn.ranks.items()
    ]
    heights = [_LINE * (1 + name.count("\n")) + 0.06 for name in names]
    lefts = (len(names) + 1) // 2
    top = 2 * _GAP + _BAR * len(drawn.bars)
    depths = [0.0] * len(names)
    for side in (range(lefts), range(len(names) - 1, lefts - 1, -1)):
        y = top
        for index in side:
            depths[index] = y + heights[index] / 2
            y += heights[index]
    height = max(d + h / 2 for d, h in zip(depths, heights, strict=True))
    return _Places(names, depths, lefts, height)


def _draw_axis(axes: Any, count: int, places: _Places) -> None:
    """Draw the axis of ranks at the top, between the names; depths below it are in inches."""
    left, right = places.margin(slice(places.lefts)), places.margin(slice(places.lefts, None))
    inner = max(WIDTH * room(axes) - left - right, 0.5)
    axes.set_xlim(1 - (count - 1) * left / inner, count + (count - 1) * right / inner)
    axes.set_ylim(places.height, 0)
    axes.set_yticks([])
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(range(1, count + 1, math.ceil(count * 0.22 / inner)))
    axes.set_xlabel("average rank", ha="left", va="bottom")
    axes.xaxis.set_label_coords(count, 1, _above(axes, 26, right=-32))
    axes.spines["top"].set_bounds(1, count)
    for side in ("left", "right", "bottom"):
        axes.spines[side].set_visible(False)


def _draw_names(axes: Any, drawn: _Ranks, places: _Places) -> None:
    count = len(drawn.ranks)
    inches = height_of(axes) - (_ABOVE + notes_height(drawn.notes, room(axes)))
    size = 8.3 * stroke() * min(1.0, max(inches, 0.5) / places.height)
    for index, (name, rank) in enumerate(drawn.ranks.items()):
        at_left = index < places.lefts
        depth = places.depths[index]
        end = 1 - 0.02 * (count - 1) if at_left else count + 0.02 * (count - 1)
        axes.plot(
            [rank, rank, end], [0, depth, depth], color=drawn.colors[str(name)], lw=1.3 * stroke()
        )
        axes.annotate(
            places.names[index],
            (end, depth),
            (-4 if at_left else 4, 0),
            textcoords="offset points",
            ha="right" if at_left else "left",
            va="center",
            fontsize=size,
        )


def _draw_distance(axes: Any, distance: float) -> None:
    """Draw the critical difference above the axis' numbers, from rank 1 on."""
    line = {
        "color": "0.25",
        "lw": 1.5 * stroke(),
        "marker": "|",
        "ms": 7 * stroke(),
        "mew": 1.5 * stroke(),
        "clip_on": False,
    }
    axes.plot([1, 1 + distance], [1, 1], transform=_above(axes, 22), **line)
    text = f"CD = {distance:.2f}"
    axes.text(1, 1, text, transform=_above(axes, 26), va="bottom", fontsize="small")


def _above(axes: Any, points: float, right: float = 0.0) -> Any:
    """Return the transform that places text at a rank, ``points`` above the axis."""
    inches = stroke() / 72
    shift = ScaledTranslation(right * inches, points * inches, axes.figure.dpi_scale_trans)
    return axes.get_xaxis_transform() + shift
