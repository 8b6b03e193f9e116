"""That tables say what the frames hold, and that markup in names stays text."""

import re

import numpy as np
import pytest

from optframe.statistics import over_problems
from optframe_reports.tables.latex import escaped as tex
from optframe_reports.tables.latex import latex_table
from optframe_reports.tables.markdown import escaped as md
from optframe_reports.tables.markdown import markdown_table
from optframe_reports.tables.of_problem import tables_of_problems
from optframe_reports.tables.of_trials import table_of_trials
from optframe_reports.tables.overall import overall_table
from optframe_reports.tables.table import Row, Table

EVIL = r"a|b_c*d$e\f{g}#h%i&j<k>[l]^m~n"


@pytest.fixture
def trials(study, tmp_path):
    def made():
        return study.results(tmp_path).trials

    return made


def reach(steps, target=0.1):
    return {
        "target": target,
        "target_metric": "loss",
        "steps": steps,
        "gradients": steps,
        "work": steps,
    }


def test_the_rows_are_medians_with_their_interval_the_best_first(study, trials):
    for loss in (3.0, 1.0, 2.0):
        study.add([9.0, loss], optimizer="sgd")
    for loss in (0.5, 0.25, 4.0):
        study.add([9.0, loss], optimizer="adam")
    (table,) = tables_of_problems(trials())
    assert table.title == "rosenbrock"
    assert table.column("optimizer") == ["adam", "sgd"]
    assert table.column("loss") == ["0.5 (0.25 to 4)", "2 (1 to 3)"]
    assert [row.best for row in table.rows] == [True, False]
    assert table.rows[1].values["loss"] == 2
    assert table.note == "In brackets: the median's 75 % interval."


def test_with_a_target_the_fastest_is_best_and_a_run_short_of_it_counts_as_infinite(study, trials):
    for steps in (10, 20, 30):
        study.add([9.0, 0.1], optimizer="slow", status="converged", trial=reach(steps))
    study.add([9.0, 0.1], optimizer="fast", status="converged", trial=reach(5))
    study.add([9.0, 0.1], optimizer="fast", status="converged", trial=reach(7))
    study.add([9.0, 8.0], optimizer="fast", trial=reach(100))
    (table,) = tables_of_problems(trials())
    assert table.column("optimizer") == ["fast", "slow"]
    assert table.column("steps to target") == ["7 (5 to ∞)", "20 (10 to 30)"]
    assert table.column("reached") == ["2 of 3", "3 of 3"]
    assert "gradients to target" not in table.columns  # the same as steps
    assert [row.best for row in table.rows] == [True, False]


def test_one_seed_has_no_interval_and_lost_runs_are_infinite(study, trials):
    study.add([9.0, np.nan], optimizer="adam", status="diverged")
    study.add([9.0, 1.5], optimizer="sgd")
    (table,) = tables_of_problems(trials())
    assert table.column("loss") == ["1.5", "∞"]
    assert table.note == ""
    assert table.column("status") == ["1 finished", "1 diverged"]


def test_columns_that_say_nothing_are_left_out_and_one_sampler_is_a_note(study, trials):
    study.add([9.0, 1.5], sampler="shuffled:batch_size=32")
    (table,) = tables_of_problems(trials())
    assert "test accuracy" not in table.columns
    assert "sampler" not in table.columns
    assert table.note == "Sampler shuffled:batch_size=32."
    accuracy, target = [0.1, 0.875], {"target": 0.8, "target_metric": "test_accuracy"}
    study.add([9.0, 1.0], sampler="full", test_accuracy=accuracy, status="converged", trial=target)
    (table,) = tables_of_problems(trials())
    assert ", ".join(table.columns) == (
        "optimizer, sampler, runs, loss, test accuracy, reached, work to target, steps to target, "
        "gradients to target, time to target, time per step, status"
    )
    assert table.column("sampler") == ["full", "shuffled:batch_size=32"]
    assert table.column("test accuracy")[0] == "87.5 %"
    assert (table.rows[0]["steps to target"], table.rows[0]["gradients to target"]) == ("1", "2")


