"""Medians of many groups are those of each group alone."""

import math

import numpy as np
import pandas as pd
import pytest

from optframe.statistics import median_interval
from optframe.statistics.grouped import grouped, grouped_medians

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_each_group_has_its_own_interval(random, confidence):
    codes = random.integers(40, size=400)
    values = random.choice([-INF, *random.normal(size=50), INF], size=400)
    found = grouped_medians(values, codes, 41, confidence)
    for group in range(40):
        own = values[codes == group]
        if own.size:
            assert tuple(f[group] for f in found[:4]) == median_interval(own, confidence)
    assert found.counts.tolist() == np.bincount(codes, minlength=41).tolist()
    assert all(math.isnan(f[40]) for f in found[:4])


def test_what_is_not_a_number_is_in_no_sample():
    found = grouped_medians(np.array([NAN, 3.0, NAN, 1.0, NAN]), np.array([0, 0, 1, 0, 1]), 2)
    assert found.counts.tolist() == [2, 0]
    np.testing.assert_equal(found.median, [2.0, NAN])
    np.testing.assert_equal(grouped_medians(np.array([NAN]), np.array([0]), 1).median, [NAN])


def test_groups_are_counted_in_the_order_of_appearance():
    frame = pd.DataFrame({"a": ["z", "b", "z", "b"], "b": [1, 1, 1, 2], "c": range(4)})
    codes, labels = grouped(frame, ["a", "b"])
    assert codes.tolist() == [0, 1, 0, 2]
    assert labels.to_numpy().tolist() == [["z", 1], ["b", 1], ["b", 2]]
    assert grouped(frame.iloc[:0], ["a"])[0].size == 0
