"""Reports of studies whose runs all ended badly are drawn, and say what is missing."""

import io
import json
import re

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from rich.console import Console

import optframe
from optframe.cli.summary import print_summary
from optframe.drawing.figures import frames_of
from optframe_reports.formats.latex import Latex
from optframe_reports.formats.markdown import Markdown
from optframe_reports.formats.pdf import Pdf
from optframe_reports.page.charts import Arrays, chart
from optframe_reports.page.page import Page
from optframe_reports.problem_frames import by_problem

BROKEN = ("diverged", "failed", "timeout", "crashed")
ENDS = (*BROKEN, "skipped", "planned", "at start", "stopped", "finished", "converged")
"""How all runs of a contender, or of a problem, end; ``at start`` met the target there."""


def add(study, end, optimizer, problem, scale=1.0):
    """Add three runs that end so."""
    target = {"target": 0.1, "target_metric": "loss", "size": 2.0}
    target |= {"budget": "steps 100, target 0.1", "start": "default"}
    for seed in range(3):
        steps = 4.0 * scale + seed
        status = "converged" if end == "at start" else end
        if end in ("planned", "skipped", "crashed"):
            losses, places = [], []
        elif end == "at start":
            losses, places = [0.05], [0.0]
        else:
            last = {"converged": 0.1, "diverged": np.nan}.get(end, 0.5 * scale)
            losses, places = [1.0 + seed, last], [0.0, steps]
        study.add(
            losses, x=places, optimizer=optimizer, problem=problem, status=status, trial=target
        )


def studied(study, first, second, by, tmp_path, curves=True):
    """Return results in which the first contender, or problem, ended so, and the other so."""
    study.trials.clear()
    study.curves.clear()
    for problem in ("p", "q"):
        for optimizer, scale in (("a", 1.0), ("b", 1.5)):
            own = first if (optimizer == "a" if by == "contender" else problem == "p") else second
            add(study, own, optimizer, problem, scale)
    results = study.results(tmp_path)
    if not curves:
        results.curves = results.curves.iloc[:0]
        given = results.trials, results.curves
        results.standings = lambda cost=None, metric=None: optframe.statistics.standings(
            *given, cost or "work", metric
        )
    return results


def figures(registry, results):
    """Yield each registered figure, with the frames that it draws."""
    frames = frames_of(results)
    parts = list(by_problem(frames).values())
    for name in registry.names("figures"):
        figure = registry.make("figures", name)
        for part in [frames] if figure.across else parts:
            yield name, figure, part


def printed(results):
    console = Console(record=True, width=200, file=io.StringIO())
    print_summary(results, console)
    return console.export_text()


def read(registry, results):
    """Ask each figure for its numbers, or for what is missing."""
    for name, figure, part in figures(registry, results):
        missing = figure.missing(part)
        if missing is None:
            figure.data(part)
        else:
            assert missing.strip(), name


def draw(registry, results):
    for _, figure, part in figures(registry, results):
        if figure.missing(part) is None:
            figure.draw(Canvas(figsize=figure.size(part)).subplots(), part)


@pytest.mark.parametrize("first", ENDS)
def test_figures_and_texts_of_two_contenders(registry, study, tmp_path, first):
    """Each figure says what is missing or has numbers; texts have the headline."""
    for second in ENDS[ENDS.index(first) :]:
        results = studied(study, first, second, "contender", tmp_path)
        read(registry, results)
        headline = results.standings().headline[0].split("(")[0]
        assert headline in printed(results)
        assert headline in Markdown().write(results, tmp_path, registry).read_text("utf-8")
        Latex().write(results, tmp_path / "latex", registry)


@pytest.mark.parametrize("first", ENDS)
def test_figures_and_texts_of_two_problems(registry, study, tmp_path, first):
    for second in ("finished", "converged"):
        results = studied(study, first, second, "problem", tmp_path)
        read(registry, results)
        headline = results.standings().headline[0].split("(")[0]
        assert headline in Markdown().write(results, tmp_path, registry).read_text("utf-8")


@pytest.mark.parametrize("first", ENDS)
def test_figures_of_ends_are_drawn(registry, study, tmp_path, first):
    draw(registry, studied(study, first, "finished", "contender", tmp_path))


@pytest.mark.parametrize("first", ENDS)
def test_there_may_be_no_curves(registry, study, tmp_path, first):
    for second in (first, "finished"):
        results = studied(study, first, second, "contender", tmp_path, curves=False)
        draw(registry, results)
        assert results.standings().headline[0].split("(")[0] in printed(results)
        Markdown().write(results, tmp_path, registry)


@pytest.mark.parametrize("end", ["crashed", "diverged", "at start", "planned", "skipped"])
def test_a_page_and_figures_as_files_of_what_ended_badly(registry, study, tmp_path, end):
    """The page where one contender ended so, and files of figures where both did."""
    results = studied(study, end, "finished", "contender", tmp_path)
    page = Page().write(results, tmp_path, registry).read_text(encoding="utf-8")
    assert "Traceback" not in page
    assert not re.search(r"(Index|Key|Value|Type|Attribute)Error|StopIteration", page)
    results = studied(study, end, end, "contender", tmp_path)
    Pdf(width=3.3).write(results, tmp_path / "both", registry)


def test_an_optimizer_without_a_checkpoint_does_not_blank_the_chart(study, tmp_path):
    """Its group has no points, and the other's line stays."""
    add(study, "crashed", "a", "p")
    add(study, "finished", "b", "p")
    arrays = Arrays()
    made = chart(frames_of(study.results(tmp_path)), arrays)
    empty, full = (
        [arrays.all[place] for place in of_group[:4]]
        for of_group in made["lines"][made["axes"][0]["name"]]["loss"]
    )
    assert empty == [[], [], [], []]
    assert len(full[0]) > 1
    assert all(value is not None for values in full for value in values)
    json.dumps(made, allow_nan=False)
