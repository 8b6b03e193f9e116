"""What a report says of times if the machine became slower while the study ran."""

import contextlib
import io
import re
import sqlite3

import numpy as np
import pytest
from matplotlib import pyplot
from rich.console import Console

from optframe import Study, load, load_plugins
from optframe.cli.summary import print_summary
from optframe.drawing.figures import frames_of
from optframe.execution.runner import run_study
from optframe.store.file import STORE_NAME
from optframe_reports.figures.batch_size import BatchSize
from optframe_reports.figures.convergence import Convergence
from optframe_reports.figures.critical_difference import CriticalDifference
from optframe_reports.figures.data_profile import DataProfile
from optframe_reports.figures.ecdf import Ecdf
from optframe_reports.figures.ert import Ert
from optframe_reports.figures.performance_profile import PerformanceProfile
from optframe_reports.figures.rank_heatmap import RankHeatmap
from optframe_reports.figures.time_to_target import TimeToTarget
from optframe_reports.figures.timing import Timing
from optframe_reports.formats.markdown import Markdown
from optframe_reports.page.page import Page
from optframe_reports.tables.of_problem import tables_of_problems

SENTENCE = "the machine's speed drifted by 1.5 times during the study; seconds are not comparable"
PACES = {"sgd:lr=0.001": 1e-4, "momentum:lr=0.001": 2e-4, "adam:lr=0.1": 3e-4}


@pytest.fixture(scope="module")
def registry():
    return load_plugins()


@pytest.fixture(scope="module")
def stores(registry, tmp_path_factory):
    """Two stores of one study, from a quiet machine and from one that became slower half way.

    The trials ran here, and their times are replaced, in the order in which they ran.
    """
    asked = Study(
        name="timed",
        budget={"steps": 200, "target": {"loss": 1e-3}},
        optimizers=[*PACES],
        problems=["sphere:size=3"],
        start="random",
        seeds=8,
    )
    folders = {}
    for name, slower in (("quiet", 1.0), ("drifted", 1.5)):
        folders[name] = tmp_path_factory.mktemp(name)
        run_study(asked, folders[name], registry)
        file = folders[name] / STORE_NAME
        noise = np.random.default_rng(0).lognormal(0, 0.02, 24)
        with contextlib.closing(sqlite3.connect(file)) as connection, connection:
            ran = connection.execute(
                "SELECT key, optimizer, steps FROM trials ORDER BY started, seed, position"
            ).fetchall()
            assert len(ran) == 24
            for place, (key, optimizer, steps) in enumerate(ran):
                factor = noise[place] * (slower if place >= 12 else 1.0)
                connection.execute(
                    "UPDATE trials SET seconds = ?, started = ? WHERE key = ?",
                    (
                        PACES[optimizer] * steps * factor,
                        f"2026-01-01T00:00:{place:02}.000+00:00",
                        key,
                    ),
                )
    return folders


def words_of(html):
    body = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.S)
    text = re.sub(r"<[^>]+>", " ", body).replace("&#39;", "'")
    return " ".join(text.split())


def test_the_page_says_so_where_it_drifted_and_nowhere_else(stores, registry, tmp_path):
    pages = {
        name: words_of(Page().write(load(folder), tmp_path / name, registry).read_text("utf-8"))
        for name, folder in stores.items()
    }
    assert SENTENCE in pages["drifted"]
    assert "not comparable" in pages["drifted"].replace(SENTENCE, "")
    assert "not comparable" not in pages["quiet"]
    assert "drifted" not in pages["quiet"]


def test_markdown_says_so_too(stores, registry, tmp_path):
    for name, folder in stores.items():
        text = Markdown().write(load(folder), tmp_path / name, registry).read_text("utf-8")
        assert (SENTENCE in text) is (name == "drifted")


def test_the_table_has_no_time_that_could_be_sorted(stores):
    (table,) = tables_of_problems(load(stores["drifted"]).standings())
    assert table.column("time per step") == ["not comparable"] * 3
    assert not any("time per step" in row.values for row in table.rows)
    (table,) = tables_of_problems(load(stores["drifted"]).standings("seconds"))
    assert not any(row.best for row in table.rows)
    (table,) = tables_of_problems(load(stores["quiet"]).standings())
    assert {text.split()[1] for text in table.column("time per step")} == {"µs"}
    assert all("time per step" in row.values for row in table.rows)


@pytest.mark.parametrize(
    "figure",
    [
        PerformanceProfile(by="seconds"),
        DataProfile(by="seconds"),
        Ecdf(by="seconds"),
        Ert(by="seconds"),
        RankHeatmap(by="seconds"),
        CriticalDifference(by="seconds"),
        TimeToTarget(x="seconds"),
    ],
    ids=lambda figure: type(figure).__name__,
)
def test_a_figure_that_ranks_by_seconds_gives_the_reason(stores, figure):
    why = figure.missing(frames_of(load(stores["drifted"])))
    assert f"not comparable: On sphere:size=3, {SENTENCE}" in why
    assert why.removeprefix("Seconds rank nothing here: ").startswith("not comparable: ")
    assert "not comparable" not in (figure.missing(frames_of(load(stores["quiet"]))) or "")


@pytest.mark.parametrize(
    "figure",
    [
        PerformanceProfile(),
        Ert(),
        RankHeatmap(),
        TimeToTarget(),
        Convergence(x="seconds"),
        Timing(),
    ],
    ids=lambda figure: type(figure).__name__,
)
def test_other_figures_are_drawn(stores, figure):
    assert figure.missing(frames_of(load(stores["drifted"]))) is None


@pytest.mark.parametrize(
    ("quantity", "refused"),
    [("loss_per_second", True), ("time_per_step", True), ("loss_per_step", False)],
)
def test_batch_sizes_are_not_compared_by_seconds(stores, quantity, refused):
    frames = frames_of(load(stores["drifted"]))
    batches = frames.trials["seed"].mod(2).map({0: 8, 1: 16})
    parameters = [f'{{"batch_size": {size}}}' for size in batches]
    frames.trials["sampler_parameters"] = parameters
    frames.trials["sampler"] = [f"shuffled:batch_size={size}" for size in batches]
    why = BatchSize(quantity=quantity).missing(frames)
    assert (why or "").startswith("not comparable") is refused


@pytest.mark.parametrize("name", ["quiet", "drifted"])
def test_the_figure_of_times_is_labelled(stores, name):
    frames = frames_of(load(stores[name]))
    figure, axes = pyplot.subplots()
    Timing().draw(axes, frames)
    assert axes.get_xlabel().endswith(", not comparable") is (name == "drifted")
    pyplot.close(figure)


@pytest.mark.parametrize("name", ["quiet", "drifted"])
def test_the_terminal_says_so(stores, name):
    console = Console(width=200, record=True, file=io.StringIO())
    print_summary(load(stores[name]), console)
    text = console.export_text()
    assert (SENTENCE in text) is (name == "drifted")
    assert text.count("not comparable") == (4 if name == "drifted" else 0)
