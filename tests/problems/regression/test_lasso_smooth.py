import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Lasso

from optframe_problems.regression.lasso_smooth import LassoSmooth
from optframe_problems.regression_bases.penalties import SmoothAbsolute, SquaredNorm

STRENGTHS = np.array([0.5, 2.0, 0.0])


def test_the_penalty_is_the_rounded_absolute_value():
    """√(3² + 4²) − 4 = 1 and √(12² + 5²) is 13, less 5 is 8; the last weight counts nothing."""
    theta = np.array([[3.0, -3.0, 7.0], [12.0, 0.0, 1.0]])
    found = [SmoothAbsolute(STRENGTHS, mu).value(np, theta) for mu in (4.0, 5.0)]
    assert_allclose(found[0][0], 0.5 * 1 + 2 * 1, rtol=1e-15)
    assert_allclose(found[1][1], 0.5 * 8, rtol=1e-15)


@pytest.mark.parametrize("penalty", [SmoothAbsolute(STRENGTHS, 0.3), SquaredNorm(STRENGTHS)])
def test_derivatives_are_the_slopes_of_what_they_derive(penalty, random, slope):
    theta = random.standard_normal(3)
    gradient = slope(lambda t: penalty.value(np, t), theta)
    hessian = slope(lambda t: penalty.gradient(np, t), theta)
    assert_allclose(penalty.gradient(np, theta), gradient, atol=1e-8)
    assert_allclose(np.diag(penalty.curvature(np, theta)), hessian, atol=1e-7)


def test_tiny_weights_lose_no_digits():
    """√(w² + μ²) − μ → w²/2μ, where the difference of the roots is only rounding."""
    penalty = SmoothAbsolute(np.array([1.0]), 1.0)
    assert_allclose(penalty.value(np, np.array([1e-9])), 5e-19, rtol=1e-14)


def test_the_distance_to_the_lasso_is_bounded_everywhere(bind, random):
    """0 ≤ f_lasso − f ≤ λdμ."""
    problem = bind(LassoSmooth("numbers", l1=0.7, smoothing=0.05))
    theta = random.standard_normal((50, 6)) * random.choice([1e-3, 1e-1, 10], (50, 1))
    mean, _ = problem.measure(theta, problem.training)
    lasso = mean + 0.7 * abs(theta[:, :5]).sum(axis=1)
    distance = lasso - problem.loss(theta, problem.training)
    assert (distance >= 0).all()
    assert (distance <= 0.7 * 5 * 0.05).all()
    assert distance.max() > 0.1 * 0.7 * 5 * 0.05


@pytest.mark.parametrize("l1", [0.1, 1.0, 20.0])
@pytest.mark.parametrize("smoothing", [1e-2, 1e-5])
def test_scikit_learns_lasso_is_within_the_bound_of_our_minimum(l1, smoothing, bind):
    problem = bind(LassoSmooth("diabetes", l1=l1, smoothing=smoothing))
    train = problem.dataset.train
    fit = Lasso(alpha=l1, tol=1e-14, max_iter=100_000).fit(train.inputs, train.targets)
    errors = fit.predict(train.inputs) - train.targets
    lasso = (errors**2).mean() / 2 + l1 * abs(fit.coef_).sum()
    assert -1e-9 <= lasso - problem.minimum <= l1 * 10 * smoothing
    theta = np.append(fit.coef_, fit.intercept_)
    assert problem.minimum <= problem.loss(theta, problem.training) * (1 + 1e-12)
