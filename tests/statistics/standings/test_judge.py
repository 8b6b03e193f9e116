"""The judge itself, on studies that are worked out by hand."""

import math

import pytest

from .judge import clopper_pearson, holm, judge, share_at_least
from .studies import Problem, Study, add

ROSENBROCK = Problem("rosenbrock", 0.0, 10.0, 1e-3, "gap")
BEALE = Problem("beale", 0.0, 10.0, 1e-3, "gap")


def _study(costs, problem=ROSENBROCK, study=None, budget="steps 1000"):
    """Return a study of each contender's costs by seed; None did not reach the target."""
    study = study or Study()
    for label, own in costs.items():
        for seed, cost in enumerate(own):
            status = "finished" if cost is None else "converged"
            loss = 0.5 if cost is None else 1e-3
            add(study, problem, label, seed, status, cost or 1000, loss=loss, budget=budget)
    return study


def _verdict(study):
    return judge(study.trials, study.curves, study.cost, study.metric)


def _only(verdict):
    (pair,) = verdict.pairs.values()
    return pair


@pytest.mark.parametrize(
    ("seeds", "mode", "p"),
    [
        (3, "exchange", 2 / 20),
        (4, "exchange", 2 / 70),
        (5, "exchange", 2 / 252),
        (6, "swap", 2 / 64),
    ],
)
def test_the_least_p_follows_from_the_number_of_seeds(seeds, mode, p):
    study = _study({"a": range(10, 10 + seeds), "b": range(90, 90 + seeds)})
    pair = _only(_verdict(study))
    assert (pair.mode, pair.blocks) == (mode, seeds)
    assert pair.p == pytest.approx(p)


def test_five_swapped_pairs_cannot_reach_five_per_cent():
    assert share_at_least([[1.0, -1.0]] * 5)[1] == 2 / 32
    assert share_at_least([[1.0, -1.0]] * 6)[1] == 2 / 64


def test_expected_cost_is_all_that_was_paid_over_the_runs_that_won():
    cell = _verdict(_study({"a": [10, 20, None], "b": [50, 60, 70]})).cells["a", "rosenbrock"]
    assert cell.performance == pytest.approx((10 + 20 + 1000) / 2)
    assert cell.won == 2


def test_three_of_five_does_not_beat_five_of_five():
    verdict = _verdict(_study({"a": [10, 10, 11, None, None], "b": [100, 101, 102, 103, 104]}))
    assert verdict.order == ["b", "a"]


def test_a_run_that_diverged_is_charged_the_budget():
    study = _study({"a": [10, 20], "b": [15, 25]})
    add(study, ROSENBROCK, "a", 2, "diverged", 3, loss=math.inf, budget="steps 1000", weight=2.0)
    add(study, ROSENBROCK, "b", 2, "finished", 1000, loss=0.5, budget="steps 1000")
    cell = _verdict(study).cells["a", "rosenbrock"]
    # The budget is in steps and the cost is work: 6 of work for 3 steps make 2000 for 1000.
    assert cell.performance == pytest.approx((10 + 20 + 2000) / 2)
    study.cost = "steps"
    assert _verdict(study).cells["a", "rosenbrock"].performance == pytest.approx(1030 / 2)


def test_a_method_that_stopped_is_restarted_where_it_won_another_run():
    study = _study({"b": [15, 25]})
    add(study, ROSENBROCK, "a", 0, "stopped", 7, loss=1.0, budget="steps 1000")
    assert [run["paid"] for run in _verdict(study).cells["a", "rosenbrock"].runs] == [1000]
    add(study, ROSENBROCK, "a", 1, "converged", 20, loss=1e-3, budget="steps 1000")
    cell = _verdict(study).cells["a", "rosenbrock"]
    assert [run["paid"] for run in cell.runs] == [7, 20]
    assert cell.performance == pytest.approx(27)


def test_a_gradient_norm_is_no_target():
    study = _study({"b": [15]})
    add(study, ROSENBROCK, "a", 0, "converged", 5, loss=0.5, reached=False)
    assert _verdict(study).cells["a", "rosenbrock"].won == 0


def test_a_seed_that_begins_at_the_target_is_dropped_for_all():
    study = _study({"a": [10, 20], "b": [15, 25]})
    add(study, ROSENBROCK, "a", 2, "converged", 0)
    add(study, ROSENBROCK, "b", 2, "finished", 1000, loss=0.5)
    verdict = _verdict(study)
    assert verdict.problems["rosenbrock"]["blocks"] == 2
    assert len(verdict.cells["b", "rosenbrock"].runs) == 2


