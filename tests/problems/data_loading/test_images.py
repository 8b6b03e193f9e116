"""How pixels become inputs, and that the training part alone decides on it."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe import Part, UsageError
from optframe_problems.data_loading.images import Images


@dataclass(frozen=True)
class Pictures(Images):
    """Pictures of 4 × 3 pixels in two colours, drawn for a test."""

    train: Any = None
    test: Any = None

    shape: ClassVar[tuple[int, int, int]] = (4, 3, 2)
    labels: ClassVar[tuple[int, ...]] = tuple(range(10))

    @property
    def name(self):
        return "pictures"

    def read(self):
        return self.train, self.test


def pixels(random, records):
    """Neighbouring pixels are alike, as in photographs; blue is darker."""
    base = random.integers(0, 100, (records, 1, 1, 1))
    images = base + random.integers(0, [156, 80], (records, 4, 3, 2))
    return Part(images.reshape(records, -1).astype(np.uint8), np.arange(records) % 10)


@pytest.fixture
def pictures(random):
    return Pictures(train=pixels(random, 500), test=pixels(random, 50))


def raw(pictures):
    """The training and test pixels after the split, as numbers."""
    dataset = dataclasses.replace(pictures, scale="unit").load()
    return [
        np.round(part.inputs.astype(float) * 255)
        for part in (dataset.train, dataset.validation, dataset.test)
    ]


def parts(dataset):
    return dataset.train, dataset.validation, dataset.test


def test_unit_pixels_are_divided_by_255(pictures):
    dataset = dataclasses.replace(pictures, validation_fraction=0).load()
    assert_array_equal(dataset.train.inputs, pictures.train.inputs / np.float32(255))
    assert_array_equal(dataset.test.inputs, pictures.test.inputs / np.float32(255))


def test_standardized_pixels_have_mean_0_and_deviation_1_by_colour(pictures):
    dataset = dataclasses.replace(pictures, scale="standard").load()
    train = raw(pictures)[0].reshape(-1, 2)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    for part, numbers in zip(parts(dataset), raw(pictures), strict=True):
        expected = (numbers.reshape(-1, 12, 2) - mean) / deviation
        assert part.inputs.dtype == np.float32
        assert_allclose(part.inputs.reshape(-1, 12, 2), expected, rtol=1e-6, atol=1e-6)


def test_a_colour_that_never_changes_is_only_shifted(pictures):
    for part in (pictures.train, pictures.test):
        part.inputs.reshape(-1, 2)[:, 1] = 77
    pictures.test.inputs[3, 1] = 79
    dataset = dataclasses.replace(pictures, scale="standard").load()
    assert_array_equal(dataset.train.inputs.reshape(-1, 2)[:, 1], 0)
    assert dataset.test.inputs[3, 1] == 2
    assert abs(dataset.train.inputs).max() > 1


def normalized(images):
    centred = images - images.mean(axis=1, keepdims=True)
    return centred / images.std(axis=1, keepdims=True)


@pytest.mark.parametrize("epsilon", [0.1, 2.0])
def test_whitening_is_zca_of_contrast_normalized_images(pictures, epsilon, monkeypatch):
    """Against the principal axes by an SVD of the records, not of their covariance."""
    monkeypatch.setattr(
        "optframe_problems.data_loading.whitening.ROWS", 64
    )  # so there are many blocks
    dataset = dataclasses.replace(pictures, scale="whiten", epsilon=epsilon).load()
    numbers = [normalized(each) for each in raw(pictures)]
    mean = numbers[0].mean(axis=0)
    _, singular, axes = np.linalg.svd(numbers[0] - mean)
    variances = singular**2 / len(numbers[0])
    matrix = axes.T @ np.diag(1 / np.sqrt(variances + epsilon)) @ axes
    assert len(numbers[1]) == 50
    for part, images in zip(parts(dataset), numbers, strict=True):
        assert part.inputs.dtype == np.float32
        assert_allclose(part.inputs, (images - mean) @ matrix, rtol=0, atol=2e-5)


def test_without_epsilon_whitened_inputs_are_uncorrelated_but_for_their_mean(pictures):
    """Images of mean 0 have no part along (1, ..., 1): one variance is 0, all others are 1."""
    dataset = dataclasses.replace(pictures, scale="whiten", epsilon=1e-7).load()
    inputs = dataset.train.inputs.astype(float)
    covariance = inputs.T @ inputs / len(inputs)
    assert_allclose(inputs.mean(axis=0), 0, atol=1e-5)
    assert_allclose(covariance, np.eye(24) - np.full((24, 24), 1 / 24), atol=1e-3)


def test_an_image_of_one_colour_whitens_to_the_mean(pictures):
    pictures.test.inputs[:2] = [[0] * 24, [200] * 24]
    test = dataclasses.replace(pictures, scale="whiten").load().test.inputs
    assert np.isfinite(test).all()
    assert_allclose(test[0], test[1], rtol=1e-5, atol=1e-6)


def test_no_record_but_those_that_train_decides_on_the_scale(pictures, random):
    """Other test and validation pixels leave the training inputs as they are, to the bit."""
    for scale in ("standard", "whiten"):
        chosen = dataclasses.replace(pictures, scale=scale)
        before = chosen.load()
        other = pictures.train.inputs.copy()
        validates = [int(np.flatnonzero((other == row).all(axis=1))[0]) for row in raw(pictures)[1]]
        other[validates] = random.integers(0, 256, (len(validates), 24))
        train = Part(other, pictures.train.targets)
        after = dataclasses.replace(chosen, train=train, test=pixels(random, 50)).load()
        assert_array_equal(after.train.inputs, before.train.inputs)
        assert (after.validation.inputs != before.validation.inputs).any()
        assert (after.test.inputs != before.test.inputs).any()


def test_training_records_do_decide(pictures):
    for scale in ("standard", "whiten"):
        chosen = dataclasses.replace(pictures, scale=scale, validation_fraction=0)
        other = pictures.train.inputs.copy()
        other[0] = other[0][::-1] // 2
        train = Part(other, pictures.train.targets)
        after = dataclasses.replace(chosen, train=train).load()
        assert (after.test.inputs != chosen.load().test.inputs).any()


def test_what_was_fitted_is_kept_and_used_again(pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path))
    chosen = dataclasses.replace(pictures, scale="whiten")
    first = chosen.load()
    (kept,) = (tmp_path / "whitening").iterdir()
    monkeypatch.setattr("optframe_problems.data_loading.whitening._fit", None)
    assert chosen.load().digest == first.digest
    dataclasses.replace(chosen, test=pictures.train).load()  # the test part does not enter its key
    with pytest.raises(TypeError):
        dataclasses.replace(chosen, epsilon=0.2).load()
    monkeypatch.undo()
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path))
    for damaged in (b"", b"nonsense", kept.read_bytes()[:-30]):
        kept.write_bytes(damaged)
        assert chosen.load().digest == first.digest


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_a_part_that_cannot_hold_all_classes_is_refused(fraction, pictures):
    with pytest.raises(UsageError, match=r"pictures: a part of 5 records cannot hold 10 classes"):
        dataclasses.replace(pictures, validation_fraction=fraction).load()


def test_the_last_training_images_may_validate(pictures):
    """As Keras has it, whatever their classes; the rest keep their order."""
    for scale in ("unit", "standard", "whiten"):
        chosen = dataclasses.replace(pictures, split="last", scale=scale)
        dataset = chosen.load()
        assert_array_equal(dataset.train.targets, pictures.train.targets[:450])
        assert_array_equal(dataset.validation.targets, pictures.train.targets[450:])
        assert_array_equal(dataset.test.targets, pictures.test.targets)
    first, last, _ = raw(dataclasses.replace(pictures, split="last"))
    assert_array_equal(first, pictures.train.inputs[:450])
    assert_array_equal(last, pictures.train.inputs[450:])


@pytest.mark.parametrize("given", [{"split": 1, "seed": 2}, {"split": "first"}])
def test_an_unclear_split_is_refused_before_files_are_read(given):
    with pytest.raises(ValueError, match="split = "):
        Pictures(**given)
