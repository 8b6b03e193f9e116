import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.functions.quadratic import Quadratic


@pytest.fixture(params=["numpy", "strict", pytest.param("cupy", marks=pytest.mark.gpu)])
def backend(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["straight", "rotated"])
def problem(request, bind):
    return bind(Quadratic(size=6, condition=50.0, rotate=request.param))


@pytest.fixture
def theta(random):
    return random.standard_normal((4, 3, 6))


def test_starts_at_ones(problem):
    assert_array_equal(problem.start(np.random.default_rng(0)), np.ones(6))
    assert not problem.draws_start


def test_minimum_is_zero_at_zero(problem):
    assert problem.loss(problem.minimizer) == problem.minimum == 0
    assert_array_equal(problem.gradient(problem.minimizer), np.zeros(6))


def test_loss_on_a_case_worked_by_hand(bind):
    problem = bind(Quadratic(size=3, condition=9.0, spectrum="linspace"))
    assert problem.loss(np.array([1.0, 2.0, -1.0])) == 0.5 * (1 * 1 + 5 * 4 + 9 * 1)
    assert_array_equal(problem.gradient(np.array([1.0, 2.0, -1.0])), [1, 10, -9])


@pytest.mark.parametrize("rotate", [False, True])
@pytest.mark.parametrize(
    ("spectrum", "eigenvalues"),
    [
        ("linspace", [1, 25.75, 50.5, 75.25, 100]),
        ("logspace", [1, 10**0.5, 10, 10**1.5, 100]),
        ("clustered", [1, 1.05, 1.1, 100 / 1.1, 100]),
    ],
)
def test_hessian_has_the_eigenvalues_asked_for(bind, spectrum, eigenvalues, rotate):
    problem = bind(Quadratic(5, 100.0, spectrum, rotate))
    hessian = problem.hessian(np.zeros(5))
    assert_allclose(np.linalg.eigvalsh(hessian), eigenvalues, rtol=1e-12)
    assert_allclose(np.linalg.cond(hessian), 100, rtol=1e-11)


@pytest.mark.parametrize("spectrum", ["linspace", "logspace", "clustered"])
@pytest.mark.parametrize("rotate", [False, True])
def test_one_parameter_and_condition_one_work(bind, spectrum, rotate):
    alone = bind(Quadratic(1, 100.0, spectrum, rotate))
    assert_allclose(alone.hessian(np.ones(1)), [[1.0]], rtol=1e-15)
    assert_allclose(alone.gradient(np.array([3.0])), [3.0], rtol=1e-15)
    round_bowl = bind(Quadratic(4, 1.0, spectrum, rotate))
    assert_allclose(round_bowl.hessian(np.ones(4)), np.eye(4), atol=1e-15)


def test_rotation_is_drawn_from_the_settings_seed(bind):
    asked = Quadratic(size=4, rotate=True)
    first, again, other = (bind(asked, seed=seed).hessian(np.ones(4)) for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert abs(first - other).max() > 0.1
    assert asked.draws_instance
    assert not Quadratic().draws_instance


def test_rotations_are_uniform_over_orthogonal_matrices(bind):
    """Of a uniform unit vector q in d dimensions, E q = 0 and E q⁴ = 3 / (d (d + 2)).

    With κ = 2 and P = 2, A − I = qqᵀ for the second eigenvector q, so A₁₁ − 1 = q₁² has mean ½
    and second moment 3/8, and A₁₂ = q₁q₂ has mean 0.
    """
    matrices = np.array(
        [
            bind(Quadratic(2, 2.0, rotate=True), seed=seed).hessian(np.ones(2))
            for seed in range(2000)
        ]
    )
    q = matrices[:, 0, 0] - 1
    assert q.mean() == pytest.approx(1 / 2, abs=0.03)
    assert (q * q).mean() == pytest.approx(3 / 8, abs=0.03)
    assert matrices[:, 0, 1].mean() == pytest.approx(0, abs=0.03)


def test_gradient_is_the_complex_step_derivative(problem, theta):
    steps = 1e-30j * np.eye(6)
    expected = [problem.loss(theta + step).imag / 1e-30 for step in steps]
    assert_allclose(problem.gradient(theta), np.stack(expected, -1), rtol=1e-11, atol=1e-12)


def test_hessian_is_the_complex_step_derivative_of_the_gradient(problem, theta):
    steps = 1e-30j * np.eye(6)
    expected = [problem.gradient(theta + step).imag / 1e-30 for step in steps]
    hessian = problem.hessian(theta)
    assert hessian.shape == (4, 3, 6, 6)
    assert_allclose(hessian, np.stack(expected, -1), rtol=1e-11, atol=1e-12)
    assert_array_equal(hessian, hessian.mT)


def test_hvp_is_the_hessian_times_v(problem, theta, random):
    v = random.standard_normal(theta.shape)
    expected = (problem.hessian(theta) @ v[..., None])[..., 0]
    assert_allclose(problem.hvp(theta, v), expected, rtol=1e-11, atol=1e-11)


def test_partials_are_the_gradients_entries(problem, theta):
    gradient = problem.gradient(theta)
    for i in range(6):
        assert_allclose(problem.partial(theta, i), gradient[..., i], rtol=1e-11, atol=1e-12)


def test_coordinate_minimum_makes_the_partial_derivative_zero(problem, theta):
    for i in range(6):
        moved = theta.copy()
        moved[..., i] = problem.coordinate_minimum(theta, i)
        assert_allclose(problem.partial(moved, i), 0, atol=1e-12)
        assert (problem.loss(moved) <= problem.loss(theta)).all()


def test_loss_and_gradient_are_both(problem, theta):
    loss, gradient = problem.loss_and_gradient(theta)
    assert_array_equal(loss, problem.loss(theta))
    assert_array_equal(gradient, problem.gradient(theta))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rotate", [False, True])
def test_runs_together_equal_runs_alone(
    theta, random, bind, backend, dtype, rotate, on_device, to_numpy
):
    problem = bind(Quadratic(6, 50.0, rotate=rotate), dtype, backend)
    v = random.standard_normal(theta.shape)

    def answers(theta, v):
        return {
            "loss": problem.loss(theta),
            "gradient": problem.gradient(theta),
            "hessian": problem.hessian(theta),
            "hvp": problem.hvp(theta, v),
            "partial": problem.partial(theta, 2),
            "coordinate_minimum": problem.coordinate_minimum(theta, 2),
        }

    together = answers(*on_device(problem, theta, v))
    for run in np.ndindex(theta.shape[:-1]):
        alone = answers(*on_device(problem, theta[run], v[run]))
        for word in together:
            answer = to_numpy(problem, together[word])
            assert answer.dtype == dtype
            expected = to_numpy(problem, alone[word])
            assert_array_equal(answer[run], expected, err_msg=word)
