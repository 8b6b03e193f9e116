"""Settings are valued and chosen in the order that the documentation gives."""

import itertools
import math
import statistics

import pytest

from optframe.errors import UsageError
from optframe.statistics.tuning import Choosing, check_choice, choose, tried

BROKEN = {"diverged", "failed", "timeout", "crashed"}


def value_by_hand(run, metric, how, reached_cost):
    """Return the value of one run that did not break, from the definitions alone."""
    if reached_cost:
        return run["steps"] if run["status"] == "converged" else math.inf
    prefix = "best_" if how.at == "best" else ""
    least, goal, aim = run["minimum"], run["target"], run["target_metric"]
    if metric == "accuracy":
        found = run[prefix + "accuracy"]
        if math.isnan(found):
            return math.inf
        return 1 - (min(found, goal) if aim == "accuracy" and goal == goal else found)
    found, zero = run[prefix + "loss"], least
    if not math.isfinite(found):
        return math.inf
    if metric == "gap":
        found, zero = found - least, 0.0
    if least == least:
        found = max(found, zero + 1e-12 * max(1, abs(least)))
    if goal == goal and aim == metric:
        found = max(found, goal)
    if goal == goal and {aim, metric} == {"gap", "loss"} and least == least:
        found = max(found, goal + least if metric == "loss" else goal - least)
    return found if math.isfinite(found) else math.inf


def average(values, how, by_cost, charged):
    if not values:
        return math.inf
    if how.average == "median":
        return statistics.median(values)
    if not by_cost:
        return sum(values) / len(values)
    won = [value for value in values if math.isfinite(value)]
    missed = [c for value, c in zip(values, charged, strict=True) if math.isinf(value)]
    return (sum(won) + sum(missed)) / len(won) if won else math.inf


def by_hand(frame, how):
    """Return (number, value) of the settings that ran, the best first."""
    runs = [run for run in frame.to_dict("records") if run["status"] != "skipped"]
    sound = [run for run in runs if run["status"] not in BROKEN]
    metric = how.metric
    if metric is None:
        known = any(run["minimum"] == run["minimum"] for run in runs)
        metric = "gap" if known else "loss"

    def values_of(number, by_cost):
        own = [run for run in sound if run["number"] == number]
        values = [value_by_hand(run, metric, how, by_cost) for run in own]
        return average(values, how, by_cost, [run["steps"] for run in own])

    numbers = sorted({run["number"] for run in runs})
    targeted = how.target and any(run["target"] == run["target"] for run in runs)
    by_cost = targeted and any(math.isfinite(values_of(number, True)) for number in numbers)
    rows = []
    for number in numbers:
        own = [run for run in runs if run["number"] == number]
        lost = sum(run["status"] in BROKEN for run in own) / len(own)
        work = sum(run["work"] for run in own if run["work"] == run["work"]) / len(own)
        value = values_of(number, by_cost)
        second = values_of(number, False) if by_cost and math.isinf(value) else 0.0
        rows.append((-len(own), lost, value, second, work, number))
    most = min((row[0] for row in rows), default=0)
    rows.sort(key=lambda row: (row[0] != most, *row[1:]))
    return [(row[-1], row[2]) for row in rows]


HOWS = [
    Choosing(metric, at, average, target)
    for metric, at, average, target in itertools.product(
        [None, "loss", "gap", "accuracy"], ["end", "best"], ["median", "mean"], [False, True]
    )
]


@pytest.mark.parametrize("seed", range(40))
def test_settings_are_in_the_order_that_is_found_by_hand(generated, seed):
    frame = generated(seed)
    for how in HOWS[seed % 4 :: 4]:
        expected = by_hand(frame, how)
        found = tried(frame, how)
        values = [value for _, value in expected]
        assert found["value"].tolist() == pytest.approx(values, rel=1e-9, abs=1e-18), how
        assert found["number"].tolist() == [number for number, _ in expected], how
        chosen = choose(frame, how)
        finite = bool(expected) and math.isfinite(expected[0][1])
        assert chosen.number == (expected[0][0] if finite else None)
        assert bool(chosen.reason) is not finite


def test_a_setting_that_breaks_down_less_often_comes_before_a_better_one(tuning):
    good = [{"number": 0, "seed": i, "loss": 0.1, "status": s} for i, s in enumerate("ffd")]
    sure = [{"number": 1, "seed": i, "loss": 9.0, "status": "f"} for i in range(3)]
    frame = tuning(good + sure).replace({"status": {"f": "finished", "d": "diverged"}})
    found = tried(frame, Choosing())
    assert found["number"].tolist() == [1, 0]
    assert found["broken"].tolist() == [0.0, pytest.approx(1 / 3)]
    assert found["runs"].tolist() == [3, 3]
    assert found["work"].tolist() == [300.0, 300.0]


