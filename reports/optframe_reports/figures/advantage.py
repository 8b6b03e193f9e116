"""The figure advantage: each contender's performance relative to the leader's, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from optframe import Figure, Frames
from optframe.contracts.costs import CostName
from optframe.statistics import Standings
from optframe_reports.plotting.compared_optimizers import (
    add_notes,
    notes_height,
    nothing_to_compare,
    number_of_seeds,
)
from optframe_reports.plotting.contenders import colors_of, standings_of
from optframe_reports.plotting.labelling import (
    WIDTH,
    add_title,
    literal,
    plain_log_ticks,
    room,
    stroke,
)
from optframe_reports.plotting.palette import LIMIT
from optframe_reports.quantities import count

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Advantage"]

_PROBLEMS = 9
"""The most problems in a picture."""

_NAME, _LETTER = 24, 0.068  # letters in a line, and inches of one
_ROW = 0.24  # inches
_GAP = 0.16
"""Between two panels: a share of the width of a panel with its gap."""

_ABOVE, _TITLE = 0.1, 0.75  # rows: above the first panels' titles, and of a line of a title
_BELOW, _NUMBERS = 1.7, 0.8  # rows: between panels, and below the last ones
_NARROWEST = 1.3
"""The least ratio of an axis' end to 1."""


@dataclass(frozen=True)
class Advantage(Figure):
    """What each contender needs or ends with, divided by what the leader does: a forest plot.

    There is a panel for all problems together, and one for each. The leader of the standings is at
    the top, at 1. A contender on the right of it is worse: at 2, it needs twice the cost to reach
    the target, or ends with twice the value where no run reached one. The line is the 95 %
    interval: all ratios that the standings' test does not reject. A point alone has too few runs
    for one. A filled point is told apart from the leader over all problems, by a test that is
    corrected for all pairs; a hollow one is not, whatever its own interval. An arrow is an interval
    that goes on beyond the panel. A triangle is a bound: at least that ratio, or at most, since one
    of the two never reached the target. × reached it as little as the leader.

    Problems of which no run counts in the standings have no panel. Of more than nine problems, the
    first are shown; of more than twelve contenders, the best.

    Parameters
    ----------
    by
        The cost of the target; by default the study's, else the work.
    metric
        The final metric; by default the one that judges, as in the tables.
    """

    across = True

    by: CostName | None = None
    metric: str | None = None

    def title(self) -> str:
        """Return the picture's title."""
        return "How far behind the leader"

    def missing(self, frames: Frames) -> str | None:
        """Return why the standings rank nobody, else None."""
        found = self._standings(frames)
        reason = nothing_to_compare(frames, found)
        if reason is not None or found.comparable:
            return reason
        return found.doubt or found.headline[0].removesuffix(".")

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with a row for each name in each row of panels."""
        drawn = _drawn(self._standings(frames))
        places = _places(drawn, 1.0)
        return WIDTH, 0.75 + _ROW * places.bottom + notes_height(drawn.notes)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return what is drawn: panel, contender, ratio, low, high, bound, apart."""
        return _drawn(self._standings(frames)).table

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the panels, with the names at the left of each row of panels."""
        found = self._standings(frames)
        drawn = _drawn(found)
        places = _places(drawn, room(axes))
        axes.set(xlim=(0, places.columns), ylim=(places.bottom, 0), xticks=[])
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        ticks = [top + place for top in places.tops for place in places.rows]
        names = places.names * len(places.tops)
        axes.set_yticks(ticks, names, fontsize="small")
        shown = set(drawn.contenders)
        colors = colors_of(frames, [name for name in found.names if name in shown])
        for number in range(len(drawn.panels)):
            _draw_panel(axes, drawn, number, places, colors)
        add_title(axes, _caption(found, drawn.leader, number_of_seeds(frames)), places.letters)
        add_notes(axes, drawn.notes, axes, left=_LETTER * places.letters)

    def _standings(self, frames: Frames) -> Standings:
        return standings_of(frames, self.by, self.metric)


class _Drawn(NamedTuple):
    table: pd.DataFrame
    panels: list[str]
    contenders: list[str]
    leader: str
    notes: list[str]


def _drawn(found: Standings) -> _Drawn:
    """Return the panels and contenders that are shown, and notes in words."""
    table = found.panels()
    problems = list(found.problems.loc[found.problems["judged"], "problem"])
    ranked = list(dict.fromkeys(table["contender"]))
    shown = [p for p in dict.fromkeys(table["panel"]) if p not in problems[_PROBLEMS:]]
    table = table[table["panel"].isin(shown) & table["contender"].isin(ranked[:LIMIT])]
    table = table.reset_index(drop=True)
    scales = " Each panel has its own scale." if len(shown) > 1 else ""
    notes = [
        f"Right of the line is worse than the leader.{scales}",
        _interval_note(found, table),
        _hollow_note(table, ranked[0]),
    ]
    if (table["bound"] != "").any():
        notes.append("Triangle: a bound, since one of the two never reached the target.")
    if table["ratio"].isna().any():
        notes.append("×: neither it nor the leader reached the target.")
    if len(problems) > _PROBLEMS:
        notes.append(f"Shown: the first {_PROBLEMS} of {count(len(problems))} problems.")
    if len(ranked) > LIMIT:
        notes.append(f"Shown: the first {LIMIT} of {count(len(ranked))} contenders.")
    return _Drawn(table, shown, ranked[:LIMIT], ranked[0], [note for note in notes if note])


def _interval_note(found: Standings, table: pd.DataFrame) -> str:
    rivals = table[table["contender"] != table["contender"].iloc[0]]
    alone = (rivals["low"] == 0) & np.isinf(rivals["high"])
    if not alone.any():
        return "Lines: the 95 % interval."
    if found.claim == "fixed":
        return "No intervals: nothing here depends on a seed."
    unsolved = (found.cells["kind"] == "cost") & (found.cells["won"] < found.cells["runs"])
    few = f"too few different runs{', or too few at the target,' if unsolved.any() else ''}"
    if alone.all():
        return f"No intervals: {few} for 95 %."
    return f"Lines: the 95 % interval. A point alone: {few} for one."


def _hollow_note(table: pd.DataFrame, leader: str) -> str:
    behind = table.loc[table["contender"] != leader, "apart"]
    if behind.all():
        return ""
    if behind.any():
        return "Hollow: not told apart from the leader."
    return "All hollow: nobody is told apart from the leader."


def _caption(found: Standings, leader: str, seeds: str) -> str:
    judged = found.problems[found.problems["judged"]]
    said = [f"{found.cost} to the target"] if (judged["kind"] == "cost").any() else []
    if found.measure:
        said.append(f"final {found.measure.removeprefix('final ')}")
    return f"{' or '.join(said)} / that of {leader}, {seeds}"


class _Places(NamedTuple):
    """Where panels are, in rows of text below the picture's upper end."""

    columns: int
    width: float
    """Inches of a panel."""
    tops: list[float]
    """The upper end of each row of panels."""
    rows: list[float]
    """The contenders, below a panel's upper end."""
    height: float
    bottom: float
    names: list[str]
    titles: list[str]
    letters: int
    """In the longest line of a name."""


