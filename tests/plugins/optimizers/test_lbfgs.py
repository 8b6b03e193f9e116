"""L-BFGS against the matrix that its last pairs make."""

import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.lbfgs import LBFGS
from optframe_problems.functions.rosenbrock_chained import RosenbrockChained

PROBLEM = RosenbrockChained(size=6)


def matrix(pairs, scale):
    """H from the pairs, oldest first, by equation 6.17 of Nocedal and Wright, from γI or I."""
    size = PROBLEM.size
    s, y = pairs[-1]
    inverse = np.eye(size) * (s @ y / (y @ y) if scale else 1.0)
    for s, y in pairs:
        rho = 1 / (y @ s)
        assert rho > 0
        left = np.eye(size) - rho * np.outer(s, y)
        inverse = left @ inverse @ left.T + rho * np.outer(s, s)
    return inverse


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("memory", [1, 2, 5, 20])
def test_steps_are_along_the_matrix_of_the_last_pairs(memory, scale, random):
    start = random.uniform(-1.5, 1.5, PROBLEM.size)
    found = optframe.minimize(PROBLEM, LBFGS(memory, scale), steps=14, theta0=start, iterates=True)
    theta = found.iterates
    gradients = PROBLEM.gradient(theta)
    pairs = list(zip(np.diff(theta, axis=0), np.diff(gradients, axis=0), strict=True))
    np.testing.assert_allclose(unit(pairs[0][0]), unit(-gradients[0]), atol=1e-9)
    for k in range(1, len(pairs)):
        direction = -matrix(pairs[max(0, k - memory) : k], scale) @ gradients[k]
        np.testing.assert_allclose(unit(pairs[k][0]), unit(direction), atol=1e-6)


def unit(vector):
    return vector / np.linalg.norm(vector)
