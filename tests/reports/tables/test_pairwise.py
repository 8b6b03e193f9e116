"""The table of pairs says what the standings found of each pair."""

from itertools import combinations

import numpy as np
import pytest

from optframe.statistics import standings
from optframe_reports.tables.pairwise import pairwise_table


def add(study, of, problems="p", seeds=6, sd=0.0):
    """Add runs of {optimizer: steps to the target, or a list for each problem}; None fails."""
    random = np.random.default_rng(1)
    target = {"target": 1e-3, "target_metric": "loss"}
    for name, cost in of.items():
        for index, problem in enumerate(problems):
            one = cost[index] if isinstance(cost, list) else cost
            for _ in range(seeds):
                steps = 1000 if one is None else one * np.exp(sd * random.normal())
                loss = [1.0, 0.5] if one is None else [1.0, 1e-4]
                end = "finished" if one is None else "converged"
                given = {"optimizer": name, "problem": problem, "status": end}
                study.add(loss, x=[0, steps], trial=target, **given)


def judged(study):
    frames = study.frames()
    return standings(frames.trials, frames.curves)


def test_there_is_a_row_for_each_pair_the_better_placed_first(study):
    add(study, {"c": 90, "a": 10, "b": 30})
    table = pairwise_table(judged(study))
    pairs = list(zip(table.column("optimizer"), table.column("against"), strict=True))
    assert pairs == list(combinations("abc", 2))
    assert [float(row.values["times the work"]) for row in table.rows] == pytest.approx([3, 9, 3])


def test_the_numbers_are_those_of_the_standings(study):
    add(study, {"a": [20, 30], "b": [30, 25], "c": [90, 95]}, "pq", sd=0.4)
    found = judged(study)
    table = pairwise_table(found)
    for row, pair in zip(table.rows, found.pairs.to_dict("records"), strict=True):
        assert (row["optimizer"], row["against"]) == (pair["contender"], pair["rival"])
        assert row["better : worse"] == f"{pair['wins']} : {pair['losses']}"
        assert row["told apart"] == ("yes" if pair["apart"] else "no")
        assert row.values["p"] == pair["p"]
        assert row.values["p, corrected"] == pair["p_holm"]
        assert row.values["times the work"] == pair["cost_ratio"]
        ratio, rest = row["times the work"].split(" (")
        shown = [float(text) for text in (ratio, *rest.rstrip(")").split(" to "))]
        exact = [pair[f"cost_{part}"] for part in ("ratio", "low", "high")]
        assert shown == pytest.approx(exact, rel=6e-3)
    assert {row["told apart"] for row in table.rows} == {"yes", "no"}


def test_who_never_arrived_costs_at_least_so_much(study):
    add(study, {"a": [10, 10], "b": [20, None], "c": [30, None]}, "pq")
    table = pairwise_table(judged(study))
    shown = {(row["optimizer"], row["against"]): row for row in table.rows}
    assert shown["a", "b"]["times the work"].startswith("at least ")
    assert not shown["b", "c"]["times the work"].startswith("at")


def test_two_that_never_arrived_have_no_ratio(study):
    add(study, {"a": 10, "b": None, "c": None})
    table = pairwise_table(judged(study))
    (row,) = [row for row in table.rows if {row["optimizer"], row["against"]} == {"b", "c"}]
    assert row["times the work"] == "–"
    assert "times the work" not in row.values


def test_too_few_runs_have_a_ratio_and_no_interval(study):
    add(study, {"a": 10, "b": 20}, seeds=3)
    (row,) = pairwise_table(judged(study)).rows
    assert row["times the work"] == "2"
    assert row["told apart"] == "no"


def test_values_are_named_by_their_metric_beside_costs(study):
    add(study, {"a": [10, 10], "b": [20, 20]}, "p")
    for name, loss in (("a", 0.1), ("b", 0.4)):
        for _ in range(6):
            study.add([1.0, loss], optimizer=name, problem="q")
    table = pairwise_table(judged(study))
    (row,) = table.rows
    assert table.columns[3:5] == ["times the work", "times the loss"]
    assert row.values["times the loss"] == pytest.approx(4.0)


def test_one_problem_counts_no_problems(study):
    add(study, {"a": 10, "b": 20})
    assert "better : worse" not in pairwise_table(judged(study)).columns


def test_of_more_than_ten_the_first_are_shown_and_all_are_corrected_for(study):
    add(study, {f"o{i:02}": 10.0 + i for i in range(12)}, seeds=1)
    table = pairwise_table(judged(study))
    assert len(table.rows) == 45
    assert {*table.column("optimizer"), *table.column("against")} == {f"o{i:02}" for i in range(10)}
    assert "for all 66 pairs" in table.note
    assert "the first 10 of 12 contenders" in table.note


def test_nothing_to_compare_has_no_table(study):
    assert pairwise_table(judged(study.add([9.0, 1.0]))) is None
    study.add([9.0, 1.0], optimizer="b", problem="elsewhere")
    assert pairwise_table(judged(study)) is None
