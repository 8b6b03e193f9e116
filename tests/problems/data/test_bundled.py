"""The data that scikit-learn brings: its records, scaled, each in one part; and its split."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)

import optframe
from optframe_problems.data.breast_cancer import BreastCancer
from optframe_problems.data.diabetes import Diabetes
from optframe_problems.data.digits import Digits
from optframe_problems.data.iris import Iris
from optframe_problems.data.wine import Wine

SETS = [
    pytest.param(BreastCancer, load_breast_cancer, 2, [398, 57, 114], id="breast-cancer"),
    pytest.param(Diabetes, load_diabetes, 0, [310, 44, 88], id="diabetes"),
    pytest.param(Digits, load_digits, 10, [1258, 180, 359], id="digits"),
    pytest.param(Iris, load_iris, 3, [105, 15, 30], id="iris"),
    pytest.param(Wine, load_wine, 3, [124, 18, 36], id="wine"),
]


@pytest.mark.parametrize(("loader", "source", "classes", "sizes"), SETS)
def test_parts_are_scaled_records(loader, source, classes, sizes, request):
    dataset = loader().load()
    parts = (dataset.train, dataset.validation, dataset.test)
    inputs, targets = source(return_X_y=True)
    assert dataset.name == request.node.callspec.id
    assert dataset.classes == classes
    assert [len(part) for part in parts] == sizes
    found = np.concatenate([part.inputs for part in parts])
    if loader is Digits:  # pixels of 0 to 16, some of them always 0
        raw = found * 16
    else:
        assert_allclose(dataset.train.inputs.mean(axis=0), 0, atol=1e-12)
        assert_allclose(dataset.train.inputs.std(axis=0), 1, rtol=1e-12)
        scale = inputs.std(axis=0) / found.std(axis=0)  # one affine map per input
        raw = found * scale + inputs.mean(axis=0) - found.mean(axis=0) * scale
    together = np.column_stack([raw, np.concatenate([part.targets for part in parts])])
    expected = np.column_stack([inputs, targets])
    assert_allclose(ordered(together), ordered(expected), rtol=1e-9, atol=1e-9)
    shares = np.bincount(targets.astype(int)) / len(targets) if classes else 0
    for part in parts if classes else ():
        counts = np.bincount(part.targets, minlength=classes)
        assert abs(counts - shares * len(part)).max() <= 2


def ordered(table):
    return table[np.lexsort(np.round(table, 6).T)]


@pytest.mark.parametrize(
    ("given", "digest"),
    [
        ({}, "da790dc083d57716d0266a0f3fd84a45"),
        ({"split": 0}, "da790dc083d57716d0266a0f3fd84a45"),
        ({"split": "stratified", "seed": 0}, "da790dc083d57716d0266a0f3fd84a45"),
        ({"split": 1}, "5229c4d0f64573db6968e093b0b5132e"),
        ({"seed": 1}, "5229c4d0f64573db6968e093b0b5132e"),
    ],
)
def test_the_digits_are_those_of_earlier_versions(given, digest):
    """Pixels divided by 16 are exact, so this depends on nothing but the split."""
    assert Digits(**given).load().digest == digest


@pytest.mark.parametrize(("loader", "source"), [each.values[:2] for each in SETS])
def test_the_last_training_records_may_validate(loader, source):
    _, targets = source(return_X_y=True)
    dataset = loader(test_fraction=0, split="last").load()
    kept = int(len(targets) * 0.9)
    assert_array_equal(dataset.train.targets, targets[:kept])
    assert_array_equal(dataset.validation.targets, targets[kept:])
    drawn, last = loader(seed=2).load(), loader(seed=2, split="last").load()
    assert_array_equal(drawn.test.targets, last.test.targets)
    assert drawn.digest != last.digest


@pytest.mark.parametrize(("loader", "source"), [each.values[:2] for each in SETS])
def test_the_split_is_the_seeds(loader, source):
    assert_array_equal(loader().load().train.inputs, loader().load().train.inputs)
    assert (loader(split=1).load().test.targets != loader().load().test.targets).any()
    records, _ = source(return_X_y=True)
    whole = loader(test_fraction=0, validation_fraction=0).load()
    assert len(whole.train) == len(records)
    assert len(whole.validation) == len(whole.test) == 0
    with pytest.raises(ValueError, match="both together less than 1"):
        loader(0.5, 0.5)


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ("split=first", "split: expected one of 'stratified', 'last' or a whole number ≥ 0, found"),
        ("split=-1", "split: expected one of 'stratified', 'last' or a whole number ≥ 0, found -1"),
        ("split=true", "split: expected one of 'stratified', 'last' or a whole number ≥ 0, found"),
        ("split=0.5", "split: expected one of 'stratified', 'last' or a whole number ≥ 0, found"),
        ("seed=-1", "seed: expected a whole number ≥ 0, found -1"),
        ("split=1,seed=2", "split = 1 and seed = 2 are two seeds of one split; give one"),
    ],
)
@pytest.mark.parametrize("name", ["digits", "mnist", "a9a", "libsvm", "cifar10", "diabetes"])
def test_a_split_that_cannot_be_meant_is_one_line(name, given, mistake):
    with pytest.raises(optframe.UsageError) as caught:
        optframe.make(f"{name}:{given}")
    (line,) = caught.value.mistakes
    assert mistake in line
