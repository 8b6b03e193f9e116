"""What the docstrings say about the points at which methods stop."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize

from optframe import make
from optframe_problems.minima import descend


def newton(problem, theta):
    """The stationary point, of any kind, that Newton's method reaches from nearby."""
    theta = np.array(theta, float)
    for _ in range(30):
        step, *_ = np.linalg.lstsq(problem.hessian(theta), problem.gradient(theta), rcond=1e-13)
        theta = theta - step
    return theta


def bfgs(problem):
    start = np.asarray(problem.start(None), float)
    found = minimize(problem.loss, start, jac=problem.gradient, method="BFGS", tol=1e-10)
    return found.x


def eigenvalues(problem, theta):
    return np.linalg.eigvalsh(problem.hessian(np.asarray(theta, float)))


def test_freudenstein_roth_has_a_local_minimum_in_closed_form():
    problem, root = make("freudenstein-roth"), math.sqrt(22)
    local = np.array([(53 - 4 * root) / 3, (2 - root) / 3])
    assert_allclose(problem.gradient(local), 0, atol=1e-12)
    assert eigenvalues(problem, local)[0] > 0
    assert problem.loss(local) == pytest.approx(48.98425, abs=5e-6)
    assert_allclose(bfgs(problem), local, rtol=1e-6)


def test_trigonometric_leads_to_a_local_minimum():
    problem = make("trigonometric")
    local = newton(problem, bfgs(problem))
    assert problem.loss(local) == pytest.approx(2.79506e-5, abs=5e-11)
    assert_allclose(problem.gradient(local), 0, atol=1e-13)
    assert eigenvalues(problem, local)[0] > 0.06


@pytest.mark.parametrize(("size", "value"), [(4, 3.70143), (10, 3.98658)])
def test_rosenbrock_chained_has_a_local_minimum(size, value):
    problem = make("rosenbrock-chained", size=size)
    local = descend(problem, np.array([-1.0] + [1.0] * (size - 1)))
    assert problem.loss(local) == pytest.approx(value, abs=5e-6)
    assert_allclose(problem.gradient(local), 0, atol=1e-10)
    assert eigenvalues(problem, local)[0] > 0


@pytest.mark.parametrize("size", [2, 3])
def test_rosenbrock_chained_has_no_local_minimum_below_four(size, random):
    problem = make("rosenbrock-chained", size=size)
    for _ in range(20):
        found = descend(problem, random.uniform(-2, 2, size))
        assert_allclose(found, 1, rtol=1e-6)


def test_biggs_exp6_leads_to_a_saddle_not_a_minimum():
    problem = make("biggs-exp6")
    start = np.array(problem.start(None))
    exchanged = [4, 1, 5, 3, 0, 2]  # (x₁, x₃) with (x₅, x₆)
    assert_array_equal(start[exchanged], start)
    gradient = problem.gradient(start)
    assert_allclose(gradient[exchanged], gradient, rtol=1e-14)
    saddle = newton(problem, [1.7114, 17.6832, 1.1631, 5.1866, 1.7114, 1.1631])
    assert problem.loss(saddle) == pytest.approx(5.65565e-3, abs=5e-9)
    assert_allclose(problem.gradient(saddle), 0, atol=1e-14)
    assert eigenvalues(problem, saddle)[0] == pytest.approx(-0.0098, abs=5e-5)
    down = np.linalg.eigh(problem.hessian(saddle)).eigenvectors[:, 0]
    assert problem.loss(saddle + 0.1 * down) < problem.loss(saddle) - 1e-5


def test_biggs_exp6_has_its_minimum_with_terms_exchanged_too():
    assert make("biggs-exp6").loss(np.array([4.0, 10, 3, 5, 1, 1])) == pytest.approx(0, abs=1e-30)


def test_wood_has_a_saddle():
    problem = make("wood")
    saddle = newton(problem, [-0.968, 0.947, -0.970, 0.951])
    assert problem.loss(saddle) == pytest.approx(7.87697, abs=5e-6)
    assert_allclose(saddle, [-0.968, 0.947, -0.970, 0.951], atol=5e-4)
    assert_allclose(eigenvalues(problem, saddle)[[0, -1]], [-0.12, 952.56], atol=5e-3)


def test_box_3d_has_other_minima(random):
    problem = make("box-3d")
    same = random.uniform(0, 20)
    for minimizer in ([10, 1, -1], [same, same, 0]):
        assert problem.loss(np.array(minimizer, float)) == pytest.approx(0, abs=1e-30)


@pytest.mark.parametrize("size", [3, 5, 10])
def test_brown_almost_linear_is_flat_where_only_the_product_fails(size):
    problem, flat = make("brown-almost-linear", size=size), np.zeros(size)
    flat[-1] = size + 1
    assert problem.loss(flat) == 1
    assert_array_equal(problem.gradient(flat), 0)


@pytest.mark.parametrize("size", [3, 5, 10])
def test_brown_almost_linear_is_zero_for_each_root_of_its_polynomial(size):
    roots = np.roots([size, -(size + 1), *[0] * (size - 2), 1])
    for root in roots[abs(roots.imag) < 1e-12].real:
        if abs(root - 1) > 0.01:
            minimizer = np.full(size, root)
            minimizer[-1] = root ** (1 - size)
            assert make("brown-almost-linear", size=size).loss(minimizer) == pytest.approx(
                0, abs=1e-20
            )
            break
    else:
        pytest.fail("there is no other root")


