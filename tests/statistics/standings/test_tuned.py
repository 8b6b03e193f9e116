"""Standings of tuned contenders, each by hand; and the level of the test over studies."""

import math

import numpy as np
import pandas as pd
import pytest

from optframe.statistics import standings

from .simulate import Design, drawn
from .studies import Problem, Study, add
from .tuned_studies import tuned

AIMED = Problem("p", 0.0, 10.0, 1e-3, "gap")
OTHER = Problem("q", 0.0, 10.0, 1e-3, "gap")
BUDGET = {"budget": "work 1000"}


def won(first, *steps):
    """Return runs that reach the target after these steps, the first of them of this seed."""
    return [(first + place, "converged", number, 1e-3) for place, number in enumerate(steps)]


def in_studies(study, problem, contender, rows, **words):
    """Add a search for each row of steps, each with as many seeds of its own."""
    first = 0
    for number, steps in enumerate(rows):
        tuned(
            study,
            problem,
            contender,
            number,
            won(first, *steps),
            lr=0.01 * (number + 1),
            **BUDGET,
            **words,
        )
        first += len(steps)
    return study


def said(study, **words):
    found = standings(study.trials, study.curves, tuning=study.tuning, **words)
    return found, " ".join([*found.headline, *found.caveats])


def test_a_tuned_contender_may_be_best_since_it_was_not_chosen_on_these_runs():
    study = Study()
    in_studies(study, AIMED, "adam", [(10, 11, 12, 13, 14, 15)])
    in_studies(study, AIMED, "sgd", [(20, 21, 22, 23, 24, 25)])
    found, text = said(study)
    assert found.claim == "best"
    assert found.cells["settings"].tolist() == [1, 1]
    assert found.headline[0].startswith("As tuned here, adam is better than sgd on p.")
    assert "Fresh seeds test these settings, not the optimizers" in text
    assert "`studies = 5` would compare the optimizers." in text
    assert "looks better than it is" not in text
    assert "look better than it is" not in text


@pytest.mark.parametrize(("studies", "least"), [(3, 2 / 20), (4, 2 / 70), (5, 2 / 252)])
def test_studies_are_the_units_of_the_test_and_not_their_seeds(studies, least):
    """Of C(2s, s) ways to deal out the studies, that which happened and its mirror are extreme."""
    study = Study()
    in_studies(study, AIMED, "adam", [(10 + s, 12 + s) for s in range(studies)])
    in_studies(study, AIMED, "sgd", [(200 + s, 220 + s) for s in range(studies)])
    found, text = said(study)
    (pair,) = found.pairs.to_dict("records")
    assert (pair["mode"], pair["blocks"]) == ("exchange", studies)
    assert pair["p"] == pytest.approx(least)
    assert found.claim == ("best" if least <= 0.05 else "leads")
    assert ("`studies = 4` is the least for a sharp test on one problem" in text) == (studies < 4)
    assert "As tuned here" not in text
    assert "Fresh seeds" not in text
    if studies > 3:
        assert "How sure: other searches and seeds would hardly change who is best" in text
        assert 1 < pair["cost_low"] < pair["cost_ratio"] < pair["cost_high"]
    else:
        assert "too few studies for a 95 % interval" in text


def test_one_study_of_many_seeds_is_one_unit():
    """Where a rival has five studies, the ten seeds of a single search are one draw of its luck."""
    study = Study()
    in_studies(study, AIMED, "adam", [(10 + s, 12 + s) for s in range(5)])
    in_studies(study, AIMED, "sgd", [tuple(range(200, 210))])
    found, _ = said(study)
    (pair,) = found.pairs.to_dict("records")
    assert pair["p"] == pytest.approx(1 / 6)


def test_a_contender_without_tuning_has_the_units_of_the_others():
    study = in_studies(Study(), AIMED, "adam", [(10 + s, 12 + s) for s in range(5)])
    for seed in range(10):
        add(study, AIMED, "bfgs", seed, "converged", 100 + seed, loss=1e-3, **BUDGET)
    found, text = said(study)
    (pair,) = found.pairs.to_dict("records")
    assert pair["p"] == pytest.approx(2 / 252)
    assert "bfgs was not tuned." in text
    assert found.cells.set_index("contender")["tuning_work"].to_dict() == {"adam": 5000, "bfgs": 0}


