import math

import numpy as np
import pytest

from optframe_plugins.optimizers.adagrad import AdaGrad


@pytest.mark.parametrize("eps", [0.0, 1e-7, 0.5])
def test_on_a_constant_gradient_steps_fall_with_the_root_of_their_number(iterate, eps):
    g, lr = np.array([3.0, -0.02, 1e-3]), 0.1
    found = iterate(AdaGrad(lr=lr, eps=eps), g, np.zeros(3), 200)
    t = np.arange(1, 201)[:, None]
    expected = -lr * g / (eps + abs(g) * np.sqrt(t))
    np.testing.assert_allclose(np.diff(found.iterates, axis=0), expected, rtol=1e-10)
    np.testing.assert_allclose(found.state.r, 200 * g**2, rtol=1e-13)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("eps", [1e-7, 0.3])
def test_it_follows_its_formula(assert_follows, random, eps, inside):
    lr = random.uniform(0.05, 0.5)

    def rule(theta):
        r = 0.0
        while True:
            gradient = yield theta, theta
            r += gradient**2
            root = math.sqrt(r + eps) if inside else eps + math.sqrt(r)
            theta -= lr * gradient / root

    assert_follows(AdaGrad(lr=lr, eps=eps, eps_inside_root=inside), rule)
