import math

import numpy as np

from optframe_plugins.optimizers.lion import Lion


def test_it_follows_its_formula(assert_follows, random):
    lr, decay = random.uniform(0.01, 0.1), random.uniform(0.1, 0.5)
    beta1, beta2 = random.uniform(0.5, 0.95), random.uniform(0.5, 0.99)

    def rule(theta):
        m = 0.0
        while True:
            gradient = yield theta, theta
            c = beta1 * m + (1 - beta1) * gradient
            theta = theta - lr * (math.copysign(1.0, c) + decay * theta)
            m = beta2 * m + (1 - beta2) * gradient

    assert_follows(Lion(lr, beta1, beta2, decay), rule)


def test_every_step_has_the_length_of_the_learning_rate(iterate, random):
    found = iterate(Lion(lr=0.25), random.standard_normal((40, 3)), np.zeros(3), 40)
    np.testing.assert_array_equal(abs(np.diff(found.iterates, axis=0)), 0.25)
