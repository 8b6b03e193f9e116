"""The figures of scaling.md, and the file that keeps their numbers."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from optframe.drawing.palette import color_of_each

PLAIN, NUMPY, NUMBA, ROOF = "plain NumPy", "optframe, numpy", "optframe, numba", "roof"
DTYPES = ("float32", "float64")
TOUCHED = 7
"""Adam's update reads θ, g, m and v, and writes θ, m and v."""

_STYLE: dict[str, Any] = {
    "svg.hashsalt": "optframe",  # the same bytes for the same numbers
    "font.size": 11,
    "axes.edgecolor": "0.35",
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "0.9",
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "legend.frameon": False,
}
_COLORS = dict(zip((PLAIN, NUMPY, NUMBA), color_of_each("abc").values(), strict=True))
_MARKERS = {PLAIN: "o", NUMPY: "s", NUMBA: "^"}
_UNITS = {
    "s": ((1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1.0, "s")),
    "B": ((1e3, "kB"), (1e6, "MB"), (1e9, "GB")),
}


class Row(NamedTuple):
    """One number: what it is, of which line of which figure, and where."""

    figure: str
    line: str
    x: float
    quantity: str
    value: float


def read(path: Path) -> tuple[str, list[Row]]:
    """Return the machine's line and the numbers that are kept."""
    with path.open(encoding="utf-8", newline="") as file:
        where = file.readline().removeprefix("# ").rstrip("\n")
        rows = [*csv.reader(file)][1:]
    return where, [Row(a, b, float(x), name, float(value)) for a, b, x, name, value in rows]


