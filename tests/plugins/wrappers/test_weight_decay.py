import numpy as np
import pytest

from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.adamw import AdamW
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.wrappers.weight_decay import WeightDecay


@pytest.mark.parametrize("size", [4, 40_000])
def test_with_gradient_descent_it_is_an_l2_penalty(iterate, random, size):
    lr, decay = 0.1, 0.02
    slopes, start = random.random(size), random.standard_normal(size)
    found = iterate(WeightDecay(SGD(lr), decay), lambda theta, k: slopes * theta, start, 20)
    penalized = iterate(SGD(lr), lambda theta, k: slopes * theta + decay / lr * theta, start, 20)
    np.testing.assert_allclose(found.iterates, penalized.iterates, rtol=1e-12)


def test_around_adam_it_is_adamw(iterate, random):
    gradients, start = random.standard_normal((50, 4)), random.standard_normal(4)
    found = iterate(WeightDecay(Adam(lr=0.1), 0.1 * 0.3), gradients, start, 50)
    adamw = iterate(AdamW(lr=0.1, weight_decay=0.3), gradients, start, 50)
    np.testing.assert_allclose(found.iterates, adamw.iterates, rtol=1e-12, atol=1e-14)
