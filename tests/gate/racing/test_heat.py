"""Timing a heat, with workers that say what they are told to."""

import random as standard_random

import pytest

from optframe.gate import Subject
from optframe.gate.racing.heat import MOST_RUNS, TURNS, prepare, time_trials
from optframe.gate.racing.trials import RacedTrial
from optframe.gate.racing.workers import TrialError


class Scripted:
    """A worker whose turns take, in seconds, what a list says; an exception in it is raised."""

    def __init__(self, name, log, turns, prepared=None):
        self.name, self.log, self.turns = name, log, turns
        self.prepared = prepared or {"steps": 100, "seconds": 0.004}

    def ask(self, do, *, trial, **request):
        if do == "prepare":
            if isinstance(self.prepared, Exception):
                raise self.prepared
            return self.prepared
        self.log.append((self.name, trial, request))
        found = self.turns[trial].pop(0)
        if isinstance(found, Exception):
            raise found
        return {"steps": request["steps"], "seconds": found}


def trials(count):
    return [
        RacedTrial(Subject(str(i), "adam", f"problem-{i}"), (i, 10 + i), False, "numpy")
        for i in range(count)
    ]


def test_the_fastest_of_all_turns_counts():
    log, raced = [], trials(2)
    base = Scripted("base", log, {0: [0.3, 0.2, 0.4], 1: [0.5, 0.6, 0.7]})
    head = Scripted("head", log, {10: [0.8, 0.7, 0.6], 11: [0.2, 0.1, 0.3]})
    prepare(raced, (base, head))
    assert [(one.steps, one.runs) for one in raced] == [(100, 5)] * 2
    time_trials(raced, (base, head), standard_random.Random(0))
    assert raced[0].seconds == ([0.002], [0.006])
    assert raced[1].seconds == ([0.005], [0.001])
    assert raced[0].ratios == [pytest.approx(3)]
    assert raced[1].ratios == [pytest.approx(0.2)]
    assert len(log) == 2 * 2 * TURNS
    assert {request["runs"] for _, _, request in log} == {5}


def test_both_sides_take_turns_in_orders_that_are_drawn():
    log, raced = [], trials(1)
    base = Scripted("base", log, {0: [1.0] * 300})
    head = Scripted("head", log, {10: [1.0] * 300})
    prepare(raced, (base, head))
    for _ in range(100):
        time_trials(raced, (base, head), standard_random.Random(len(log)))
    pairs = [(log[i][0], log[i + 1][0]) for i in range(0, len(log), 2)]
    assert set(pairs) == {("base", "head"), ("head", "base")}
    first = sum(pair[0] == "base" for pair in pairs)
    assert abs(first - 150) < 6 * (300 / 4) ** 0.5


@pytest.mark.parametrize(("seconds", "runs"), [(1.0, 3), (0.004, 5), (1e-5, MOST_RUNS)])
def test_a_turn_has_as_many_runs_as_fill_it(seconds, runs):
    raced = trials(1)
    base = Scripted("base", [], {}, {"steps": 7, "seconds": seconds})
    head = Scripted("head", [], {}, {"steps": 9, "seconds": 0.1})
    prepare(raced, (base, head))
    assert (raced[0].steps, raced[0].runs) == (7, runs)


def test_a_trial_that_fails_leaves_the_others_alone():
    log, raced = [], trials(2)
    base = Scripted("base", log, {0: [1.0] * 3, 1: [1.0] * 3})
    head = Scripted("head", log, {10: [1.0, TrialError("planted")], 11: [2.0] * 3})
    prepare(raced, (base, head))
    time_trials(raced, (base, head), standard_random.Random(0))
    assert raced[0].failures == ["", "planted"]
    assert raced[0].seconds == ([], [])
    assert raced[1].ratios == [2.0]


def test_which_side_cannot_run_a_trial_at_all_is_known():
    raced = trials(1)
    broken = Scripted("base", [], {}, TrialError("planted"))
    prepare(raced, (broken, Scripted("head", [], {})))
    assert raced[0].failures == ["planted", ""]
