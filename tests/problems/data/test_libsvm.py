"""LIBSVM data sets: files made here, and the real ones where OPTFRAME_DATA has them."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import UsageError
from optframe_problems.data.a9a import A9a
from optframe_problems.data.australian import Australian
from optframe_problems.data.libsvm import Libsvm
from optframe_problems.data.mushrooms import Mushrooms
from optframe_problems.data.news20 import News20

HOME = os.environ.get("OPTFRAME_DATA")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An OPTFRAME_DATA of our own, and a function that writes files into it."""
    home = tmp_path / "home"
    (home / "libsvm").mkdir(parents=True)
    monkeypatch.setenv("OPTFRAME_DATA", str(home))
    monkeypatch.chdir(tmp_path)

    def write(name, content, where=home):
        (where / name).write_text(content)
        return where / name

    return write


def real(name):
    """The path of a real file, or a skip that says why."""
    if not HOME:
        pytest.skip("OPTFRAME_DATA is not set")
    for path in (Path(HOME) / name, Path(HOME) / "libsvm" / name):
        if path.is_file():
            return path
    return pytest.skip(f"OPTFRAME_DATA={HOME} holds no {name}")


def test_labels_become_classes_in_order_and_are_kept(folder):
    folder("data", "7 1:1\n-2 1:2\n3 2:1\n7 1:3\n")
    dataset = Libsvm("data").load()
    assert dataset.classes == 3
    assert dataset.labels == (-2, 3, 7)
    assert_array_equal(dataset.train.targets, [2, 0, 1, 2])
    assert_array_equal(dataset.train.inputs.toarray(), [[1, 0], [2, 0], [0, 1], [3, 0]])
    assert len(dataset.test) == len(dataset.validation) == 0


@pytest.mark.parametrize(("target", "classes"), [("auto", 0), ("number", 0)])
def test_numbers_are_for_regression(target, classes, folder):
    folder("data", "7.5 1:1\n-2 1:2\n")
    dataset = Libsvm("data", target=target).load()
    assert dataset.classes == classes
    assert_array_equal(dataset.train.targets, [7.5, -2])


def test_whole_numbers_may_be_numbers_and_others_are_no_classes(folder):
    folder("data", "7 1:1\n-2 1:2\n")
    assert Libsvm("data", target="number").load().classes == 0
    path = folder("mixed", "7 1:1\n2.5 1:2\n")
    with pytest.raises(UsageError, match=f"{path}: the target 2.5 is no whole number"):
        Libsvm("mixed", target="class").load()


def test_the_test_file_is_the_test_part_and_as_wide(folder):
    folder("data", "1 1:1\n2 2:1\n")
    folder("data.t", "2 4:1\n")
    dataset = Libsvm("data", test="data.t").load()
    assert_array_equal(dataset.train.inputs.toarray(), [[1, 0, 0, 0], [0, 1, 0, 0]])
    assert_array_equal(dataset.test.inputs.toarray(), [[0, 0, 0, 1]])
    assert_array_equal(dataset.test.targets, [1])
    assert dataset.validation.inputs.shape == (0, 4)


def test_a_test_label_that_nobody_trained_on_is_refused(folder):
    folder("data", "1 1:1\n2 2:1\n")
    path = folder("data.t", "2 4:1\n5 1:1\n")
    with pytest.raises(UsageError, match=rf"{path}: found the target 5; .* of .*data, 1, 2"):
        Libsvm("data", test="data.t").load()


def test_fractions_split_with_equal_shares_of_the_classes(folder):
    folder("data", "".join(f"{1 + i % 2} 1:{i + 1}\n" for i in range(40)))
    dataset = Libsvm("data", test_fraction=0.25, validation_fraction=0.1, split=3).load()
    parts = (dataset.train, dataset.validation, dataset.test)
    assert [len(part) for part in parts] == [26, 4, 10]
    assert [part.targets.sum() for part in parts] == [13, 2, 5]
    everything = np.concatenate([part.inputs.toarray()[:, 0] for part in parts])
    assert_array_equal(np.sort(everything), np.arange(1, 41))
    for part in parts:
        assert_array_equal(part.targets, (part.inputs.toarray()[:, 0] + 1) % 2)


