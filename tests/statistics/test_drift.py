"""Whether the machine was equally fast for all: alarms where it was not, and none elsewhere."""

import math
from time import process_time

import numpy as np
import pandas as pd
import pytest

from optframe.statistics import (
    incomparable,
    no_ranking_by_seconds,
    summary,
    unsteady,
)
from optframe.statistics.caveats import doubts_of

OPTIMIZERS = {"sgd": 1e-4, "momentum": 3e-4, "adam": 5e-4, "lbfgs": 2e-3}
"""The seconds per step of each."""


def timed(speed, noise=0.05, seeds=8, random=0, problems=("p",), interleaved=True, **columns):
    """Make a study's trials; ``speed(t)`` multiplies the seconds of a run that starts at t < 1."""
    random = np.random.default_rng(random)
    rows = []
    for problem in problems:
        names = [*OPTIMIZERS]
        rounds = [(name, seed) for seed in range(seeds) for name in random.permutation(names)]
        if not interleaved:
            rounds.sort(key=lambda each: names.index(each[0]))
        for place, (name, seed) in enumerate(rounds):
            factor = speed(place / len(rounds)) * math.exp(noise * random.standard_normal())
            steps = 1000 + 100 * seed
            minutes, second = divmod(len(rows), 60)
            clock = f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"
            rows.append(
                {
                    "problem": problem,
                    "optimizer": str(name),
                    "sampler": "none",
                    "seed": seed,
                    "status": "finished",
                    "together": 1,
                    "started": f"2026-01-01T{clock}.000+00:00",
                    "steps": float(steps),
                    "gradients": float(steps),
                    "losses": 0.0,
                    "seconds": OPTIMIZERS[name] * steps * factor,
                    "key": f"{problem}/{name}/{seed}",
                    "optimizer_name": str(name),
                    "hyperparameters": "{}",
                    "loss": 1.0 + seed,
                    "target": math.nan,
                    "target_metric": None,
                    "minimum": math.nan,
                    **columns,
                }
            )
    return pd.DataFrame(rows).sample(frac=1.0, random_state=3, ignore_index=True)


def quiet(_):
    return 1.0


def half_way(t):
    return 1.3 if t >= 0.5 else 1.0


@pytest.mark.parametrize("noise", [0.05, 0.10])
@pytest.mark.parametrize("seeds", [6, 10])
def test_a_machine_that_becomes_slower_half_way_is_found_and_a_quiet_one_left_alone(noise, seeds):
    alarms = {
        speed: sum(bool(incomparable(timed(speed, noise, seeds, i))) for i in range(40))
        for speed in (quiet, half_way)
    }
    assert alarms[quiet] <= 2
    assert alarms[half_way] >= 36


def test_several_quiet_problems_give_no_alarm_either():
    names = ("p", "q", "r", "s", "t")
    studies = [timed(quiet, 0.1, 6, i, names) for i in range(40)]
    assert sum(bool(incomparable(study)) for study in studies) <= 2


@pytest.mark.parametrize(
    "speed",
    [
        lambda t: 1.5 if 1 / 3 <= t < 2 / 3 else 1.0,
        lambda t: 1.5 if t < 1 / 3 else 1.0,
        lambda t: 1 + t,
    ],
    ids=["for a time", "at first", "more and more"],
)
def test_other_ways_of_drifting_are_found(speed):
    assert all(incomparable(timed(speed, random=i)) == {"p"} for i in range(10))


def test_the_sentence_has_the_ratio_of_speeds():
    (found,) = unsteady(timed(lambda t: 1.6 if t >= 0.5 else 1.0, noise=0.01))
    assert (found.problem, found.sign, found.comparable) == ("p", "drift", False)
    assert found.ratio == pytest.approx(1.6, rel=0.01)
    assert found.text == (
        "On p, the machine's speed drifted by 1.6 times during the study; seconds are not "
        "comparable."
    )


def test_a_change_below_fifteen_percent_is_none_however_sure():
    assert unsteady(timed(lambda t: 1.1 if t >= 0.5 else 1.0, noise=0.001, seeds=20)) == []
    assert unsteady(timed(lambda t: 1.2 if t >= 0.5 else 1.0, noise=0.001, seeds=20))


def test_a_change_between_problems_concerns_none_of_them():
    """Times are compared on one problem, and each ran on a machine of one speed."""
    first = timed(quiet, problems=("p",))
    second = timed(lambda _: 2.0, problems=("q",))
    second["started"] = [when.replace("2026-01-01", "2026-01-02") for when in second["started"]]
    assert unsteady(pd.concat([first, second], ignore_index=True)) == []


def test_only_the_problem_that_ran_on_it_is_not_comparable():
    both = pd.concat([timed(half_way), timed(quiet, problems=("q",))], ignore_index=True)
    assert incomparable(both) == {"p"}


