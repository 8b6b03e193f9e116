import math

import numpy as np
import pytest

from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.adamw import AdamW


def test_without_decay_it_is_adam(iterate, random):
    gradients, start = random.standard_normal((50, 4)), random.standard_normal(4)
    adam = iterate(Adam(lr=0.1), gradients, start, 50)
    found = iterate(AdamW(lr=0.1, weight_decay=0.0), gradients, start, 50)
    np.testing.assert_array_equal(found.iterates, adam.iterates)


def test_without_a_gradient_only_the_decay_is_left(iterate):
    found = iterate(AdamW(lr=0.1, weight_decay=0.5), np.zeros(2), [1.0, -4.0], 30)
    t = np.arange(31)[:, None]
    np.testing.assert_allclose(found.iterates, 0.95**t * [1.0, -4.0], rtol=1e-13)


@pytest.mark.parametrize("inside", [True, False])
def test_it_follows_its_formula(assert_follows, random, inside):
    lr, decay, eps = random.uniform(0.01, 0.1), random.uniform(0.1, 0.5), 0.03
    beta1, beta2 = random.uniform(0.5, 0.95), random.uniform(0.8, 0.999)

    def rule(theta):
        m = v = 0.0
        t = 0
        while True:
            gradient = yield theta, theta
            t += 1
            theta = theta - lr * decay * theta
            m = beta1 * m + (1 - beta1) * gradient
            v = beta2 * v + (1 - beta2) * gradient**2
            m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
            root = math.sqrt(v_hat + eps) if inside else math.sqrt(v_hat) + eps
            theta = theta - lr * m_hat / root

    optimizer = AdamW(lr, beta1, beta2, eps=eps, eps_inside_root=inside, weight_decay=decay)
    assert_follows(optimizer, rule)
