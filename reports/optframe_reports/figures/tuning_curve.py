"""The figure tuning-curve: what a search finds in n trials, or with so much work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Figure, Frames
from optframe.statistics.tuning import (
    Search,
    best_so_far,
    expected_best,
    lower_side_ends,
    median_best,
    median_best_by_work,
    median_of_studies,
    simultaneous_band,
)
from optframe_reports.plotting.compared_optimizers import add_notes, notes_height
from optframe_reports.plotting.labelling import (
    HEIGHT,
    WIDTH,
    Legend,
    finish,
    legend,
    legend_height,
    line_look,
    plain_log_ticks,
    stroke,
)
from optframe_reports.plotting.number_axis import set_number_axis
from optframe_reports.plotting.tuned_searches import (
    Tuned,
    no_searches,
    set_value_axis,
    start_of,
    tuned_of,
)
from optframe_reports.quantities import count, plural

__all__ = ["TuningCurve"]

Floats = NDArray[np.float64]

_POINTS = 80
"""The points of a curve by work."""

_BANDS = 4
"""The most contenders whose bands are drawn."""


@dataclass(frozen=True)
class TuningCurve(Figure):
    """The best setting after n trials of a tuning, or after so much work: a line a contender.

    The line is the median over all searches of n trials in the same space, as the settings that
    were tried tell it: the settings stand in random order. It begins where half of the searches
    have a setting that did not break down. Settings are valued as they were chosen; an accuracy by
    its error. A steep line at the right end says that more trials would find better settings.

    The band contains the whole true line with 95 % confidence. Only settings that were drawn
    independently (``random``) have it, and only up to four contenders. Its lower side ends at about
    0.5·√N of N settings: beyond, how much better the median could be is not known. Only its upper
    side goes on, as a thin line.

    An adaptive tuner (``optuna``) proposes settings in an order that matters. Each of its searches
    is a thin line, the best so far in its own order. Of four studies or more, a thick line is the
    median.

    Parameters
    ----------
    x
        Trials, or the work of all runs until then, in whole runs: work ÷ that of a whole run. Runs
        that broke down cost what they did. Before a setting has ended, the line is at the start.
    of
        The ``median``, or the ``expected`` best, for errors alone: a loss has no mean where a
        setting breaks down.
    band
        Whether bands are drawn.

    References: J. Dodge et al., "Show your work: improved reporting of experimental results",
    EMNLP (2019); N. Lourie et al., "Show your work with confidence", NAACL (2024).
    """

    of_tuning = True

    x: Literal["trials", "work"] = "trials"
    of: Literal["median", "expected"] = "median"
    band: bool = True

    def title(self) -> str:
        """Return the picture's title."""
        amount = "n trials" if self.x == "trials" else "so much work"
        return f"{self.of.capitalize()} best setting after {amount} of tuning"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if nothing was tuned, or a loss is asked for its mean, else None."""
        reason = no_searches(frames)
        if reason is not None or self.of == "median":
            return reason
        if self.x == "work":
            return "the expected best is known by trials; expected x=trials or of=median"
        every = tuned_of(frames)[0]
        if any(one.first.adaptive for one in every):
            return "settings of an adaptive tuner have no expected best; expected of=median"
        for one in every:
            if one.first.runs.by_cost or not one.first.rises:
                measure = one.first.measure
                return f"{measure} has no bound, so no expected best; expected of=median"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend and the notes."""
        drawn = self._drawn(frames)
        high = legend_height(drawn.legend[1]) + notes_height(drawn.notes)
        return WIDTH, HEIGHT + high

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return every line's points: name, study, trials or work, best, low, high.

        ``study`` is missing for lines over all studies; ``low`` and ``high`` for lines without a
        band.
        """
        return pd.concat(
            [
                pd.DataFrame(
                    {
                        "name": line.name,
                        "study": line.study,
                        self.x: line.x,
                        "best": line.y,
                        "low": line.low,
                        "high": line.high,
                    }
                ).astype({"study": float})
                for line in self._drawn(frames).lines
            ],
            ignore_index=True,
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the lines, their bands, the legend, and what bounds the bands."""
        drawn = self._drawn(frames)
        set_value_axis(axes, np.concatenate([line.y for line in drawn.lines]))
        shown = np.concatenate([line.y[np.isfinite(line.y)] for line in drawn.lines])
        for line in drawn.lines:
            line.draw(axes)
        _limit(axes, shown)
        if self.x == "trials":
            set_number_axis(axes.xaxis, np.concatenate([line.x for line in drawn.lines]))
        problem = frames.tunings["problem"].iloc[0]
        name = "tuning trials" if self.x == "trials" else "work of tuning (whole runs)"
        finish(axes, f"{problem}: {drawn.caption}", drawn.legend, x=name, y=drawn.measure)
        add_notes(axes, drawn.notes, axes.get_legend())

    def _drawn(self, frames: Frames) -> _Drawn:
        tuned, left_out = tuned_of(frames)
        bands = self.band and self.x == "trials" and self.of == "median" and len(tuned) <= _BANDS
        lines = [line for one in tuned for line in self._lines(one, frames, bands)]
        caption = f"{self.of} best of the settings so far" + (f", {left_out}" if left_out else "")
        return _Drawn(tuned, lines, caption, bands)

    def _lines(self, one: Tuned, frames: Frames, band: bool) -> list[_Line]:
        if one.first.adaptive:
            return self._of_studies(one, frames)
        values = one.values
        sizes = np.arange(1.0, values.size + 1)
        if self.x == "work":
            x = _amounts(one.settings["work"].to_numpy(np.float64))
            work = one.settings["work"].to_numpy(np.float64)
            y = median_best_by_work(values, work, x, start_of(frames, one.first))
            return [_Line(one, None, x / _whole(one.first), y)]
        y = (median_best if self.of == "median" else expected_best)(values, sizes)
        if band and one.first.exchangeable:
            return [_Line(one, None, sizes, y, *simultaneous_band(values, sizes))]
        return [_Line(one, None, sizes, y)]

    def _of_studies(self, one: Tuned, frames: Frames) -> list[_Line]:
        tables = [search.searched for search in one.searches]
        work = [
            table["work"].to_numpy(np.float64) if self.x == "work" else np.ones(len(table))
            for table in tables
        ]
        longest = max(work, key=lambda each: float(each.sum()))
        x = _amounts(longest) if self.x == "work" else np.arange(1.0, longest.size + 1)
        start = start_of(frames, one.first) if self.x == "work" else np.inf
        curves = [
            best_so_far(table["value"].to_numpy(np.float64), own, x, start)
            for table, own in zip(tables, work, strict=True)
        ]
        unit = _whole(one.first) if self.x == "work" else 1.0
        lines = [
            _Line(one, search.study, x / unit, curve)
            for search, curve in zip(one.searches, curves, strict=True)
        ]
        middle = median_of_studies(curves)
        return lines if middle is None else [*lines, _Line(one, None, x / unit, middle)]


