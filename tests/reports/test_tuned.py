"""Tables, page, formats and terminal of a tuned study."""

import math

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from optframe.cli.summary import print_summary
from optframe.drawing.figures import frames_of
from optframe.statistics import standings
from optframe_reports.formats.latex import Latex
from optframe_reports.formats.markdown import Markdown
from optframe_reports.page.page import Page
from optframe_reports.plotting.contenders import at_contenders
from optframe_reports.tables.of_problem import tables_of_problems
from optframe_reports.tables.overall import overall_table
from optframe_reports.tables.pairwise import pairwise_table
from optframe_reports.tables.winners import winners_table

WARNING = "adam's best lr on p is at the edge of its space."


class Tuned:
    """Adds final runs of winners to a study, and the rows of their searches."""

    def __init__(self, study):
        self.study, self.rows = study, []

    def search(self, contender, problem, study, lr, steps, *, first=0, work=300.0, lost=False):
        """Add a search whose winner reached its target after these steps, a run each."""
        self.rows.append(
            {
                "contender": contender,
                "problem": problem,
                "sampler": "none",
                "study": study,
                "optimizer": None if lost else f"{contender}:lr={lr}",
                "number": math.nan if lost else 2,
                "setting": None if lost else {"lr": lr},
                "space": {"lr": None},
                "tuner": {"name": "random", "seeds": 1},
                "value": math.nan if lost else 0.5,
                "broken": 1.0 if lost else 0.0,
                "tried": 20,
                "runs": 20,
                "work": work,
                "reason": "every setting broke down" if lost else None,
            }
        )
        for place, step in enumerate(() if lost else steps):
            self.study.add(
                np.geomspace(10.0, 0.1, step + 1),
                optimizer=f"{contender}:lr={lr}",
                problem=problem,
                status="converged",
                trial={
                    "target": 0.1,
                    "target_metric": "loss",
                    "contender": contender,
                    "budget": "steps 100",
                    "start": "random",
                    "study": study,
                    "hyperparameters": f'{{"lr":{lr},"momentum":0.9}}',
                },
            )
            seed = self.study.trials[-1]["seed"] = first + place
            self.study.curves[-1]["seed"] = seed
        return self

    def results(self, tmp_path):
        made = self.study.results(tmp_path)
        tuning = pd.DataFrame(self.rows)
        made.standings = lambda cost=None, metric=None: standings(
            made.trials, made.curves, cost or "work", metric, 6, tuning, [WARNING]
        )
        return made


@pytest.fixture
def tuned(study):
    return Tuned(study)


@pytest.fixture
def one(new_study, tmp_path):
    """One search of each on two problems; sgd found nothing on q."""
    tuned = Tuned(new_study())
    tuned.search("adam", "p", 0, 0.1, range(10, 16))
    tuned.search("adam", "q", 0, 0.2, range(10, 16), work=400.0)
    tuned.search("sgd", "p", 0, 0.3, range(20, 26), work=100.0)
    tuned.search("sgd", "q", 0, 0.4, [], lost=True)
    return tuned.results(tmp_path)


@pytest.fixture
def several(new_study, tmp_path):
    """Five searches of each on one problem, the winner of each on two seeds."""
    tuned = Tuned(new_study())
    for number in range(5):
        for name, slow in (("adam", 10), ("sgd", 40)):
            lr = round(0.1 + 0.01 * number, 2)
            tuned.search(name, "p", number, lr, (slow + number, slow + 5), first=2 * number)
    return tuned.results(tmp_path)


def test_a_tuned_contender_is_one_row_with_its_winner_and_its_costs(one):
    table, _ = tables_of_problems(one.standings())
    assert table.column("optimizer") == ["adam", "sgd"]
    assert table.column("settings") == ["lr=0.1, momentum=0.9", "lr=0.3, momentum=0.9"]
    # A step costs two here: 2 · (10 + ... + 15)/6 = 25, and 300 to find it.
    assert table.column("work to target") == ["25", "45"]
    assert table.column("to tune") == ["300", "100"]
    assert table.column("both") == ["325", "145"]
    assert "work of a run" not in table.columns


def test_whom_every_setting_failed_is_the_last_row(one):
    _, table = tables_of_problems(one.standings())
    assert table.column("optimizer") == ["adam", "sgd"]
    assert table.column("status")[1] == "lost in tuning"
    assert table.column("runs") == ["6", "0"]


def test_winners_of_studies_are_one_row_with_all_their_values(several):
    (table,) = tables_of_problems(several.standings())
    assert table.column("runs") == ["10", "10"]
    assert table.column("settings")[0] == "lr=0.1, 0.11, 0.12, 0.13, 0.14"
    assert table.column("to tune") == ["1500", "1500"]


