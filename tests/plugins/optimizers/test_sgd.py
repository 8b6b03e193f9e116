import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.sgd import SGD
from optframe_problems.functions.quadratic import Quadratic


def test_it_follows_its_formula(assert_follows, random):
    lr = random.uniform(0.01, 0.5)

    def rule(theta):
        while True:
            theta = theta - lr * (yield theta, theta)

    assert_follows(SGD(lr=lr), rule)


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_it_is_stable_up_to_two_over_the_largest_eigenvalue(factor):
    problem = Quadratic(size=3, condition=50.0)
    found = optframe.minimize(
        problem, SGD(lr=factor * 2 / 50), steps=2000, theta0=[0.0, 0.0, 1.0], iterates=True
    )
    growth = abs(found.iterates[1:, 2] / found.iterates[:-1, 2])
    np.testing.assert_allclose(growth[:300], abs(1 - 2 * factor), rtol=1e-9)
    assert (found.status == "diverged") is (factor > 1)
    if factor < 1:
        assert np.linalg.norm(found.theta) < 1e-15
