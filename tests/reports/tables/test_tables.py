"""That tables say what the frames hold, and that markup in names stays text."""

import re

import numpy as np
import pytest

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


@pytest.fixture
def tables(study, tmp_path):
    def made(*given):
        return tables_of_problems(study.results(tmp_path).standings(*given))

    return made


@pytest.fixture
def overall(study, tmp_path):
    def made():
        return overall_table(study.results(tmp_path).standings())

    return made


def reach(steps, target=0.1):
    return {
        "target": target,
        "target_metric": "loss",
        "steps": steps,
        "gradients": steps,
        "work": steps,
    }


def test_the_rows_are_geometric_means_the_best_first(study, tables):
    """The cube roots of 3 · 1 · 2 and of 0.5 · 0.25 · 4; the medians would be 2 and 0.5."""
    for loss in (3.0, 1.0, 2.0):
        study.add([9.0, loss], optimizer="sgd")
    for loss in (0.5, 0.25, 4.0):
        study.add([9.0, loss], optimizer="adam")
    (table,) = tables()
    assert table.title == "rosenbrock"
    assert table.column("optimizer") == ["adam", "sgd"]
    assert table.column("mean loss") == ["0.7937", "1.817"]
    assert table.column("to the best") == ["1 ×", "2.29 ×"]  # the cube root of 12
    assert [row.best for row in table.rows] == [True, False]
    assert table.rows[1].values["mean loss"] == pytest.approx(6 ** (1 / 3))
    assert "median loss" not in table.columns  # one number for one quantity
    assert table.note == (
        "In the order of the final loss, its geometric mean. Medians order nothing."
    )


def test_with_a_target_the_least_expected_cost_is_best_and_misses_are_paid(study, tables):
    """(5 + 7 + 100)/2 for two of three; their median of 7 would have been the best."""
    for steps in (10, 20, 30):
        study.add([9.0, 0.1], optimizer="slow", status="converged", trial=reach(steps))
    study.add([9.0, 0.1], optimizer="fast", status="converged", trial=reach(5))
    study.add([9.0, 0.1], optimizer="fast", status="converged", trial=reach(7))
    study.add([9.0, 8.0], optimizer="fast", trial=reach(100))
    (table,) = tables()
    assert table.column("optimizer") == ["slow", "fast"]
    assert table.column("work to target") == ["20", "56"]
    assert table.column("to the best") == ["1 ×", "2.8 ×"]
    # The ends of 3 of 3 and 2 of 3 by Clopper and Pearson: 0.025^(1/3) = 0.292; 0.094 and 0.992
    assert table.column("reached") == ["3 of 3 (29 to 100 %)", "2 of 3 (9 to 99 %)"]
    assert table.column("median loss") == ["0.1", "0.1"]
    assert [row.best for row in table.rows] == [True, False]
    (by_steps,) = tables("steps")
    assert by_steps.column("steps to target") == ["20", "56"]
    assert by_steps.note == (
        "In the order of the expected steps to the target: what all runs paid, divided by the "
        "number that reached it. Medians order nothing."
    )


def test_runs_that_tie_are_all_the_best_and_one_that_never_reached_is_last(study, tables):
    for name in ("a", "b"):
        study.add([9.0, 0.1], optimizer=name, status="converged", trial=reach(5))
    study.add([9.0, 2.0], optimizer="c", trial=reach(100))
    (table,) = tables()
    assert table.column("work to target") == ["5", "5", "not reached"]
    assert table.column("to the best") == ["1 ×", "1 ×", "∞ ×"]
    assert [row.best for row in table.rows] == [True, True, False]


def test_a_lost_run_has_the_worst_value_that_was_seen(study, tables):
    study.add([9.0, np.nan], optimizer="adam", status="diverged")
    study.add([9.0, 1.5], optimizer="sgd")
    (table,) = tables()
    assert table.column("optimizer") == ["sgd", "adam"]
    assert table.column("mean loss") == ["1.5", "9"]
    assert table.column("status") == ["1 finished", "1 diverged"]


def test_a_problem_that_cannot_be_judged_says_why_and_marks_nobody(study, tables):
    for name in ("adam", "sgd"):
        study.add([9.0, np.nan], optimizer=name, status="diverged")
    (table,) = tables()
    assert table.column("median loss") == ["∞", "∞"]
    assert not any(row.best for row in table.rows)
    assert table.note == "Not judged: every run broke down. Medians order nothing."
    assert not any("mean loss" in name and "median" not in name for name in table.columns)


