"""What messages call a trial."""

import pytest

from optframe import Study, load_plugins
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
