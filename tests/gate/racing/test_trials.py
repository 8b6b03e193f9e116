"""Which trials are raced: those that both sides have, by their names."""

from optframe.gate import Verdict
from optframe.gate.racing.trials import entrants

ADAM, SGD = ["adam", "booth", "none", 0], ["sgd", "booth", "none", 0]


def test_trials_are_joined_by_name_whatever_their_places_and_cells(planned):
    base = planned((ADAM, "1", None), (SGD, "2", None))
    head = planned((SGD, "2", None), (ADAM, "3", None))
    found = entrants(base, head, "*")
    assert [(t.numbers, t.redefined, t.subject.cell) for t in found.trials] == [
        ((0, 1), True, "1"),
        ((1, 0), False, "2"),
    ]
    assert (found.alone, found.skipped) == ([], 0)


def test_of_several_seeds_the_first_is_raced(planned):
    seeds = [([*ADAM[:3], seed], str(seed), None) for seed in range(3)]
    found = entrants(planned(*seeds), planned(*seeds), "*")
    assert [t.numbers for t in found.trials] == [(0, 0)]


def test_a_pattern_fits_the_names_of_tables(planned):
    side = planned((ADAM, "1", None), (SGD, "2", None))
    assert [t.subject.optimizer for t in entrants(side, side, "adam* on b*").trials] == ["adam"]
    assert entrants(side, side, "adam").trials == []


def test_what_one_side_lacks_is_missing_or_new(planned):
    base = planned((ADAM, "1", None), (SGD, "2", "needs a gradient"))
    head = planned((SGD, "2", None))
    missing, new = entrants(base, head, "*").alone
    assert (missing.verdict, missing.base, missing.head) == (Verdict.MISSING, "there", None)
    assert missing.reason == "this side has no such trial"
    assert missing.subject.cell == "1"
    assert (new.verdict, new.base, new.head) == (Verdict.NEW, None, "there")
    assert new.reason == "needs a gradient"


def test_what_both_skip_is_counted(planned):
    side = planned((ADAM, "1", "no gradient"), (SGD, "2", None))
    assert entrants(side, side, "*").skipped == 1