def write(path: Path, where: str, rows: Iterable[Row]) -> None:
    """Keep the numbers, to four digits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {where}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        for row in rows:
            writer.writerow([*row[:2], f"{row.x:g}", row.quantity, f"{row.value:.4g}"])


class Numbers:
    """The lines of one figure."""

    def __init__(self, rows: Iterable[Row], figure: str) -> None:
        self._points: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        for row in rows:
            if row.figure == figure:
                self._points[row.line, row.quantity].append((row.x, row.value))

    def line(self, name: str, quantity: str = "seconds") -> tuple[Any, Any]:
        """Return x and y, in ascending order."""
        points = np.array(sorted(self._points[name, quantity]), float).reshape(-1, 2)
        return points[:, 0], points[:, 1]


def draw(rows: Sequence[Row], folder: Path) -> list[Path]:
    """Draw each figure whose numbers are there, as SVG; return the files."""
    written = []
    for name in dict.fromkeys(row.figure for row in rows):
        path = folder / f"scaling-{name}.svg"
        with matplotlib.style.context(["default", _STYLE]):
            figure(rows, name).savefig(path, metadata={"Date": None, "Creator": None})
        written.append(path)
    return written


def figure(rows: Sequence[Row], name: str) -> Figure:
    """Return the figure of this name."""
    drawers = {
        "parameters": _parameters,
        "runs": _runs,
        "checkpoints": _checkpoints,
        "trials": _trials,
    }
    with matplotlib.style.context(["default", _STYLE]):
        return drawers[name](Numbers(rows, name))


def _parameters(numbers: Numbers) -> Figure:
    """Draw times above, and below how much memory they move in a second."""
    canvas = Figure((8.4, 6.8), layout="constrained")
    panels = canvas.subplots(2, 2, sharex=True, sharey="row")
    for (above, below), dtype in zip(panels.T, DTYPES, strict=True):
        touched = TOUCHED * np.dtype(dtype).itemsize
        for name in (PLAIN, NUMPY, NUMBA):
            x, y = numbers.line(f"{name}, {dtype}")
            style = {"color": _COLORS[name], "marker": _MARKERS[name], "label": name}
            if len(x):
                above.plot(x, y, **style)
                below.plot(x, touched * x / y / 1e9, **style)
        x, y = numbers.line(f"{ROOF}, {dtype}")
        if len(x):
            largest, rate = x[-1], touched * x[-1] / y[-1]
            roof = {"color": "black", "linestyle": (0, (4, 1.5)), "linewidth": 1.2}
            above.plot([3e-7 * rate / touched, largest], [3e-7, y[-1]], **roof)
            below.axhline(rate / 1e9, label="memory's bandwidth", **roof)
        for name in ("L2", "L3"):
            _, size = numbers.line(name, "bytes")
            if len(size):
                edge = size[0] / (4 * np.dtype(dtype).itemsize)
                for axes in (above, below):
                    axes.axvline(edge, color="0.6", linewidth=1, zorder=0)
                high = above.get_xaxis_transform()  # the data's x, and the panel's y
                above.text(edge, 0.98, f" {name}", color="0.4", va="top", transform=high)
        above.set(title=dtype, yscale="log", xscale="log")
        below.set(xlabel="parameters P", yscale="log")
        _counts(below.xaxis)
    panels[0, 0].set(ylabel="time of one update")
    _measured(panels[0, 0].yaxis, "s")
    panels[1, 0].set(ylabel="memory moved, GB/s")
    panels[1, 0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    _below(canvas, panels[1, 0])
    return canvas


def _runs(numbers: Numbers) -> Figure:
    canvas = Figure((7, 4.6), layout="constrained")
    axes = canvas.subplots()
    for optimizer, dashes in (("sgd", "-"), ("adam", (0, (4, 1.5)))):
        for whose, color in (("optframe", NUMPY), (PLAIN, PLAIN)):
            x, y = numbers.line(f"{optimizer}, {whose}")
            style = {"color": _COLORS[color], "marker": _MARKERS[color], "linestyle": dashes}
            axes.plot(x, y, label=f"{optimizer}, {whose}", **style)
    axes.set(xlabel="runs that advance together", xscale="log", yscale="log")
    axes.set(ylabel="time per run and step")
    _counts(axes.xaxis)
    _measured(axes.yaxis, "s")
    _below(canvas, axes)
    return canvas


def _checkpoints(numbers: Numbers) -> Figure:
    canvas = Figure((7, 4.2), layout="constrained")
    axes = canvas.subplots()
    for name, color in (("the whole run", NUMPY), ("its steps, by its clock", PLAIN)):
        x, y = numbers.line(name)
        axes.plot(x, y, color=_COLORS[color], marker=_MARKERS[color], label=name)
    axes.set(xlabel="checkpoints", ylabel="time", xscale="log", yscale="log")
    _counts(axes.xaxis)
    _measured(axes.yaxis, "s")
    _below(canvas, axes)
    return canvas


def _trials(numbers: Numbers) -> Figure:
    canvas = Figure((7, 7.6), layout="constrained")
    panels = canvas.subplots(3, 1, sharex=True)
    labels = {"seconds": "whole process", "store": "store", "memory": "peak memory"}
    for axes, (quantity, label) in zip(panels, labels.items(), strict=True):
        for name, color in (("one at a time", NUMPY), ("together", NUMBA)):
            x, y = numbers.line(name, quantity)
            above = {"linestyle": (0, (4, 1.5)), "markersize": 3.5} if color == NUMBA else {}
            axes.plot(x, y, color=_COLORS[color], marker=_MARKERS[color], label=name, **above)
        axes.set(ylabel=label, xscale="log", yscale="log")
        _measured(axes.yaxis, "s" if quantity == "seconds" else "B")
    panels[-1].set(xlabel="trials")
    _counts(panels[-1].xaxis)
    _below(canvas, panels[0])
    return canvas


def _below(canvas: Figure, axes: Any) -> None:
    """Name the lines under the panels, where they cover nothing."""
    handles, labels = axes.get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=2)


def _counts(axis: Any) -> None:
    """Write 1, 10, ..., 1,000, 10⁴, ..."""
    axis.set_major_locator(LogLocator(10, numticks=20))
    axis.set_minor_formatter(NullFormatter())
    powers = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

    def written(value: float, _: object) -> str:
        power = round(np.log10(value))
        return f"{value:,.0f}" if power < 4 else f"10{str(power).translate(powers)}"

    axis.set_major_formatter(FuncFormatter(written))


def _measured(axis: Any, unit: str) -> None:
    """Write the numbers with the unit that suits them, 10 µs, 1 ms, over a decade at least."""

    def written(value: float, _: object) -> str:
        known = [pair for pair in _UNITS[unit] if pair[0] <= value * 1.001]
        factor, name = max(known, default=_UNITS[unit][0])
        return f"{value / factor:g} {name}"

    low, high = axis.get_data_interval()
    bottom = 10.0 ** np.floor(np.log10(low))
    few = high <= 100 * bottom
    if few:
        axis.axes.set_ylim(bottom / 1.2, 1.3 * max(high, 10 * bottom))
    axis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=20))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(written))