def test_whom_every_setting_failed_is_last_and_named():
    study = in_studies(Study(), AIMED, "adam", [(10, 11, 12, 13, 14, 15)])
    tuned(study, AIMED, "sgd", 0, [], lost=True)
    found, text = said(study)
    assert found.contenders == ("adam", "sgd")
    assert found.table["place"].tolist() == [1, 2]
    cell = found.cells.set_index("contender").loc["sgd"]
    assert (cell["runs"], cell["lost"], cell["lost_in_tuning"]) == (0, 0, 6)
    assert cell["performance"] == math.inf
    assert "sgd, the next, was lost in tuning on p." in text
    assert "sgd was lost in tuning on p: every setting broke down." in text
    assert "broke down (" not in text  # no run that is in the trials did
    assert set(found.runs["contender"]) == {"adam"}


def test_a_search_that_was_lost_is_one_unit_of_its_contender():
    study = in_studies(Study(), AIMED, "adam", [(10 + s, 12 + s) for s in range(5)])
    in_studies(study, AIMED, "sgd", [(200, 210)] * 4)
    tuned(study, AIMED, "sgd", 4, [], lost=True)
    found, text = said(study)
    assert found.judgement.cells.units[0].present.sum() == 10
    assert "sgd was lost in tuning on p in 1 of 5 searches" in text
    # 8 of 10 runs won after 205 on average; the other two are charged the budget of 1000 each.
    cell = found.cells.set_index("contender").loc["sgd"]
    assert cell["performance"] == pytest.approx((8 * 205 + 2 * 1000) / 8)


def test_nobody_left_is_said():
    study = Study()
    for name in ("adam", "sgd"):
        tuned(study, AIMED, name, 0, [], lost=True)
    found, text = said(study)
    assert found.headline == ["Everybody was lost in tuning: there is nothing to judge."]
    assert "adam was lost in tuning on p" in text


def test_a_tuning_that_goes_on_is_said():
    study = Study()
    for name in ("adam", "sgd"):
        tuned(study, AIMED, name, 0, [], waiting=True)
    found, text = said(study)
    assert found.headline == ["No final trial has run yet: there is nothing to judge."]
    assert "Tuning is not finished: 2 of 2 searches have chosen no setting." in text


def test_cells_have_the_cost_of_the_winner_of_finding_it_and_of_both():
    study = in_studies(Study(), AIMED, "adam", [(10, 20)] * 3, work=700.0)
    in_studies(study, AIMED, "sgd", [(60, 80)] * 3, work=100.0)
    found, text = said(study)
    rows = found.cells.set_index("contender")[["work", "tuning_work", "both_work"]]
    assert rows.loc["adam"].tolist() == [15, 2100, 2115]
    assert rows.loc["sgd"].tolist() == [70, 300, 370]
    # The six judged runs of adam took 3 · (10 + 20) = 90.
    assert "finding adam's took 23.3 times the work of its judged runs" in text
    assert "Settings were chosen in 120 other runs, on other seeds" in text


def test_the_work_of_tuning_may_overturn_who_is_first():
    """15 + 700 for one search of adam, 70 + 100 for one of sgd."""
    study = in_studies(Study(), AIMED, "adam", [(10, 20)] * 3, work=700.0)
    in_studies(study, AIMED, "sgd", [(60, 80)] * 3, work=100.0)
    found, text = said(study)
    row = found.variations.set_index("variation").loc["when the work of tuning is counted"]
    assert (row["first"], row["holds"]) == ("sgd", False)
    assert "; not when the work of tuning is counted (sgd first)" in text
    cheap = in_studies(Study(), AIMED, "adam", [(10, 20)] * 3, work=100.0)
    in_studies(cheap, AIMED, "sgd", [(60, 80)] * 3, work=100.0)
    found, _ = said(cheap)
    row = found.variations.set_index("variation").loc["when the work of tuning is counted"]
    assert (row["first"], row["holds"]) == ("adam", True)