@pytest.mark.parametrize("size", [3, 10])
def test_dixon_price_is_flat_where_it_has_no_minimum(size):
    problem, flat = make("dixon-price", size=size), np.zeros(size)
    flat[0] = 1 / 3
    assert problem.loss(flat) == pytest.approx(2 / 3, rel=1e-15)
    assert_allclose(problem.gradient(flat), 0, atol=1e-15)
    assert eigenvalues(problem, flat)[0] >= 0
    lower = np.zeros(size)
    lower[-1] = 0.5 * 0.1 ** (0.5 ** (size - 2))
    for i in range(size - 2, 0, -1):
        lower[i] = 2 * lower[i + 1] ** 2
    lower[0] = 1 / 3
    assert problem.loss(lower) < 2 / 3 - 1e-6


@pytest.mark.parametrize("size", [2, 3, 10])
def test_dixon_price_has_a_mirrored_minimum(size):
    mirrored = np.array(make("dixon-price", size=size).minimizer)
    mirrored[-1] *= -1
    assert make("dixon-price", size=size).loss(mirrored) == pytest.approx(0, abs=1e-28)


@pytest.mark.parametrize(("size", "value"), [(4, "2.24997"), (10, "7.08765")])
def test_penalty_i_has_the_published_minimum(size, value):
    assert f"{make('penalty-i', size=size).minimum * 1e5:.9f}".startswith(value)


@pytest.mark.parametrize("size", [1, 2, 4, 10, 1000])
def test_penalty_i_has_the_lowest_root_of_its_cubic(size):
    problem = make("penalty-i", size=size)
    roots = np.roots([4 * size, 0, 2e-5 - 1, -2e-5])
    losses = problem.loss(roots.real[:, None] * np.ones(size))
    assert problem.minimum == pytest.approx(losses.min(), rel=1e-9)
    assert problem.minimizer == pytest.approx([roots.real[losses.argmin()]] * size, rel=1e-12)


def test_kowalik_osborne_depends_on_how_u_is_rounded():
    problem = make("kowalik-osborne")
    assert f"{problem.minimum * 1e4:.6f}".startswith("3.07505")
    y = problem._data[1]
    problem.__dict__["_data"] = (1 / np.array([0.25, 0.5, 1, 2, 4, 6, 8, 10, 12, 14, 16]), y)
    other = descend(problem, np.array(problem.minimizer))
    assert problem.loss(other) == pytest.approx(3.07486e-4, abs=5e-10)


@pytest.mark.parametrize("size", [2, 10, 50, 100])
def test_engval1_has_the_minimum_to_which_newtons_method_leads(size):
    problem = make("engval1", size=size)
    found = descend(problem, np.array(problem.start(None)))
    assert problem.loss(found) == pytest.approx(problem.minimum, rel=1e-13, abs=1e-25)
    assert eigenvalues(problem, found)[0] > -1e-12


def test_engval1_claims_no_minimum_that_was_not_computed():
    assert make("engval1", size=11).minimum is None
    assert make("engval1", size=11).minimizer is None


def test_powell_singular_has_a_hessian_of_rank_two_at_its_minimum():
    assert np.linalg.matrix_rank(make("powell-singular").hessian(np.zeros(4))) == 2


def test_powell_badly_scaled_is_nearly_singular_at_its_minimum():
    problem = make("powell-badly-scaled")
    condition = np.linalg.cond(problem.jacobian(np.array(problem.minimizer))) ** 2
    assert condition == pytest.approx(7e17, rel=0.05)


def test_helical_valley_turns_where_x1_is_zero_and_jumps_on_one_side():
    problem = make("helical-valley")
    above = problem.residuals(np.array([[1e-12, 1, 0], [0, 1, 0], [-1e-12, 1, 0]]))
    assert_allclose(above[:, 0], -25, rtol=1e-10)
    below = problem.residuals(np.array([[1e-12, -1, 0], [-1e-12, -1, 0]]))
    assert_allclose(below[:, 0], [25, -75], rtol=1e-10)


def test_discrete_boundary_approaches_the_differential_equations_solution():
    """With the second difference's error of order h², half the h has a quarter of the error."""
    errors = []
    for size in (49, 99):
        t = np.arange(1, size + 1) / (size + 1)
        errors.append(
            abs(make("discrete-boundary", size=size).minimizer - (2 / (2 - t) - t - 1)).max()
        )
    assert errors[0] < 1e-4
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.01)


@pytest.mark.parametrize("name", ["broyden-tridiagonal", "discrete-boundary"])
@pytest.mark.parametrize("size", [1, 2, 10, 100])
def test_roots_have_the_precision_of_the_residuals(name, size):
    problem = make(name, size=size)
    assert abs(problem.residuals(problem.minimizer)).max() < 4e-15


def test_rosenbrock_has_the_published_hessian_at_its_minimum():
    hessian = make("rosenbrock").hessian(np.ones(2))
    assert_array_equal(hessian, [[802, -400], [-400, 200]])
    assert np.linalg.cond(hessian) == pytest.approx(2508.0, abs=0.1)


def test_zakharovs_hessian_at_its_minimum_is_twice_one_plus_an_outer_product():
    w = np.array([0.5, 1, 1.5])
    hessian = make("zakharov", size=3).hessian(np.zeros(3))
    assert_array_equal(hessian, 2 * np.eye(3) + 2 * np.outer(w, w))
    assert_allclose(np.linalg.cond(hessian), 1 + w @ w, rtol=1e-13)
