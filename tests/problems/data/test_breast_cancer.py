import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_breast_cancer

from optframe_problems.data.breast_cancer import BreastCancer


@pytest.fixture(scope="module")
def cancer():
    return BreastCancer().load()


def test_parts_have_the_shares_asked_for(cancer):
    assert [len(cancer.train), len(cancer.validation), len(cancer.test)] == [398, 57, 114]
    assert cancer.classes == 2
    for part in (cancer.train, cancer.validation, cancer.test):
        assert part.targets.mean() == pytest.approx(357 / 569, abs=0.01)


def test_training_inputs_are_standardized(cancer):
    assert_allclose(cancer.train.inputs.mean(axis=0), 0, atol=1e-12)
    assert_allclose(cancer.train.inputs.std(axis=0), 1, rtol=1e-12)


def test_the_test_part_takes_no_part_in_the_standardization(cancer):
    """All inputs go through one affine map per feature, fixed by the training part alone."""
    raw, _ = load_breast_cancer(return_X_y=True)
    found = np.concatenate([p.inputs for p in (cancer.train, cancer.validation, cancer.test)])
    raw, found = np.sort(raw, axis=0), np.sort(found, axis=0)
    scale = (raw[-1] - raw[0]) / (found[-1] - found[0])
    shift = raw[0] - found[0] * scale
    assert_allclose(found * scale + shift, raw, rtol=1e-10, atol=1e-10)
    assert abs(cancer.test.inputs.mean(axis=0)).max() > 0.01
    assert abs(found.mean(axis=0)).max() > 0.001


def test_labels_are_scikit_learns(cancer):
    """Benign tumours (1) are the smaller ones: mean radius is the first measurement."""
    train = cancer.train
    radius = train.inputs[:, 0]
    assert radius[train.targets == 1].mean() < radius[train.targets == 0].mean()


def test_fractions_that_leave_nothing_are_refused():
    with pytest.raises(ValueError, match="both together less than 1"):
        BreastCancer(test_fraction=0.5, validation_fraction=0.5)
