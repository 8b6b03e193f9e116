"""The share of a space that is nearly as good as the best of it."""

import math

import numpy as np
import pytest

from optframe import Space
from optframe.statistics.tuning import Choosing, width

LR = {"lr": Space(1e-4, 1e-1)}


@pytest.mark.parametrize("seed", range(20))
def test_the_width_is_found_by_counting(search, seed):
    random = np.random.default_rng(seed)
    values = np.round(1 + random.exponential(0.2, 30), 2)
    values[random.random(30) < 0.2] = math.inf
    found = width(search(LR, random.random(30), values))
    best = min(values)
    assert found.near == sum(value <= best + 0.1 * best for value in values)
    assert (found.settings, found.share) == (30, found.near / 30)


def test_the_width_of_an_accuracy_is_that_of_its_error(search):
    one = search(LR, [0.1, 0.5, 0.9], [9.0, 9.0, 9.0], how=Choosing("validation_accuracy"))
    one.frame["validation_accuracy"] = [0.99, 0.98, 0.9891]
    assert width(one) == (2, 3)


def test_runs_that_confirmed_do_not_count(search):
    one = search(LR, [0.1, 0.9], [[1.0, 9.0], [1.05, 9.0]])
    assert width(one) == (2, 2)


def test_there_is_none_where_nothing_says_it(search):
    assert width(search(LR, [0.1, 0.9], [1.0, 1.0], adaptive=True)) is None
    assert width(search(LR, [0.1, 0.9], [-1.0, 1.0])) is None
    assert width(search(LR, [0.1, 0.9], [math.inf, math.inf])) is None
    assert width(search(LR, [0.1, 0.9], [0.0, 1.0])) == (1, 2)
