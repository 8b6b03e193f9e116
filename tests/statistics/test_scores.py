"""AlgoPerf's score by hand, and against the integral of the profile."""

import math

import numpy as np
import pandas as pd
import pytest

from optframe.statistics import algoperf_score, performance_profile

INF, NAN = math.inf, math.nan


def test_the_score_is_the_area_under_the_profile():
    """b: ratios 2, 1, 1, so that ρ = 2/3 on [1, 2) and 1 on [2, 4]."""
    costs = pd.DataFrame({"a": [1, 2, 4.5], "b": [2, 2, 1], "c": [INF, 9, INF]})
    found = algoperf_score(costs)
    assert found["a"] == pytest.approx(2 / 3)  # two wins, and 4.5 > r_max
    assert found["b"] == pytest.approx((2 / 3 * 1 + 1 * 2) / 3)
    assert found["c"] == 0
    assert found.index.tolist() == ["b", "a", "c"]


def test_it_is_the_integral_of_the_step_function(random):
    costs = pd.DataFrame(random.lognormal(size=(20, 4)), columns=list("abcd"))
    costs = costs.mask(random.random((20, 4)) < 0.2, INF)
    profile, r_max = performance_profile(costs), float(random.uniform(1.5, 8))
    for name, score in algoperf_score(costs, r_max).items():
        own = profile[(profile["optimizer"] == name) & (profile["ratio"] < r_max)]
        width = np.diff(np.append(own["ratio"], r_max))
        assert score == pytest.approx((own["fraction"] * width).sum() / (r_max - 1), rel=1e-9)


def test_the_best_everywhere_has_one_and_nobody_has_anything_where_nobody_solved():
    assert algoperf_score(pd.DataFrame({"a": [1.0, 3], "b": [9.0, 99]})).tolist() == [1, 0]
    assert algoperf_score(pd.DataFrame({"a": [1.0, INF], "b": [2.0, INF]})).tolist() == [0.5, 1 / 3]


def test_without_a_common_problem_there_is_no_score():
    assert algoperf_score(pd.DataFrame({"a": [1.0, NAN], "b": [NAN, 1]})).isna().all()


@pytest.mark.parametrize("r_max", [1, 0.5, INF, NAN])
def test_the_profile_is_cut_above_one(r_max):
    with pytest.raises(ValueError, match="above 1"):
        algoperf_score(pd.DataFrame({"a": [1.0]}), r_max)
