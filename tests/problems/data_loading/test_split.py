import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from optframe import Part, UsageError
from optframe_problems.data_loading.split import Division, shuffled, stratified


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
    dataset = split("some", records(60, sparse=sparse), Division(0.2, 0.1, seed=3))
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
    dataset = split("some", Part(grouped.inputs, grouped.targets), Division(0.2, 0.1, seed=3))
    assert all(part.groups is None for part in parts(dataset))


@pytest.mark.parametrize("split", [stratified, shuffled])
def test_the_seed_is_the_split(split):
    digests = [
        split("some", records(60), Division(0.2, 0.1, seed=seed)).digest for seed in (0, 1, 0)
    ]
    assert digests[0] == digests[2]
    assert digests[0] != digests[1]


@pytest.mark.parametrize("split", [stratified, shuffled])
@pytest.mark.parametrize("fractions", [(0.9, 0.0), (0.5, 0.49), (0.0, 0.9)])
def test_something_must_be_left_to_train_on(split, fractions):
    with pytest.raises(UsageError, match=r"some: found 3 records, of which [34] are for test"):
        split("some", records(3), Division(*fractions))


@pytest.mark.parametrize("split", [stratified, shuffled])
def test_no_records_are_refused_and_one_may_train(split):
    with pytest.raises(UsageError, match="some: found 0 records"):
        split("some", records(0), Division(0.0, 0.0, seed=0))
    alone = split("some", records(1), Division(0.2, 0.1, seed=0))
    assert [len(part) for part in parts(alone)] == [1, 0, 0]


def test_a_class_of_one_record_cannot_be_split():
    rare = records(40)
    rare.targets[7] = 2
    with pytest.raises(UsageError, match="some: class cat has 1 record left to split"):
        stratified("some", rare, Division(0.2, 0.0, seed=0), ("dog", "cow", "cat"))
    assert len(stratified("some", rare, Division(0.0, 0.0, seed=0)).train) == 40


def test_what_is_left_must_hold_all_classes_too():
    with pytest.raises(UsageError, match="a part of 2 records cannot hold 3 classes"):
        stratified("some", records(12, classes=3), Division(0.83, 0.0, seed=0))


def test_one_class_may_be_split():
    dataset = stratified("some", records(10, classes=1), Division(0.2, 0.1, seed=0))
    assert dataset.classes == 1
    assert [len(part) for part in parts(dataset)] == [7, 1, 2]


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (-0.1, 0), (float("nan"), 0)])
def test_fractions_that_leave_nothing_are_refused(fractions):
    with pytest.raises(ValueError, match="both together less than 1"):
        Division(*fractions)


@pytest.mark.parametrize("split", [stratified, shuffled])
def test_a_number_is_the_seed_of_the_stratified_split(split):
    for seed in (0, 5):
        one, other = Division(0.2, 0.1, seed), Division(0.2, 0.1, "stratified", seed)
        assert split("some", records(60), one).digest == split("some", records(60), other).digest


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("split", [stratified, shuffled])
def test_the_last_records_that_are_no_test_records_validate(split, sparse):
    drawn = split("some", records(60, sparse=sparse), Division(0.2, 0.1, "stratified", 3))
    dataset = split("some", records(60, sparse=sparse), Division(0.2, 0.1, "last", 3))
    train, validation, test = (part.inputs for part in parts(dataset))
    if sparse:
        train, validation, test = (part.toarray() for part in (train, validation, test))
        drawn_test = drawn.test.inputs.toarray()
    else:
        drawn_test = drawn.test.inputs
    assert_array_equal(test, drawn_test)
    others = [number for number in range(1, 61) if number not in test]
    assert_array_equal(train[:, 0], others[:42])
    assert_array_equal(validation[:, 0], others[42:])
    assert_array_equal(dataset.validation.targets, (validation[:, 0] - 1) % 2)
    assert_array_equal(dataset.validation.groups, (validation[:, 0] - 1) // 10)


@pytest.mark.parametrize("split", [stratified, shuffled])
@pytest.mark.parametrize(
    ("fraction", "kept"), [(0.1, 1293), (0.2, 1149), (0.33, 962), (1e-6, 1436), (0.0, 1437)]
)
def test_as_many_records_stay_for_training_as_in_keras(split, fraction, kept):
    """Keras 3, ``train_validation_split``: ``int(math.floor(n * (1.0 - validation_split)))``."""
    dataset = split("some", records(1437), Division(0.0, fraction, "last"))
    assert [len(part) for part in parts(dataset)] == [kept, 1437 - kept, 0]
    assert_array_equal(dataset.train.inputs[:, 0], np.arange(1, kept + 1))


def test_the_last_records_need_not_hold_all_classes():
    ordered = records(40)
    ordered.targets.sort()
    dataset = stratified("some", ordered, Division(0.0, 0.1, "last"))
    assert dataset.validation.targets.tolist() == [1, 1, 1, 1]
    assert dataset.classes == 2


@pytest.mark.parametrize("split", [stratified, shuffled])
def test_the_last_records_cannot_be_all_of_them(split):
    with pytest.raises(UsageError, match="some: found 2 records, of which 2 are for test and val"):
        split("some", records(2), Division(0.0, 0.9, "last"))


def test_another_way_to_split_and_two_seeds_are_refused():
    with pytest.raises(ValueError, match="split = 'first'; expected 'stratified', 'last', or a"):
        Division(split="first")
    with pytest.raises(ValueError, match="split = 1 and seed = 2 are two seeds of one split"):
        Division(split=1, seed=2)
    assert Division(split=2, seed=2).random_state == 2
