import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.networks.news20_logistic import News20Logistic
from optframe_problems.regression.softmax import Softmax

each_kind = pytest.mark.parametrize("data", ["thin-clouds", "sparse-clouds"])


def dense(batch):
    inputs = batch.inputs
    return inputs.dense() if hasattr(inputs, "dense") else inputs


@each_kind
@pytest.mark.parametrize("rows", [(9,), (3, 9)], ids=["shared", "per run"])
def test_each_input_stays_and_is_scaled_or_goes_and_the_bias_stays(data, rows, bind, random):
    problem = bind(News20Logistic(data, dropout=0.75))
    indices = random.integers(0, problem.records, rows)
    dropped = dense(problem.draw(indices, np.random.default_rng(1)))
    whole = dense(problem.draw(indices, None))
    assert_array_equal(dropped[..., -1], 1)
    with np.errstate(invalid="ignore"):
        ratios = (dropped / whole)[..., :-1]
    assert set(np.unique(ratios[np.isfinite(ratios)].round(12))) == {0.0, 4.0}
    again = dense(problem.draw(indices, np.random.default_rng(1)))
    other = dense(problem.draw(indices, np.random.default_rng(2)))
    assert_array_equal(dropped, again)
    assert (dropped != other).any()


@each_kind
def test_on_its_minibatch_it_is_softmax_regression(data, bind, random):
    problem, plain = bind(News20Logistic(data, l2=0.1)), bind(Softmax(data, l2=0.1))
    theta, batch = random.standard_normal(problem.size), problem.draw(slice(0, 9), random)
    assert_allclose(problem.gradient(theta, batch), plain.gradient(theta, batch), rtol=1e-13)
    assert problem.metrics(theta) == plain.metrics(theta)
    assert_array_equal(dense(problem.draw(slice(0, 9), None)), dense(plain.draw(slice(0, 9), None)))


def test_it_is_deterministic_without_dropout_only():
    assert News20Logistic(dropout=0.0).deterministic
    assert not News20Logistic().deterministic
    assert not News20Logistic(l2=0.1).knows_minimum
