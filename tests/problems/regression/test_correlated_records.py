import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe_problems.regression.correlated_records import CorrelatedRecords


def records_of(problem):
    batch = problem.draw(None, None)
    return batch.inputs, batch.targets


@pytest.fixture
def problem(bind):
    return bind(CorrelatedRecords(size=4, subjects=30, samples=5), seed=2)


def test_every_record_is_a_draw_of_the_same_source(bind):
    """Over subjects, x is N(0, I) and y − θ*ᵀx is N(0, σ²), whatever the sample's number."""
    problem = bind(CorrelatedRecords(size=2, subjects=40_000, sigma=2.0))
    x, y = records_of(problem)
    errors = (y - x @ problem._theta_star)[:, None] / 2
    rows = np.concatenate([x, errors], axis=1).reshape(40_000, 5, 3)
    assert_allclose(rows.mean(axis=0), np.zeros((5, 3)), atol=6 / 200)
    assert_allclose((rows**2).mean(axis=0), np.ones((5, 3)), atol=6 * 2**0.5 / 200)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9, 1.0])
def test_records_of_one_subject_are_correlated_as_asked_for(correlation, bind):
    problem = bind(CorrelatedRecords(size=1, subjects=40_000, correlation=correlation))
    x, y = records_of(problem)
    for values in (x[:, 0], y - x @ problem._theta_star):
        together = np.corrcoef(values.reshape(-1, 5).T)
        assert_allclose(together[~np.eye(5, dtype=bool)], correlation, atol=6 / 200)


def test_subjects_come_five_in_a_row(problem):
    assert problem.records == 150
    assert_array_equal(problem.groups("subject"), np.arange(150) // 5)
    assert problem.groups("class") is None


def test_loss_is_half_the_mean_squared_error(problem, random):
    x, y = records_of(problem)
    theta, rows = random.standard_normal(4), random.integers(150, size=8)
    batch = problem.draw(rows, None)
    errors = x[rows] @ theta - y[rows]
    assert problem.loss(theta, batch) == pytest.approx(0.5 * (errors**2).mean(), rel=1e-13)
    assert_allclose(problem.gradient(theta, batch), x[rows].T @ errors / 8, rtol=1e-11, atol=1e-13)
    assert_allclose(problem.hessian(theta, batch), x[rows].T @ x[rows] / 8, rtol=1e-12)
    each = errors[:, None] * x[rows]
    assert_allclose(problem.per_sample(theta, batch), each, rtol=1e-12, atol=1e-14)


def test_minimum_is_the_least_squares_solution(problem):
    x, y = records_of(problem)
    assert_allclose(x.T @ (x @ problem.minimizer - y), np.zeros(4), atol=1e-11)
    assert problem.metrics(problem.minimizer)["loss"] == pytest.approx(problem.minimum, rel=1e-13)


def test_test_loss_is_what_a_new_subject_costs(problem, random):
    theta = random.standard_normal(4)
    x = random.standard_normal((400_000, 4))
    y = x @ problem._theta_star + random.standard_normal(400_000)
    losses = 0.5 * (x @ theta - y) ** 2
    error = losses.std() / len(losses) ** 0.5
    assert problem.metrics(theta)["test_loss"] == pytest.approx(losses.mean(), abs=6 * error)


def test_unshuffled_minibatches_fail_where_shuffled_ones_do_not():
    """With lr 0.1 the order costs the fit; with 0.3 it diverges."""

    def ends(sampler, lr):
        return optframe.minimize(
            "correlated-records", f"sgd:lr={lr}", epochs=20, sampler=f"{sampler}:batch_size=5"
        )

    floor = optframe.minimize("correlated-records", "newton", steps=1, sampler="full").loss
    assert ends("shuffled", 0.1).loss - floor < 0.3
    assert ends("shuffle-once", 0.1).loss - floor < 0.3
    assert ends("sequential", 0.1).loss - floor > 3
    assert ends("shuffled", 0.3).status == "finished"
    assert ends("sequential", 0.3).status == "diverged"