def _places(drawn: _Drawn, room: float) -> _Places:
    columns = {1: 1, 2: 2, 4: 2}.get(len(drawn.panels), 3)
    names = [literal(name, max(12, int(_NAME * room))) for name in drawn.contenders]
    rows, height = [], 0.15
    for name in names:
        lines = 0.7 * (1 + name.count("\n")) + 0.3
        rows.append(height + lines / 2)
        height += lines
    height += 0.15
    longest = max(len(line) for name in names for line in name.split("\n"))
    width = (WIDTH * room - _LETTER * longest) / columns * (1 - _GAP)
    titles = [literal(panel, max(10, int(width / _LETTER))) for panel in drawn.panels]
    tops, below = [], _ABOVE
    for first in range(0, len(titles), columns):
        lines = max(1 + title.count("\n") for title in titles[first : first + columns])
        tops.append(below + _TITLE * lines)
        below = tops[-1] + height + _BELOW
    bottom = below - _BELOW + _NUMBERS
    return _Places(columns, width, tops, rows, height, bottom, names, titles, longest)


def _draw_panel(
    axes: Any, drawn: _Drawn, number: int, places: _Places, colors: dict[str, Any]
) -> None:
    row, column = divmod(number, places.columns)
    left, bottom = column + _GAP / 2, places.tops[row] + places.height
    panel = axes.inset_axes(
        (
            left / places.columns,
            1 - bottom / places.bottom,
            (1 - _GAP) / places.columns,
            places.height / places.bottom,
        )
    )
    own = drawn.table[drawn.table["panel"] == drawn.panels[number]]
    low, high = _limits(own)
    panel.set_xscale("log")
    panel.set_xlim(low, high)
    panel.set_ylim(places.height, 0)
    panel.set_yticks([])
    panel.spines[["top", "left", "right"]].set_visible(False)
    panel.axvline(1.0, color="0.5", lw=stroke(), zorder=1)
    panel.grid(axis="x", which="major", alpha=0.4)
    _tick(panel, low, high, places.width)
    panel.set_title(places.titles[number], fontsize="small", pad=3)
    place = dict(zip(drawn.contenders, places.rows, strict=True))
    for one in own.to_dict("records"):
        name = one["contender"]
        _draw_row(panel, one, place[name], colors[name], name == drawn.leader)


