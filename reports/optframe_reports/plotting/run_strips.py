"""Draws strips: a row for each group with a point for each run, the median, and lost runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

from optframe.statistics import median_and_quartiles
from optframe_reports.plotting.labelling import (
    LETTERS,
    WIDTH,
    add_title,
    literal,
    plain_log_ticks,
    room,
    stroke,
)
from optframe_reports.plotting.run_groups import Group, number_of_runs
from optframe_reports.quantities import count, number

__all__ = [
    "POINTS",
    "Strip",
    "draw_strips",
    "label_rows",
    "set_value_axis",
    "strips_size",
    "strips_table",
    "write_column",
]

Floats = NDArray[np.float64]

POINTS = 50
"""The most runs that a row shows as points; of more, it shows the range and the quartiles."""

_BOX_FROM = 5  # runs: with fewer, the quartiles add little to the points
_NAME = 40  # letters of a name, beside a picture of full width


class Strip(NamedTuple):
    """A row: a group and its runs' values; infinite values are not drawn but counted."""

    group: Group
    values: Floats

    @property
    def median(self) -> float:
        """The median of all runs, infinite if half of them are."""
        return float(median_and_quartiles(self.values).median)

    @property
    def finite(self) -> Floats:
        """The finite values."""
        return self.values[np.isfinite(self.values)]


def strips_size(groups: Sequence[Group]) -> tuple[float, float]:
    """Return the size in inches, with a row for each group, as high as its name."""
    tallest = max(1 + literal(group.label, _NAME).count("\n") for group in groups)
    return WIDTH, 1.2 + max(0.26, 0.05 + 0.16 * tallest) * max(len(groups), 2)


def strips_table(strips: Sequence[Strip], column: str) -> pd.DataFrame:
    """Return each run's value: name, seed, and the column."""
    return pd.concat(
        pd.DataFrame({"name": group.name, "seed": group.trials["seed"].to_numpy(), column: values})
        for group, values in strips
    )


def draw_strips(
    axes: Any,
    strips: Sequence[Strip],
    write: Callable[[float], str],
    *,
    nowhere: str,
    box: bool = False,
) -> None:
    """Draw the rows, in their order, with the medians in numbers on the right, and the title.

    ``nowhere`` is the heading of the column that counts infinite values. With ``box``, a row of
    five runs or more has a box between its quartiles. A row with too many runs for points always
    has one, and a line from its least to its greatest value.
    """
    import seaborn

    pointed = [strip for strip in strips if strip.values.size <= POINTS]
    shown = [strip.finite for strip in pointed]
    if any(values.size for values in shown):
        order = [str(row) for row in range(len(strips))]
        rows = [order[row] for row, strip in enumerate(strips) if strip.values.size <= POINTS]
        seaborn.stripplot(
            x=np.concatenate(shown),
            y=np.repeat(rows, [values.size for values in shown]),
            hue=np.repeat(rows, [values.size for values in shown]),
            order=order,
            hue_order=order,
            palette=[strip.group.color for strip in strips],
            jitter=False,  # seaborn draws it from NumPy's global generator
            alpha=0.55,
            size=5 * stroke(),
            legend=False,
            ax=axes,
        )
    for row, strip in enumerate(strips):
        color, quartiles = strip.group.color, median_and_quartiles(strip.values)
        if strip.values.size > POINTS and strip.finite.size:
            axes.hlines(row, strip.finite.min(), strip.finite.max(), color=color, lw=stroke())
        if _boxed(strip, box) and np.isfinite([quartiles.lower, quartiles.upper]).any():
            _draw_box(axes, row, quartiles.lower, quartiles.upper, color)
        if np.isfinite(quartiles.median):
            axes.vlines(quartiles.median, row - 0.32, row + 0.32, color=color, lw=2 * stroke())
    columns = {"median": [write(strip.median) for strip in strips]}
    lost = [strip.values.size - strip.finite.size for strip in strips]
    if any(lost):
        columns = {nowhere: [f"× {count(n)}" if n else "" for n in lost], **columns}
    letters = label_rows(axes, [strip.group for strip in strips], _title(strips, box))
    right = 0.0
    for heading, texts in columns.items():
        right = write_column(axes, heading, texts, right)
        letters += 2 + max(map(len, (heading, *texts)))
    _set_ticks(axes, letters)


