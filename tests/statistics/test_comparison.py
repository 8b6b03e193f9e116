"""The tables' numbers by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from optframe.statistics import (
    at_tuned,
    evaluations_to_own_target,
    evaluations_to_target,
    final_costs,
    over_problems,
    per_problem,
    study_costs,
    summary,
    time_to_target,
    tuned,
)

INF, NAN = math.inf, math.nan
GOAL = {"target": 0.1, "target_metric": "loss"}


def rows(frame):
    return {(row["problem"], row["optimizer"]): row for row in frame.to_dict("records")}


def there(steps):
    return "converged", 0.1, steps


@pytest.fixture
def grid(trials, joined):
    """Two settings of sgd and one adam on p, one of each on q; steps to the target 0.1."""
    sgd = {lr: {"optimizer": f"sgd:lr={lr}", "hyperparameters": f'{{"lr":{lr}}}'} for lr in (1, 9)}
    return joined(
        trials(there(10), there(30), ("finished", 0.9, 50), **sgd[1], **GOAL),
        trials(there(20), ("diverged", 5.0, 8), ("crashed", NAN, NAN), **sgd[9], **GOAL),
        trials(("converged", 0.05, 40), there(42), ("planned", NAN, NAN), optimizer="adam", **GOAL),
        trials(("finished", 0.3, 50), problem="q", **sgd[1], **GOAL),
        trials(there(40), optimizer="adam", problem="q", **GOAL),
    )


def test_a_problems_table_extends_the_summary(grid):
    table, known = per_problem(grid), summary(grid)
    shared = [name for name in known if name in table]
    assert set(known) - set(shared) == set()
    pd.testing.assert_frame_equal(table[shared], known[shared])


def test_a_problems_table_has_the_time_to_the_studys_target(grid):
    table = rows(per_problem(grid))
    row = table["p", "sgd:lr=1"]
    assert [row[f"steps_to_target{end}"] for end in ("", "_low", "_high")] == [30, 10, INF]
    assert (row["gradients_to_target"], row["reached"], row["success"]) == (60, 2, 2 / 3)
    assert row["seconds_to_target"] == pytest.approx(30 * 2e-3)
    assert row["ert"] == (10 + 30 + 50) / 2
    expected = time_to_target(evaluations_to_own_target(grid)).iloc[0]
    assert (row["success_low"], row["success_high"]) == tuple(
        expected[["success_low", "success_high"]]
    )
    assert table["p", "sgd:lr=9"]["ert"] == INF  # what the crashed run spent is unknown
    assert table["p", "adam"]["runs"] == 2
    alone = table["q", "adam"]
    assert alone["steps_to_target"] == 40
    assert math.isnan(alone["steps_to_target_low"])
    assert math.isnan(alone["value_high"])


def test_the_best_and_the_tuned_are_marked_with_those_that_tie(grid):
    def marked(frame, mark="best"):
        return [key for key, row in rows(per_problem(frame)).items() if row[mark]]

    # on p in 30 steps, adam in 41, though adam's end is lower
    assert marked(grid) == [("p", "sgd:lr=1"), ("q", "adam")]
    ends = [("p", "adam"), ("q", "adam")]
    assert marked(grid.assign(target=NAN)) == ends
    both = [("p", "sgd:lr=1"), ("p", "adam"), ("q", "sgd:lr=1"), ("q", "adam")]
    assert marked(grid.assign(target=NAN), "tuned") == both
    assert marked(grid.assign(status=grid["status"].replace("converged", "finished"))) == ends
    tied = grid[grid["optimizer"] != "adam"].assign(loss=0.5, status="finished")
    assert per_problem(tied)["best"].tolist() == [True, True, True]
    lost = per_problem(grid.assign(status="failed"))
    assert not lost["best"].any()
    assert not lost["tuned"].any()


def test_the_value_is_of_the_metric_that_is_asked_for(grid):
    frame = grid.assign(test_accuracy=np.linspace(0.1, 0.9, len(grid)))
    table = rows(per_problem(frame.assign(target=NAN), "test_accuracy", 0.5))
    row = table["p", "sgd:lr=1"]
    assert row["value"] == pytest.approx(0.18)
    assert row["value_low"] == pytest.approx(0.1)
    assert row["value_confidence"] == 0.75
    assert table["p", "sgd:lr=9"]["value"] == -INF
    assert table["p", "adam"]["best"]


def test_shared_times_are_in_no_statistic_of_time(grid):
    grid.loc[grid["optimizer"] == "adam", "together"] = 2
    grid.loc[0, "together"] = 5
    table = rows(per_problem(grid))
    assert math.isnan(table["p", "adam"]["seconds_to_target"])
    assert math.isnan(table["p", "adam"]["seconds_per_step"])
    assert (table["p", "adam"]["timed"], table["p", "sgd:lr=1"]["timed"]) == (0, 2)
    assert table["p", "sgd:lr=1"]["seconds_to_target"] == INF  # one of the two left was lost
    assert table["p", "adam"]["steps_to_target"] == 41


def test_without_a_target_nothing_is_said_about_it(trials):
    table = per_problem(trials(("finished", 1.0, 9), ("finished", 2.0, 9)))
    names = ["steps_to_target", "seconds_to_target_low", "reached", "success", "ert"]
    assert table[names].isna().all(axis=None)
    assert table["value"].tolist() == [1.5]


def evaluations(**costs):
    """One run for each cost, all of which spent 10."""
    made = [
        {"key": f"{o}{i}", "problem": f"p{i}", "optimizer": o, "sampler": "none", "seed": 0}
        | {"level": 0, "target": 1.0, "cost": cost, "spent": 10.0}
        for o, column in costs.items()
        for i, cost in enumerate(column)
    ]
    return pd.DataFrame(made)


def test_over_problems_each_number_is_that_of_its_definition(trials, joined):
    frame = joined(
        trials(("finished", 1, 9), ("planned", NAN, NAN), optimizer="a"),
        trials(("diverged", 1, 9), optimizer="b"),
        trials(("finished", 1, 9), optimizer="c"),
    )
    costs = evaluations(a=[1, 4, 3, INF], b=[2, 4, 9, INF], c=[4, INF, 3, INF])
    table = over_problems(frame, costs).set_index("optimizer")
    assert table.index.tolist() == ["a", "b", "c"]
    assert set(table["ranked_by"]) == {"median cost to the target"}
    expected = pd.DataFrame(
        {
            "problems": 4,
            "left_out": 0,
            "unsolved": 1,
            "mean_rank": [(1 + 1.5 + 1.5 + 2) / 4, (3 + 3 + 1.5 + 2) / 4, (2 + 1.5 + 3 + 2) / 4],
            "wins": [3, 1, 1],
            "within_2": [3, 1, 2],
            "ert_ratio": [1, INF, (2 * 1 * 3) ** (1 / 3)],
            "solved": [3, 2, 3],
            "with_target": 4,
            "score": [3 / 4, 1 / 4, (2 / 3 + 1 + 1 / 3) / 4],
            "runs": 1,
            "diverged": [0, 0, 1],
            "planned": [1, 0, 0],
        },
        index=["a", "c", "b"],
    )
    found = table.loc[expected.index, expected.columns]
    np.testing.assert_allclose(found.to_numpy(float), expected.to_numpy(float), rtol=1e-12)


def test_the_studys_target_is_what_optimizers_are_compared_by(grid):
    table = over_problems(grid).set_index("optimizer")
    assert table.loc["adam", "left_out"] == 1  # q has no sgd:lr=9
    assert table["mean_rank"].to_dict() == {"sgd:lr=1": 1, "adam": 2, "sgd:lr=9": 3}
    assert table.loc["adam", "ert_ratio"] == 1  # 41 steps, against (10 + 30 + 50)/2
    assert table.loc["sgd:lr=1", "ert_ratio"] == pytest.approx(45 / 41)


def test_without_targets_the_final_metric_is(trials, joined):
    frame = joined(
        trials(("finished", 1, 9), ("finished", 3, 9), optimizer="a"),
        trials(("finished", 2, 9), optimizer="b"),
        trials(("finished", 5, 9), optimizer="c"),
    )
    table = over_problems(frame)
    assert table["optimizer"].tolist() == ["a", "b", "c"]
    assert table["mean_rank"].tolist() == [1.5, 1.5, 3]
    assert table["wins"].tolist() == [1, 1, 0]
    assert table[["within_2", "ert_ratio", "solved", "score"]].isna().all(axis=None)
    assert set(table["ranked_by"]) == {"median final loss"}
    accurate = over_problems(frame.assign(test_accuracy=frame["loss"]), metric="test_accuracy")
    assert accurate["optimizer"].tolist() == ["c", "a", "b"]


def test_problems_without_a_target_are_ranked_by_their_end_beside_those_with_one(trials, joined):
    frame = joined(
        trials(there(8), optimizer="a", problem="p", **GOAL),
        trials(there(4), optimizer="b", problem="p", **GOAL),
        trials(("finished", -2.0, 9), optimizer="a", problem="q"),
        trials(("finished", -3.0, 9), optimizer="b", problem="q"),
        trials(("finished", 1.0, 9), optimizer="a", problem="r"),
        trials(("diverged", 0.5, 9), optimizer="b", problem="r"),
    )
    costs = study_costs(frame)
    assert costs.index.tolist() == [(name, "none", 0) for name in "pqr"]
    assert costs[["a", "b"]].to_numpy().tolist() == [[8, 4], [-2, -3], [1, INF]]
    table = over_problems(frame).set_index("optimizer")
    assert set(table["ranked_by"]) == {"median work to the target, else final loss"}
    assert table["problems"].tolist() == [3, 3]
    assert table["with_target"].tolist() == [1, 1]
    assert table["wins"].to_dict() == {"b": 2, "a": 1}
    assert table["mean_rank"].to_dict() == pytest.approx({"b": 4 / 3, "a": 5 / 3})
    assert table["ert_ratio"].to_dict() == {"b": 1, "a": 2}
    assert table["score"].to_dict() == pytest.approx({"b": 1, "a": 2 / 3})
    pd.testing.assert_frame_equal(
        study_costs(frame.assign(target=NAN)).droplevel("level"), final_costs(frame)
    )


def test_levels_and_seeds_are_counted_as_instances_and_runs(runs):
    runs.add([9, 5, 1], "a").add([9, 9, 5], "a").add([9, 1], "b")
    costs = evaluations_to_target(runs.trials, runs.curves, [5, 1])
    table = over_problems(runs.trials, costs).set_index("optimizer")
    assert set(table["problems"]) == {2}
    assert table["wins"].to_dict() == {"b": 2, "a": 0}
    assert table["ert_ratio"].to_dict() == {"b": 1, "a": math.sqrt(1.5 * 4)}  # 3/2, (2 + 2)/1
    assert table["runs"].to_dict() == {"b": 1, "a": 2}


def test_the_settings_with_the_best_median_are_chosen_and_how_is_said(grid):
    found = tuned(grid, by=None)
    assert found[["problem", "optimizer_name", "optimizer"]].to_numpy().tolist() == [
        [problem, *names] for problem in "pq" for names in (("sgd", "sgd:lr=1"), ("adam", "adam"))
    ]
    row = found.iloc[0]
    assert (row["settings_tried"], row["value"], row["runs"]) == (2, 0.1, 3)
    assert row["hyperparameters"] == '{"lr":1}'
    assert row["selected_by"] == "median of the final loss"
    assert row["selected_on"] == "the same runs"
    assert found.loc[2, "settings_tried"] == 1


def test_the_settings_may_be_chosen_by_the_time_to_the_target(grid):
    slow = grid.copy()
    changed = ["status", "steps", "work", "loss"]
    slow.loc[slow["optimizer"] == "sgd:lr=9", changed] = "converged", 5, 6, 0.1
    found = tuned(slow, by="steps")
    assert found["optimizer"].tolist()[:2] == ["sgd:lr=9", "adam"]
    assert found["value"].tolist()[:2] == [5, 41]
    assert set(found["selected_by"]) == {"median steps to the target"}
    by_work = tuned(slow)
    assert by_work["value"].tolist()[:2] == [6, 41]
    assert set(by_work["selected_by"]) == {"median work to the target"}
    assert tuned(slow, by="gradients")["value"].tolist()[:2] == [28, 82]  # median of 40, 16
    neither = slow.assign(status="finished")  # nobody got there: the final loss decides
    found = tuned(neither)
    assert found["value"].tolist() == [0.1, 0.1, 0.3, 0.1]
    assert set(found["selected_by"]) == {"median of the final loss"}


def test_settings_that_all_missed_a_target_that_others_reached_are_chosen_by_their_end(
    trials, joined
):
    frame = joined(
        trials(there(9), optimizer="adam", **GOAL),
        trials(("finished", 0.5, 9), optimizer="sgd:lr=1", **GOAL),
        trials(("finished", 0.4, 9), optimizer="sgd:lr=2", **GOAL),
    )
    adam, sgd = tuned(frame).to_dict("records")
    assert (adam["optimizer"], adam["value"]) == ("adam", 9)
    assert (sgd["optimizer"], sgd["value"], sgd["settings_tried"]) == ("sgd:lr=2", INF, 2)
    assert per_problem(frame)["tuned"].tolist() == [True, False, True]


def test_of_an_accuracy_the_largest_is_chosen_and_the_first_of_those_that_tie(trials, joined):
    frame = joined(
        *[
            trials(("finished", 1, 9), optimizer=f"sgd:lr={lr}").assign(test_accuracy=accuracy)
            for lr, accuracy in ((1, 0.5), (2, 0.7), (3, 0.7), (4, 0.6))
        ]
    )
    (row,) = tuned(frame, "test_accuracy").to_dict("records")
    assert (row["optimizer"], row["value"], row["settings_tried"]) == ("sgd:lr=2", 0.7, 4)
    assert tuned(frame.assign(test_accuracy=NAN), "test_accuracy").empty


def test_settings_without_a_run_are_not_tried(grid):
    waiting = grid.assign(status=grid["status"].where(grid["optimizer"] != "sgd:lr=1", "planned"))
    found = tuned(waiting).set_index(["problem", "optimizer_name"])
    assert found.loc[("p", "sgd"), "settings_tried"] == 1
    assert ("q", "sgd") not in found.index


def test_the_trials_of_the_chosen_settings_go_by_the_optimizers_name(grid):
    kept = at_tuned(grid, tuned(grid))
    assert len(kept) == 8
    assert set(kept["optimizer"]) == {"sgd", "adam"}
    assert set(kept["settings"]) == {"sgd:lr=1", "adam"}
    assert over_problems(kept)["problems"].tolist() == [2, 2]
