"""Profiles by hand, and against their definitions counted out."""

import math

import numpy as np
import pandas as pd
import pytest

from optframe.statistics import (
    data_profile,
    evaluations_to_target,
    performance_profile,
    performance_ratios,
    solver_costs,
    targets_reached,
)

INF, NAN = math.inf, math.nan


def table(**columns):
    rows = len(next(iter(columns.values())))
    index = pd.MultiIndex.from_tuples(
        [(f"p{i}", "none") for i in range(rows)], names=["problem", "sampler"]
    )
    return pd.DataFrame(columns, index, dtype=float).rename_axis("optimizer", axis="columns")


def steps(profile, optimizer, x):
    own = profile[profile["optimizer"] == optimizer]
    return [*own[[x, "fraction"]].itertuples(index=False, name=None)]


def test_ratios_are_to_the_best_of_each_problem():
    found = performance_ratios(
        table(a=[1, 4, INF, 0, INF, 3], b=[2, 4, 5, 0, INF, 0], c=[4, INF, 5, 2, INF, NAN])
    )
    expected = [[1, 2, 4], [1, 1, INF], [INF, 1, 1], [1, 1, INF], [INF, INF, INF]]
    assert found.to_numpy().tolist() == expected
    assert found.index.get_level_values("problem").tolist() == ["p0", "p1", "p2", "p3", "p4"]


def test_the_profile_steps_up_at_each_ratio_by_the_problems_that_have_it():
    costs = table(a=[1, 4, INF, INF], b=[2, 4, 5, INF])
    found = performance_profile(costs)
    assert steps(found, "a", "ratio") == [(1, 2 / 4)]
    assert steps(found, "b", "ratio") == [(1, 2 / 4), (2, 3 / 4)]
    assert set(found["problems"]) == {4}
    assert set(found["unsolved"]) == {1}
    assert set(found["left_out"]) == {0}


def test_every_optimizer_has_a_row_where_the_profile_begins():
    found = performance_profile(table(a=[1, 1], b=[3, INF], c=[INF, INF]))
    assert steps(found, "b", "ratio") == [(1, 0), (3, 0.5)]
    assert steps(found, "c", "ratio") == [(1, 0)]


def test_the_profile_is_the_fraction_within_a_factor_of_the_best(random):
    costs = table(**{name: random.integers(10, size=30) for name in "abcd"})
    costs = costs.mask(random.random((30, 4)) < 0.2, INF)
    found = performance_profile(costs)
    for tau in [1, 1.5, *random.uniform(1, 20, 20)]:
        for name in "abcd":
            best = costs.min(axis=1)
            solved = (costs[name] <= tau * best) & np.isfinite(costs[name])
            own = found[(found["optimizer"] == name) & (found["ratio"] <= tau)]
            assert own["fraction"].max() == solved.mean()


def test_problems_without_all_optimizers_are_left_out_and_counted():
    found = performance_profile(table(a=[1, 1, 1], b=[2, NAN, INF]))
    assert steps(found, "a", "ratio") == [(1, 1)]
    assert steps(found, "b", "ratio") == [(1, 0), (2, 0.5)]
    assert set(found["left_out"]) == {1}
    nothing = performance_profile(table(a=[1, NAN], b=[NAN, 1]))
    assert nothing["fraction"].tolist() == [0, 0]
    assert set(nothing["problems"]) == {0}
    assert set(nothing["left_out"]) == {2}


def test_negative_costs_have_no_profile():
    for profile in (performance_profile, data_profile, performance_ratios):
        with pytest.raises(ValueError, match="negative"):
            profile(table(a=[1], b=[-1]))


def test_a_data_profile_counts_simplex_gradients():
    costs = table(a=[6, 6, INF], b=[30, INF, INF])
    found = data_profile(costs, {"p0": 2, "p1": 5, "p2": 9})
    assert steps(found, "a", "cost") == [(0, 0), (1, 1 / 3), (2, 2 / 3)]
    assert steps(found, "b", "cost") == [(0, 0), (10, 1 / 3)]
    assert set(found["unsolved"]) == {1}
    plain = data_profile(costs)
    assert steps(plain, "a", "cost") == [(0, 0), (6, 2 / 3)]
    with pytest.raises(KeyError, match="p1"):
        data_profile(costs, {"p0": 2})


