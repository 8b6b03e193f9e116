"""Verdicts of counts, each from two cells whose numbers are known."""

import dataclasses
import math

import pytest

from optframe.errors import StoreError
from optframe.gate import Limits, Verdict, compare
from optframe.gate.counts import judge
from optframe.gate.limits import Limit, Override, parse
from optframe.gate.tolerance import Tolerance

PASS, REGRESSION, IMPROVEMENT = Verdict.PASS, Verdict.REGRESSION, Verdict.IMPROVEMENT
INCONCLUSIVE, MISSING, NEW = Verdict.INCONCLUSIVE, Verdict.MISSING, Verdict.NEW
INFORMATIVE = Verdict.INFORMATIVE


@pytest.fixture
def rows(source):
    """Compare two cells; return the comparison and its rows by name."""

    def compared(base, head, limits=None, **known):
        comparison = compare(source(base, **known), source(head), limits)
        return comparison, {row.name: row for row in comparison.rows}

    return compared


def test_the_same_passes(rows, measured):
    comparison, found = rows(measured(), measured())
    assert {row.verdict for row in found.values()} == {PASS}
    assert list(found) == ["status", "steps", "gradients", "losses", "hessians", "hvps", "loss"]
    assert (comparison.verdict, comparison.exit_code) == (PASS, 0)


@pytest.mark.parametrize(
    ("name", "base", "head", "verdict", "code"),
    [
        ("steps", 400, 401, REGRESSION, 1),
        ("steps", 400, 399, IMPROVEMENT, 0),
        ("gradients", 400, 401, REGRESSION, 1),
        ("losses", 0, 1, REGRESSION, 1),
        ("hessians", 3, 4, REGRESSION, 1),
        ("hvps", 3, 2, IMPROVEMENT, 0),
        ("epochs", 2.5, 2.625, REGRESSION, 1),
        ("samples", 320, 352, REGRESSION, 1),
    ],
)
def test_each_count_to_the_target_is_judged(rows, measured, name, base, head, verdict, code):
    comparison, found = rows(measured(**{name: base}), measured(**{name: head}))
    assert found[name].verdict is verdict
    assert (found[name].base, found[name].head) == (base, head)
    assert comparison.exit_code == code
    assert found[name].change == (None if base == 0 else (head - base) / base)


def test_a_better_count_pays_for_no_worse_one(rows, measured):
    assert rows(measured(), measured(steps=300, gradients=600))[0].exit_code == 1


def test_a_limit_may_be_a_number_or_a_part_or_none(rows, measured):
    base, head = measured(), measured(steps=420)
    for text, verdict in (
        ("steps=20,gradients=20", PASS),
        ("steps=19,gradients=20", REGRESSION),
        ("steps=5%,gradients=5%", PASS),
        ("steps=4.9%,gradients=any", REGRESSION),
        ("steps=any,gradients=any", PASS),
    ):
        assert rows(base, head, Limits(parse(text)))[0].verdict is verdict, text


@pytest.mark.parametrize(
    ("base", "head", "verdict"),
    [
        (1.0, 1.0 + 0.9e-8, PASS),
        (1.0, 1.0 + 1.1e-8, REGRESSION),
        (1.0, 1.0 - 1.1e-8, IMPROVEMENT),
        (-1.0, -1.0 + 1.1e-8, REGRESSION),
        (-1.0, -1.0 - 1.1e-8, IMPROVEMENT),
        (1e-30, 5e-13, PASS),
        (0.0, 2e-12, REGRESSION),
    ],
)
def test_the_final_loss_of_a_spent_budget_is_judged(rows, measured, base, head, verdict):
    comparison, found = rows(
        measured(status="finished", loss=base), measured(status="finished", loss=head)
    )
    assert found["loss"].verdict is verdict
    assert comparison.verdict is verdict


