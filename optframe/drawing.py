"""Pictures: a figure component on a Matplotlib figure of its own, and in a file."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from optframe.contracts import Figure, Frames
from optframe.errors import UsageError, nearest
from optframe.notation import parse
from optframe.palette import color_of_each
from optframe.plugins import load_plugins

if TYPE_CHECKING:
    from optframe.record import Results
    from optframe.registry import Registry

__all__ = ["FORMATS", "draw", "frames_of", "picture", "written"]

FORMATS = ("png", "svg", "pdf")

_STYLE: dict[str, Any] = {
    "svg.hashsalt": "optframe",
    "pdf.fonttype": 42,  # letters stay letters: type 3 fonts are refused by some journals
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


def draw(
    figure: str | Figure,
    results: Results | Frames,
    problem: str | None = None,
    *,
    optimizers: Iterable[str] | None = None,
    ax: Any = None,
    registry: Registry | None = None,
) -> Any:
    """Draw a figure and return the `matplotlib.figure.Figure` that it is on.

    Parameters
    ----------
    figure
        A figure's name, with its choices (``"convergence:x=epochs,metric=test_loss"``), or one
        made by hand.
    results
        What `run` or `load` returned; or frames.
    problem
        Which problem's results; needed where a study has several and the figure shows one.
    optimizers
        The labels to draw, by default all. Colours do not depend on it.
    ax
        Axes to draw on; by default those of a new figure, of the size that the figure wants.
    registry
        The plugins to use, by default all that are installed.

    Raises
    ------
    UsageError
        Where a name is wrong, or there is nothing to draw, with the reason.
    """
    if isinstance(figure, str):
        registry = registry or load_plugins()
        table = parse(figure)
        figure = registry.make(
            "figures", table["name"], {k: v for k, v in table.items() if k != "name"}
        )
    assert isinstance(figure, Figure)
    frames = results if isinstance(results, Frames) else frames_of(results)
    frames = _chosen(frames, None if figure.across else problem, optimizers, figure)
    reason = figure.missing(frames)
    if reason is not None:
        raise UsageError(f"{figure.title()}: {reason}")
    if ax is None:
        return picture(figure, frames)
    figure.draw(ax, frames)
    return ax.figure


def frames_of(results: Results) -> Frames:
    """Return a study's frames, with a colour for each optimizer."""
    trials = results.trials
    return Frames(
        trials,
        results.curves,
        color_of_each(trials["optimizer"]) if len(trials) else {},
        results.landscapes,
    )


def picture(figure: Figure, frames: Frames) -> Any:
    """Draw on a new Matplotlib figure, which belongs to no window and no global state."""
    import matplotlib.style
    from matplotlib.figure import Figure as Canvas

    with matplotlib.style.context(["default", _STYLE]):
        canvas = Canvas(figsize=figure.size(frames), layout="constrained")
        figure.draw(canvas.subplots(), frames)
    return canvas


def written(canvas: Any, format: str) -> bytes:
    """Return a picture as a file's content: the same bytes for the same picture."""
    import matplotlib.style

    stream = io.BytesIO()
    with matplotlib.style.context(["default", _STYLE]):
        canvas.savefig(stream, format=format, dpi=200, metadata=_UNDATED[format])
    return stream.getvalue()


def _chosen(
    frames: Frames, problem: str | None, optimizers: Iterable[str] | None, figure: Figure
) -> Frames:
    trials, curves = frames.trials, frames.curves
    problems = list(trials["problem"].unique()) if len(trials) else []
    if problem is None and not figure.across and len(problems) > 1:
        raise UsageError(
            f"{figure.title()}: the study has {len(problems)} problems; "
            f"expected one of {', '.join(problems)}"
        )
    kept = {"problem": None if problem is None else [problem], "optimizer": optimizers}
    for column, labels in kept.items():
        if labels is None:
            continue
        wanted, known = list(labels), set(trials[column]) if len(trials) else set()
        for label in wanted:
            if label not in known:
                raise UsageError(f"no {column} {label!r} in these results; {nearest(label, known)}")
        trials, curves = trials[trials[column].isin(wanted)], curves[curves[column].isin(wanted)]
    return Frames(trials, curves, frames.colors, frames.landscapes)
