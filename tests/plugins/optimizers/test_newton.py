"""Newton's method, and its regularized form."""

import numpy as np
import pytest

import optframe
from optframe import FunctionProblem
from optframe_plugins.optimizers.newton import Newton
from optframe_plugins.optimizers.regularized_newton import RegularizedNewton
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock


def saddle(second=-1.0):
    """f = ½(2x² + λ₂y²), without a lower bound where λ₂ is negative."""
    curvatures = np.array([2.0, second])
    return FunctionProblem(
        loss=lambda theta: 0.5 * theta @ (curvatures * theta),
        gradient=lambda theta: curvatures * theta,
        hessian=lambda theta: np.diag(curvatures),
        theta0=[1.0, 0.5],
    )


@pytest.mark.parametrize("seed", range(3))
def test_newton_needs_one_step_on_a_quadratic(seed):
    problem = Quadratic(size=7, condition=1e4, rotate=True)
    found = optframe.minimize(problem, Newton(), steps=1, seed=seed)
    assert abs(found.theta).max() < 1e-11
    assert (found.counts.gradients, found.counts.hessians) == (1, 1)


def test_newton_converges_quadratically_on_rosenbrock():
    found = optframe.minimize(Rosenbrock(), Newton(), steps=7, iterates=True)
    error = np.linalg.norm(found.iterates - 1, axis=1)
    assert error[-1] < 1e-12
    assert error[-2] < 10 * error[-3] ** 2


def test_newton_is_drawn_to_the_saddle():
    found = optframe.minimize(saddle(), Newton(), steps=1)
    np.testing.assert_array_equal(found.theta, [0.0, 0.0])


def test_a_singular_hessian_ends_the_run():
    found = optframe.minimize(saddle(0.0), Newton(), steps=10)
    assert found.status == "stopped"
    assert "singular" in found.reason
    np.testing.assert_array_equal(found.theta, [1.0, 0.5])


@pytest.mark.parametrize(
    ("damping", "escapes"), [(0.51, True), (0.9, True), (3.0, True), (0.49, False)]
)
def test_regularized_newton_escapes_where_the_damping_is_above_half_of_the_curvature(
    damping, escapes
):
    # Along λ₂ = −1 a step multiplies by 1 − λ₂/(λ₂ + α) = α/(α − 1).
    found = optframe.minimize(saddle(), RegularizedNewton(damping), steps=60, iterates=True)
    factor = damping / (damping - 1)
    expected = 0.5 * factor ** np.arange(found.iterates.shape[0])
    np.testing.assert_allclose(found.iterates[:, 1], expected, rtol=1e-9)
    assert (abs(found.iterates[-1, 1]) > 0.5) == escapes


def test_without_damping_it_is_newton():
    newton = optframe.minimize(Rosenbrock(), Newton(), steps=5, iterates=True)
    found = optframe.minimize(Rosenbrock(), RegularizedNewton(0.0), steps=5, iterates=True)
    np.testing.assert_array_equal(found.iterates, newton.iterates)


def test_with_much_damping_it_is_gradient_descent():
    alpha = 1e9
    found = optframe.minimize(Rosenbrock(), RegularizedNewton(alpha), steps=1)
    start = np.array([-1.2, 1.0])
    np.testing.assert_allclose(
        found.theta - start, -Rosenbrock().gradient(start) / alpha, rtol=1e-5
    )


def test_minibatches_have_hessians_too():
    found = optframe.minimize(
        "softmax:l2=0.01", RegularizedNewton(0.1), steps=5, sampler="shuffled:batch_size=200"
    )
    assert found.loss < 1.0 < np.log(10)
