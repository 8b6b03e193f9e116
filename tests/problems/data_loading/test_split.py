import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from optframe import Part, UsageError
from optframe_problems.data_loading.split import check_fractions, shuffled, stratified


def parts(dataset):
    return dataset.train, dataset.validation, dataset.test


def records(count, classes=2, sparse=False):
    """Records that say which they are: the input is the number, the group its tenth."""
    inputs = np.arange(1.0, count + 1)[:, None]
    numbers = np.arange(count)
    return Part(csr_array(inputs) if sparse else inputs, numbers % classes, numbers // 10)


@pytest.mark.parametrize("split", [stratified, shuffled])
@pytest.mark.parametrize("sparse", [False, True])
def test_every_record_is_in_one_part_with_its_target_and_group(split, sparse):
    dataset = split("some", records(60, sparse=sparse), (0.2, 0.1), 3)
    assert [len(part) for part in parts(dataset)] == [42, 6, 12]
    numbers = []
    for part in parts(dataset):
        inputs = part.inputs.toarray() if sparse else part.inputs
        number = inputs[:, 0].astype(int) - 1
        assert_array_equal(part.targets, number % 2)
        assert_array_equal(part.groups, number // 10)
        numbers += number.tolist()
    assert sorted(numbers) == [*range(60)]


@pytest.mark.parametrize("split", [stratified, shuffled])
def test_records_without_groups_have_none(split):
    grouped = records(40)
    dataset = split("some", Part(grouped.inputs, grouped.targets), (0.2, 0.1), 3)
    assert all(part.groups is None for part in parts(dataset))


@pytest.mark.parametrize("split", [stratified, shuffled])
def test_the_seed_is_the_split(split):
    digests = [split("some", records(60), (0.2, 0.1), seed).digest for seed in (0, 1, 0)]
    assert digests[0] == digests[2]
    assert digests[0] != digests[1]


@pytest.mark.parametrize("split", [stratified, shuffled])
@pytest.mark.parametrize("fractions", [(0.9, 0.0), (0.5, 0.49), (0.0, 0.9)])
def test_something_must_be_left_to_train_on(split, fractions):
    with pytest.raises(UsageError, match=r"some: found 3 records, of which [34] are for test"):
        split("some", records(3), fractions, 0)


@pytest.mark.parametrize("split", [stratified, shuffled])
def test_no_records_are_refused_and_one_may_train(split):
    with pytest.raises(UsageError, match="some: found 0 records"):
        split("some", records(0), (0.0, 0.0), 0)
    alone = split("some", records(1), (0.2, 0.1), 0)
    assert [len(part) for part in parts(alone)] == [1, 0, 0]


def test_a_class_of_one_record_cannot_be_split():
    rare = records(40)
    rare.targets[7] = 2
    with pytest.raises(UsageError, match="some: class cat has 1 record left to split"):
        stratified("some", rare, (0.2, 0.0), 0, ("dog", "cow", "cat"))
    assert len(stratified("some", rare, (0.0, 0.0), 0).train) == 40


def test_what_is_left_must_hold_all_classes_too():
    with pytest.raises(UsageError, match="a part of 2 records cannot hold 3 classes"):
        stratified("some", records(12, classes=3), (0.83, 0.0), 0)


def test_one_class_may_be_split():
    dataset = stratified("some", records(10, classes=1), (0.2, 0.1), 0)
    assert dataset.classes == 1
    assert [len(part) for part in parts(dataset)] == [7, 1, 2]


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (-0.1, 0), (float("nan"), 0)])
def test_fractions_that_leave_nothing_are_refused(fractions):
    with pytest.raises(ValueError, match="both together less than 1"):
        check_fractions(*fractions)
