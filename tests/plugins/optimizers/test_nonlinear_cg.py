"""Nonlinear conjugate gradients with steps of a given length, where no two formulas agree."""

from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import Point, Search
from optframe.testing.standard_problems import Bowl
from optframe_plugins.optimizers.nonlinear_cg import NonlinearCG

CURVATURES = np.array([1.0, 2.0, 3.5, 7.0])
LENGTH = 0.05


@dataclass(frozen=True)
class Given(Search):
    """Goes LENGTH times the direction, whatever is there."""

    def along(self, start, direction, slope, first, oracle):
        theta = start.theta + LENGTH * direction
        loss, gradient = oracle.loss_and_gradient(theta)
        return Point(theta, float(loss), gradient)


BETAS = {
    "fr": lambda new, g, d: new @ new / (g @ g),
    "pr+": lambda new, g, d: max(0.0, new @ (new - g) / (g @ g)),
    "hs": lambda new, g, d: new @ (new - g) / (d @ (new - g)),
    "dy": lambda new, g, d: new @ new / (d @ (new - g)),
}


def path(formula, theta0):
    method = NonlinearCG(formula, Given())
    bowl = Bowl(np.diag(CURVATURES), np.zeros(4))
    return optframe.minimize(bowl, method, steps=10, theta0=theta0, iterates=True).iterates


@pytest.mark.parametrize("formula", BETAS)
def test_it_follows_its_formula(formula, random):
    start = random.uniform(0.5, 2, 4) * random.choice([-1.0, 1.0], 4)
    theta, g = start, CURVATURES * start
    d = -g
    for found in path(formula, start)[1:]:
        if g @ d >= 0:  # no direction of descent
            d = -g
        theta = theta + LENGTH * d
        np.testing.assert_allclose(found, theta, rtol=1e-9, atol=1e-12)
        new = CURVATURES * theta
        d = BETAS[formula](new, g, d) * d - new
        g = new


def test_after_short_steps_the_default_forgets_the_past(random):
    """With t < 1/L, g'·(g' − g) = −t·g'·Ag < 0: all steps are the steepest descent's."""
    start = random.uniform(0.5, 2, 4)
    k = np.arange(11)[:, None]
    expected = (1 - LENGTH * CURVATURES) ** k * start
    np.testing.assert_allclose(path("pr+", start), expected, rtol=1e-12)
