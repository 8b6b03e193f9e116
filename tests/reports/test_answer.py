"""That the answer names the best, and says how sure that is and what weakens it."""

import numpy as np
import pytest
from optframe_reports.answer import answer


@pytest.fixture
def said(study, tmp_path):
    def told():
        found = answer(study.results(tmp_path).trials)
        return " ".join(found.sentences), found

    return told


def add(study, optimizer, losses, problem="rosenbrock", **given):
    for loss in losses:
        study.add([9.0, loss], optimizer=optimizer, problem=problem, **given)


def test_on_one_problem_the_two_best_are_compared_by_their_runs(study, said):
    add(study, "adam", [1.0, 1.1, 1.2, 1.3])
    add(study, "sgd", [2.0, 2.1, 2.2, 2.3])
    add(study, "bad", [5.0, 5.1, 5.2, 5.3])
    text, _ = said()
    assert "adam is best, median loss 1.15; then sgd, 2.15." in text
    assert "beyond chance (Mann–Whitney, p = 0.029)" in text  # 2/C(8, 4)


def test_where_chance_would_do_as_much_it_is_said_with_the_seeds_that_would_tell(study, said):
    add(study, "adam", [1.0, 2.0, 3.0])
    add(study, "sgd", [1.5, 2.5, 3.5])
    text, _ = said()
    assert "within chance" in text
    assert "runs of each are needed" in text


def test_one_run_each_is_no_evidence(study, said):
    add(study, "adam", [1.0])
    add(study, "sgd", [2.0])
    assert "How sure: unknown" in said()[0]


def test_over_problems_the_average_rank_decides_and_friedman_says_how_sure(study, said):
    for index in range(8):
        for optimizer, loss in zip("xyz", (1.0, 2.0, 3.0), strict=True):
            add(study, optimizer, [loss + index], problem=f"p{index}")
    text, found = said()
    assert text.startswith("x ranks first by median final loss: mean rank 1 of 3 over 8 problems")
    assert "the best on 8 of them" in text
    assert "the optimizers differ (Friedman's test, p < 0.0001)" in text
    assert "x does not differ significantly from y." in text  # CD = 2.343 √(12/48) = 1.17 > 1
    assert found.table["optimizer"].tolist() == ["x", "y", "z"]


def test_problems_that_disagree_tell_nobody_apart(study, said):
    for index in range(6):
        for optimizer, loss in zip("xyz", np.roll([1.0, 2.0, 3.0], index), strict=True):
            add(study, optimizer, [loss], problem=f"p{index}")
    assert "the optimizers do not differ significantly (Friedman's test, p = 1)" in said()[0]


def test_problems_with_and_without_a_target_count_alike(study, said):
    for problem in ("p", "q"):
        add(study, "x", [1.0], problem=problem)
        add(study, "y", [2.0], problem=problem)
    for problem in ("r", "s", "t"):
        for optimizer, steps in (("x", 9), ("y", 5)):
            reached = {
                "target": 1.0,
                "target_metric": "loss",
                "steps": steps,
                "gradients": steps,
                "work": steps,
            }
            add(study, optimizer, [0.5], problem=problem, status="converged", trial=reached)
    text, found = said()
    assert text.startswith("y ranks first by median work to the target, else final loss")
    assert found.table.set_index("optimizer")["mean_rank"].to_dict() == {"x": 1.6, "y": 1.4}
    assert found.table["problems"].tolist() == [5, 5]


def test_an_optimizer_with_a_grid_is_judged_by_its_best_setting_and_that_is_a_caveat(study, said):
    for problem in ("p", "q"):
        for rate, loss in ((1, 9.0), (2, 0.5), (3, 7.0)):
            add(study, f"adam:lr={rate}", [loss, loss], problem=problem)
        add(study, "sgd", [1.0, 1.0], problem=problem)
    text, found = said()
    assert text.startswith("adam ranks first")
    assert found.table["optimizer"].tolist() == ["adam", "sgd"]
    assert any("settings" in caveat for caveat in found.caveats)


def test_one_optimizer_has_nothing_to_be_compared_with(study, said):
    add(study, "adam", [1.0, 2.0])
    assert "nothing to compare" in said()[0]


def test_all_lost_is_said(study, said):
    for optimizer in ("adam", "sgd"):
        add(study, optimizer, [np.nan, np.nan], status="diverged")
    text, found = said()
    assert "half of the runs or more were lost" in text
    assert any("4 of 4 runs were lost" in caveat for caveat in found.caveats)


def test_nothing_has_run(study, said):
    study.add([], status="planned")
    assert said()[0] == "No trial has run yet."
