import dataclasses
import math

import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.nadam import NAdam


@pytest.mark.parametrize("psi", [0.004, 0.1])
@pytest.mark.parametrize("inside", [False, True])
def test_it_follows_dozats_formula(assert_follows, random, inside, psi):
    lr, eps = random.uniform(0.01, 0.1), 0.03
    beta1, beta2 = random.uniform(0.5, 0.95), random.uniform(0.8, 0.999)

    def mu(t):
        return beta1 * (1 - 0.5 * 0.96 ** (t * psi))

    def rule(theta):
        m = v = 0.0
        t = 0
        while True:
            gradient = yield theta, theta
            t += 1
            m = beta1 * m + (1 - beta1) * gradient
            v = beta2 * v + (1 - beta2) * gradient**2
            product = math.prod(mu(i) for i in range(1, t + 1))
            m_hat = mu(t + 1) * m / (1 - product * mu(t + 1))
            m_hat += (1 - mu(t)) * gradient / (1 - product)
            v_hat = v / (1 - beta2**t)
            root = math.sqrt(v_hat + eps) if inside else math.sqrt(v_hat) + eps
            theta = theta - lr * m_hat / root

    assert_follows(NAdam(lr, beta1, beta2, eps, inside, momentum_decay=psi), rule)


def test_without_a_decay_it_follows_optaxs_formula(assert_follows, random):
    lr, eps = random.uniform(0.01, 0.1), 0.03
    beta1, beta2 = random.uniform(0.5, 0.95), random.uniform(0.8, 0.999)

    def rule(theta):
        m = v = 0.0
        t = 0
        while True:
            gradient = yield theta, theta
            t += 1
            m = beta1 * m + (1 - beta1) * gradient
            v = beta2 * v + (1 - beta2) * gradient**2
            m_hat = beta1 * m / (1 - beta1 ** (t + 1)) + (1 - beta1) * gradient / (1 - beta1**t)
            theta = theta - lr * m_hat / (math.sqrt(v / (1 - beta2**t)) + eps)

    assert_follows(NAdam(lr, beta1, beta2, eps, momentum_decay=0.0), rule)


def test_without_a_decay_of_the_momentum_all_ways_to_say_so_agree():
    """0 and 0.0, alone and in a batch whose other run has a decay."""
    runs = [
        optframe.minimize("rosenbrock", NAdam(momentum_decay=zero), steps=20, iterates=True)
        for zero in (0.0, 0, np.float32(0))
    ]
    for run in runs[1:]:
        np.testing.assert_array_equal(run.iterates, runs[0].iterates)
    one = NAdam()
    decays = np.array([[0.0], [0.004]])
    both = dataclasses.replace(one, momentum_decay=decays)._momentum(np, 3)
    alone = [dataclasses.replace(one, momentum_decay=d)._momentum(np, 3) for d in (0.0, 0.004)]
    np.testing.assert_allclose(both[:, 0], alone, rtol=1e-15)