def test_losses_at_the_minimum_are_told_apart_by_work_alone(tuning):
    rows = [
        {"number": 0, "loss": 1e-40, "work": 100.0},
        {"number": 1, "loss": 1e-20, "work": 40.0},
        {"number": 2, "loss": 2e-12, "work": 10.0},
    ]
    assert tried(tuning(rows, minimum=0.0), Choosing())["number"].tolist() == [1, 0, 2]


def test_the_cost_to_the_target_comes_before_the_metric(tuning):
    rows = [
        {"number": 0, "loss": 0.01, "work": 90.0, "status": "converged"},
        {"number": 1, "loss": 0.09, "work": 30.0, "status": "converged"},
        {"number": 2, "loss": 0.2, "work": 100.0},
        {"number": 3, "loss": 0.11, "work": 100.0},
    ]
    frame = tuning(rows, target=0.1, target_metric="loss")
    chosen = choose(frame, Choosing(target=True))
    assert chosen == (1, 30.0, "", "work to the target")
    assert tried(frame, Choosing(target=True))["number"].tolist() == [1, 0, 3, 2]
    # Beyond the target losses are equal, and the work decides.
    assert tried(frame, Choosing())["number"].tolist() == [1, 0, 3, 2]
    assert tried(frame, Choosing())["value"].tolist() == [0.1, 0.1, 0.11, 0.2]
    nobody = tuning(rows[2:], target=0.1, target_metric="loss")
    assert choose(nobody, Choosing(target=True)) == (3, 0.11, "", "loss")


def test_the_validation_loss_comes_before_the_loss(tuning):
    rows = [
        {"number": 0, "loss": 0.0, "validation_loss": 2.0},
        {"number": 1, "loss": 0.5, "validation_loss": 1.0},
    ]
    assert choose(tuning(rows), Choosing()) == (1, 1.0, "", "validation loss")
    assert choose(tuning(rows), Choosing("loss")).number == 0


def test_an_accuracy_is_valued_by_its_error(tuning):
    rows = [
        {"number": 0, "validation_accuracy": 0.75, "best_validation_accuracy": 1.0},
        {"number": 1, "validation_accuracy": 0.875, "best_validation_accuracy": 0.875},
    ]
    how = Choosing("validation_accuracy")
    assert choose(tuning(rows), how) == (1, 0.125, "", "error (1 − validation accuracy)")
    assert choose(tuning(rows), Choosing("validation_accuracy", "best")).number == 0


def test_only_settings_that_ran_again_are_chosen_where_some_did(tuning):
    rows = [{"number": 0, "seed": 0, "loss": 0.1}]
    rows += [{"number": 1, "seed": i, "loss": 0.3} for i in range(4)]
    rows += [{"number": 2, "seed": i, "loss": 0.2 + i} for i in range(4)]
    assert tried(tuning(rows), Choosing())["number"].tolist() == [1, 2, 0]


def test_a_contender_that_always_breaks_down_is_lost(tuning):
    rows = [{"number": n, "status": "diverged"} for n in range(3)]
    chosen = choose(tuning(rows), Choosing())
    assert chosen[:3] == (None, math.inf, "every run of its 3 settings broke down")
    assert tried(tuning(rows), Choosing())["value"].tolist() == [math.inf] * 3


def test_what_cannot_be_chosen_is_said(tuning):
    planned = tuning([{"number": 0, "status": "planned"}])
    assert choose(planned, Choosing()).reason == "no run of its tuning ran"
    rows = tuning([{"number": 0, "loss": 1.0}])
    assert choose(rows, Choosing("validation_loss"))[:3] == (
        None,
        math.inf,
        "no run of its 1 setting has a finite validation loss",
    )


def test_test_data_do_not_choose(tuning):
    with pytest.raises(UsageError, match=r"metric: found 'test_loss'.*take 'validation_loss'"):
        check_choice("test_loss")
    check_choice("validation_loss")
    check_choice(None)
    with pytest.raises(UsageError, match="test_accuracy"):
        Choosing("test_accuracy")
    frame = tuning([{"number": 0}], target=0.9, target_metric="test_accuracy")
    with pytest.raises(UsageError, match="test_accuracy"):
        choose(frame, Choosing(target=True))


def test_how_is_checked():
    with pytest.raises(ValueError, match="at: found 'last', expected end or best"):
        Choosing(at="last")
    with pytest.raises(UsageError, match="unknown cost"):
        Choosing(cost="hours")
