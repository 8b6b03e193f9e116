"""Draws the values of the settings that were tried against one of the fields that were tuned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from optframe import Frames
from optframe.statistics.tuning import width
from optframe_reports.plotting.labelling import (
    HEIGHT,
    WIDTH,
    Legend,
    finish,
    legend,
    legend_height,
    plain_log_ticks,
    stroke,
)
from optframe_reports.plotting.number_axis import set_number_axis, spelled
from optframe_reports.plotting.tuned_searches import Tuned, set_value_axis, tuned_of
from optframe_reports.quantities import number

Floats = NDArray[np.float64]

_COMPLEMENT = "one-minus-log"

__all__ = ["TunedField", "tuned_field"]

_ROW, _USUAL = 0.13, 2.9
"""Inches of a row of crosses, and of an axis without them."""


class TunedField(NamedTuple):
    """The contenders that were tuned in a field, and a note on those that are left out."""

    parameter: str
    tuned: list[Tuned]
    left_out: str

    def size(self) -> tuple[float, float]:
        """Return the size in inches, with room for the legend."""
        rows = _ROW * len(_breaking(self.tuned))
        return WIDTH, HEIGHT + rows + legend_height(self._legend()[1])

    def data(self) -> pd.DataFrame:
        """Return each setting: name, the field, value, broken; and the width of each contender."""
        return pd.concat(
            [
                pd.DataFrame(
                    {
                        "name": one.name,
                        self.parameter: one.numbers(self.parameter),
                        "value": one.values,
                        "broken": one.settings["broken"],
                        "width": _share(one),
                    }
                )
                for one in self.tuned
            ],
            ignore_index=True,
        )

    def draw(self, axes: Any, problem: str) -> None:
        """Draw a point for each setting, a line where nothing else was tuned, and the legend."""
        set_number_axis(axes.xaxis, np.concatenate([self._x(one) for one in self.tuned]))
        set_value_axis(axes, np.concatenate([one.values for one in self.tuned]))
        for one in self.tuned:
            self._draw_one(axes, one)
        low, high = axes.get_ylim()
        if axes.get_yscale() == "log" and high < 100 * low:
            plain_log_ticks(axes.yaxis)
        self._draw_broken(axes)
        name = spelled(self.parameter)
        if self._complement:
            axes.invert_xaxis()
            name = f"1 − {name}"
        measure = " or ".join(dict.fromkeys(one.first.measure for one in self.tuned))
        title = f"{problem}: tuned settings"
        title += f", {self.left_out}" if self.left_out else ""
        title += "; width: share within 10 % of the best" if self._wide else ""
        finish(axes, title, self._legend(), x=name, y=measure)

    @property
    def _complement(self) -> bool:
        """Whether the field is drawn as 1 − v, as it was tuned by all."""
        return all(one.first.space[self.parameter].scale == _COMPLEMENT for one in self.tuned)

    @property
    def _wide(self) -> bool:
        return any(np.isfinite(_share(one)) for one in self.tuned)

    def _x(self, one: Tuned) -> Floats:
        numbers = one.numbers(self.parameter)
        return 1 - numbers if self._complement else numbers

    def _draw_one(self, axes: Any, one: Tuned) -> None:
        x, values = self._x(one), one.values
        known = np.flatnonzero(np.isfinite(values))
        order = known[np.argsort(x[known], kind="stable")]
        axes.plot(x[order], values[order], **_look(one, self._alone(one)), zorder=2)
        if order.size:
            best = int(np.argmin(values))
            ring = {"ms": 10 * stroke(), "mew": 2 * stroke(), "mfc": "none", "mec": one.color}
            axes.plot(x[best], values[best], "o", zorder=5, **ring)

    def _draw_broken(self, axes: Any) -> None:
        """Draw × in a grey row at the top for each contender, where its settings broke down."""
        rows = _breaking(self.tuned)
        if not rows:
            return
        inches = _ROW * (len(rows) + 0.4)
        top = inches / (_USUAL + inches)
        low, high = axes.get_ylim()
        log = axes.get_yscale() == "log"
        more = (high / low) ** (top / (1 - top)) if log else (high - low) * top / (1 - top)
        axes.set_ylim(low, high * more if log else high + more)
        for minor in (False, True):
            ticks = [tick for tick in axes.yaxis.get_ticklocs(minor=minor) if low <= tick <= high]
            locator = FixedLocator(ticks)
            (axes.yaxis.set_minor_locator if minor else axes.yaxis.set_major_locator)(locator)
        axes.axhspan(high, axes.get_ylim()[1], color="0.94", lw=0, zorder=0)
        for row, one in enumerate(rows):
            x = self._x(one)[np.isinf(one.values)]
            height = np.full(x.size, 1 - top * (row + 0.7) / (len(rows) + 0.4))
            look = {"color": one.color, "ms": 4 * stroke(), "mew": 1.2 * stroke(), "zorder": 4}
            axes.plot(x, height, "x", transform=axes.get_xaxis_transform(), **look)

    def _alone(self, one: Tuned) -> bool:
        """Whether nothing else was tuned, so that points are on one line."""
        return len(one.first.space) == 1

    def _legend(self) -> Legend:
        entries: list[tuple[str, dict[str, Any]]] = [
            (self._label(one), _look(one, self._alone(one))) for one in self.tuned
        ]
        if any(np.isinf(one.values).any() for one in self.tuned):
            look = {"linestyle": "", "marker": "x", "color": "0.3", "markeredgewidth": 1.5}
            entries.append(("broke down", look))
        return legend(entries)

    def _label(self, one: Tuned) -> str:
        x, values = one.numbers(self.parameter), one.values
        parts = []
        if np.isfinite(values).any():
            parts.append(f"best {number(float(x[int(np.argmin(values))]), 3)}")
        if np.isfinite(share := _share(one)):
            parts.append(f"width {100 * share:.0f} %")
        return f"{one.name} ({'; '.join(parts)})" if parts else one.name


def tuned_field(frames: Frames, parameter: str) -> TunedField | None:
    """Return the contenders that were tuned in a field of numbers; None if there is none."""
    tuned, left_out = tuned_of(frames)
    having = [
        one
        for one in tuned
        if parameter in one.first.space and np.isfinite(one.numbers(parameter)).any()
    ]
    return TunedField(parameter, having, left_out) if having else None


def _share(one: Tuned) -> float:
    """Return the share of settings within 10 % of the best of their search; NaN if unknown."""
    found = [width(search) for search in one.searches]
    if any(each is None for each in found):
        return np.nan
    near = sum(each.near for each in found if each is not None)
    return near / sum(each.settings for each in found if each is not None)


def _look(one: Tuned, line: bool) -> dict[str, Any]:
    return {
        "color": one.color,
        "linestyle": one.line_style if line else "",
        "linewidth": 1.2 * stroke(),
        "marker": one.marker or "o",
        "markersize": 3.5 * stroke(),
        "alpha": 0.9,
    }


def _breaking(tuned: Sequence[Tuned]) -> list[Tuned]:
    """Return the contenders of which some setting broke down."""
    return [one for one in tuned if np.isinf(one.values).any()]