def test_no_problem_counts_for_more_than_a_factor_of_ten():
    study = _study({"a": [10], "b": [20]})
    _study({"a": [900], "b": [1]}, BEALE, study)
    verdict = _verdict(study)
    assert verdict.score == pytest.approx({"a": math.sqrt(10), "b": math.sqrt(2)})
    assert verdict.order == ["b", "a"]


def test_equal_runs_are_one_run():
    verdict = _verdict(_study({"a": [10] * 8, "b": [20] * 8}))
    pair = _only(verdict)
    assert verdict.claim == "fixed"
    assert (pair.blocks, pair.p) == (1, 1.0)


def test_ten_of_ten_against_none_of_ten_is_beyond_chance():
    study = Study()
    for name in ("rosenbrock", "beale"):
        for seed in range(5):
            problem = Problem(name, 0.0, 10.0, 1e-3, "gap")
            add(study, problem, "a", seed, "converged", 10 + seed, loss=1e-3)
            add(study, problem, "b", seed, "finished", 1000, loss=0.5 + seed / 10)
    verdict = _verdict(study)
    assert _only(verdict).p == pytest.approx(2 / 2**10)
    assert verdict.claim == "best"


def test_values_below_zero_are_judged_by_their_distance_to_the_best():
    study = Study()
    problem = Problem("wood", start=5.0)
    for label, losses in {"a": [-9.0, -8.0], "b": [-5.0, -10.0]}.items():
        for seed, loss in enumerate(losses):
            add(study, problem, label, seed, "finished", 100, loss=loss)
    verdict = _verdict(study)
    # The best is -10, and the floor a thousandth of the way from the start.
    assert verdict.cells["a", "wood"].performance == pytest.approx(math.sqrt(1 * 2))
    assert verdict.cells["b", "wood"].performance == pytest.approx(math.sqrt(5 * 0.015))


def test_gaps_below_rounding_are_equal():
    study = Study()
    problem = Problem("wood", 2.0, 12.0)
    for label, loss in {"a": 2.0, "b": 2.0 - 1e-15}.items():
        add(study, problem, label, 0, "finished", 100, loss=loss)
    verdict = _verdict(study)
    assert verdict.cells["a", "wood"].performance == pytest.approx(10 * 2.0**-52)
    assert verdict.claim == "equal"


def test_a_lost_run_counts_as_the_worst_that_was_seen():
    study = Study()
    problem = Problem("wood", 0.0, 10.0)
    add(study, problem, "a", 0, "failed", 0, measured=False)
    add(study, problem, "b", 0, "finished", 100, loss=0.25)
    verdict = _verdict(study)
    assert verdict.cells["a", "wood"].performance == pytest.approx(10.0)


def test_of_a_grid_the_best_setting_is_chosen_and_never_called_best():
    study = Study()
    for seed in range(8):
        for rate, steps in ((0.1, 10 + seed), (0.01, 50 + seed)):
            about = {"name": "sgd", "contender": "sgd", "loss": 1e-3}
            add(study, ROSENBROCK, f"sgd {rate}", seed, "converged", steps, **about)
        add(study, ROSENBROCK, "adam", seed, "converged", 100 + seed, loss=1e-3)
    verdict = _verdict(study)
    cell = verdict.cells["sgd", "rosenbrock"]
    assert (cell.setting, cell.settings) == ("sgd 0.1", 2)
    assert verdict.p_best == pytest.approx(2 / 2**8)
    assert verdict.claim == "leads"


def test_holm_multiplies_the_least_p_by_the_number_of_pairs():
    assert holm({1: 0.01, 2: 0.04, 3: 0.03}) == pytest.approx({1: 0.03, 3: 0.06, 2: 0.06})


def test_five_of_five_is_48_to_100_per_cent():
    assert clopper_pearson(5, 5) == pytest.approx((0.4782, 1.0), abs=1e-4)
    assert clopper_pearson(0, 5) == pytest.approx((0.0, 0.5218), abs=1e-4)


def test_six_problems_speak_for_others():
    study = Study()
    for number in range(6):
        _study({"a": [10], "b": [20]}, Problem(f"p{number}", 0.0, 10.0, 1e-3, "gap"), study)
    assert _verdict(study).p_beyond == pytest.approx(2 / 64)