def test_a_path_is_found_here_at_home_or_in_its_folder(folder, tmp_path):
    here = folder("one", "1 1:1\n", where=tmp_path)
    for path in ("one", str(here)):
        assert len(Libsvm(path).load().train) == 1
    folder("two", "1 1:1\n2 1:1\n")
    assert len(Libsvm("two").load().train) == 2
    folder("three", "1 1:1\n2 1:1\n1 1:2\n", where=tmp_path / "home" / "libsvm")
    assert len(Libsvm("three").load().train) == 3


def test_a_file_that_is_nowhere_says_how_to_get_it(folder, monkeypatch, tmp_path):
    with pytest.raises(UsageError) as caught:
        A9a().load()
    home = tmp_path / "home"
    source = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/"
    assert str(caught.value) == (
        f"a9a: no such file, and {home} holds no a9a or libsvm/a9a; get it from {source} and set "
        "OPTFRAME_DATA=DIR to the folder in which it lies"
    )
    monkeypatch.delenv("OPTFRAME_DATA")
    with pytest.raises(UsageError, match="news20: no such file, and OPTFRAME_DATA is not set"):
        News20().load()


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(UsageError, match="path is missing; write libsvm:path=FILE"):
        Libsvm().load()
    with pytest.raises(ValueError, match=r"test_fraction = 0.5 beside test = 'b'; give one"):
        Libsvm("a", test="b", test_fraction=0.5)
    with pytest.raises(ValueError, match="both together less than 1"):
        Mushrooms(0.5, 0.5)


def test_a9a_is_platts():
    real("a9a.t")
    dataset = A9a().load()
    assert dataset.train.inputs.shape == (32561, 123)
    assert dataset.test.inputs.shape == (16281, 123)
    assert dataset.train.inputs.nnz == 451_592
    assert dataset.labels == (-1, 1)
    assert_array_equal(np.bincount(dataset.train.targets), [24720, 7841])
    assert_array_equal(np.bincount(dataset.test.targets), [12435, 3846])


def test_mushrooms_are_poisonous_or_edible():
    real("mushrooms")
    dataset = Mushrooms(test_fraction=0.25).load()
    assert dataset.labels == (1, 2)
    assert [len(dataset.train), len(dataset.test)] == [6093, 2031]
    counts = np.bincount(dataset.train.targets) + np.bincount(dataset.test.targets)
    assert_array_equal(counts, [3916, 4208])
    assert (dataset.train.inputs.sum(axis=1) == 21).all()


def test_australian_is_standardized():
    real("australian")
    dataset = Australian().load()
    assert sum(len(part) for part in (dataset.train, dataset.validation, dataset.test)) == 690
    assert_allclose(dataset.train.inputs.mean(axis=0), 0, atol=1e-12)
    assert_allclose(dataset.train.inputs.std(axis=0), 1, rtol=1e-12)
    assert dataset.labels == (-1, 1)


def test_news20_has_twenty_groups():
    real("news20.bz2")
    dataset = News20().load()
    assert dataset.train.inputs.shape == (15935, 62061)
    assert dataset.classes == 20
    assert dataset.train.inputs.nnz == 1_272_569


def test_a9a_at_zero_is_ln_2_and_at_the_minimum_has_no_slope(monkeypatch, tmp_path):
    real("a9a.t")
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path))
    problem = "logistic:data=a9a,l2=1e-3"
    result = optframe.minimize(problem, "lbfgs", steps=200, sampler="full", gradient_norm=1e-8)
    curve = result.curve
    assert curve.loss.iloc[0] == pytest.approx(np.log(2), rel=1e-14)
    assert curve.test_accuracy.iloc[-1] == pytest.approx(0.85, abs=0.005)
    assert result.status == "converged"
