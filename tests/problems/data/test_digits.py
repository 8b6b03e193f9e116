import numpy as np
import pytest
from sklearn.datasets import load_digits

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