def _limits(own: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of a panel's axis: all ratios, and intervals that are not much wider."""
    ratios = own["ratio"].dropna().to_numpy()
    ratios = np.append(ratios[np.isfinite(ratios) & (ratios > 0)], 1.0)
    low, high = ratios.min(), ratios.max()
    more = max(high / low, 4.0) ** 0.75
    ends = own[["low", "high"]].to_numpy().ravel()
    ends = ends[np.isfinite(ends) & (ends > low / more) & (ends < high * more)]
    low, high = min(low, *ends, 1 / _NARROWEST), max(high, *ends, _NARROWEST)
    margin = (high / low) ** 0.08
    return float(low / margin), float(high * margin)


def _tick(panel: Any, low: float, high: float, wide: float) -> None:
    """Write as many ratios below a panel as its width, in inches, has room for."""
    from matplotlib.ticker import FixedLocator, NullLocator

    plain_log_ticks(panel.xaxis)
    most = max(2, int(wide / 0.42))
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for chosen in ((1, 2, 5), (1, 3), (1,)):
        ticks = [float(f"{step}e{d}") for d in decades for step in chosen]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= most:
            break
    else:
        every = math.ceil(len(ticks) / most)
        ticks = [tick for tick in ticks if round(math.log10(tick)) % every == 0]
    if len(ticks) < 2:
        ticks = [tick for tick in (0.8, 1.0, 1.2) if low <= tick <= high]
    panel.xaxis.set_major_locator(FixedLocator(ticks))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.tick_params(axis="x", labelsize="small", length=2.5, pad=2)


def _draw_row(panel: Any, row: dict[Any, Any], y: float, color: Any, leads: bool) -> None:
    left, right = panel.get_xlim()
    ratio, low, high = row["ratio"], row["low"], row["high"]
    look: dict[str, Any] = {"color": color, "linestyle": "", "zorder": 4, "clip_on": False}
    if math.isnan(ratio):
        panel.plot(1.0, y, marker="x", ms=6 * stroke(), mew=1.8 * stroke(), **look)
        return
    alone = low == 0 and math.isinf(high)
    if not alone and not leads:
        ends = [max(low, left), min(high, right)]
        panel.plot(ends, [y, y], "-", color=color, lw=1.8 * stroke(), zorder=2)
        for end, outside, mark in ((left, low < left, "<"), (right, high > right, ">")):
            if outside:
                panel.plot(end, y, marker=mark, ms=5 * stroke(), **look)
    face = color if leads or row["apart"] else "white"
    marks = {"at least": ">", "at most": "<"}
    mark = "D" if leads else marks.get(row["bound"], "o")
    panel.plot(
        min(max(ratio, left), right),
        y,
        marker=mark,
        ms=(6.5 if row["bound"] else 6) * stroke(),
        mfc=face,
        mew=1.5 * stroke(),
        **look,
    )
