"""A winner is called not confirmed only where choosing it does not explain what fresh seeds say."""

import math

import numpy as np
import pytest
from scipy import stats

from optframe import Space
from optframe.statistics.tuning import not_confirmed
from optframe.statistics.tuning.confirmation import p_worse

LR = {"lr": Space(1e-4, 1e-1)}


def test_a_winner_that_is_far_worse_on_fresh_seeds_is_said(search, fresh):
    one = search(LR, [0.1, 0.5, 0.9], [2.0, 1.0, 3.0])
    assert not_confirmed(fresh(one, 2.0, 2.02, 1.98, 2.01)) == (
        "The setting that was chosen for adam on mlp is not confirmed: its mean loss is 2 on 4 "
        "fresh seeds, and was 1 when it was chosen from 3 settings, which is more than choosing "
        "explains."
    )
    assert not_confirmed(fresh(one, 1.2, 2.8, 1.0, 3.0)) is None
    assert not_confirmed(fresh(one, 0.5, 0.5, 0.51, 0.5)) is None
    assert not_confirmed(fresh(one, 2.0)) is None
    assert not_confirmed(one) is None


def test_a_winner_that_breaks_down_on_fresh_seeds_is_said(search, fresh):
    one = search(LR, [0.1, 0.5], [2.0, 1.0])
    assert not_confirmed(fresh(one, 1.0, math.inf, 1.0, math.inf)) == (
        "The setting that was chosen for adam on mlp broke down on 2 of 4 fresh seeds, and on 0 of "
        "the 1 seed that chose it: more tuning seeds choose safer settings."
    )
    both = search(LR, [0.1, 0.5], [[9.0, math.inf], [1.0, math.inf]], seeds=2)
    assert not_confirmed(fresh(both, 1.0, math.inf, 1.0, math.inf)) is None


def test_equal_bits_confirm(search, fresh):
    one = search(LR, [0.1, 0.5], [2.0, 1.0])
    assert not_confirmed(fresh(one, 1.0, 1.0, 1.0)) is None
    assert "not confirmed" in not_confirmed(fresh(one, 1.1, 1.1, 1.1))


@pytest.mark.parametrize("seed", range(12))
def test_the_test_is_that_of_scipy_for_both_scales(search, fresh, seed):
    random = np.random.default_rng(seed)
    values = random.lognormal(size=6)
    before = values.min()
    after = before * np.exp(random.normal(0.5, 0.1, size=5))
    found = not_confirmed(search(LR, random.random(6), values, final=(*after,)))
    p = []
    for scale in (lambda v: v, np.log):
        new = scale(after)
        error = new.std(ddof=1) * (1 + 1 / 5) ** 0.5
        p.append(stats.t(4).sf((new.mean() - scale(before)) / error))
    assert (found is not None) == (max(p) * 6 <= 0.05)


@pytest.mark.parametrize("noise", ["normal", "lognormal", "exponential"])
def test_choosing_alone_is_rarely_called_so(noise):
    random = np.random.default_rng(3)
    draw = {
        "normal": lambda size: 10 + random.normal(size=size),
        "lognormal": lambda size: random.lognormal(size=size),
        "exponential": lambda size: random.exponential(size=size),
    }[noise]
    said = sum(20 * p_worse(draw(20).min(keepdims=True), draw(6)) <= 0.05 for _ in range(500))
    assert said <= 0.05 * 500