def test_columns_that_say_nothing_are_left_out_and_one_sampler_is_a_note(study, tables):
    study.add([9.0, 1.5], sampler="shuffled:batch_size=32")
    (table,) = tables()
    assert "median test accuracy" not in table.columns
    assert "sampler" not in table.columns
    assert table.note.startswith("Sampler shuffled:batch_size=32. In the order of the final loss")
    accuracy, target = [0.1, 0.875], {"target": 0.8, "target_metric": "test_accuracy"}
    study.add([9.0, 1.0], sampler="full", test_accuracy=accuracy, status="converged", trial=target)
    (table,) = tables()
    assert ", ".join(table.columns) == (
        "optimizer, sampler, runs, work to target, to the best, reached, median loss, "
        "median test accuracy, time per step, status"
    )
    assert table.column("sampler") == ["full", "shuffled:batch_size=32"]
    assert table.column("median test accuracy")[0] == "87.5 %"
    assert table.rows[0]["work to target"] == "2"


def test_validation_stands_before_test(study, tables):
    study.add([9.0, 1.0], validation_accuracy=[0.1, 0.75], test_accuracy=[0.1, 0.875])
    study.add([9.0, 1.0], problem="ridge", validation_loss=[9.0, 2.5], test_loss=[9.0, 3.5])
    study.add([9.0, 1.0], problem="all", validation_loss=[9.0, np.inf], test_loss=[9.0, np.nan])
    first, second, third = tables()
    assert ", ".join(first.columns) == (
        "optimizer, runs, mean loss, to the best, median validation accuracy, "
        "median test accuracy, time per step, status"
    )
    assert (first.rows[0]["median validation accuracy"], first.rows[0]["median test accuracy"]) == (
        "75.0 %",
        "87.5 %",
    )
    assert first.rows[0].values["median validation accuracy"] == 0.75
    # Where there are validation records, their loss judges.
    assert second.columns[2:6] == [
        "mean validation loss",
        "to the best",
        "median loss",
        "median test loss",
    ]
    assert [second.rows[0][name] for name in second.columns[2:6]] == ["2.5", "1 ×", "1", "3.5"]
    assert third.rows[0]["median validation loss"] == "∞"
    assert third.note.startswith("Not judged: no run has a finite validation loss.")
    assert "median test loss" not in third.columns


def test_with_f_star_known_what_is_judged_is_the_gap(study, tables):
    study.add([9.0, 3.5], minimum=3.0)
    (table,) = tables()
    assert (table.rows[0]["mean f − f*"], table.rows[0]["median loss"]) == ("0.5", "3.5")


def test_seconds_of_runs_in_batches_mark_nobody_best(study, tables):
    for name, steps in (("a", 5), ("b", 7)):
        given = reach(steps) | {"together": 8, "seconds": float(steps)}
        study.add([9.0, 0.1], optimizer=name, status="converged", trial=given)
    (table,) = tables("seconds")
    assert not any(row.best for row in table.rows)
    assert [row.best for row in tables()[0].rows] == [True, False]


def test_over_all_problems_ratios_to_the_best_are_averaged(study, overall):
    """x: 1, 1, 2 times the best; y: 2, 3, 1; z: 3, 2, 3. The means are the roots of 2, 6, 18."""
    for problem, losses in (("a", (1, 2, 3)), ("b", (1, 3, 2)), ("c", (2, 1, 3))):
        for optimizer, loss in zip("xyz", losses, strict=True):
            study.add([9.0, loss], optimizer=optimizer, problem=problem)
    table = overall()
    assert table.column("optimizer") == ["x", "y", "z"]
    assert table.column("place") == ["1", "2", "3"]
    assert table.column("ratio to the best") == ["1.26", "1.82", "2.62"]
    assert table.column("first on") == ["2", "1", "0"]
    assert table.column("within twice the best") == ["3", "2", "1"]
    assert [row.best for row in table.rows] == [True, False, False]
    assert "solved" not in table.columns
    assert "3 problems" in table.note


def test_over_all_problems_solved_are_those_with_a_success(study, overall):
    for problem in ("p", "q"):
        study.add([9.0, 0.1], optimizer="a", problem=problem, status="converged", trial=reach(5))
    study.add([9.0, 0.1], optimizer="b", problem="p", status="converged", trial=reach(50))
    study.add([9.0, np.nan], optimizer="b", problem="q", status="diverged", trial=reach(3))
    study.add([9.0, 1.0], optimizer="c", problem="p", trial=reach(90))
    table = overall()
    assert table.column("optimizer") == ["a", "b", "c"]
    assert table.column("solved") == ["2 of 2", "1 of 2", "0 of 1"]
    assert table.column("place") == ["1", "2", "not ranked"]
    assert table.column("lost") == ["–", "1", "–"]
    assert table.column("ratio to the best")[:2] == ["1", "10"]  # 10 and ∞, which counts as 10


def test_one_problem_needs_no_table_over_all(study, overall):
    study.add([9.0, 1.0]).add([9.0, 2.0], optimizer="sgd")
    assert overall() is None


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