@dataclass(frozen=True)
class _Line:
    """A line of a contender: of one study, or of all; with the sides of its band."""

    tuned: Tuned
    study: int | None
    x: Floats
    y: Floats
    low: Floats | None = None
    high: Floats | None = None

    @property
    def name(self) -> str:
        return self.tuned.name

    def draw(self, axes: Any) -> None:
        look = line_look(self.tuned.color, self.tuned.marker, self.tuned.line_style)
        if self.study is not None and len(self.tuned.searches) > 1:
            look |= {"linewidth": 0.8 * stroke(), "marker": "None", "alpha": 0.6}
        finite = np.isfinite(self.y)
        look["markevery"] = max(1, int(finite.sum()) // 8)
        axes.plot(self.x[finite], self.y[finite], drawstyle="steps-post", **look)
        if self.low is None or self.high is None:
            return
        known = np.isfinite(self.high)
        both = np.flatnonzero(known & np.isfinite(self.low))
        ends = np.append(both, both[-1:])  # the last step is as wide as a trial, too
        x = self.x[ends] + (np.arange(ends.size) == both.size)
        color = {"color": self.tuned.color, "zorder": 1}
        axes.fill_between(
            x, self.low[ends], self.high[ends], alpha=0.15, lw=0, step="post", **color
        )
        thin = {"linewidth": 0.7 * stroke(), "alpha": 0.6, "drawstyle": "steps-post"}
        axes.plot(self.x[known], self.high[known], **thin, **color)


class _Drawn(NamedTuple):
    """The contents of a picture."""

    tuned: list[Tuned]
    lines: list[_Line]
    caption: str
    bands: bool

    @property
    def measure(self) -> str:
        """What the vertical axis shows."""
        names = dict.fromkeys(one.first.measure for one in self.tuned)
        return f"best {' or '.join(names)}"

    @property
    def legend(self) -> Legend:
        """A line for each contender, with the number of its settings."""
        return legend(
            [
                (
                    f"{one.name} ({_settings(one)})",
                    line_look(one.color, one.marker, one.line_style),
                )
                for one in self.tuned
            ]
        )

    @property
    def notes(self) -> list[str]:
        """What bounds the band, and how settings are ordered."""
        found = []
        banded = [one for one in self.tuned if one.first.exchangeable and not one.first.adaptive]
        if self.bands and banded:
            sizes = sorted({one.values.size for one in banded})
            ends = sorted({lower_side_ends(size) for size in sizes})
            where = " to ".join(map(str, dict.fromkeys((ends[0], ends[-1]))))
            found.append(
                "Band: 95 % for the whole line. "
                f"Its lower side ends at n = {where}: how much better it could be is not known. "
                "Its upper side goes on as a thin line."
            )
        fixed = [one for one in self.tuned if not (one.first.exchangeable or one.first.adaptive)]
        if fixed:
            found.append("Settings that fill the space evenly are taken in random order.")
        adaptive = [one for one in self.tuned if one.first.adaptive]
        if adaptive:
            names = " and ".join(dict.fromkeys(one.name for one in adaptive))
            found.append(f"{names}: adaptive, each thin line is a study in its own order.")
            if any(line.study is None and line.tuned in adaptive for line in self.lines):
                found.append("The thick line is the median of the studies.")
        return found


def _settings(one: Tuned) -> str:
    total = plural(len(one.settings), "setting")
    return total if len(one.searches) == 1 else f"{total}, {count(len(one.searches))} studies"


def _amounts(work: Floats) -> Floats:
    return np.linspace(0.0, float(work.sum()), _POINTS)


def _whole(search: Search) -> float:
    """Return the work of a run that spends its whole budget: the most that one spent."""
    most = float(np.nanmax(search.runs.frame["work"].to_numpy(np.float64), initial=0.0))
    return most or 1.0


def _limit(axes: Any, shown: Floats) -> None:
    """Let the vertical axis contain the lines, and bands as far as the lines' own height."""
    if not shown.size:
        return
    low, high = float(shown.min()), float(shown.max())
    if axes.get_yscale() == "log":
        margin = max((high / low) ** 0.15, 1.1)
        axes.set_ylim(low / margin, high * margin)
        if high < 300 * low:
            plain_log_ticks(axes.yaxis)
    else:
        margin = 0.15 * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_ylim(low - margin, high + margin)
