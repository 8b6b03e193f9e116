import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.delta_bar_delta import DeltaBarDelta


@pytest.mark.parametrize("smoothing", [0.0, 0.7])
def test_it_follows_jacobs_formula(assert_follows, random, smoothing):
    lr, increase, decrease = 0.1, random.uniform(0.001, 0.01), random.uniform(0.1, 0.5)

    def rule(theta):
        rate, average = lr, 0.0
        while True:
            gradient = yield theta, theta
            if average * gradient > 0:
                rate += increase
            elif average * gradient < 0:
                rate *= 1 - decrease
            theta = theta - rate * gradient
            average = smoothing * average + (1 - smoothing) * gradient

    assert_follows(DeltaBarDelta(lr, increase, decrease, smoothing), rule)


def test_on_a_constant_gradient_the_rates_grow_in_a_line_from_the_second_step_on(iterate):
    g = np.array([3.0, -0.5])
    found = iterate(DeltaBarDelta(lr=0.1, increase=0.02), g, np.zeros(2), 50)
    t = np.arange(51)[:, None]
    np.testing.assert_allclose(found.state.rates, 0.1 + 0.02 * 49, rtol=1e-13)
    np.testing.assert_allclose(found.iterates, -g * (0.1 * t + 0.02 * t * (t - 1) / 2), rtol=1e-12)


def test_an_alternating_gradient_shrinks_the_rates(iterate):
    g = np.resize([1.0, -1.0], (20, 1))
    found = iterate(DeltaBarDelta(lr=0.1, decrease=0.5, smoothing=0.0), g, np.zeros(1), 20)
    np.testing.assert_allclose(found.state.rates, 0.1 * 0.5**19, rtol=1e-13)


def test_minibatches_are_refused():
    with pytest.raises(optframe.UsageError, match="deterministic"):
        optframe.minimize("softmax", "delta-bar-delta", steps=2)
    found = optframe.minimize("softmax", "delta-bar-delta:lr=0.1", steps=20, sampler="full")
    assert found.loss < 2.0