def test_values_cost_what_a_run_took():
    plain = Problem("v", 0.0, 10.0)
    study = Study()
    for name, loss in (("adam", 0.1), ("sgd", 0.2)):
        runs = [(seed, "finished", 100, loss + 0.01 * seed) for seed in range(3)]
        tuned(study, plain, name, 0, runs, work=300.0, **BUDGET)
    found, _ = said(study)
    assert found.cells["both_work"].tolist() == [400, 400]
    assert "tuning" not in set(found.variations["kind"])


@pytest.mark.parametrize(("tuner", "another"), [("grid:points=9", False), ("random", True)])
def test_a_deterministic_cell_depends_on_the_search_alone(tuner, another):
    study = Study()
    for name, steps in (("adam", 10), ("sgd", 20)):
        tuned(study, AIMED, name, 0, won(0, steps), tuner={"tuner": tuner}, **BUDGET)
    found, text = said(study, seeds=5)
    assert found.claim == "fixed"
    assert "another seed would change nothing." in text
    assert ("Another search might choose others." in text) == another
    assert "Fresh seeds" not in text


def test_how_contenders_were_tuned_is_said_and_whether_alike():
    study = Study()
    told = {"tuner": "random", "seeds": 1, "confirm": 4}
    for name in ("adam", "sgd"):
        tuned(study, AIMED, name, 0, won(0, 10, 11), tuner=told, **BUDGET)
    tuned(study, AIMED, "bfgs", 0, won(0, 10, 11), tried=40, **BUDGET)
    _, text = said(study)
    assert (
        "adam and sgd were tuned alike: 20 settings of lr from the tuner random on each problem, "
        "1 seed each, the best 4 of them on more seeds."
    ) in text
    assert "bfgs was tuned: 40 settings of lr on each problem, 1 seed each." in text
    assert (
        "Budgets of tuning differ: adam 20, sgd 20 and bfgs 40 settings on a problem. Who tries "
        "more finds better ones."
    ) in text


def test_warnings_of_the_tuning_are_the_last_caveats_about_it():
    study = Study(warnings=("adam's best lr is at the edge of its space.",))
    for name, steps in (("adam", 10), ("sgd", 20)):
        tuned(study, AIMED, name, 0, won(0, steps), **BUDGET)
    assert study.warnings[0] in study.judged(standings).caveats


def test_winners_of_one_optimizer_are_no_rivals():
    study = in_studies(Study(), AIMED, "adam", [(10, 11), (20, 21)])
    found, _ = said(study)
    assert (found.kind, found.claim) == ("", "alone")
    assert len(found.pooled) == 1
    assert set(found.pooled_trials["optimizer"]) == {"adam"}


def test_the_least_columns_of_a_tuning_are_enough():
    study = Study()
    for name, steps in (("adam", 10), ("sgd", 20)):
        tuned(study, AIMED, name, 0, won(0, steps, steps + 1), **BUDGET)
    columns = ["contender", "problem", "sampler", "study", "work", "runs", "tried"]
    found = standings(study.trials, study.curves, tuning=pd.DataFrame(study.tuning[columns]))
    assert "adam and sgd were tuned alike: 20 settings on each problem, 1 seed each." in (
        found.caveats
    )


LUCK = {"luck": 0.6, "shared": 0.0}


def claims(ratio, studies, number):
    """Return in how many of so many tuned comparisons somebody is called best."""
    design = Design("", (1.0, ratio), 1, 10, studies=studies, **LUCK)
    found = (standings(drawn(design, np.random.default_rng([0, seed]))) for seed in range(number))
    return sum(one.claim == "best" for one in found)


def test_an_optimizer_that_was_tuned_twice_seldom_differs_from_itself():
    """At 5 %: 10 of 200 are expected; 20 or more, and none, in 3 of 1,000 such tests."""
    assert 0 < claims(1.0, studies=5, number=200) < 20


def test_fresh_seeds_of_one_search_would_say_that_it_differs():
    """The test over seeds answers another question; so its sentences speak of settings."""
    assert claims(1.0, studies=1, number=60) > 0.4 * 60


def test_a_real_difference_is_found_over_studies():
    assert claims(4.0, studies=5, number=60) > 0.6 * 60