def test_the_table_over_all_has_the_work_of_tuning(one):
    assert overall_table(one.standings()).column("work of tuning") == ["700", "400"]


def test_the_table_of_tuning_has_a_row_per_search_problem_by_problem(one, several):
    table = winners_table(one.standings())
    assert table.column("problem") == ["p", "p", "q", "q"]
    assert table.column("chosen") == [
        "lr=0.1",
        "lr=0.3",
        "lr=0.2",
        "none: every setting broke down",
    ]
    assert "study" not in table.columns
    assert winners_table(several.standings()).column("study")[:5] == ["0", "0", "1", "1", "2"]


def test_nothing_is_said_of_tuning_where_nothing_was_tuned(study, tmp_path, registry):
    for name in ("adam", "sgd"):
        study.add([9.0, 1.0], optimizer=name)
    made = study.results(tmp_path)
    assert winners_table(made.standings()) is None
    page = Page().write(made, tmp_path, registry).read_text("utf-8")
    assert "Tuning" not in page


def test_figures_have_one_line_and_colour_for_each_contender(several):
    frames = frames_of(several)
    assert [*frames.colors] == ["adam", "sgd"]
    assert set(frames.curves["optimizer"]) == {"adam", "sgd"}
    kept, _ = at_contenders(frames)
    assert set(kept.trials["optimizer"]) == {"adam", "sgd"}
    assert len(kept.trials) == 20


def test_a_contender_without_a_run_has_a_colour(tuned, tmp_path):
    tuned.search("adam", "p", 0, 0.1, range(10, 16))
    tuned.search("sgd", "p", 0, 0.1, [], lost=True)
    frames = frames_of(tuned.results(tmp_path))
    kept, _ = at_contenders(frames)
    assert [*frames.colors] == [*kept.colors] == ["adam", "sgd"]


def test_the_page_has_a_section_on_tuning(one, tmp_path, registry):
    page = Page().write(one, tmp_path, registry).read_text("utf-8")
    section = page[page.index('<h2 id="tuning">') :]
    section = section[: section.index("</section>")]
    for text in (
        "lr=0.1",
        "none: every setting broke down",
        "20 settings of lr from the tuner random",
    ):
        assert text in section
    assert section.count("edge of its space") == page.count("edge of its space") == 1
    assert '<a href="#tuning">' in page
    assert "2 optimizers × 2 problems × 6 seeds: 18 trials" in page
    assert "raised" not in page


def test_a_page_of_a_contender_without_a_run_can_be_drawn(tuned, tmp_path, registry):
    tuned.search("adam", "p", 0, 0.1, range(10, 16))
    tuned.search("bfgs", "p", 0, 0.1, range(20, 26))
    tuned.search("sgd", "p", 0, 0.1, [], lost=True)
    page = Page().write(tuned.results(tmp_path), tmp_path, registry).read_text("utf-8")
    assert 'class="error"' not in page


def test_markdown_and_latex_have_the_table_of_tuning(one, tmp_path, registry):
    text = Markdown().write(one, tmp_path, registry).read_text("utf-8")
    assert "## Tuning" in text
    assert "| p | adam | lr=0.1 |" in text
    tex = Latex().write(one, tmp_path, registry).read_text("utf-8")
    assert r"\label{tab:tuning}" in tex


def test_the_terminal_has_winners_and_costs(one, several, capsys):
    print_summary(one, Console(width=160))
    text = capsys.readouterr().out
    rows = [[c.strip() for c in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]
    assert ["adam", "p", "lr=0.1", "20", "300", "25", "325"] in rows
    assert ["sgd", "q", "none: every setting broke down", "20", "300", "∞", "∞"] in rows
    assert WARNING in text
    print_summary(several, Console(width=160))
    text = capsys.readouterr().out
    assert text.count("10 converged") == 2


def test_what_is_between_backquotes_is_code(one, tmp_path, registry):
    assert any("`studies = 5`" in line for line in one.standings().headline)
    page = Page().write(one, tmp_path, registry).read_text("utf-8")
    assert "<code>studies = 5</code> would compare the optimizers" in page
    assert "`studies" not in page
    text = Markdown().write(one, tmp_path, registry).read_text("utf-8")
    assert "`studies = 5` would compare the optimizers" in text


def test_notes_of_tables_name_the_units_of_the_test_and_columns_that_are_there(one, several):
    assert "if runs of the two are exchanged" in pairwise_table(one.standings()).note
    assert "if studies of the two are exchanged" in pairwise_table(several.standings()).note
    tables = [winners_table(found.standings()) for found in (one, several)]
    for table in tables:
        assert ("broken" in table.note) == ("broken" in table.columns)
    assert {"broken" in table.note for table in tables} == {True, False}
