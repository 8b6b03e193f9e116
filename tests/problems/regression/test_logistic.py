from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression

from optframe import UsageError
from optframe_problems.regression.logistic import Logistic


@pytest.fixture
def problem(bind):
    return bind(Logistic("three-clouds", l2=0.3))


def test_loss_is_the_cross_entropy_worked_out_directly(problem, bind, random):
    theta = random.standard_normal(problem.size)
    batch = problem.draw(slice(0, 9), None)
    margins = np.where(batch.targets > 0, 1, -1) * (batch.inputs[:, :5] @ theta[:5] + theta[5])
    right = 1 / (1 + np.exp(-margins))
    expected = -np.log(right).mean() + 0.15 * (theta[:5] ** 2).sum()
    assert_allclose(problem.loss(theta, batch), expected, rtol=1e-12)


def test_both_tails_are_exact(bind):
    """One record per class, with margins ±700: log(1 + e⁻⁷⁰⁰) = e⁻⁷⁰⁰ = σ(−700)."""
    problem = bind(Logistic("three-clouds", positive=(0,)))
    for row in (0, 1):
        batch = problem.draw(np.array([row]), None)
        sign, bias = batch.targets[0], np.zeros(6)
        bias[5] = 700 * sign
        assert_allclose(problem.loss(bias, batch), np.exp(-700.0), rtol=1e-14)
        assert_allclose(problem.gradient(bias, batch)[5], -sign * np.exp(-700.0), rtol=1e-14)
        assert_allclose(problem.loss(-bias, batch), 700, rtol=1e-15)
        assert_allclose(problem.gradient(-bias, batch)[5], -sign, rtol=1e-15)


def test_accuracy_counts_records_on_their_side_of_the_plane(problem):
    theta = np.array([0, 0, 0, 0, 1.0, -1.0])
    batch = problem.training
    expected = np.mean((batch.inputs[:, 4] > 1) == (batch.targets > 0))
    assert problem.metrics(theta)["accuracy"] == pytest.approx(expected, rel=1e-15)


def test_at_zero_every_record_is_taken_for_negative(problem):
    expected = np.mean(problem.training.targets < 0)
    assert problem.metrics(np.zeros(6))["accuracy"] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("data", "positive", "expected"),
    [
        ("breast-cancer", (), {1}),
        ("digits", (), {5, 6, 7, 8, 9}),
        ("three-clouds", (), {2}),
        ("digits", (3,), {3}),
        ("digits", (8, 0), {0, 8}),
    ],
)
def test_positive_classes(data, positive, expected, bind):
    problem = bind(Logistic(data, positive=positive))
    labels = problem.dataset.train.targets
    assert set(labels[problem.training.targets == 1]) == expected
    assert set(labels[problem.training.targets == -1]) == set(labels) - expected


@pytest.mark.parametrize("positive", [(10,), (-1,), tuple(range(10))])
def test_impossible_positive_classes_are_refused(positive, bind):
    problem = bind(Logistic("digits", positive=positive))
    with pytest.raises(UsageError, match="some but not all of the classes 0 to 9"):
        problem.draw(slice(None), None)


@pytest.mark.parametrize("data", ["breast-cancer", "digits"])
def test_scikit_learns_optimum_is_ours(data, bind):
    problem = bind(Logistic(data, l2=0.1))
    train = problem.dataset.train
    reference = LogisticRegression(C=1 / (0.1 * len(train)), solver="newton-cholesky", tol=1e-12)
    reference.fit(train.inputs, problem.training.targets)
    theta = np.concatenate([reference.coef_[0], reference.intercept_])
    assert np.linalg.norm(problem.gradient(theta, problem.training)) < 1e-9
    assert problem.minimum == pytest.approx(problem.loss(theta, problem.training), rel=1e-10)
    assert problem.metrics(theta)["accuracy"] == pytest.approx(
        reference.score(train.inputs, problem.training.targets), rel=1e-15
    )
    start = problem.start(np.random.default_rng(0))
    assert np.linalg.norm(problem.gradient(start, problem.training)) > 0.1


def test_training_records_of_one_sign_are_refused(bind):
    """The two classes are there, but only one of them to learn from."""
    whole = bind(Logistic("three-clouds")).dataset
    train = whole.train
    kept = train.targets == 0
    fewer = replace(train, inputs=train.inputs[kept], targets=train.targets[kept])
    problem = bind(Logistic("three-clouds"))
    with pytest.raises(UsageError, match=r"all 10 training records .* have s = -1; expected two"):
        problem.check(replace(whole, train=fewer))
