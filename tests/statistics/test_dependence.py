"""Who changes the ranking of the others, by hand and by counting again."""

import math

import numpy as np
import pandas as pd

from optframe.statistics import RankChange, performance_ratios, ranking_depends_on

INF, NAN = math.inf, math.nan


def test_the_winner_may_hide_who_is_second():
    """A wins where B is close; without it B wins there: two wins for B, one for C."""
    costs = pd.DataFrame({"a": [1.0, 1, 9], "b": [1.5, 1.5, 9], "c": [9, 9, 1.0]})
    found = ranking_depends_on(costs)
    assert [change for change in found if change.measure == "wins"] == [
        RankChange(removed="a", measure="wins", ahead="b", behind="c")
    ]
    assert str(found[0]) == ("Without a, b would be ahead of c by wins; with it, it is behind.")


def test_where_nobody_else_comes_close_nothing_changes():
    # with a, neither b nor c wins; without it b does, which breaks a tie and is no change
    assert ranking_depends_on(pd.DataFrame({"a": [1.0, 1], "b": [2.0, 2], "c": [3.0, 3]})) == []
    assert ranking_depends_on(pd.DataFrame({"a": [1.0, INF], "b": [INF, 2.0]})) == []


def test_every_change_is_found_by_ranking_again_without_one(random):
    costs = pd.DataFrame(random.lognormal(sigma=1, size=(5, 5)), columns=list("abcde"))
    costs = costs.mask(random.random((5, 5)) < 0.1, INF)
    costs.loc[5] = [NAN, 1, 1, 1, 1]

    def numbers(frame):
        ratio = performance_ratios(frame)
        return {
            "wins": (ratio <= 1).sum(),
            "within_2": (ratio <= 2).sum(),
            "score": (4 - ratio).clip(lower=0).mean() / 3,
        }

    complete = costs.dropna()  # the score is the area under the profile from 1 to 4
    before, expected = numbers(complete), set()
    for removed in costs:
        after = numbers(complete.drop(columns=removed))
        for measure, now in after.items():
            was = before[measure]
            expected |= {
                RankChange(removed, measure, i, j)
                for i in now.index
                for j in now.index
                if now[i] - now[j] > 1e-9 and was[j] - was[i] > 1e-9
            }
    found = ranking_depends_on(costs)
    assert set(found) == expected
    assert len(found) == len(expected)


def test_no_common_problem_no_ranking():
    assert ranking_depends_on(pd.DataFrame({"a": [NAN, 1], "b": [1, NAN]})) == []
    assert ranking_depends_on(pd.DataFrame(np.empty((0, 3)), columns=list("abc"))) == []