def test_the_loss_at_the_target_is_judged_after_equally_many_steps_alone(rows, measured):
    base = measured(loss=9.0e-3)
    assert rows(base, measured(loss=9.1e-3))[1]["loss"].verdict is REGRESSION
    _, found = rows(base, measured(loss=9.1e-3, steps=399))
    assert (found["loss"].verdict, found["steps"].verdict) == (INFORMATIVE, IMPROVEMENT)


ENDS = [
    ("converged", "finished", REGRESSION),
    ("converged", "stopped", REGRESSION),
    ("converged", "diverged", REGRESSION),
    ("converged", "failed", REGRESSION),
    ("finished", "crashed", REGRESSION),
    ("finished", "diverged", REGRESSION),
    ("finished", "converged", IMPROVEMENT),
    ("diverged", "finished", IMPROVEMENT),
    ("failed", "converged", IMPROVEMENT),
    ("failed", "diverged", IMPROVEMENT),
    ("diverged", "diverged", PASS),
    ("finished", "stopped", PASS),
    ("failed", "failed", INCONCLUSIVE),
    ("crashed", "failed", INCONCLUSIVE),
    ("converged", "timeout", INCONCLUSIVE),
    ("timeout", "converged", INCONCLUSIVE),
    ("timeout", "timeout", INCONCLUSIVE),
    ("converged", "skipped", MISSING),
    ("converged", "planned", MISSING),
    ("planned", "converged", NEW),
    ("skipped", "converged", NEW),
    ("skipped", "failed", NEW),
    ("skipped", "skipped", PASS),
]


@pytest.mark.parametrize(("base", "head", "verdict"), ENDS)
def test_how_runs_end_is_judged_before_their_numbers(rows, measured, base, head, verdict):
    comparison, found = rows(measured(status=base), measured(status=head, reason="because"))
    assert found["status"].verdict is verdict
    expected = PASS if verdict is NEW else REGRESSION if verdict.fails else verdict
    assert comparison.verdict is expected


def test_the_reason_of_the_head_is_told(rows, measured):
    head = measured(status="diverged", reason="the loss is nan after step 37")
    assert rows(measured(), head)[1]["status"].reason == "the loss is nan after step 37"


def test_a_spent_budget_bounds_its_own_counts(rows, measured):
    base = measured(status="finished", steps=100, losses=100, budget="steps 100")
    head = measured(status="finished", steps=100, gradients=110, losses=99, budget="steps 100")
    _, found = rows(base, head)
    assert found["steps"].verdict is INFORMATIVE
    assert (found["gradients"].verdict, found["losses"].verdict) == (REGRESSION, IMPROVEMENT)
    for budget in ("work 100", "gradients 100"):
        base = dataclasses.replace(base, spec=dataclasses.replace(base.spec, budget=budget))
        _, found = rows(base, head)
        assert {found[name].verdict for name in ("steps", "gradients", "losses")} == {INFORMATIVE}
    stopped = dataclasses.replace(base, status="stopped")
    _, found = rows(stopped, dataclasses.replace(head, status="stopped"))
    assert found["gradients"].verdict is REGRESSION


def test_more_evaluations_for_a_better_loss_are_for_nobody_to_judge(rows, measured):
    base = measured(status="finished", loss=0.5)
    comparison, found = rows(base, measured(status="finished", loss=0.4, gradients=500))
    assert found["gradients"].verdict is INCONCLUSIVE
    assert comparison.exit_code == 3
    comparison, _ = rows(base, measured(status="finished", loss=0.6, gradients=500))
    assert comparison.exit_code == 1


def test_a_number_that_one_side_lost_is_inconclusive(rows, measured):
    comparison, found = rows(measured(), measured(gradients=None, loss=None))
    assert (found["gradients"].verdict, found["loss"].verdict) == (INCONCLUSIVE, INCONCLUSIVE)
    assert comparison.exit_code == 3


