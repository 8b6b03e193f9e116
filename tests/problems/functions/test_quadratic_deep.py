import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chi2

import optframe
from optframe_problems.functions.quadratic_deep import QuadraticDeep


@pytest.fixture
def problem(bind):
    return bind(QuadraticDeep(size=20, count=50), seed=3)


@pytest.fixture
def records(problem):
    """Each record alone: the mean of one is itself."""
    return np.array([problem.draw(np.array([i]), None).center for i in range(50)])


def test_spectrum_is_nine_tenths_small_and_one_tenth_large(bind):
    eigenvalues = np.linalg.eigvalsh(bind(QuadraticDeep()).hessian(np.ones(100), None))
    assert ((eigenvalues > 0) & (eigenvalues < 1)).sum() == 90
    assert ((eigenvalues > 30) & (eigenvalues < 60)).sum() == 10


def test_records_have_the_standard_deviation_asked_for(bind):
    problem = bind(QuadraticDeep())
    draws = np.array([problem.draw(slice(i, i + 1), None).center for i in range(1000)])
    low, high = chi2.ppf([1e-9, 1 - 1e-9], draws.size)
    assert low < (draws**2).sum() / 0.36 < high
    assert problem.records == 1000


def test_loss_is_the_mean_over_the_batchs_records(problem, records, random):
    theta, rows = random.standard_normal((4, 20)), random.integers(50, size=7)
    batch = problem.draw(rows, None)
    q = problem.hessian(theta[0], batch)
    away = theta[:, None] - records[rows]
    expected = 0.5 * np.einsum("rbi,ij,rbj->rb", away, q, away).mean(axis=-1)
    assert_allclose(problem.loss(theta, batch), expected, rtol=1e-12)
    gradient = (away @ q).mean(axis=1)
    assert_allclose(problem.gradient(theta, batch), gradient, rtol=1e-10, atol=1e-12)
    assert_array_equal(problem.loss_and_gradient(theta, batch)[0], problem.loss(theta, batch))
    assert_allclose(problem.hvp(theta, theta, batch), theta @ q, rtol=1e-10, atol=1e-12)
    assert_allclose(problem.partial(theta, 3, batch), gradient[:, 3], rtol=1e-10, atol=1e-12)
    moved = theta.copy()
    moved[:, 3] = problem.coordinate_minimum(theta, 3, batch)
    assert_allclose(problem.partial(moved, 3, batch), np.zeros(4), atol=1e-12)


def test_minimum_is_at_the_mean_of_all_records(problem, records):
    assert_allclose(problem.minimizer, records.mean(axis=0), rtol=1e-12)
    metrics = problem.metrics(problem.minimizer)
    assert metrics["loss"] == pytest.approx(problem.minimum, rel=1e-13)
    away = records - records.mean(axis=0)
    q = problem.hessian(away[0], None)
    assert problem.minimum == pytest.approx(0.5 * np.trace(q @ away.T @ away) / 50, rel=1e-12)
    whole = problem.draw(slice(None), None)
    assert_allclose(problem.gradient(problem.minimizer, whole), np.zeros(20), atol=1e-13)


def test_test_loss_is_the_expected_loss_of_a_new_record(problem, random):
    theta = random.standard_normal(20)
    q = problem.hessian(theta, None)
    away = theta - 0.6 * random.standard_normal((200_000, 20))
    losses = 0.5 * ((away @ q) * away).sum(axis=-1)
    error = losses.std() / len(losses) ** 0.5
    assert problem.metrics(theta)["test_loss"] == pytest.approx(losses.mean(), abs=6 * error)


def test_gradient_descent_ends_at_the_minimum_and_newton_at_once():
    newton = optframe.minimize("quadratic-deep", "newton", steps=1, sampler="full").loss
    descent = optframe.minimize("quadratic-deep", "sgd:lr=0.03", steps=300, sampler="full").loss
    assert newton <= descent < 1.01 * newton
