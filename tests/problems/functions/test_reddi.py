import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe_problems.functions.reddi import Reddi

IN_TURN = "sequential:batch_size=1"


def losing(optimizer, steepness, lr=0.01):
    """The setting of the paper's theorem 1."""
    return f"{optimizer}:lr={lr},beta1=0.0,beta2={1 / (1 + steepness**2)!r}"


@pytest.mark.parametrize("steepness", [2.5, 4.0, 8.0])
@pytest.mark.parametrize("sampler", [IN_TURN, "single", "with-replacement:batch_size=1"])
def test_adam_ends_at_the_wrong_wall_and_amsgrad_at_the_right_one(steepness, sampler):
    problem = Reddi(steepness)
    adam, amsgrad = (
        optframe.minimize(problem, losing(name, steepness), steps=4000, sampler=sampler)
        for name in ("adam", "amsgrad")
    )
    assert_allclose(adam.theta, [1], atol=0.2)
    assert_allclose(amsgrad.theta, problem.minimizer, atol=0.2)
    assert amsgrad.loss < problem.minimum / 2 < 0 < adam.loss


def test_the_papers_projected_adam_returns_to_the_worst_point_after_every_third_step(bind):
    """Theorem 1's proof: with x₁ = 1 and steps α/√t, x₃ₖ₊₁ = 1 for every k."""
    steepness = 3.0
    problem = bind(Reddi(steepness))
    beta2 = 1 / (1 + steepness**2)
    rate = 0.9 * (1 - beta2) ** 0.5
    x, v, worst = np.ones(1), 0.0, []
    for t in range(1, 301):
        batch = problem.draw(np.array([(t - 1) % 3]), None)
        g = problem.gradient(x, batch)
        v = beta2 * v + (1 - beta2) * g * g
        x = problem.project(x - rate / t**0.5 * g / np.sqrt(v), batch)
        worst.append(x[0])
    assert_allclose(worst[2::3], 1, atol=1e-12)
    assert max(worst[0::3]) < 1


def test_records_are_the_papers_three_losses(random, bind):
    problem = bind(Reddi(steepness=5.0))
    x = random.uniform(-1, 1, (4, 1))
    for index, slope in enumerate((5, -1, -1)):
        batch = problem.draw(slice(index, index + 1), None)
        assert_allclose(problem.loss(x, batch), slope * x[:, 0], rtol=1e-14)
        assert_array_equal(problem.gradient(x, batch), np.full((4, 1), slope))
    assert_allclose(problem.metrics(x)["loss"], x[:, 0], rtol=1e-14)  # (C − 2)/3 = 1


def test_minimum_is_where_the_left_wall_holds_the_mean_slope(bind):
    problem = bind(Reddi(steepness=8.0, wall=10.0))
    assert_allclose(problem.minimizer, [-1.2], rtol=1e-15)
    assert problem.metrics(problem.minimizer)["loss"] == pytest.approx(problem.minimum, rel=1e-14)
    axis = np.linspace(-3, 3, 1001)[:, None]
    assert problem.metrics(axis)["loss"].min() >= problem.minimum
    whole = problem.draw(None, None)
    assert_allclose(problem.gradient(problem.minimizer, whole), [0], atol=1e-14)


def test_curvature_is_that_of_the_walls(random, bind):
    problem = bind(Reddi(wall=7.0))
    whole, x = problem.draw(None, None), np.array([[-1.5], [0.3], [2.0]])
    assert_array_equal(problem.hessian(x, whole), [[[7]], [[0]], [[7]]])
    assert_array_equal(problem.hvp(x, 2 * x, whole), [[-21], [0], [28]])
    steps = (problem.loss(x + 1e-6, whole) - problem.loss(x - 1e-6, whole)) / 2e-6
    assert_allclose(problem.gradient(x, whole)[:, 0], steps, atol=1e-8)
    assert_allclose(problem.partial(x, 0, whole), steps, atol=1e-8)
