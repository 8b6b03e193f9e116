import logging
import warnings
from math import inf, nan

import pytest

from optframe import Space, Tried, UnavailableError
from optframe_plugins.tuners import optuna as module
from optframe_plugins.tuners.optuna import Optuna, _finite

SPACE = {
    "lr": Space(1e-5, 1.0),
    "memory": Space(1, 20, whole=True),
    "kind": Space(values=("a", {"name": "b"}, True)),
}


def search(tuner, space, value, trials=40, seed=0):
    history = []
    while asked := tuner.ask(space, history, trials, seed):
        history += [Tried(one, value(one)) for one in asked]
    return history


def decades_from_optimum(setting):
    """A valley at lr = 0.01 that breaks down above lr = 0.3."""
    return inf if setting["lr"] > 0.3 else abs(setting["lr"] - 0.01)


def test_it_asks_in_rounds_and_ends_after_all_trials():
    sizes, history = [], []
    while asked := Optuna(round=8).ask(SPACE, history, 20, 0):
        sizes.append(len(asked))
        history += [Tried(one, 1.0) for one in asked]
    assert sizes == [8, 8, 4]


def test_the_same_history_gives_the_same_settings():
    assert search(Optuna(), SPACE, decades_from_optimum) == search(
        Optuna(), SPACE, decades_from_optimum
    )


def test_the_order_of_the_history_matters_and_never_fails():
    history = search(Optuna(), SPACE, decades_from_optimum)[:32]
    forward = Optuna().ask(SPACE, history, 40, 0)
    assert Optuna().ask(SPACE, history[::-1], 40, 0) != forward


def test_it_learns_from_what_was_tried():
    space = {"lr": SPACE["lr"]}
    history = search(Optuna(round=4), space, decades_from_optimum, 60)
    late = [tried.value for tried in history[30:]]
    assert sum(value < 0.02 for value in late) > len(late) / 2


def test_seeds_differ():
    assert Optuna().ask(SPACE, [], 8, 0) != Optuna().ask(SPACE, [], 8, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, inf, 3.0], [1.0, 5.0, 3.0]),
        ([nan, 2.0, 2.0, -inf], [2.0000000000000004, 2.0, 2.0, 2.0000000000000004]),
        ([inf, nan], [5e-324, 5e-324]),
    ],
)
def test_infinite_values_are_worse_than_the_worst_by_the_spread(values, expected):
    assert _finite([Tried({}, value) for value in values]) == expected


def test_values_near_the_largest_number_stay_finite():
    assert max(_finite([Tried({}, value) for value in (-1e308, 1.7e308, inf)])) < inf


def test_a_space_of_one_value_is_proposed_again_and_again():
    assert Optuna().ask({"lr": Space(values=(0.1,))}, [], 3, 0) == [{"lr": 0.1}] * 3


def test_it_prints_and_warns_of_nothing_and_leaves_optunas_logging_as_it_was(capfd):
    optuna = pytest.importorskip("optuna")
    before = optuna.logging.get_verbosity(), logging.getLogger("optuna").level
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search(Optuna(), SPACE, decades_from_optimum, 24)
    assert (optuna.logging.get_verbosity(), logging.getLogger("optuna").level) == before
    assert not caught
    assert capfd.readouterr() == ("", "")


def test_a_missing_package_is_one_line_that_names_the_extra(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r"pip install 'optframe-bench\[optuna\]'$"):
        Optuna().ask(SPACE, [], 8, 0)