def label_rows(axes: Any, groups: Sequence[Group], title: str) -> int:
    """Name the picture and its rows from the top; return the length of the longest name."""
    import seaborn

    letters = max(16, int(_NAME * room(axes)))
    names = [literal(group.label, letters) for group in groups]
    axes.set_yticks(range(len(names)), names, fontsize="small")
    longest = max(len(line) for name in names for line in name.split("\n"))
    add_title(axes, title, longest)
    axes.set(ylabel="")
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", which="major", alpha=0.4)
    seaborn.despine(ax=axes, left=True)
    return longest


def set_value_axis(axes: Any, strips: Sequence[Strip], log: bool | None = None) -> None:
    """Let the axis begin at zero, or be logarithmic if the medians span more than a decade.

    ``log`` overrides this choice; a linear axis then begins at the least value.
    """
    medians = [m for strip in strips if np.isfinite(m := strip.median)]
    finite = np.concatenate([strip.finite for strip in strips])
    if not finite.size:
        axes.set_xticks([])
        return
    spread = bool(finite.min() > 0 and medians and max(medians) > 10 * min(medians))
    if log or (log is None and spread):
        axes.set_xscale("log")
        low, high = finite.min(), finite.max()
        margin = max((high / low) ** 0.04, 1.05)
        axes.set_xlim(low / margin, high * margin)
    elif log is None:
        axes.set_xlim(0, 1.05 * finite.max() or 1)
    else:
        margin = 0.05 * (np.ptp(finite) or abs(finite[0]) or 1)
        axes.set_xlim(finite.min() - margin, finite.max() + margin)


def _set_ticks(axes: Any, beside: int) -> None:
    """Set as many ticks as fit; ``beside`` letters are used by names and numbers."""
    if not len(axes.get_xticks()):
        return
    letters = LETTERS * room(axes) - 0.85 * beside
    low, high = axes.get_xlim()
    if axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(int(min(max(letters / 6, 1), 6))))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    elif high < 1000 * low:
        plain_log_ticks(axes.xaxis, letters / 7 / room(axes))
    else:
        axes.xaxis.set_major_locator(LogLocator(numticks=int(max(letters / 7, 2))))


def _title(strips: Sequence[Strip], box: bool) -> str:
    """Return the title: problem, number of runs, and the meaning of boxes and lines."""
    compared = [strip.group for strip in strips]
    parts = [f"{compared[0].trials['problem'].iloc[0]}: {number_of_runs(compared)}"]
    if any(_boxed(strip, box) for strip in strips):
        parts.append("box: quartiles")
    if any(strip.values.size > POINTS for strip in strips):
        parts.append("line: range")
    return ", ".join(parts)


def _boxed(strip: Strip, box: bool) -> bool:
    return strip.values.size > POINTS or (box and strip.values.size >= _BOX_FROM)


def _draw_box(axes: Any, row: int, lower: Any, upper: Any, color: Any) -> None:
    """Draw a box between the quartiles; it is open, to the axis' end, if one is infinite."""
    inside = axes.get_xlim()
    ends = [end if np.isfinite(end) else max(inside) for end in (lower, upper)]
    axes.barh(row, abs(ends[1] - ends[0]), left=min(ends), height=0.5, color=color, alpha=0.2, lw=0)


def write_column(axes: Any, heading: str, texts: Sequence[str], left: float = 0.0) -> float:
    """Write a column to the right of the axes, and return its right end in points."""
    letter = 0.5 * float(rcParams["font.size"])
    width = letter * max(map(len, (heading, *texts)))
    here = left + (letter if left else 4 * letter)  # beside the last tick's label
    for row, text in enumerate(texts):
        if text:
            axes.annotate(
                text,
                (1, row),
                xycoords=axes.get_yaxis_transform(),
                xytext=(here, 0),
                textcoords="offset points",
                va="center",
                fontsize="small",
                annotation_clip=False,
            )
    axes.annotate(
        heading,
        (1, 0),
        xycoords="axes fraction",
        xytext=(here, -0.35 * rcParams["font.size"]),
        textcoords="offset points",
        va="top",
        fontsize="small",
        color="0.4",
        annotation_clip=False,
    )
    return here + width
