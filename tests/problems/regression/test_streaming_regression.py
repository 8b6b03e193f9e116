import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chi2

import optframe
from optframe_problems.regression.streaming_regression import StreamingRegression


@pytest.fixture
def problem(bind):
    return bind(StreamingRegression(size=3, sigma=0.5), seed=4)


def test_a_record_is_the_same_whenever_and_beside_whatever_it_is_asked_for(problem, random):
    rows = random.integers(10**12, size=6)
    rows[3] = rows[0]
    batch = problem.draw(rows, None)
    for place, row in enumerate(rows):
        alone = problem.draw(slice(row, row + 1), None)
        assert_array_equal(batch.inputs[place], alone.inputs[0])
        assert_array_equal(batch.targets[place], alone.targets[0])
    assert_array_equal(batch.inputs[3], batch.inputs[0])
    assert len({float(y) for y in batch.targets}) == 5


def test_slices_and_indices_are_the_same_records(problem):
    sliced, indexed = problem.draw(slice(60, 200), None), problem.draw(np.arange(60, 200), None)
    assert_array_equal(sliced.inputs, indexed.inputs)
    assert_array_equal(sliced.targets, indexed.targets)
    shaped = problem.draw(np.arange(60, 200).reshape(2, 70), None)
    assert_array_equal(shaped.inputs.reshape(140, 3), sliced.inputs)
    assert shaped.targets.shape == (2, 70)


def test_no_two_of_many_records_are_the_same(problem):
    targets = problem.draw(slice(0, 50_000), None).targets
    assert len(np.unique(targets)) == 50_000


def test_few_records_are_the_first_of_the_stream(bind, problem):
    few = bind(StreamingRegression(size=3, sigma=0.5, count=100), seed=4)
    assert_array_equal(few.draw(None, None).inputs, problem.draw(slice(0, 100), None).inputs)
    assert_array_equal(few.draw(None, None).targets, problem.draw(slice(0, 100), None).targets)
    rows = np.array([99, 3, 3])
    assert_array_equal(few.draw(rows, None).inputs, problem.draw(rows, None).inputs)
    assert (few.endless, problem.endless) == (False, True)


def test_records_are_draws_of_the_source(problem):
    batch = problem.draw(slice(10**9, 10**9 + 20_000), None)
    errors = (batch.targets - batch.inputs @ problem.minimizer) / 0.5
    for values in (*batch.inputs.T, errors):
        low, high = chi2.ppf([1e-9, 1 - 1e-9], values.size)
        assert low < (values**2).sum() < high
        assert abs(values.mean()) < 6 / 20_000**0.5
        assert abs((values[1:] * values[:-1]).mean()) < 6 / 20_000**0.5


def test_all_records_together_have_the_expected_loss(problem, random):
    theta = random.standard_normal((5, 3))
    expected = 0.5 * ((theta - problem.minimizer) ** 2).sum(axis=-1) + 0.5 * 0.25
    metrics = problem.metrics(theta)
    assert_allclose(metrics["loss"], expected, rtol=1e-12)
    assert_allclose(metrics["test_loss"], expected, rtol=1e-12)
    whole = problem.draw(slice(None), None)
    assert_allclose(problem.gradient(theta, whole), theta - problem.minimizer, rtol=1e-12)
    assert_allclose(problem.hessian(theta, whole)[0], np.eye(3), rtol=1e-14)
    assert problem.minimum == pytest.approx(0.125, rel=1e-12)
    many = problem.draw(slice(0, 200_000), None)
    assert_allclose(problem.loss(theta, many), expected, rtol=0.03)


def test_the_sampler_full_sees_the_expected_loss():
    result = optframe.minimize("streaming-regression", "newton", steps=1, sampler="full")
    assert result.loss == pytest.approx(0.5, rel=1e-12)


def test_few_records_have_a_minimum_of_their_own(bind):
    few = bind(StreamingRegression(size=3, count=40))
    batch = few.draw(None, None)
    residuals = batch.inputs @ few.minimizer - batch.targets
    assert_allclose(batch.inputs.T @ residuals, np.zeros(3), atol=1e-12)
    metrics = few.metrics(few.minimizer)
    assert metrics["loss"] == pytest.approx(few.minimum, rel=1e-13)
    assert metrics["test_loss"] > 0.5


def test_a_stream_generalizes_better_than_epochs_on_few_records():
    stream, epochs = (
        optframe.minimize(f"streaming-regression{few}", "sgd:lr=0.02", steps=3000, sampler=sampler)
        for few, sampler in (
            ("", "stream:batch_size=10"),
            (":records=50", "shuffled:batch_size=10"),
        )
    )
    assert epochs.loss < 0.4 < 0.5 < stream.loss < 0.53
    assert epochs.curve["test_loss"].iloc[-1] > 0.55
    assert stream.counts.samples == epochs.counts.samples == 30_000