def test_seconds_are_never_red(rows, measured):
    base, head = measured(seconds=1.0), measured(seconds=100.0)
    comparison, found = rows(base, head)
    assert (found["seconds"].verdict, comparison.exit_code) == (INFORMATIVE, 0)
    comparison, found = rows(base, head, Limits(parse("seconds=5%")))
    assert (found["seconds"].verdict, comparison.exit_code) == (INCONCLUSIVE, 3)
    assert "are not judged; use `optframe race`" in found["seconds"].reason
    assert rows(base, measured(seconds=1.04), Limits(parse("seconds=5%")))[0].exit_code == 0


@pytest.mark.parametrize(
    ("base", "head", "code"),
    [
        ({}, {"steps": 500}, 3),
        ({}, {}, 0),
        ({"status": "finished"}, {"status": "finished"}, 3),
        ({}, {"status": "finished"}, 3),
    ],
)
def test_a_budget_of_seconds_decides_nothing(rows, measured, base, head, code):
    sides = (measured(budget="seconds 5, target 1e-06", **given) for given in (base, head))
    assert rows(*sides)[0].exit_code == code


def test_a_vanished_trial_is_missing_and_a_new_one_is_listed(source, measured):
    both, gone, added = measured(), measured("sgd"), measured("lion")
    comparison = compare(source(both, gone), source(added, both))
    verdicts = {str(s): comparison.verdict_of(s) for s in comparison.subjects}
    assert verdicts == {
        "adam:lr=0.3 on rosenbrock": PASS,
        "sgd on rosenbrock": MISSING,
        "lion on rosenbrock": NEW,
    }
    assert (comparison.verdict, comparison.exit_code) == (REGRESSION, 1)
    assert compare(source(both), source(both, added)).exit_code == 0


def test_a_trial_that_never_ran_cannot_vanish(source, measured):
    never = measured("sgd", status="skipped")
    assert compare(source(measured(), never), source(measured())).exit_code == 0


def test_what_is_asked_otherwise_by_the_same_name_is_told(source, measured):
    base = measured(cell="a", hyperparameters={"eps": 1e-8}, budget="steps 10")
    head = measured(cell="b", hyperparameters={"eps": 1e-3}, budget="steps 20")
    comparison = compare(source(base), source(head))
    (gone, _) = comparison.rows
    assert gone.verdict is MISSING
    assert "eps 1e-08 → 0.001; budget steps 10 → steps 20" in gone.reason
    other = dataclasses.replace(base, cell="c")
    (gone, _) = compare(source(base), source(other)).rows
    assert "parameters of its problem or sampler, or its checkpoints, changed" in gone.reason


# ---- elsewhere


@pytest.mark.parametrize(
    ("head", "tolerance", "verdict"),
    [
        (100, None, PASS),
        (101, None, INCONCLUSIVE),
        (99, None, INCONCLUSIVE),
        (101, 0.0, REGRESSION),
        (99, 0.0, IMPROVEMENT),
        (108, 0.08, PASS),
        (92, 0.08, PASS),
        (109, 0.08, INCONCLUSIVE),
        (116, 0.08, INCONCLUSIVE),
        (117, 0.08, REGRESSION),
        (83, 0.08, IMPROVEMENT),
    ],
)
def test_elsewhere_a_change_is_held_against_what_machines_change(head, tolerance, verdict):
    assert judge(100, head, Limit(), True, tolerance)[0] is verdict
    here = PASS if head == 100 else REGRESSION if head > 100 else IMPROVEMENT
    assert judge(100, head, Limit(), False, tolerance)[0] is here


def test_elsewhere_the_limit_holds_as_well():
    assert judge(100, 110, Limit(0, 0.1), True, None)[0] is PASS
    assert judge(100, 111, Limit(0, 0.1), True, 0.0)[0] is REGRESSION


def test_where_a_change_is_tolerated_its_place_is_told(rows, measured, elsewhere):
    base, head = measured(), measured(steps=420, environment=elsewhere)
    comparison, found = rows(base, head, tolerances={"adam": Tolerance(0.05)})
    assert (comparison.exit_code, found["steps"].elsewhere) == (0, ("blas kernel",))


