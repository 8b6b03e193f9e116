"""The cost that all runs have, and the values that it has in trials and curves."""

import numpy as np
import pytest

from optframe.contracts.columns import ANSWERS, FINAL_COUNTS
from optframe.contracts.costs import COSTS, OFFERED
from optframe.statistics import (
    cost_note,
    evaluations_to_own_target,
    evaluations_to_target,
    known_cost,
    standings,
)
from optframe.statistics.costs import paid

GOAL = {"target": 0.1, "target_metric": "loss"}


def test_the_costs_are_the_counts_of_runs_and_their_time():
    assert set(COSTS) == {*FINAL_COUNTS, "evaluations", "seconds"}
    assert {name: COSTS[name].column for name in FINAL_COUNTS} == FINAL_COUNTS
    # What is not offered is only one kind of answer, which optimizers do not all need.
    assert set(COSTS) - set(OFFERED) == set(ANSWERS) - {"gradients"}


@pytest.fixture
def mixed(trials, joined):
    """Two optimizers: a has twice b's work and half of its gradients; steps are the same."""
    a = trials(("converged", 0.1, 10), ("converged", 0.1, 30), optimizer="a", **GOAL)
    b = trials(("converged", 0.1, 10), ("converged", 0.1, 30), optimizer="b", **GOAL)
    a = a.assign(work=[200, 400], gradients=[10, 30])
    return joined(a, b.assign(work=[100, 200], gradients=[20, 60]))


def test_the_work_is_the_cost_unless_another_is_given(mixed):
    assert evaluations_to_own_target(mixed)["cost"].tolist() == [200, 400, 100, 200]
    assert evaluations_to_own_target(mixed, "steps")["cost"].tolist() == [10, 30, 10, 30]
    assert performances(mixed) == {"b": 150, "a": 300}  # the mean of 100 and 200, of 200 and 400
    assert performances(mixed, "gradients") == {"a": 20, "b": 40}


def performances(trials, *cost):
    """Return the expected cost of each contender, in the order of the standings."""
    found = standings(trials, None, *cost)
    cells = found.cells.set_index("contender")["performance"]
    return {name: pytest.approx(cells[name]) for name in found.contenders}


def test_where_one_run_has_no_work_all_are_compared_by_gradients(mixed):
    assert (known_cost(mixed, "work"), cost_note(mixed, "work")) == ("work", "")
    mixed.loc[3, "work"] = np.nan  # the second run of b
    assert known_cost(mixed, "work") == "gradients"
    assert evaluations_to_own_target(mixed)["cost"].tolist() == [10, 30, 20, 60]
    assert performances(mixed) == {"a": 20, "b": 40}
    (said,) = standings(mixed).caveats
    assert said == cost_note(mixed, "work")
    assert said.startswith("1 of 4 runs have no work")
    assert "gradients" in said
    assert standings(mixed, cost="steps").caveats == []
    assert known_cost(mixed.drop(columns="records"), "records") == "gradients"
    assert known_cost(mixed, "steps") == "steps"


def test_a_run_that_was_not_counted_lacks_nothing(mixed, trials, joined):
    lost = trials(("crashed", np.nan, np.nan), ("skipped", np.nan, np.nan), optimizer="c", **GOAL)
    frame = joined(mixed, lost)
    assert frame["work"].isna().sum() == 2
    assert known_cost(frame, "work") == "work"


def test_one_cost_decides_for_curves_and_trials(runs):
    runs.add([4, 2, 1], optimizer="a", work=[0, 7, 70]).add([4, 1, 1], optimizer="b")
    trials, curves = runs.trials, runs.curves
    found = evaluations_to_target(trials, curves, 1.0)
    assert found["cost"].tolist() == [70, 1]
    trials.loc[1, "work"] = np.nan
    assert evaluations_to_target(trials, curves, 1.0)["cost"].tolist() == [2, 1]
    assert evaluations_to_target(trials, curves, 1.0, "records")["cost"].tolist() == [10, 5]


def test_evaluations_are_all_answers(runs):
    runs.add([4, 2], hessians=[0, 3])
    assert paid(runs.curves, "evaluations", in_curves=True).tolist() == [0, 2 + 1 + 3]
    assert paid(runs.trials, "work").tolist() == [1]


def test_a_wrong_cost_is_said(trials):
    with pytest.raises(ValueError, match="found the cost 'wrok', expected one of steps, "):
        known_cost(trials(("finished", 1, 1)), "wrok")
