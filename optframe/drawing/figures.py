"""Draws a figure component on Matplotlib axes, and returns pictures as files' contents."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterable
from itertools import compress, pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any

from optframe.components.loading import load_plugins
from optframe.components.notation import parse
from optframe.contracts import Figure, Frames
from optframe.contracts.metrics import OLD_NAMES
from optframe.drawing.fonts import families, tell_missing, without_glyph_warnings
from optframe.drawing.palette import color_of_each
from optframe.errors import UsageError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from optframe.components.registry import Registry
    from optframe.store.results import Results

__all__ = ["FORMATS", "draw", "frames_of", "picture", "prepared", "written"]

FORMATS = ("png", "svg", "pdf")

_STYLE: dict[str, Any] = {
    "svg.hashsalt": "optframe",
    "pdf.fonttype": 42,  # TrueType fonts, since some journals refuse type 3 fonts
    "axes.edgecolor": "0.35",
    "axes.axisbelow": True,
    "grid.color": "0.85",
    "legend.handlelength": 2.6,
}
_UNDATED = {
    "png": {"Software": None},
    "svg": {"Creator": None, "Date": None, "Format": None, "Type": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
_OLD_NAMES = {
    f"{best}{old}": f"{best}{new}" for best in ("", "best_") for old, new in OLD_NAMES.items()
}
"""The names of columns in frames of older stores."""

_TUNED = ("tuning", "tunings")
"""The frames of searches for hyperparameters."""

_FLATTEST = 0.5  # the least ratio of the axes' height to their width, in a narrow picture


def draw(
    figure: str | Figure,
    results: Results | Frames,
    problem: str | None = None,
    *,
    optimizers: Iterable[str] | None = None,
    ax: Any = None,
    width: float | None = None,
    registry: Registry | None = None,
) -> Any:
    """Draw a figure and return the `matplotlib.figure.Figure` that it is on.

    Parameters
    ----------
    figure
        A figure's name, with its parameters (``"convergence:x=epochs,metric=test_loss"``), or a
        figure object.
    results
        What `run` or `load` returned; or frames.
    problem
        The problem whose results are drawn. It is needed if a study has several and the figure
        shows one. It is the problem's label, or its name if that is unique: ``"mlp"`` for
        ``"mlp:data=digits"``.
    optimizers
        The labels to draw, by default all. A name selects all of its settings. Colours do not
        depend on this choice.
    ax
        Axes to draw on; by default those of a new figure of the figure's default size.
    width
        The new figure's width in inches: 3.3 for a column of a paper. Text shrinks less than the
        picture, so that it stays legible. The picture is made higher if its rows need it.
    registry
        The plugins to use, by default all that are installed.

    Raises
    ------
    UsageError
        If a name is unknown, or there is nothing to draw, with the reason.
    """
    made, frames = prepared(figure, results, problem, optimizers=optimizers, registry=registry)
    if ax is None:
        return picture(made, frames, width)
    made.draw(ax, frames)
    return ax.figure


def prepared(
    figure: str | Figure,
    results: Results | Frames,
    problem: str | None = None,
    *,
    optimizers: Iterable[str] | None = None,
    registry: Registry | None = None,
) -> tuple[Figure, Frames]:
    """Return the figure object and the selected frames, after checking that it can draw them.

    Raises
    ------
    UsageError
        If a name is unknown, or there is nothing to draw, with the reason.
    """
    if isinstance(figure, str):
        registry = registry or load_plugins()
        table = parse(figure)
        figure = registry.make(
            "figures", table["name"], {k: v for k, v in table.items() if k != "name"}
        )
    assert isinstance(figure, Figure)
    frames = results if isinstance(results, Frames) else frames_of(results)
    frames = _chosen(frames, problem, optimizers, figure)
    reason = figure.missing(frames)
    if reason is not None:
        raise UsageError(f"{figure.title()}: {reason}")
    return figure, frames


def frames_of(results: Results) -> Frames:
    """Return a study's frames: colours of optimizers, today's names of metrics, its cost.

    The winners of a tuned contender, which differ from problem to problem, have its name.
    """
    found = results.standings()
    trials, curves = _renamed(found.pooled_trials), _renamed(results.curves)
    if len(curves) and "study" in trials and trials["study"].notna().any():
        named = dict(zip(trials["key"], trials["optimizer"], strict=True))
        curves = curves.assign(optimizer=curves["key"].map(named).fillna(curves["optimizer"]))
    labels = [*trials["optimizer"], *found.absent] if len(trials) else []
    # What stands for results need not be tuned, as what a test or a notebook makes by hand.
    tuned = {n: frame for n in _TUNED if (frame := getattr(results, n, None)) is not None}
    if "tuning" in tuned:
        tuned["tuning"] = _renamed(tuned["tuning"])
    tell_missing([*_texts(trials), *(text for frame in tuned.values() for text in _texts(frame))])
    return Frames(
        trials,
        curves,
        color_of_each(labels),
        results.landscapes,
        results.path_tables,
        results.cost,
        _OLD_NAMES.get(results.metric or "", results.metric),
        found,
        **tuned,
    )


def _texts(trials: pd.DataFrame) -> list[str]:
    """Return the labels that figures show."""
    names = ("optimizer", "contender", "problem", "sampler")
    shown = [name for name in names if name in trials]
    return [str(label) for name in shown for label in trials[name].unique()]


def _renamed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame of a store with the names that metrics have today.

    A store may have both: it was written in part by an older version.
    """
    for old, new in _OLD_NAMES.items():
        if old not in frame:
            continue
        if new not in frame:
            frame = frame.rename(columns={old: new})
        elif not (frame[old].notna() & frame[new].notna()).any():
            both = frame.assign(**{new: frame[new].fillna(frame[old])})
            frame = both.drop(columns=old)
    return frame