def test_a_target_that_costs_nothing_is_reached_where_the_profile_begins():
    assert steps(data_profile(table(a=[0, 5])), "a", "cost") == [(0, 0.5), (5, 1)]


@pytest.fixture
def evaluations(runs):
    """Costs (spent) to 1: a on p 1 (2), 3 (3), − (4); b on p 2 (2), − (5), − (5); a on q 1 (1)."""
    runs.add([9, 1, 9], "a").add([9, 9, 9, 1], "a").add([9, 9, 9, 9, 9], "a")
    runs.add([9, 9, 1], "b").add([9] * 6, "b").add([9] * 6, "b")
    runs.add([9, 1], "a", "q")
    return evaluations_to_target(runs.trials, runs.curves, [1])


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ("median", [[3, INF], [1, NAN]]),
        ("ert", [[(1 + 3 + 4) / 2, 2 + 5 + 5], [1, NAN]]),
        ("seeds", [[1, 2], [3, INF], [INF, INF], [1, NAN]]),
    ],
)
def test_runs_become_one_number_or_each_seed_is_an_instance(evaluations, over, expected):
    found = solver_costs(evaluations, over)
    np.testing.assert_array_equal(found.to_numpy(), expected)
    assert found.columns.tolist() == ["a", "b"]
    assert found.index.names == ["problem", "sampler", "level", "seed"][: found.index.nlevels]
    assert found.index.get_level_values("problem")[-1] == "q"


def test_two_runs_of_one_seed_are_no_instance(evaluations):
    twice = pd.concat([evaluations, evaluations])
    with pytest.raises(ValueError, match="two runs of one"):
        solver_costs(twice, "seeds")


def test_the_ecdf_counts_pairs_of_run_and_target(runs):
    runs.add([9, 1, 1], "a").add([9, 9, 0.1], "a").add([9, 9, 9, 9, 1], "b").add([9, 0.1, 1], "b")
    frame = evaluations_to_target(runs.trials, runs.curves, [1, 0.1])
    found = targets_reached(frame)
    assert steps(found, "a", "cost") == [(0, 0), (1, 1 / 4), (2, 3 / 4)]
    assert steps(found, "b", "cost") == [(0, 0), (1, 2 / 4), (4, 3 / 4)]
    assert found.groupby("optimizer")["spent"].first().tolist() == [2, 3]
    assert set(found["pairs"]) == {4}
    assert set(found["left_out"]) == {0}


def test_each_problem_weighs_the_same_however_often_it_was_run(runs):
    for _ in range(3):
        runs.add([9, 9], "a", "p").add([9, 9], "b", "p")
    runs.add([9, 1], "a", "q").add([9, 9, 1], "b", "q")
    found = targets_reached(evaluations_to_target(runs.trials, runs.curves, [1]))
    assert steps(found, "a", "cost") == [(0, 0), (1, 0.5)]
    assert steps(found, "b", "cost") == [(0, 0), (2, 0.5)]


def test_pairs_that_cannot_be_compared_are_left_out_and_counted(runs):
    runs.add([9, 1], "a").add([9, 1], "a", together=2).add([9, 9], "b").add([9, 1], "a", "q")
    frame = evaluations_to_target(runs.trials, runs.curves, [1], "seconds")
    found = targets_reached(frame)
    assert steps(found, "a", "cost") == [(0, 0), (0.1, 1)]
    assert steps(found, "b", "cost") == [(0, 0)]
    assert found.groupby("optimizer")["pairs"].first().tolist() == [1, 1]
    assert found.groupby("optimizer")["left_out"].first().tolist() == [2, 0]
    assert set(found["problems"]) == {1}


def test_optimizers_without_a_common_problem_reach_nothing(runs):
    runs.add([9, 1], "a").add([9, 1], "b", "q")
    found = targets_reached(evaluations_to_target(runs.trials, runs.curves, [1]))
    assert found["fraction"].tolist() == [0, 0]
    assert found["left_out"].tolist() == [1, 1]
