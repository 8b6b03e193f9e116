import numpy as np
import pytest

from optframe_plugins.protocols.sivaprasad import Sivaprasad

DECAYED = {"wrap": [{"name": "clip-norm", "max": 1.0}, {"name": "weight-decay"}]}
DECAY_GIVEN = {"wrap": [{"name": "weight-decay", "decay": 1e-5}]}
ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


@pytest.mark.parametrize(
    ("optimizer", "given", "mean", "deviation", "others"),
    [
        ("sgd", {}, -2.0958, 1.3122, []),
        ("momentum", {}, -2.3790, 1.4131, ["momentum"]),
        ("momentum", {"momentum": 0.9}, -2.3422, 1.5525, []),
        ("momentum", {"momentum": 0.9, **DECAY_GIVEN}, -2.4544, 1.3641, []),
        ("momentum", DECAYED, -2.4382, 1.2040, ["momentum", "weight-decay.decay"]),
        ("momentum", DECAY_GIVEN, -2.4382, 1.2040, ["momentum"]),
        ("adagrad", {}, -2.0046, 1.2045, []),
        ("adam", ADAM, -3.0212, 1.2709, []),
        ("adam", {}, -2.6968, 1.4209, ["beta1", "beta2", "eps"]),
        ("adam", {"eps": 1e-8}, -2.6968, 1.4209, ["beta1", "beta2"]),
    ],
)
def test_the_priors_are_those_of_the_paper(optimizer, given, mean, deviation, others):
    space = Sivaprasad().space(optimizer, given, ("lr",))
    assert (space["lr"].mean, space["lr"].deviation) == (mean, deviation)
    assert list(space) == ["lr", *others]


def test_the_ends_are_those_of_the_paper():
    space = Sivaprasad().space("adam", {}, ())
    np.testing.assert_allclose([1 - u for u in space["beta2"].ends], [1e-1, 1e-5], rtol=1e-9)
    assert space["eps"].ends == (1e-8, 1.0)
    assert Sivaprasad().space("momentum", DECAYED, ())["weight-decay.decay"].ends == (1e-5, 0.1)


def test_a_given_learning_rate_is_not_tuned():
    assert Sivaprasad().space("sgd", {"lr": 0.1}, ("lr",)) == {}


def test_other_optimizers_have_the_spaces_that_they_declare():
    assert Sivaprasad().space("lion", {}, ("lr",)) is None
