"""Ranks and tests against Demšar's worked example and tables, and against SciPy."""

import math
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from optframe.statistics import (
    average_ranks,
    friedman,
    holm,
    iman_davenport,
    nemenyi_distance,
    nemenyi_groups,
)

INF, NAN = math.inf, math.nan

# AUC of C4.5 with parameters m and cf on 14 data sets: Demšar 2006, table 6.
AUC = pd.DataFrame(
    [
        (0.763, 0.768, 0.771, 0.798),
        (0.599, 0.591, 0.590, 0.569),
        (0.954, 0.971, 0.968, 0.967),
        (0.628, 0.661, 0.654, 0.657),
        (0.882, 0.888, 0.886, 0.898),
        (0.936, 0.931, 0.916, 0.931),
        (0.661, 0.668, 0.609, 0.685),
        (0.583, 0.583, 0.563, 0.625),
        (0.775, 0.838, 0.866, 0.875),
        (1.000, 1.000, 1.000, 1.000),
        (0.940, 0.962, 0.965, 0.962),
        (0.619, 0.666, 0.614, 0.669),
        (0.972, 0.981, 0.9751, 0.975),  # the paper's ranks tell them apart, its digits do not
        (0.957, 0.978, 0.946, 0.970),
    ],
    columns=["c4.5", "c4.5+m", "c4.5+cf", "c4.5+m+cf"],
)


def test_average_ranks_are_those_of_the_worked_example():
    ranks = average_ranks(-AUC)
    assert ranks.round(3).to_dict() == {
        "c4.5+m+cf": 1.964,
        "c4.5+m": 2.0,
        "c4.5+cf": 2.893,
        "c4.5": 3.143,
    }
    assert ranks.is_monotonic_increasing


def test_failures_share_the_mean_of_the_worst_ranks():
    ranks = average_ranks(pd.DataFrame({"a": [1.0], "b": [INF], "c": [2.0], "d": [INF]}))
    assert ranks.to_dict() == {"a": 1, "c": 2, "b": 3.5, "d": 3.5}


def test_problems_without_all_optimizers_have_no_ranks():
    costs = pd.DataFrame({"a": [1.0, 2, 3], "b": [2.0, 1, NAN], "c": [3, 3.0, 1]})
    assert average_ranks(costs).to_dict() == {"a": 1.5, "b": 1.5, "c": 3}
    assert average_ranks(costs.iloc[2:]).isna().all()


def test_friedman_is_that_of_the_worked_example():
    """Demšar's 9.28 is without the correction for ties: three of two each, one of four."""
    found = friedman(-AUC)
    correction = 1 - (3 * 6 + 60) / (14 * 60)
    assert found.chi_square * correction == pytest.approx(9.28, abs=0.01)
    assert (found.problems, found.optimizers, found.left_out) == (14, 4, 0)
    f, p = iman_davenport(9.28, 14, 4)
    assert f == pytest.approx(3.69, abs=0.005)
    assert p < 0.05  # he gives the critical value F(3, 39) = 2.85
    assert stats.f.sf(2.85, 3, 39) == pytest.approx(0.05, abs=0.001)


def test_friedman_is_the_formula_where_there_are_no_ties(random):
    costs = pd.DataFrame(random.random((9, 5)))
    ranks = average_ranks(costs)
    chi_square = 12 * 9 / (5 * 6) * ((ranks**2).sum() - 5 * 36 / 4)
    found = friedman(costs)
    assert found.chi_square == pytest.approx(chi_square)
    f = 8 * chi_square / (9 * 4 - chi_square)
    assert found.f == pytest.approx(f)
    assert iman_davenport(chi_square, 9, 5) == pytest.approx((f, stats.f.sf(f, 4, 32)))


def test_friedmans_p_is_the_share_of_all_orders_of_ranks(random):
    """Counted one by one, with ties; 24 orders of each of three rows."""
    costs = pd.DataFrame(random.integers(0, 4, (3, 4)).astype(float))
    costs.loc[0] = [0, 1, 2, 3]
    ranks = costs.rank(axis=1).to_numpy()
    rest = [list(permutations(row)) for row in ranks[1:]]
    squares = [np.square(np.sum([ranks[0], *rows], axis=0)).sum() for rows in product(*rest)]
    found = friedman(costs)
    assert found.exact
    expected = np.mean(np.array(squares) >= np.square(ranks.sum(axis=0)).sum())
    assert found.p == pytest.approx(expected)


@pytest.mark.parametrize(
    ("optimizers", "problems", "orders"), [(3, 2, 6), (3, 3, 36), (4, 2, 24), (6, 2, 720)]
)
def test_full_agreement_is_one_order_of_all(optimizers, problems, orders):
    agreed = pd.DataFrame([range(optimizers)] * problems, dtype=float)
    assert friedman(agreed).p == pytest.approx(1 / orders)


