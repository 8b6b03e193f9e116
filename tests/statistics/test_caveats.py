"""Warnings: that they are given where they are due, with their numbers, and nowhere else."""

import math

import numpy as np
import pandas as pd
import pytest

from optframe.statistics import seeds_to_separate, warnings

INF, NAN = math.inf, math.nan
GOAL = {"target": 0.1, "target_metric": "loss"}


def study(trials, *samples, **common):
    """Make trials of one optimizer for each sample of final losses, called a, b, ..."""
    each = [
        trials(*[("finished", loss, 9) for loss in sample], optimizer=name, **common)
        for name, sample in zip("abcdefgh", samples, strict=False)
    ]
    return pd.concat(each, ignore_index=True)


@pytest.fixture
def fine(trials):
    return study(trials, range(1, 9), range(11, 19))


def test_a_study_of_many_seeds_whose_optimizers_differ_is_fine(fine):
    assert warnings(fine) == []


def test_trials_that_have_not_run_are_told_from_those_that_never_will(fine):
    assert warnings(pd.concat([fine, fine.iloc[:3].assign(status="planned")])) == [
        "The study is not finished: 3 of 19 trials have not run, and are in no sample."
    ]
    assert warnings(pd.concat([fine, fine.iloc[:2].assign(status="skipped")])) == [
        "2 of 18 trials were skipped, and are in no sample."
    ]


def test_lost_runs_are_counted_by_kind(fine):
    fine.loc[8:11, "status"] = ["diverged", "timeout", "diverged", "crashed"]
    assert warnings(fine) == [
        "4 of 16 runs were lost (2 diverged, 1 timed out, 1 crashed): they count as worse than "
        "every number."
    ]


def test_times_of_a_batch_are_said_to_be_left_out(fine):
    (found,) = warnings(fine.assign(together=[16] * 15 + [1]))
    assert found.startswith("15 of 16 runs ran in batches: they have no times of their own")


def test_too_few_seeds_are_told_how_many_would_do(fine):
    few = fine[~fine["seed"].isin([1, 2, 3]) | (fine["optimizer"] == "a")]
    (found,) = warnings(few)
    assert found == (
        "1 of 2 medians are of fewer than 6 runs (the fewest: 5, b on p), too few for an interval "
        "of 95 %, which needs 6 seeds."
    )
    (found,) = warnings(fine[fine["seed"] < 7], confidence=0.99)
    assert found.startswith("2 of 2 medians are of fewer than 8 runs (the fewest: 7, a on p)")
    assert found.endswith("interval of 99 %, which needs 8 seeds.")


def test_what_is_asked_once_beside_others_has_nothing_random(fine, trials):
    alone = study(trials, [3], [4], problem="q")
    assert warnings(pd.concat([fine, alone], ignore_index=True)) == []
    (found,) = warnings(alone)
    assert found.startswith("Every optimizer ran once on every problem: there is no interval.")
    assert "an interval of 95 % for a median needs 6 seeds" in found


def test_settings_that_were_chosen_on_their_own_runs_flatter(trials):
    frame = study(trials, range(1, 9), range(11, 19)).assign(optimizer_name="sgd")
    (found,) = warnings(frame)
    assert found.startswith("Up to 2 settings of an optimizer were tried:")


def test_optimizers_that_are_not_told_apart_are_told_how_many_seeds_would(trials):
    ours, theirs = [1.0, 2, 3, 4, 5, 6, 7, 8], [2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5]
    (found,) = warnings(study(trials, theirs, ours, [99.0] * 8))
    needed = seeds_to_separate(ours, theirs)
    assert found == (
        "On p, the best two by final loss, b and a, do not differ significantly over 8 and 8 runs "
        f"(Mann–Whitney p = 0.28): about {needed:.0f} seeds are needed, if all runs differ as "
        "these do."
    )
    (found,) = warnings(study(trials, ours, ours))
    assert found.endswith("(Mann–Whitney p = 1): the runs show no difference.")
    (found,) = warnings(study(trials, np.arange(60.0), np.arange(60.0) + 0.6))
    assert found.endswith("1000 seeds are not enough, if all runs differ as these do.")


