"""A space is said to be too wide about as often as a search of it misses its best settings."""

import math

import numpy as np

from optframe import Space
from optframe.statistics.tuning import too_wide
from optframe.statistics.tuning.too_wide import stands_alone

LR = {"lr": Space(1e-4, 1e-1)}


def test_a_best_setting_that_stands_alone_is_said(search, fresh):
    found = too_wide(search(LR, [0.1, 0.5, 0.6, 0.9], [1.0, 0.5, 0.56, 2.0]))
    assert found == (
        "None of the other 3 settings of adam on mlp came within 10 % of the best (loss 0.5; the "
        "second best has 0.56): more trials, or a narrower space, would probably find a better one."
    )
    assert too_wide(search(LR, [0.1, 0.5, 0.6, 0.9], [1.0, 0.5, 0.55, 2.0])) is None
    alone = search(LR, [0.1, 0.5, 0.6, 0.9], [1.0, 0.5, 0.56, 2.0])
    assert too_wide(fresh(alone, 0.5, 0.6, 0.5)) is None  # two deviations are 0.1


def test_a_space_of_which_half_breaks_down_is_said_with_its_sound_part(search):
    values = [1.0, 1.0, 1.05, math.inf, math.inf, math.inf]
    found = too_wide(search(LR, [0.1, 0.2, 0.5, 0.6, 0.8, 0.9], values))
    assert found == (
        "3 of 6 settings of adam on mlp broke down: the space is wide for so few trials; every "
        "one with lr above 0.00316228 did (3 of them)."
    )
    mixed = search(LR, [0.9, 0.2, 0.5, 0.6, 0.8, 0.1], values)
    assert too_wide(mixed).endswith("the space is wide for so few trials.")
    below = search(LR, [0.9, 0.8, 0.5, 0.4, 0.2, 0.1], values)
    assert "every one with lr below 0.00316228 did (3 of them)" in too_wide(below)
    few = search(LR, [0.9, 0.8, 0.5, 0.4, 0.2], values[:5])
    assert too_wide(few) is None


def test_adaptive_tuners_and_lists_say_nothing_of_the_space(search):
    values = [1.0, 0.5, 2.0]
    assert too_wide(search(LR, [0.1, 0.5, 0.9], values, adaptive=True)) is None
    listed = {"lr": Space(values=[0.1, 0.2, 0.3])}
    assert too_wide(search(listed, [0.1, 0.5, 0.9], values)) is None
    assert too_wide(search(LR, [0.1], [1.0])) is None
    assert too_wide(search(LR, [0.1, 0.2], [math.inf, math.inf])) is None


def surface(fields, floor, steepness, random):
    """Return the values of many points of a space: a bowl that breaks down beyond an edge."""
    u = random.random((4000, fields))
    weights = steepness * np.logspace(0, -2 if fields > 1 else 0, fields)
    values = floor + 1e-3 + ((u - 0.6) ** 2 * weights).sum(axis=1)
    values[u[:, 0] > 0.9] = math.inf
    return values


def test_it_is_said_about_as_often_as_it_is_true():
    random = np.random.default_rng(1)
    shares = []
    for trials in (10, 20, 50):
        for fields in (1, 2, 4):
            for floor in (0.0, 0.3, 3.0):
                values = surface(fields, floor, 5.0, random)
                least = values.min()
                samples = [values[random.integers(0, 4000, trials)] for _ in range(100)]
                missed = np.mean([sample.min() > 1.1 * least for sample in samples])
                shares.append((missed, np.mean([stands_alone(sample) for sample in samples])))
    for missed, said in shares:
        assert said <= 0.12 or missed > 0.02
        assert said >= 0.45 or missed <= 0.6
    assert {0.0} < {missed for missed, _ in shares}
    assert max(missed for missed, _ in shares) > 0.9
    assert abs(np.mean([said - missed for missed, said in shares])) < 0.1
