import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression

from optframe_problems.regression.logistic import Logistic
from optframe_problems.regression.softmax import Softmax


@pytest.fixture
def problem(bind):
    return bind(Softmax("three-clouds", l2=0.3))


def test_loss_at_zero_is_ln_10_for_ten_classes(bind):
    problem = bind(Softmax())
    start = problem.start(np.random.default_rng(0))
    assert_array_equal(start, np.zeros(650))
    assert not problem.draws_start
    assert_allclose(problem.loss(start, problem.training), 2.302585092994046, rtol=1e-14)


def test_loss_is_the_cross_entropy_worked_out_directly(problem, random):
    theta = random.standard_normal(problem.size)
    batch = problem.draw(slice(0, 9), None)
    matrix = theta.reshape(6, 3)
    odds = np.exp(batch.inputs[:, :5] @ matrix[:5] + matrix[5])
    right = odds[np.arange(9), batch.targets] / odds.sum(axis=1)
    expected = -np.log(right).mean() + 0.15 * (matrix[:5] ** 2).sum()
    assert_allclose(problem.loss(theta, batch), expected, rtol=1e-12)


def test_objective_is_flat_along_equal_shifts_of_all_classes(bind, random):
    problem = bind(Softmax("three-clouds"))
    theta = random.standard_normal(problem.size)
    shift = np.repeat(random.standard_normal(6), 3)
    loss = problem.loss(theta, problem.training)
    assert_allclose(problem.loss(theta + shift, problem.training), loss, rtol=1e-12)
    assert_allclose(problem.hvp(theta, shift, problem.training), 0, atol=1e-14)


def test_two_classes_are_logistic_regression(bind, random):
    """softmax of (0, z) is (σ(−z), σ(z))."""
    softmax, logistic = bind(Softmax("breast-cancer")), bind(Logistic("breast-cancer"))
    w = random.standard_normal(31)
    theta = np.stack([np.zeros(31), w], axis=1).ravel()
    ours, theirs = (
        p.loss_and_gradient(t, p.training) for p, t in ((softmax, theta), (logistic, w))
    )
    assert_allclose(ours[0], theirs[0], rtol=1e-12)
    assert_allclose(ours[1].reshape(31, 2)[:, 1], theirs[1], rtol=1e-9, atol=1e-13)


def test_accuracy_counts_the_highest_scores(problem, random):
    theta = random.standard_normal(problem.size)
    batch = problem.training
    best = (batch.inputs @ theta.reshape(6, 3)).argmax(axis=1)
    expected = np.mean(best == batch.targets)
    assert problem.metrics(theta)["train_accuracy"] == pytest.approx(expected, rel=1e-15)


def test_scikit_learns_optimum_is_ours(bind):
    problem = bind(Softmax(l2=0.01))
    train = problem.dataset.train
    reference = LogisticRegression(C=1 / (0.01 * len(train)), tol=1e-10, max_iter=10_000)
    reference.fit(train.inputs, train.targets)
    theta = np.vstack([reference.coef_.T, reference.intercept_]).ravel()
    assert np.linalg.norm(problem.gradient(theta, problem.training)) < 1e-6
    test = problem.dataset.test
    assert problem.metrics(theta)["test_accuracy"] == pytest.approx(
        reference.score(test.inputs, test.targets), rel=1e-15
    )