def test_a_test_that_cannot_succeed_is_not_made(trials):
    found = warnings(study(trials, [1, 2, 3], [7, 8, 9]))
    assert found[-1] == (
        "On p, the best two by final loss, a and b, have 3 and 3 runs: too few for any rank test "
        "at the level 0.05, which needs at least 4 seeds of each."
    )


def test_the_best_two_are_of_different_optimizers_each_at_its_best(trials):
    frame = study(trials, range(1, 9), [4.2] * 8, range(21, 29))
    frame["optimizer_name"] = frame["optimizer"].map({"a": "sgd", "b": "sgd", "c": "adam"})
    assert "best two" not in " ".join(warnings(frame))
    assert "best two" in " ".join(warnings(frame.assign(optimizer_name=frame["optimizer"])))


def test_where_a_target_was_reached_the_way_there_is_compared_and_not_the_end(trials):
    """All end at the target or just below it; b was there in half the steps."""
    ends = [0.1, 0.09, 0.1, 0.08, 0.1, 0.1, 0.07, 0.1]

    def both(**first):
        runs = [
            trials(*[("converged", end, n + i) for i, end in enumerate(ends)], optimizer=o, **GOAL)
            for o, n in first.items()
        ]
        return pd.concat(runs, ignore_index=True)

    assert warnings(both(a=50, b=20)) == []
    (found,) = warnings(both(a=50, b=51))
    assert found.startswith("On p, the best two by work to the target, a and b, do not differ")
    (found,) = warnings(both(a=50, b=51).assign(status="finished"))
    assert found.startswith("On p, the best two by final loss, a and b,")


def test_problems_and_samplers_are_told_in_the_studys_order(trials, joined):
    frame = joined(
        study(trials, range(8), range(8), problem="z", sampler="s"),
        study(trials, range(8), range(8), problem="z", sampler="r"),
        study(trials, range(8), range(8), problem="a"),
    )
    said = [said.partition(",")[0] for said in warnings(frame)]
    assert said == ["On z with s", "On z with r", "On a"]


def test_an_accuracy_is_compared_by_its_largest(trials):
    accuracy = [*np.linspace(0.1, 0.2, 8), *2 * [*np.linspace(0.8, 0.9, 8)]]
    frame = study(trials, range(8), range(8), range(8)).assign(test_accuracy=accuracy)
    (found,) = warnings(frame, "test_accuracy")
    assert found.startswith("On p, the best two by final test accuracy, b and c,")


def test_a_ranking_that_depends_on_a_third_is_named(trials, joined):
    """The costs of `test_dependence`: without a, b wins where a did."""
    costs = {"a": [10, 10, 90], "b": [15, 15, 90], "c": [90, 90, 10]}
    frame = joined(
        *[
            trials(("converged", 0.1, cost), optimizer=o, problem=f"p{i}", **GOAL)
            for o, column in costs.items()
            for i, cost in enumerate(column)
        ]
    )
    (found,) = [said for said in warnings(frame) if "profile" in said]
    assert found.startswith(
        "The profile's ranking depends on which optimizers are compared. Without a, b would be "
        "ahead of c by wins"
    )


def test_where_all_are_lost_nothing_is_compared(fine):
    assert warnings(fine.assign(status="diverged")) == [
        "16 of 16 runs were lost (16 diverged): they count as worse than every number."
    ]


def test_an_empty_study_has_nothing_to_be_warned_of(fine):
    assert warnings(fine.iloc[:0]) == []
    assert warnings(fine.assign(status="planned")) == [
        "The study is not finished: 16 of 16 trials have not run, and are in no sample."
    ]
