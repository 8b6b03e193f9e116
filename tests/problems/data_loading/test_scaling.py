import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from optframe import Dataset, Part, UsageError
from optframe_problems.data_loading.scaling import dense, standardized


def dataset(train, test):
    parts = [Part(each, np.zeros(len(each)), np.arange(len(each))) for each in (train, test, test)]
    return Dataset("some", *parts, classes=0)


def test_inputs_are_shifted_and_scaled_by_the_training_part_alone(random):
    train, test = random.normal(3, 5, (40, 4)), random.normal(-1, 2, (9, 4))
    found = standardized(dataset(train, test))
    assert_allclose(found.train.inputs.mean(axis=0), 0, atol=1e-12)
    assert_allclose(found.train.inputs.std(axis=0), 1, rtol=1e-12)
    expected = (test - train.mean(axis=0)) / train.std(axis=0)
    assert_allclose(found.test.inputs, expected, rtol=1e-12)
    assert_allclose(found.validation.inputs, expected, rtol=1e-12)
    again = standardized(dataset(train, random.normal(0, 9, (3, 4))))
    assert_array_equal(again.train.inputs, found.train.inputs)
    assert_array_equal(again.train.groups, np.arange(40))


@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e300, 5e-324])
def test_an_input_that_never_changes_is_only_shifted(value, random):
    """Its mean may differ from it by rounding, which must not be divided by a deviation of it."""
    train = random.standard_normal((1000, 2))
    train[:, 1] = value
    test = np.array([[0.0, value], [0.0, value + 1]])
    found = standardized(dataset(train, test))
    assert_array_equal(found.train.inputs[:, 1], 0)
    assert_array_equal(found.test.inputs[:, 1], test[:, 1] - value)


def test_one_record_becomes_zero():
    found = standardized(dataset(np.array([[3.0, -7.0]]), np.array([[4.0, -7.0]])))
    assert_array_equal(found.train.inputs, [[0, 0]])
    assert_array_equal(found.test.inputs, [[1, 0]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_named_where_it_is(value):
    train = np.arange(12.0).reshape(4, 3)
    train[2, 1] = value
    with pytest.raises(UsageError, match=rf"some: the train inputs hold {value} at \[2, 1\]"):
        standardized(dataset(train, train))


def test_inputs_too_large_for_a_deviation_are_named(random):
    train = random.standard_normal((4, 3))
    train[:, 2] = [1e200, -1e200, 0, 0]
    with pytest.raises(UsageError, match=r"feature 2 \(from 0\) are too large .* up to 1e\+200"):
        standardized(dataset(train, train))


def test_sparse_inputs_become_dense():
    matrix = np.array([[0, 1.0], [2, 0]])
    sparse = Part(csr_array(matrix), np.zeros(2))
    found = dense(Dataset("some", sparse, sparse, sparse, 0))
    for part in (found.train, found.validation, found.test):
        assert_array_equal(part.inputs, matrix)