MORE_STEPS = ({}, {"steps": 420})
ANOTHER_LOSS = ({"status": "finished", "loss": 1.0}, {"status": "finished", "loss": 1.001})
JUST_MISSED = ({"steps": 4900}, {"status": "finished", "steps": 5000})


@pytest.mark.parametrize(
    ("sides", "known", "code"),
    [
        (MORE_STEPS, {"adam": Tolerance(0.05), "lbfgs": Tolerance(0.5)}, 0),
        (MORE_STEPS, {"lbfgs": Tolerance(counts=0.5)}, 3),
        (MORE_STEPS, {"adam": Tolerance()}, 1),
        (MORE_STEPS, {"adam": Tolerance(0.05, stable=False)}, 3),
        (ANOTHER_LOSS, {"adam": Tolerance(0.5, loss=1e-2)}, 0),
        (ANOTHER_LOSS, {"adam": Tolerance(0.5, loss=6e-4)}, 3),
        (ANOTHER_LOSS, {"adam": Tolerance(0.5, loss=1e-4)}, 1),
        (JUST_MISSED, {"adam": Tolerance(0.02)}, 3),
        (JUST_MISSED, {"adam": Tolerance(0.01)}, 1),
        (JUST_MISSED, {"adam": Tolerance(stable=False)}, 3),
        (JUST_MISSED, None, 3),
        (({"steps": 4900}, {"status": "failed", "steps": 5000}), None, 1),
    ],
)
def test_elsewhere_an_optimizer_has_its_own_tolerance(
    rows, measured, elsewhere, sides, known, code
):
    base, head = measured(**sides[0]), measured(**sides[1], environment=elsewhere)
    assert rows(base, head, tolerances=known)[0].exit_code == code


def test_what_decides_nothing_leaves_verdicts_exact_and_is_told(rows, measured):
    base = measured()
    head = measured(steps=401, environment=base.environment | {"machine": "two"})
    comparison, found = rows(base, head)
    assert (comparison.exit_code, found["steps"].elsewhere) == (1, ())
    (told,) = comparison.differences
    assert (str(told), told.decides) == ("machine one → two", False)


# ---- refused


def test_an_empty_base_is_refused(source, measured):
    with pytest.raises(StoreError, match="found no trials"):
        compare(source(), source(measured()))


def test_two_stores_with_nothing_in_common_are_refused(source, measured):
    with pytest.raises(StoreError, match="a and b have no trial in common"):
        compare(source(measured("sgd"), path="a"), source(measured("adam"), path="b"))


def test_a_baseline_of_another_study_is_refused(source, measured):
    for study, said in (
        ({"name": "large", "seed": 0}, "name of the study is 'small', and 'large' in"),
        ({"name": "small", "seed": 7}, "seed of the study is 0, and 7 in"),
    ):
        with pytest.raises(StoreError, match=said):
            compare(source(measured(), kind="baseline"), source(measured(), study=study))
    assert compare(source(measured()), source(measured(), study={"name": "large"})).exit_code == 0


def test_another_dtype_is_refused(source, measured):
    with pytest.raises(StoreError, match="measured in float32, and there in float64 "):
        compare(source(measured(dtype="float32")), source(measured(), path="there"))


@pytest.mark.parametrize(("lbfgs", "adam", "code"), [(110, 100, 0), (111, 100, 1), (100, 102, 1)])
def test_limits_of_some_trials_are_theirs_alone(source, measured, lbfgs, adam, code):
    ten = Override({"steps": Limit(0, 0.1), "gradients": Limit(math.inf)}, optimizer="lbfgs*")
    limits = Limits({"steps": Limit(0, 0.01)}, (ten,))
    base = source(measured("lbfgs:memory=3", steps=100), measured("adam", steps=100))
    head = source(measured("lbfgs:memory=3", steps=lbfgs), measured("adam", steps=adam))
    assert compare(base, head, limits).exit_code == code
