"""The best setting is at an edge only if nothing inside is as good."""

import math

import numpy as np
import pytest

from optframe import Space
from optframe.statistics.tuning import at_edge
from optframe.statistics.tuning.edge import beyond

LR = Space(1e-4, 1e-1)
BETA = Space(0.9, 0.999, scale="one-minus-log")


def test_a_winner_at_the_end_is_said_with_the_space_to_try(search):
    found = at_edge(search({"lr": LR}, [0.1, 0.5, 0.97], [3.0, 2.0, 1.0]))
    assert found == (
        "The best setting of adam on mlp has lr = 0.0812831, at the upper end of 0.0001..0.1 "
        "(log), and no setting farther inside is as good within two deviations over seeds: try "
        'lr = { low = 0.0001, high = 1, scale = "log" }.'
    )
    lower = at_edge(search({"lr": LR}, [0.03, 0.5, 0.97], [1.0, 2.0, 3.0]))
    assert "at the lower end" in lower
    assert "low = 1e-05, high = 0.1" in lower


def test_settings_inside_that_are_as_good_within_two_deviations_say_no(search, fresh):
    one = search({"lr": LR}, [0.1, 0.5, 0.97], [3.0, 1.3, 1.0])
    assert at_edge(fresh(one, 1.0, 1.2, 1.1)) is not None  # deviation 0.096
    assert at_edge(fresh(one, 1.0, 1.4, 0.8)) is None  # deviation 0.25


def test_a_setting_inside_that_breaks_down_is_not_as_good(search):
    values = [[3.0, 3.0], [math.inf, 1.0], [1.0, 1.0]]
    one = search({"lr": LR}, [0.2, 0.5, 0.97], values, seeds=2, winner=2)
    assert at_edge(one) is not None


def test_spaces_without_ends_and_texts_have_no_edge(search):
    normal = Space(mean=-3.0, deviation=1.0)
    assert at_edge(search({"lr": normal}, [0.1, 0.5, 0.99], [3.0, 2.0, 1.0])) is None
    pairs = Space(values=[[0.9, 0.999], [0.5, 0.9], [0.5, 0.99]])
    assert at_edge(search({"betas": pairs}, [0.0, 0.5, 0.9], [1.0, 2.0, 3.0])) is None
    texts = Space(values=["a", "b", "c"])
    assert at_edge(search({"rule": texts}, [0.1, 0.5, 0.99], [3.0, 2.0, 1.0])) is None


def test_a_list_of_numbers_ends_with_its_last(search):
    numbers = Space(values=[0.001, 0.01, 0.1])
    found = at_edge(search({"lr": numbers}, [0.1, 0.5, 0.99], [3.0, 2.0, 1.0]))
    assert "lr = 0.1, at the upper end of [0.001, 0.01, 0.1], and" in found
    assert found.endswith("try lr = [0.001, 0.01, 0.1, 1].")
    assert at_edge(search({"lr": numbers}, [0.1, 0.5, 0.99], [3.0, 1.0, 2.0])) is None


def test_the_space_to_try_keeps_its_steps_and_its_factor(search):
    space = Space(1.0, 9.0, scale="linear", step=2.0, times="eps")
    found = at_edge(search({"lr": space}, [0.1, 0.5, 0.99], [3.0, 2.0, 1.0]))
    assert found.endswith('high = 17, scale = "linear", step = 2, times = "eps" }.')


def test_nothing_is_said_without_a_winner(search):
    one = search({"lr": LR}, [0.1, 0.97], [math.inf, math.inf], winner=7)
    assert at_edge(one) is None


def by_hand(us, values, winner, deviation):
    """Return the fields at whose edge the winner is, by a loop over settings and fields."""
    found = []
    for field in range(us.shape[1]):
        own = us[winner, field]
        inside = [
            value
            for u, value in zip(us[:, field], values, strict=True)
            if 0.1 <= u <= 0.9 and value <= values[winner] + 2 * deviation
        ]
        if (own < 0.1 or own > 0.9) and not inside:
            found.append(field)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_edges_are_those_found_by_hand(search, fresh, seed):
    random = np.random.default_rng(seed)
    space = {"lr": LR, "beta": BETA, "decay": Space(0.0, 1.0), "eps": Space(1e-8, 1e-2)}
    us = random.random((8, 4))
    us[:, 0] = np.where(random.random(8) < 0.7, 0.95, 0.5)
    values = random.lognormal(size=8)
    losses = random.lognormal(size=2) * values.min()
    one = search(space, us, values)
    deviation = float(np.std([values.min(), *losses], ddof=1))
    edges = by_hand(us, values, int(values.argmin()), deviation)
    edges = [f for f in edges if not (f == 2 and us[values.argmin(), 2])]  # 0 to 1 has no beyond
    found = at_edge(fresh(one, *losses))
    named = [i for i, name in enumerate(space) if found and f"{name} = {{" in found]
    assert named == edges


@pytest.mark.parametrize(
    ("space", "upper", "low", "high"),
    [
        (Space(1e-4, 1e-1), True, 1e-4, 1.0),
        (Space(1e-4, 1e-1), False, 1e-5, 1e-1),
        (Space(0.9, 0.999, "one-minus-log"), True, 0.9, 0.99954),
        (Space(0.9, 0.999, "one-minus-log"), False, 0.785, 0.999),
        (Space(0.6, 0.999, "one-minus-log"), False, 0.138, 0.999),
        (Space(0.5, 0.999, "one-minus-log"), False, 0.0, 0.999),
        (Space(0.0, 0.9, "linear"), True, 0.0, 0.954),
        (Space(1.0, 5.0), True, 1.0, 9.0),
        (Space(3.0, 5.0), False, 1.0, 5.0),
        (Space(1.0, 5.0), False, 0.0, 5.0),
        (Space(5, 40, "log", whole=True), True, 5, 400),
    ],
)
def test_the_space_to_try_reaches_farther_at_one_end(space, upper, low, high):
    found = beyond(space, upper)
    assert (found.low, found.high) == (low, high)
    assert (found.scale, found.whole) == (space.scale, space.whole)


def test_some_spaces_reach_as_far_as_they_can():
    assert beyond(Space(0.0, 1.0), True) is None
    assert beyond(Space(0.0, 1.0), False) is None
    assert beyond(Space(1, 30, "log", whole=True), False) is None
    assert beyond(Space(mean=0.0, deviation=1.0), True) is None


@pytest.mark.parametrize(
    ("values", "upper", "more"),
    [
        ([0.01, 0.1], True, (0.01, 0.1, 1.0)),
        ([0.01, 0.1], False, (0.001, 0.01, 0.1)),
        ([0.0, 0.9, 0.99], True, (0.0, 0.9, 0.99, 0.999)),
        ([0.0, 0.9, 0.99], False, None),
        ([1, 2, 4], True, (1, 2, 4, 8)),
        ([-1, 0, 1], True, (-1, 0, 1, 2)),
    ],
)
def test_a_list_gets_one_more(values, upper, more):
    found = beyond(Space(values=values), upper)
    assert (found and found.values) == more