def test_one_run_that_was_interrupted_is_no_drift():
    trials = timed(quiet, seeds=6)
    trials.loc[trials["started"].idxmin(), "seconds"] *= 30
    assert unsteady(trials) == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": "diverged"},
        {"status": "failed", "steps": math.nan},
        {"steps": 0.0},
        {"together": 32},
        {"seconds": 1e-3},
        {"seconds": math.nan},
        {"started": None},
    ],
    ids=str,
)
def test_runs_that_say_nothing_about_the_machine_are_left_out(change):
    trials = timed(half_way)
    assert incomparable(trials)
    assert unsteady(trials.assign(**change)) == []


def test_the_unit_is_a_call_so_a_search_that_asks_more_with_some_seeds_is_no_drift():
    trials = timed(quiet)
    searches = trials["optimizer"] == "lbfgs"
    asks = np.where(searches, 1 + trials["seed"], 1)  # later seeds ask more often at each step
    trials["gradients"] *= asks
    trials["seconds"] *= (1 + asks) / 2
    assert unsteady(trials) == []


def test_one_seed_or_no_trial_says_nothing():
    assert unsteady(timed(half_way, seeds=1)) == []
    assert unsteady(timed(half_way).iloc[:0]) == []
    assert unsteady(timed(half_way).drop(columns="started")) == []


def test_times_that_vary_widely_are_said_to_and_stay_comparable():
    (found,) = unsteady(timed(quiet, noise=0.5, seeds=20))
    assert (found.sign, found.comparable) == ("spread", True)
    assert found.ratio == pytest.approx(math.exp(0.5 * 2 * 0.6745), rel=0.15)
    assert "quartiles have the ratio" in found.text


def test_trials_that_ran_one_optimizer_after_the_other_say_so():
    (found,) = unsteady(timed(quiet, interleaved=False))
    assert (found.sign, found.comparable) == ("apart", True)
    assert found.text == (
        "On p, all runs of sgd began before those of lbfgs (and 5 more such pairs): a change of "
        "the machine's speed would look like a difference of their times."
    )


def test_an_optimizer_that_was_added_later_is_apart():
    trials = timed(quiet)
    added = trials["optimizer"] == "adam"
    later = trials["started"].str.replace("2026-01-01", "2026-01-03")
    (found,) = unsteady(trials.assign(started=trials["started"].where(~added, later)))
    assert found.sign == "apart"
    assert " began before those of adam (and 2 more such pairs)" in found.text


@pytest.mark.parametrize(
    ("loads", "comparable"),
    [((0.4, 0.9), True), ((0.4, 3.1), False), ((3.1, 0.4), False), ((40.0, 42.0), True)],
)
def test_runs_that_are_apart_are_not_comparable_where_the_load_differed(loads, comparable):
    trials = timed(quiet, interleaved=False)
    trials["load"] = np.where(trials["optimizer"] == "sgd", loads[0], loads[1])
    (found,) = unsteady(trials)
    assert found.comparable is comparable
    load = f"The machine's load was {loads[0]} and {loads[1]} when they began; seconds are not "
    assert (load in found.text) is not comparable


def test_a_load_that_differs_says_nothing_where_trials_ran_interleaved():
    trials = timed(quiet)
    assert unsteady(trials.assign(load=np.where(trials["optimizer"] == "sgd", 9.0, 0.0))) == []


def test_samplers_of_one_problem_are_named():
    one, other = timed(quiet), timed(quiet, random=1)
    other["started"] = [when.replace("2026-01-01", "2026-01-02") for when in other["started"]]
    both = pd.concat([one.assign(sampler="full"), other.assign(sampler="shuffled")])
    (found,) = unsteady(both.reset_index(drop=True))
    assert found.text.startswith("On p, all runs of ")
    assert " with full began before those of " in found.text
    assert " with shuffled (and 15 more such pairs)" in found.text


def test_it_is_among_the_doubts_once_for_many_problems():
    trials = timed(half_way, noise=0.02, problems=("p", "q", "r"))
    said = [text for text in doubts_of(trials, "steps") if "drifted" in text]
    assert len(said) == 1
    assert said[0].endswith("seconds are not comparable. So it is on 2 more problems.")
    assert not [text for text in doubts_of(timed(quiet), "steps") if "machine" in text]


def test_only_a_ranking_by_seconds_is_refused():
    trials = timed(half_way)
    assert no_ranking_by_seconds(trials, "steps") is None
    assert no_ranking_by_seconds(trials, "gradients") is None
    assert no_ranking_by_seconds(timed(quiet), "seconds") is None
    assert no_ranking_by_seconds(trials, "seconds").startswith("not comparable: On p, the machine")


def test_tables_say_whether_seconds_are_comparable():
    trials = pd.concat([timed(half_way), timed(quiet, problems=("q",))], ignore_index=True)
    trials["test_accuracy"] = math.nan
    by_problem = summary(trials).groupby("problem")["seconds_comparable"].unique()
    assert {name: list(found) for name, found in by_problem.items()} == {"p": [False], "q": [True]}


def test_ten_thousand_trials_take_no_time_that_matters():
    trials = timed(half_way, seeds=2500)
    begun = process_time()
    assert incomparable(trials) == {"p"}
    assert process_time() - begun < 2.0
