import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression

from optframe_problems.regression.softmax import Softmax


@pytest.fixture
def problem(bind):
    return bind(Softmax("three-clouds", l2=0.3))


def test_loss_is_the_cross_entropy_worked_out_directly(problem, random):
    theta = random.standard_normal(problem.size)
    batch = problem.draw(slice(0, 9), None)
    matrix = theta.reshape(6, 3)
    odds = np.exp(batch.inputs[:, :5] @ matrix[:5] + matrix[5])
    right = odds[np.arange(9), batch.targets] / odds.sum(axis=1)
    expected = -np.log(right).mean() + 0.15 * (matrix[:5] ** 2).sum()
    assert_allclose(problem.loss(theta, batch), expected, rtol=1e-12)


def test_accuracy_counts_the_highest_scores(problem, random):
    theta = random.standard_normal(problem.size)
    batch = problem.training
    best = (batch.inputs @ theta.reshape(6, 3)).argmax(axis=1)
    expected = np.mean(best == batch.targets)
    assert problem.metrics(theta)["accuracy"] == pytest.approx(expected, rel=1e-15)


def test_scikit_learns_optimum_is_ours(bind):
    problem = bind(Softmax(l2=0.01))
    train = problem.dataset.train
    reference = LogisticRegression(C=1 / (0.01 * len(train)), solver="newton-cg", tol=1e-10)
    reference.fit(train.inputs, train.targets)
    theta = np.vstack([reference.coef_.T, reference.intercept_]).ravel()
    assert np.linalg.norm(problem.gradient(theta, problem.training)) < 1e-6
    test = problem.dataset.test
    assert problem.metrics(theta)["test_accuracy"] == pytest.approx(
        reference.score(test.inputs, test.targets), rel=1e-15
    )