def test_validation_stands_before_test(study, trials):
    study.add([9.0, 1.0], validation_accuracy=[0.1, 0.75], test_accuracy=[0.1, 0.875])
    study.add([9.0, 1.0], problem="ridge", validation_loss=[9.0, 2.5], test_loss=[9.0, 3.5])
    study.add([9.0, 1.0], problem="all", validation_loss=[9.0, np.inf], test_loss=[9.0, np.nan])
    first, second, third = tables_of_problems(trials())
    assert ", ".join(first.columns) == (
        "optimizer, runs, loss, validation accuracy, test accuracy, time per step, status"
    )
    assert (first.rows[0]["validation accuracy"], first.rows[0]["test accuracy"]) == (
        "75.0 %",
        "87.5 %",
    )
    assert first.rows[0].values["validation accuracy"] == 0.75
    assert [second.rows[0][name] for name in second.columns[2:5]] == ["1", "2.5", "3.5"]
    assert second.columns[2:5] == ["loss", "validation loss", "test loss"]
    assert third.rows[0]["validation loss"] == "∞"
    assert "test loss" not in third.columns


def test_with_f_star_known_the_suboptimality_stands_beside_the_loss(study, trials):
    study.add([9.0, 3.5], minimum=3.0)
    (table,) = tables_of_problems(trials())
    assert (table.rows[0]["loss"], table.rows[0]["loss − f*"]) == ("3.5", "0.5")


def test_over_all_problems_ranks_are_averaged(study, trials):
    for problem, losses in (("a", (1, 2, 3)), ("b", (1, 3, 2)), ("c", (2, 1, 3))):
        for optimizer, loss in zip("xyz", losses, strict=True):
            study.add([9.0, loss], optimizer=optimizer, problem=problem)
    table = overall_table(over_problems(trials()))
    assert table.column("optimizer") == ["x", "y", "z"]
    assert table.column("mean rank") == ["1.33", "2", "2.67"]
    assert table.column("best on") == ["2", "1", "0"]
    assert "3 problems" in table.note


def test_one_problem_needs_no_table_over_all(study, trials):
    study.add([9.0, 1.0]).add([9.0, 2.0], optimizer="sgd")
    assert overall_table(over_problems(trials())) is None


def test_of_too_many_trials_the_lost_ones_are_kept(study, trials):
    for i in range(20):
        study.add([9.0, float(i)], status="diverged" if i % 7 == 6 else "finished")
    table = table_of_trials(trials(), most=5)
    assert table.column("seed") == ["0", "1", "2", "6", "13"]
    assert table.column("status").count("diverged") == 2
    assert len(table_of_trials(trials(), most=20).rows) == 20


ROWS = [Row({"optimizer": "adam", "loss": "∞"}, best=True), Row({"optimizer": "a|b", "loss": "2"})]
SMALL = Table("x_y", ["optimizer", "loss"], ROWS)


def test_markdown_is_a_table_with_the_best_in_bold():
    assert markdown_table(SMALL).splitlines() == [
        "| optimizer | loss |",
        "| --- | ---: |",
        "| **adam** | **∞** |",
        r"| a\|b | 2 |",
    ]


def test_names_with_markup_stay_text():
    shown = re.sub(r"\\(.)", r"\1", md(EVIL + "\nnext"))
    assert shown == EVIL + " next"
    assert all(f"\\{mark}" in md(EVIL) for mark in "|_*$\\{}#<>[]~")
    assert tex(EVIL) == (
        r"a\textbar{}b\_c*d\$e\textbackslash{}f\{g\}\#h\%i\&j\textless{}k\textgreater{}[l]"
        r"\textasciicircum{}m\textasciitilde{}n"
    )


def test_latex_has_the_rules_of_booktabs_and_words_to_the_left():
    text = latex_table(SMALL, "tab:1")
    assert r"\begin{tabular}{lr}" in text
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    assert r"\textbf{adam} & \textbf{$\infty$} \\" in text
    assert r"\caption{x\_y}" in text
    assert text.count("{") == text.count("}")
