import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_digits

from optframe import UsageError
from optframe_problems.data.digits import Digits


@pytest.fixture(scope="module")
def digits():
    return Digits().load()


def parts(dataset):
    return dataset.train, dataset.validation, dataset.test


def test_every_record_is_in_exactly_one_part(digits):
    pixels, labels = load_digits(return_X_y=True)
    rows = [
        (*inputs, target)
        for part in parts(digits)
        for inputs, target in zip(part.inputs * 16, part.targets, strict=True)
    ]
    original = [(*inputs, target) for inputs, target in zip(pixels, labels, strict=True)]
    assert sorted(rows) == sorted(original)


def test_parts_have_the_shares_asked_for(digits):
    assert [len(part) for part in parts(digits)] == [1797 - 359 - 180, 180, 359]
    assert digits.classes == 10
    assert digits.name == "digits"


def test_pixels_are_scaled_to_one(digits):
    assert {part.inputs.shape[1] for part in parts(digits)} == {64}
    assert digits.train.inputs.min() == 0
    assert digits.train.inputs.max() == 1


def test_every_part_has_the_classes_in_equal_shares(digits):
    _, labels = load_digits(return_X_y=True)
    overall = np.bincount(labels) / len(labels)
    for part in parts(digits):
        counts = np.bincount(part.targets, minlength=10)
        assert abs(counts - overall * len(part)).max() <= 2


def test_the_same_choices_give_the_same_records(digits):
    for part, again in zip(parts(digits), parts(Digits().load()), strict=True):
        assert_array_equal(part.inputs, again.inputs)
        assert_array_equal(part.targets, again.targets)


def test_another_split_gives_other_records(digits):
    other = Digits(split=1).load()
    assert len(other.test) == len(digits.test)
    assert (other.test.inputs != digits.test.inputs).any()


def test_parts_may_be_empty():
    whole = Digits(test_fraction=0, validation_fraction=0).load()
    assert [len(part) for part in parts(whole)] == [1797, 0, 0]
    assert whole.test.inputs.shape == (0, 64)


@pytest.mark.parametrize("fractions", [(0.6, 0.4), (0.9, 0.2), (-0.1, 0.1), (0.1, -0.1), (1, 0)])
def test_fractions_that_leave_nothing_are_refused(fractions):
    with pytest.raises(ValueError, match="both together less than 1"):
        Digits(*fractions)


def test_parts_too_small_for_all_classes_are_refused():
    with pytest.raises(UsageError, match=r"digits: a part of 4 records cannot hold 10 classes"):
        Digits(test_fraction=0.002).load()