def test_with_many_friedmans_p_is_that_of_iman_and_davenport(random):
    found = friedman(pd.DataFrame(random.random((30, 9))))
    assert not found.exact
    assert (found.f, found.p) == iman_davenport(found.chi_square, 30, 9)


def test_exact_and_approximate_p_agree_on_many_problems(random):
    found = friedman(pd.DataFrame(random.random((20, 4))))
    assert found.exact
    assert found.p == pytest.approx(iman_davenport(found.chi_square, 20, 4)[1], abs=0.05)


def test_lost_runs_are_tied_at_the_worst(random):
    costs = pd.DataFrame(random.random((8, 4))).mask(random.random((8, 4)) < 0.3, INF)
    costs.loc[0] = [1, 2, 3, INF]  # no row of ties alone
    finite = costs.replace(INF, 1e9)
    assert friedman(costs)[:4] == pytest.approx(friedman(finite)[:4])
    costs.loc[8] = [1, NAN, 2, 3]
    assert friedman(costs)[4:] == (8, 4, 1)


def test_full_agreement_is_certain_and_full_equality_is_nothing():
    agreed = friedman(pd.DataFrame({"a": [1.0] * 5, "b": [2.0] * 5, "c": [INF] * 5}))
    assert agreed.chi_square == pytest.approx(10)
    assert (agreed.f, agreed.p) == (INF, pytest.approx(6**-4))
    equal = friedman(pd.DataFrame({"a": [INF] * 5, "b": [INF] * 5, "c": [INF] * 5}))
    assert equal[:4] == (0, 0, 1, True)


@pytest.mark.parametrize(
    "costs", [{"a": [1.0, 2], "b": [1.0, 2]}, {"a": [1.0, NAN], "b": [1.0, 2], "c": [1.0, 2]}]
)
def test_two_optimizers_or_one_problem_have_no_friedman_test(costs):
    with pytest.raises(ValueError, match="three optimizers or more on two problems"):
        friedman(pd.DataFrame(costs))


@pytest.mark.parametrize(
    ("alpha", "table"),
    [
        (0.05, (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164)),
        (0.10, (1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920)),
    ],
)
def test_q_is_that_of_demsars_table(alpha, table):
    for k, q in enumerate(table, start=2):
        found = nemenyi_distance(k, 7, alpha) / math.sqrt(k * (k + 1) / 42)
        assert found == pytest.approx(q, abs=0.0011)  # his are cut or rounded to three digits


def test_the_critical_difference_is_that_of_the_worked_example():
    assert nemenyi_distance(4, 14) == pytest.approx(1.25, abs=0.005)
    assert nemenyi_distance(4, 14, 0.10) == pytest.approx(1.12, abs=0.005)
    with pytest.raises(ValueError, match=r"expected two or more on at least one"):
        nemenyi_distance(1, 14)


def test_the_worked_example_finds_a_difference_at_ten_percent_only():
    """C4.5 is worse than C4.5+m and C4.5+m+cf; to which of them C4.5+cf belongs is open."""
    ranks = average_ranks(-AUC)
    assert nemenyi_groups(ranks, nemenyi_distance(4, 14)) == [tuple(ranks.index)]
    assert nemenyi_groups(ranks, nemenyi_distance(4, 14, 0.10)) == [
        ("c4.5+m+cf", "c4.5+m", "c4.5+cf"),
        ("c4.5+cf", "c4.5"),
    ]


def test_bars_join_what_is_not_told_apart_and_none_is_part_of_another():
    ranks = pd.Series({"e": 5.0, "a": 1.0, "b": 1.5, "c": 2.5, "d": 4.0})
    assert nemenyi_groups(ranks, 1.1) == [("a", "b"), ("b", "c"), ("d", "e")]
    assert nemenyi_groups(ranks, 1.0) == [("a", "b")]  # at the distance they are told apart
    assert nemenyi_groups(ranks, 0.4) == []
    assert nemenyi_groups(ranks, 9) == [("a", "b", "c", "d", "e")]
    assert nemenyi_groups(pd.Series({"a": NAN, "b": NAN}), 1) == []


def test_holm_is_that_of_a_textbook():
    """0.01 · 4, 0.02 · 3 = 0.06, 0.03 · 2 = 0.06, 0.04 is below and becomes 0.06."""
    np.testing.assert_allclose(holm([0.04, 0.01, 0.03, 0.02]), [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1, 1])
    assert holm([]).size == 0


def test_holm_rejects_what_the_step_down_rejects(random):
    p, alpha = random.random(12) ** 3, 0.05
    rejected = np.zeros(12, dtype=bool)
    for i, place in enumerate(np.argsort(p)):
        if p[place] > alpha / (12 - i):
            break
        rejected[place] = True
    assert (holm(p) <= alpha).tolist() == rejected.tolist()


@pytest.mark.parametrize("bad", [[0.1, 1.1], [-0.1], [NAN], [[0.1]]])
def test_holm_refuses_what_is_no_probability(bad):
    with pytest.raises(ValueError, match="probabilities"):
        holm(bad)
