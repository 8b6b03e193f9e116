import numpy as np
import pytest

from optframe import load_plugins
from optframe_plugins.protocols.deepobs import DeepOBS


def test_its_learning_rates_are_36_on_a_logarithmic_grid():
    (field,) = DeepOBS().space("sgd", {}, ("lr",)).items()
    tuner = load_plugins().make("tuners", "grid", {"points": 36})
    rates = [one["lr"] for one in tuner.ask(dict([field]), [], DeepOBS.trials, 0)]
    np.testing.assert_allclose(rates, np.logspace(-5, 2, 36), rtol=5e-6)


@pytest.mark.parametrize(
    ("given", "fields", "tuned"),
    [
        ({}, ("lr", "momentum"), ["lr"]),
        ({"momentum": 0.5}, ("learning_rate", "b1"), ["learning_rate"]),
        ({"lr": 0.1}, ("lr",), []),
        ({}, ("damping",), []),
    ],
)
def test_it_tunes_the_learning_rate_and_nothing_else(given, fields, tuned):
    assert list(DeepOBS().space("some", given, fields)) == tuned
