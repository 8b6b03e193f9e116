import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.lbfgs import LBFGS
from optframe_plugins.optimizers.newton import Newton
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.wrappers.maximize import Maximize


@pytest.mark.parametrize("inner", [SGD(0.1), Adam(0.1)])
def test_its_steps_are_those_on_the_negative_loss(iterate, random, inner):
    gradients, start = random.standard_normal((20, 4)), random.standard_normal(4)
    found = iterate(Maximize(inner), gradients, start, 20).iterates
    np.testing.assert_array_equal(found, iterate(inner, -gradients, start, 20).iterates)


def test_it_climbs_to_a_maximum():
    hill = optframe.FunctionProblem(
        loss=lambda x: -float((x - 3) @ (x - 3)),
        gradient=lambda x: -2 * (x - 3),
        theta0=np.zeros(2),
    )
    found = optframe.minimize(hill, "sgd:lr=0.1+maximize", steps=200)
    np.testing.assert_allclose(found.theta, 3, rtol=1e-12)


@pytest.mark.parametrize(("inner", "needs"), [(LBFGS(), "loss"), (Newton(), "hessian")])
def test_an_optimizer_that_needs_more_than_gradients_is_refused(inner, needs):
    name = type(inner).__name__
    with pytest.raises(ValueError, match=f"gradients alone, but {name} needs {needs}; expected"):
        Maximize(inner)
