import numpy as np
from scipy.stats import kstest

from optframe import Space, Tried
from optframe_plugins.tuners.random import Random, uniform

LR, BETA = Space(1e-4, 1.0), Space(0.5, 0.999, "one-minus-log")


def test_a_shorter_search_is_the_beginning_of_a_longer_one():
    asked = Random().ask({"lr": LR}, [], 50, 3)
    assert Random().ask({"lr": LR}, [], 25, 3) == asked[:25]
    history = [Tried(one, 1.0) for one in asked[:25]]
    assert Random().ask({"lr": LR}, history, 50, 3) == asked[25:]


def test_a_further_field_changes_no_other_fields_values():
    alone = Random().ask({"lr": LR}, [], 20, 3)
    beside = Random().ask({"beta": BETA, "lr": LR}, [], 20, 3)
    assert [one["lr"] for one in beside] == [one["lr"] for one in alone]


def test_seeds_numbers_and_names_each_give_other_draws():
    words = [(0, 0, "a"), (1, 0, "a"), (0, 1, "a"), (0, 0, "b"), (0, 1, ""), (2**70, 0, "a")]
    assert len({uniform(*word) for word in words}) == len(words)


def test_the_draws_are_uniform_and_independent():
    u = np.array([[uniform(5, i, name) for i in range(4000)] for name in ("lr", "momentum")])
    for row in u:
        assert kstest(row, "uniform").pvalue > 1e-3
        assert abs(np.corrcoef(row[1:], row[:-1])[0, 1]) < 0.06
    assert abs(np.corrcoef(u)[0, 1]) < 0.06
