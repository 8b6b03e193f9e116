import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.functions.rosenbrock import Rosenbrock


@pytest.fixture(params=["numpy", "strict", pytest.param("cupy", marks=pytest.mark.gpu)])
def backend(request):
    return request.param


@pytest.fixture
def theta(random):
    return random.uniform(-2, 2, (4, 3, 2))


def test_starts_at_the_published_point(bind):
    problem = bind(Rosenbrock())
    start = problem.start(np.random.default_rng(0))
    assert_array_equal(start, [-1.2, 1.0])
    assert problem.loss(start) == pytest.approx(24.2, rel=1e-15)
    assert not problem.draws_start
    assert not problem.draws_instance


def test_minimum_is_zero_at_one_one(bind):
    problem = bind(Rosenbrock())
    assert problem.loss(problem.minimizer) == problem.minimum == 0
    assert_array_equal(problem.gradient(problem.minimizer), [0, 0])


def test_hessian_at_the_minimum_is_the_published_one(bind):
    hessian = bind(Rosenbrock()).hessian(np.ones(2))
    assert_array_equal(hessian, [[802, -400], [-400, 200]])
    assert np.linalg.cond(hessian) == pytest.approx(2508.0, abs=0.1)


def test_loss_is_the_published_formula(random, bind):
    x, y = random.uniform(-2, 2, 2)
    expected = 100 * (y - x**2) ** 2 + (1 - x) ** 2
    assert_allclose(bind(Rosenbrock()).loss(np.array([x, y])), expected, rtol=1e-14)


def test_gradient_is_the_complex_step_derivative(theta, bind):
    problem = bind(Rosenbrock())
    steps = 1e-30j * np.eye(2)
    expected = [problem.loss(theta + step).imag / 1e-30 for step in steps]
    assert_allclose(problem.gradient(theta), np.stack(expected, -1), rtol=1e-12, atol=1e-12)


def test_hessian_is_the_complex_step_derivative_of_the_gradient(theta, bind):
    problem = bind(Rosenbrock())
    steps = 1e-30j * np.eye(2)
    expected = [problem.gradient(theta + step).imag / 1e-30 for step in steps]
    hessian = problem.hessian(theta)
    assert_allclose(hessian, np.stack(expected, -1), rtol=1e-12, atol=1e-12)
    assert_array_equal(hessian, hessian.mT)


def test_hvp_is_the_hessian_times_v(theta, random, bind):
    problem = bind(Rosenbrock())
    v = random.standard_normal(theta.shape)
    expected = (problem.hessian(theta) @ v[..., None])[..., 0]
    assert_allclose(problem.hvp(theta, v), expected, rtol=1e-12, atol=1e-10)


def test_partials_are_the_gradients_entries(theta, bind):
    problem = bind(Rosenbrock())
    gradient = problem.gradient(theta)
    for i in range(2):
        assert_array_equal(problem.partial(theta, i), gradient[..., i])


def test_loss_and_gradient_are_both(theta, bind):
    problem = bind(Rosenbrock())
    loss, gradient = problem.loss_and_gradient(theta)
    assert_array_equal(loss, problem.loss(theta))
    assert_array_equal(gradient, problem.gradient(theta))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_runs_together_equal_runs_alone(theta, random, bind, backend, dtype, on_device, to_numpy):
    problem = bind(Rosenbrock(), dtype, backend)
    v = random.standard_normal(theta.shape)
    together, other = on_device(problem, theta, v)
    answers = {
        "loss": problem.loss(together),
        "gradient": problem.gradient(together),
        "hessian": problem.hessian(together),
        "hvp": problem.hvp(together, other),
        "partial": problem.partial(together, 0),
    }
    for run in np.ndindex(theta.shape[:-1]):
        alone, w = on_device(problem, theta[run], v[run])
        expected = {
            "loss": problem.loss(alone),
            "gradient": problem.gradient(alone),
            "hessian": problem.hessian(alone),
            "hvp": problem.hvp(alone, w),
            "partial": problem.partial(alone, 0),
        }
        for word, answer in answers.items():
            answer = to_numpy(problem, answer)
            assert answer.dtype == dtype
            assert_array_equal(answer[run], to_numpy(problem, expected[word]), err_msg=word)
