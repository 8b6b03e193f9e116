"""The residuals, their first and their second derivatives, and what follows from them."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optframe
import optframe_problems
from optframe import load_plugins
from optframe.errors import UsageError
from optframe_problems.function_bases.many_residuals import ManyResiduals
from optframe_problems.function_bases.sum_of_squares import SumOfSquares
from optframe_problems.functions.engval1 import Engval1

REGISTRY = load_plugins()


def registered(kind):
    for name in optframe_problems.optframe_problems():
        component = REGISTRY.load("problems", name)
        if issubclass(component, kind):
            yield pytest.param(component, id=name)


COMPONENTS = list(registered(SumOfSquares))
IN_ANY_DIMENSION = [*registered(ManyResiduals), *registered(Engval1)]


@pytest.fixture(params=COMPONENTS)
def problem(request, bind):
    return bind(request.param())


@pytest.fixture
def theta(problem, random):
    point = np.asarray(problem.start(random)) + 0.1 * random.standard_normal(problem.size)
    return point.astype(np.longdouble)


def derivative(function, theta, step=1e-4):
    """The derivative by each coordinate, on a new last axis: fourth order, extended precision."""
    shift = step * np.eye(theta.size, dtype=np.longdouble)
    near = np.stack([function(theta + s) - function(theta - s) for s in shift], axis=-1)
    far = np.stack([function(theta + 2 * s) - function(theta - 2 * s) for s in shift], axis=-1)
    return (8 * near - far) / (12 * step)


def test_there_are_all_of_them():
    assert len(COMPONENTS) == 25
    assert len(IN_ANY_DIMENSION) == 10


def test_loss_is_the_sum_of_the_squares_of_the_residuals(problem, theta):
    residuals = problem.residuals(theta)
    assert residuals.ndim == 1
    assert_allclose(problem.loss(theta), residuals @ residuals, rtol=1e-13)


def test_jacobian_is_the_derivative_of_the_residuals(problem, theta):
    expected = derivative(problem.residuals, theta)
    scale = 1 + abs(expected).max(axis=1, keepdims=True)  # each residual by its own measure
    assert_allclose(problem.jacobian(theta) / scale, expected / scale, rtol=0, atol=1e-8)


def test_curvature_is_the_derivative_of_the_jacobian_under_weights(problem, theta, random):
    weights = random.standard_normal(problem.residuals(theta).size)
    expected = np.einsum("i,ijk->jk", weights, derivative(problem.jacobian, theta))
    curvature = problem.curvature(theta, weights)
    scale = 1 + abs(expected).max()
    assert_allclose(curvature / scale, expected / scale, rtol=0, atol=1e-8)


def test_gradient_and_hessian_follow_from_the_residuals(problem, theta):
    residuals, jacobian = problem.residuals(theta), problem.jacobian(theta)
    gradient = 2 * jacobian.T @ residuals
    squares, curvature = jacobian.T @ jacobian, problem.curvature(theta, residuals)
    largest = (abs(jacobian).T @ abs(residuals)).max()
    assert_allclose(problem.gradient(theta), gradient, rtol=0, atol=1e-14 * largest)
    largest = max(squares.max(), abs(curvature).max())
    assert_allclose(problem.hessian(theta), 2 * (squares + curvature), rtol=0, atol=1e-14 * largest)


def test_residuals_and_derivatives_of_many_runs_are_those_of_each(problem, random):
    start = np.asarray(problem.start(random))
    theta = start + 0.1 * random.standard_normal((2, 3, problem.size))
    residuals, jacobian = problem.residuals(theta), problem.jacobian(theta)
    curvature = problem.curvature(theta, residuals)
    for run in np.ndindex(2, 3):
        alone = problem.residuals(theta[run])
        assert_allclose(residuals[run], alone, rtol=1e-14, atol=1e-14)
        assert_allclose(jacobian[run], problem.jacobian(theta[run]), rtol=1e-13, atol=1e-14)
        expected = problem.curvature(theta[run], alone)
        tolerance = 1e-13 * (1 + abs(expected).max())
        assert_allclose(curvature[run], expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("component", IN_ANY_DIMENSION)
def test_gradients_and_products_need_no_matrix(component, bind, random):
    """With 10,000 parameters a matrix has 800 MB; a hundred vectors have 8."""
    size = 10_000
    problem = bind(component(size=size))
    theta = problem.asarray(problem.start(random))
    v = random.standard_normal(size)
    problem.gradient(theta)  # makes the constants
    tracemalloc.start()
    try:
        problem.loss_and_gradient(theta)
        problem.hvp(theta, v)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * 8 * size


@pytest.mark.parametrize("component", IN_ANY_DIMENSION)
def test_products_with_one_v_or_one_theta_serve_many_runs(component, bind, random):
    problem = bind(component())
    theta = np.asarray(problem.start(random)) + 0.1 * random.standard_normal((3, problem.size))
    v = random.standard_normal((3, problem.size))
    one_theta = [problem.hvp(theta[0], each) for each in v]
    one_v = [problem.hvp(each, v[0]) for each in theta]
    assert_allclose(problem.hvp(theta[0], v), one_theta, rtol=1e-12, atol=1e-12)
    assert_allclose(problem.hvp(theta, v[0]), one_v, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "size", "mistake"),
    [
        ("rosenbrock-extended", 5, "size 5; expected a multiple of 2"),
        ("rosenbrock-chained", 1, "expected a whole number ≥ 2, found 1"),
        ("engval1", 1, "expected a whole number ≥ 2, found 1"),
        ("trigonometric", 0, "expected a whole number ≥ 1, found 0"),
        ("beale", 2, "unknown parameter 'size'"),
    ],
)
def test_a_dimension_that_it_does_not_have_is_refused(name, size, mistake):
    with pytest.raises(UsageError, match=mistake):
        optframe.make(name, size=size)
