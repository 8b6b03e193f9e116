"""What changes between machines is measured as it is."""

import pytest

from optframe.gate.tolerance import Tolerance, Tolerances, changes, plain


def test_the_largest_change_of_any_run_on_any_machine_is_kept(measured):
    here = [measured("adam", steps=100), measured("adam", "booth", steps=200), measured("sgd")]
    first = [measured("adam", steps=104), measured("adam", "booth", steps=200), measured("sgd")]
    second = [measured("adam", steps=100), measured("adam", "booth", steps=190), measured("sgd")]
    assert changes(here, [first, second]) == {"adam": Tolerance(0.05), "sgd": Tolerance()}


def test_a_change_is_rounded_up(measured):
    found = changes([measured(steps=300)], [[measured(steps=301)]])["adam"].counts
    assert 1 / 300 <= found == 0.00334


@pytest.mark.parametrize(("there", "loss"), [(1.5, 0.5), (0.5, 0.5), (1.0 + 1e-13, 0.0)])
def test_the_loss_counts_after_equally_many_steps(measured, there, loss):
    here = measured(loss=1.0)
    assert changes([here], [[measured(loss=there)]])["adam"] == Tolerance(loss=loss)
    longer = changes([here], [[measured(loss=there, steps=500)]])["adam"]
    assert longer == Tolerance(counts=0.25)


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ({"status": "converged"}, {"status": "finished"}),
        ({"hvps": 0}, {"hvps": 1}),
        ({"loss": 0.0}, {"loss": 1e-3}),
    ],
)
def test_what_has_no_ratio_is_not_stable(measured, base, head):
    assert not changes([measured(**base)], [[measured(**head)]])["adam"].stable
    assert not changes([measured(**base)], [[measured(**base)], [measured(**head)]])["adam"].stable


def test_only_the_optimizers_that_are_left_keep_theirs():
    known = Tolerances({"adam": Tolerance(0.1), "sgd": Tolerance()}, ("old",))
    assert known.of(["sgd", "lion"]) == Tolerances({"sgd": Tolerance()}, ("old",))
    assert known.of(["lion"]) == Tolerances()
    assert plain(known)["optimizers"]["adam"] == {"counts": 0.1, "loss": 0.0, "stable": True}
