"""Writes the report as one self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import pandas as pd

from optframe import Registry, Reporter, Results
from optframe.drawing.figures import frames_of
from optframe.statistics import STATUSES, Standings, known_cost
from optframe.statistics.metrics import metric_words
from optframe_reports.page.charts import Arrays, chart
from optframe_reports.page.drawings import Drawing, draw_all
from optframe_reports.problem_frames import by_problem
from optframe_reports.tables.beside import beside_table
from optframe_reports.tables.lost import lost_table
from optframe_reports.tables.of_problem import tables_of_problems
from optframe_reports.tables.of_trials import table_of_trials
from optframe_reports.tables.overall import overall_table
from optframe_reports.tables.pairwise import pairwise_table
from optframe_reports.tables.table import TEXTS, Table
from optframe_reports.tables.winners import winners_table

__all__ = ["Page"]

_HERE = Path(__file__).parent
_MOST_TRIALS = 2_000
"""The most rows in the table of all trials; more make the page slow to open."""


@dataclass(frozen=True)
class _Section:
    """The page's section on one problem."""

    table: Table
    notes: list[str]
    drawings: list[Drawing]
    lost: Table
    chart: int | None


@dataclass(frozen=True)
class _Script:
    """A script of the page, with its hash for the security policy."""

    text: str
    library: bool

    @property
    def policy(self) -> str:
        """The script's hash; the page's policy allows no other scripts."""
        digest = hashlib.sha256(self.text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"


@dataclass(frozen=True)
class Page(Reporter):
    """Write ``index.html``: the answer, the study and its environment, tables, charts and figures.

    The file needs no other file and downloads nothing. Without scripts, only the choices of its
    charts are missing. The same store gives the same bytes. Every registered figure is drawn. If a
    figure raises, the page shows its error, and the other figures.
    """

    def write(self, results: Results, folder: Path, registry: Registry) -> Path:
        """Write the page into the folder and return its path."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["plain"] = _plain
        environment.filters["breakable"] = _breakable
        environment.filters["marked"] = _marked
        template = environment.get_template("page.html.jinja")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "index.html"
        path.write_text(
            template.render(_context(results, registry)) + "\n", "utf-8", "backslashreplace"
        )
        return path


def _context(results: Results, registry: Registry) -> dict[str, Any]:
    trials, frames = results.trials, frames_of(results)
    found = frames.standings
    tables, arrays = tables_of_problems(found), Arrays()
    parts = by_problem(frames)
    parts = {table.title: parts[table.title] for table in tables}
    across, of_problems = draw_all(frames, parts, registry, results.path)
    charts: list[dict[str, Any]] = []
    sections = []
    for table, drawings in zip(tables, of_problems, strict=True):
        own = parts[table.title]
        made = chart(own, arrays)
        number = len(charts) if made is not None else None
        charts += [made] if made is not None else []
        lost = lost_table(own.trials)
        sections.append(_Section(table, _notes(own.trials), drawings, lost, number))
    every = table_of_trials(trials, _MOST_TRIALS) if len(trials) else None
    study = results.study
    beside = beside_table(trials) if "side" in trials else None
    return {
        "title": study.get("name", "study"),
        "study": study,
        "size": _size(found.pooled_trials),
        "statuses": [(s, n) for s in STATUSES if len(trials) and (n := _count(trials, s))],
        "planned": _count(trials, "planned"),
        "total": len(trials),
        "answer": {"sentences": found.headline, "caveats": _others(found)},
        "beside": beside,
        "overall": overall_table(found),
        "pairs": pairwise_table(found),
        "winners": winners_table(found),
        "tuning_notes": found.tuning_notes,
        "facts": _facts(results),
        "environments": results.environments,
        "sections": sections,
        "across": across,
        "trials": every,
        "colors": frames.colors,
        "texts": TEXTS,
        "charts": charts,
        "data": _embedded({"charts": charts, "arrays": arrays.all}),
        "scripts": [
            _Script("\n" + _read("uplot/uPlot.iife.min.js"), True),
            _Script("\n" + _read("page.js"), False),
        ],
        "css": _read("uplot/uPlot.min.css") + "\n" + _read("page.css"),
    }


def _others(found: Standings) -> list[str]:
    """Return the caveats that the section on tuning does not have."""
    return [caveat for caveat in found.caveats if caveat not in found.tuning_notes]


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _embedded(data: Any) -> str:
    """Return JSON that cannot close the HTML element around it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")


def _count(trials: pd.DataFrame, status: str) -> int:
    return int((trials["status"] == status).sum()) if len(trials) else 0


def _size(trials: pd.DataFrame) -> str:
    """Return the size of a study: ``6 optimizers × 4 problems × 5 seeds: 120 trials``."""
    if trials.empty:
        return "no trials"
    axes = {axis: set(trials[axis]) for axis in ("optimizer", "problem", "sampler", "seed")}
    axes["sampler"].discard("none")
    counted = [_plural(len(v), axis) for axis, v in axes.items() if axis != "sampler" or len(v) > 1]
    return f"{' × '.join(counted)}: {_plural(len(trials), 'trial')}"


def _plural(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _notes(trials: pd.DataFrame) -> list[str]:
    """Return warnings about this problem's results."""
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
    """Return the study's identifying data, without unknown values."""
    study, trials = results.study, results.trials
    facts = {"budget": study.get("budget"), "study seed": study.get("seed")}
    facts["other than in its file"] = study.get("changed") or None
    if len(trials):
        doubt = ", not comparable" if results.standings().doubt else ""
        facts["compared by"] = known_cost(trials, results.cost) + doubt
    facts["judged by"] = metric_words(trials, results.metric) if len(trials) else None
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


def _breakable(name: str) -> Any:
    """Return a name, escaped, that a browser may break after each dot, colon and comma."""
    parts = re.split(r"(?<=[.:,])(?=[^\W\d])", name)
    return markupsafe.Markup("<wbr>").join(parts)


def _marked(sentence: str) -> Any:
    """Return a sentence, escaped, in which what is between backquotes is code."""
    parts = [markupsafe.escape(part) for part in sentence.split("`")]
    if len(parts) % 2 == 0:
        return sentence
    parts[1::2] = [markupsafe.Markup("<code>%s</code>") % part for part in parts[1::2]]
    return markupsafe.Markup("").join(parts)


def _plain(value: Any) -> str:
    """Return a value from the store as text: ``numpy 2.4.6, scipy 1.16``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(v)}" for name, v in value.items() if v is not None)
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(item) for item in value)
    return str(value)
