"""The page: one self-contained HTML file with everything that a study found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from optframe import Frames, Registry, Reporter, Results
from optframe.palette import color_of_each
from optframe.statistics import STATUSES
from optframe_reports.page.svg import render
from optframe_reports.summary import Lost, Table, lost_runs, summarize

__all__ = ["Page"]

_FIRST: tuple[tuple[str, dict[str, str]], ...] = (
    ("convergence", {"x": "steps"}),
    ("convergence", {"x": "seconds"}),
    ("timing", {}),
)


@dataclass(frozen=True)
class _Drawing:
    """A figure on the page: its SVG, or the line that says why there is none."""

    title: str
    svg: str = ""
    missing: str = ""
    error: str = ""


@dataclass(frozen=True)
class _Section:
    """What the page says about one problem."""

    table: Table
    notes: list[str]
    drawings: list[_Drawing]
    lost: list[Lost]


@dataclass(frozen=True)
class Page(Reporter):
    """Write ``index.html``: what was run and where, then tables and figures for each problem.

    The file needs nothing else: figures are inline SVG, there are no scripts and nothing is
    fetched. The same store gives the same bytes. Every registered figure is drawn; one that raises
    is named with its error, and the rest is there.
    """

    def write(self, results: Results, folder: Path, registry: Registry) -> Path:
        """Write the page into the folder and return its path."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["plain"] = _plain
        template = environment.get_template("page.html.jinja")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "index.html"
        path.write_text(template.render(_context(results, registry)) + "\n", encoding="utf-8")
        return path


def _context(results: Results, registry: Registry) -> dict[str, Any]:
    trials = results.trials
    colors = color_of_each(trials["optimizer"]) if len(trials) else {}
    sections = [
        _section(table, index, Frames(*_of(table.problem, results), colors), registry)
        for index, table in enumerate(summarize(results), start=1)
    ]
    return {
        "study": results.study,
        "size": _size(trials),
        "statuses": [(s, n) for s in STATUSES if len(trials) and (n := _count(trials, s))],
        "planned": _count(trials, "planned"),
        "total": len(trials),
        "facts": _facts(results),
        "environments": results.environments,
        "sections": sections,
        "colors": colors,
        "texts": ("optimizer", "sampler", "status"),
    }


def _section(table: Table, index: int, frames: Frames, registry: Registry) -> _Section:
    drawings = [
        _drawing(name, given, frames, registry, f"p{index}f{number}")
        for number, (name, given) in enumerate(_chosen(registry), start=1)
    ]
    return _Section(table, _notes(frames.trials), drawings, lost_runs(frames.trials))


def _chosen(registry: Registry) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the figures to draw: ours first, then whatever else is registered."""
    names = registry.names("figures")
    ours = [(name, given) for name, given in _FIRST if name in names]
    return [*ours, *((name, {}) for name in names if name not in dict(_FIRST))]


def _drawing(
    name: str, given: Mapping[str, Any], frames: Frames, registry: Registry, prefix: str
) -> _Drawing:
    title = name
    try:
        figure = registry.make("figures", name, given)
        title = figure.title()
        missing = figure.missing(frames)
        if missing is not None:
            return _Drawing(title, missing=missing)
        return _Drawing(title, svg=render(figure, frames, prefix))
    except Exception as error:
        said = " ".join(str(error).split())
        return _Drawing(title, error=f"figure {name!r} raised {type(error).__name__}: {said}")


def _of(problem: str, results: Results) -> tuple[pd.DataFrame, pd.DataFrame]:
    curves = results.curves
    ours = curves[curves["problem"] == problem] if len(curves) else curves
    return results.trials[results.trials["problem"] == problem], ours


def _count(trials: pd.DataFrame, status: str) -> int:
    return int((trials["status"] == status).sum()) if len(trials) else 0


def _size(trials: pd.DataFrame) -> str:
    """Say what was run: ``6 optimizers × 4 problems × 5 seeds, 120 trials``."""
    if trials.empty:
        return "no trials"
    axes = {axis: set(trials[axis]) for axis in ("optimizer", "problem", "sampler", "seed")}
    axes["sampler"].discard("none")
    counted = [_plural(len(v), axis) for axis, v in axes.items() if axis != "sampler" or len(v) > 1]
    return f"{' × '.join(counted)}: {_plural(len(trials), 'trial')}"


def _plural(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _notes(trials: pd.DataFrame) -> list[str]:
    """Say what a reader of this problem's results should not overlook."""
    notes = []
    waiting = _count(trials, "planned")
    if waiting:
        notes.append(f"{waiting} of {len(trials)} trials have not run yet.")
    ran = trials[~trials["status"].isin(["planned", "skipped"])]
    if ran.empty:
        notes.append("No run to show.")
        return notes
    if ran.groupby(["optimizer", "sampler"]).size().max() == 1:
        notes.append("One run per optimizer: there is no interval and no band.")
    if (ran["status"] == "diverged").all():
        notes.append("All runs diverged.")
    return notes


def _facts(results: Results) -> dict[str, Any]:
    """Return what identifies the study, without what is unknown."""
    study, trials = results.study, results.trials
    facts = {"budget": study.get("budget"), "study seed": study.get("seed")}
    for name in ("backend", "dtype", "threads") if len(trials) else ():
        facts[name] = [str(value) for value in trials[name].dropna().unique()]
    started = sorted(str(when) for when in trials["started"].dropna()) if len(trials) else []
    if started:
        facts["trials started"] = " to ".join(
            dict.fromkeys(map(_minute, (started[0], started[-1])))
        )
    return {name: value for name, value in facts.items() if value is not None and value != {}}


def _minute(when: str) -> str:
    """Shorten an ISO time: ``2025-03-01 10:00 UTC``."""
    return when[:16].replace("T", " ") + (" UTC" if when.endswith("+00:00") else "")


def _plain(value: Any) -> str:
    """Write a value from the store in words: ``numpy 2.4.6, scipy 1.16``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(v)}" for name, v in value.items() if v is not None)
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(item) for item in value)
    return str(value)
