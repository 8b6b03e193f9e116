"""What messages call a trial, and which trials are the same."""

from dataclasses import replace

import pytest

from optframe import Study, load_plugins
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import trial_name


@pytest.mark.parametrize(
    ("labels", "seed", "name"),
    [
        (("sgd:lr=0.1", "rosenbrock"), None, "sgd:lr=0.1 on rosenbrock"),
        (("sgd", "rosenbrock", "none"), 0, "sgd on rosenbrock, seed 0"),
        (("sgd", "softmax", "full"), None, "sgd on softmax, full"),
        (("sgd", "softmax", "full"), 3, "sgd on softmax, full, seed 3"),
    ],
)
def test_a_trials_name_is_made_of_its_labels(labels, seed, name):
    assert trial_name(*labels, seed=seed) == name


def test_a_trial_has_a_name_and_a_pair_without_sampler_and_seed():
    study = Study("x", {"steps": 1}, "adam:lr=0.1", "softmax:data=iris", ["full"])
    (trial,) = study.trials(load_plugins())
    assert trial.pair == "adam:lr=0.1 on softmax:data=iris"
    assert trial.name == "adam:lr=0.1 on softmax:data=iris, full, seed 0"
    study = Study("x", {"steps": 1}, "adam", "rosenbrock", start="random", seeds=2)
    assert study.trials(load_plugins())[1].name == "adam on rosenbrock, seed 1"


def test_trials_of_tuning_are_no_judged_ones_and_their_draws_are_others():
    study = Study("x", {"steps": 1}, "adam", "rosenbrock", start="random", seed=7)
    (final,) = study.trials(load_plugins())
    tuned = replace(final, stage="tune", study=0, number=3, round=0)
    again = replace(final, study=0, number=3)
    assert final.seeds == again.seeds == Seeds(7, 0)
    assert tuned.seeds == Seeds(7, 0, 0)
    assert replace(tuned, study=1).seeds == Seeds(7, 0, 1)
    assert final.key == again.key
    assert replace(tuned, number=5, round=2).key == tuned.key
    assert len({final.key, tuned.key, replace(tuned, study=1).key}) == 3


def test_a_trial_with_other_fields_is_the_one_that_dataclasses_make():
    study = Study("x", {"steps": 1}, "adam", "rosenbrock", start="random", seed=7)
    (trial,) = study.trials(load_plugins())
    before = trial.key, trial.cell
    fields = {"seed": 3, "stage": "tune", "study": 0, "number": 5, "round": 1}
    other, same = trial.but(**fields), replace(trial, **fields)
    assert other == same
    assert (other.key, other.cell) == (same.key, same.cell)
    assert (trial.key, trial.cell) == before
    assert hash(other) == hash(same)


def test_the_keys_of_trials_without_tuning_are_what_they_were():
    """A store that a person has must be found again by every later version."""
    study = Study("x", {"steps": 1}, "adam", "rosenbrock", start="random", seed=7)
    (trial,) = study.trials(load_plugins())
    assert trial.cell == "11272303fc9999be9ee19e6f145c86dd"