def picture(figure: Figure, frames: Frames, width: float | None = None) -> Any:
    """Draw on a new Matplotlib figure, which has no window and is not in pyplot's global state.

    With a ``width`` of k times the figure's default, text is √k times as large.
    """
    import matplotlib.style
    from matplotlib.figure import Figure as Canvas

    if width is not None and not (isfinite(width) and width > 0):
        raise UsageError(f"width: found {width}, expected a number of inches > 0")
    wide, high = figure.size(frames)
    letters = 1.0 if width is None else (width / wide) ** 0.5
    fonts = families(_texts(frames.trials))
    style = {**_STYLE, "font.size": 10 * letters, "font.family": fonts}
    with matplotlib.style.context(["default", style]), without_glyph_warnings():
        canvas = Canvas(figsize=(width or wide, high * letters), layout="constrained")
        figure.draw(canvas.subplots(), frames)
        if width is not None:
            _heighten(canvas)
    return canvas


def _heighten(canvas: Any) -> None:
    """Increase a narrow picture's height until axes are not flat and names do not overlap."""
    for _ in range(3):  # each new height changes the layout a little
        canvas.draw_without_rendering()
        axes = canvas.axes[0]
        box = axes.get_window_extent()
        names = [label.get_window_extent() for label in axes.get_yticklabels() if label.get_text()]
        names = sorted((name for name in names if name.y1 > box.y0), key=lambda name: name.y0)
        crowded = [
            (a.height + b.height) / 2 / max(b.y0 + b.y1 - a.y0 - a.y1, 1) * 2
            for a, b in pairwise(names)
        ]
        short = max(_FLATTEST * box.width / box.height, 1.05 * max(crowded, default=0.0))
        if short <= 1:
            return
        more = (short - 1) * box.height / canvas.dpi
        canvas.set_figheight(canvas.get_figheight() + more)


def written(canvas: Any, format: str) -> bytes:
    """Return a picture as a file's content: the same bytes for the same picture."""
    import matplotlib.style

    stream = io.BytesIO()
    with matplotlib.style.context(["default", _STYLE]), without_glyph_warnings():
        canvas.savefig(stream, format=format, dpi=200, metadata=_UNDATED[format])
    return stream.getvalue()


def _chosen(
    frames: Frames, problem: str | None, optimizers: Iterable[str] | None, figure: Figure
) -> Frames:
    """Return the frames of these problems and optimizers, named by labels or by names."""
    wanted = {
        "problem": [] if problem is None else _labels("problem", problem, frames),
        "optimizer": [
            label for word in optimizers or () for label in _labels("optimizer", word, frames)
        ],
    }
    trials, curves = frames.trials, frames.curves
    for column, labels in wanted.items():
        if labels:
            trials = trials[trials[column].isin(labels)]
    tuning, tunings = (
        _searches(frame, trials, **wanted) for frame in (frames.tuning, frames.tunings)
    )
    problems = list(dict.fromkeys([*_each(trials), *_each(tuning)]))
    if len(problems) > 1 and not figure.across:
        named = "the study" if problem is None else repr(problem)
        raise UsageError(
            f"{figure.title()}: {named} has {len(problems)} problems; "
            f"expected one of {', '.join(problems)}"
        )
    if len(trials) < len(frames.trials):
        curves = curves[curves["key"].isin(trials["key"])]
    kept = frames.standings if len(trials) == len(frames.trials) else None
    return dataclasses.replace(
        frames, trials=trials, curves=curves, standings=kept, tuning=tuning, tunings=tunings
    )


def _each(frame: pd.DataFrame, column: str = "problem") -> list[str]:
    """Return the labels in a column, none of a frame without rows."""
    return list(frame[column].unique()) if len(frame) else []


def _searches(
    frame: pd.DataFrame, trials: pd.DataFrame, problem: list[str], optimizer: list[str]
) -> pd.DataFrame:
    """Return the rows of these problems, and of the contenders whose labels were chosen."""
    if not len(frame):
        return frame
    if problem:
        frame = frame[frame["problem"].isin(problem)]
    if optimizer:
        chosen = trials["contender"] if "contender" in trials else trials["optimizer"].iloc[:0]
        frame = frame[frame["contender"].isin([*optimizer, *chosen])]
    return frame


def _labels(column: str, word: str, frames: Frames) -> list[str]:
    """Return the labels that a word selects: itself, or all labels of the component it names."""
    trials = frames.trials
    labels = list(dict.fromkeys([*_each(trials, column), *_each(frames.tuning, column)]))
    if word in labels:
        return [word]
    known = [*labels]
    for other in (f"{column}_name", "contender"):
        if other not in trials or (other == "contender" and column != "optimizer"):
            continue
        names = list(trials[other])
        known += [name for name in names if isinstance(name, str)]
        meant = list(dict.fromkeys(compress(trials[column], (name == word for name in names))))
        if meant:
            return meant
    raise UsageError(
        f"found no {column} {word!r} in these results; {nearest(word, dict.fromkeys(known))}"
    )
