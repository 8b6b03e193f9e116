"""LIBSVM data sets: files made here, and the real ones where OPTFRAME_DATA has them."""

import gzip
import hashlib
import os

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import UnavailableError, UsageError
from optframe_problems.data.a9a import A9a
from optframe_problems.data.australian import Australian
from optframe_problems.data.libsvm import Libsvm
from optframe_problems.data.mushrooms import Mushrooms
from optframe_problems.data.news20 import News20
from optframe_problems.data_loading.files import named


@pytest.fixture
def folder(home, tmp_path, monkeypatch):
    """A function that writes files into OPTFRAME_DATA."""
    (home / "libsvm").mkdir()
    monkeypatch.chdir(tmp_path)

    def write(name, content, where=home):
        (where / name).write_text(content)
        return where / name

    return write


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


@pytest.mark.parametrize("target", ["class", "number"])
def test_the_last_records_of_the_training_file_may_validate(target, folder):
    folder("data", "".join(f"{1 + i % 2} 1:{i + 1}\n" for i in range(40)))
    folder("data.t", "1 2:1\n")
    given = {"target": target, "validation_fraction": 0.1, "split": "last"}
    dataset = Libsvm("data", test="data.t", **given).load()
    assert_array_equal(dataset.train.inputs.toarray()[:, 0], np.arange(1, 37))
    assert_array_equal(dataset.validation.inputs.toarray()[:, 0], [37, 38, 39, 40])
    assert dataset.validation.inputs.shape == (4, 2)
    assert len(dataset.test) == 1


def test_a_path_is_found_here_at_home_or_in_its_folder(folder, home, tmp_path):
    here = folder("one", "1 1:1\n", where=tmp_path)
    for path in ("one", str(here)):
        assert len(Libsvm(path).load().train) == 1
    folder("two", "1 1:1\n2 1:1\n")
    assert len(Libsvm("two").load().train) == 2
    folder("three", "1 1:1\n2 1:1\n1 1:2\n", where=home / "libsvm")
    assert len(Libsvm("three").load().train) == 3


def test_a_path_that_is_nowhere_is_a_wrong_word(folder):
    with pytest.raises(UsageError) as caught:
        Libsvm("nowhere").load()
    assert str(caught.value) == (
        "nowhere: no such file, neither as it is, nor in the folder OPTFRAME_DATA or its libsvm/"
    )


@pytest.mark.parametrize("loader", [A9a, Mushrooms, News20])
def test_a_file_with_another_content_is_refused(loader, folder, tmp_path):
    name = loader().files()[0].name
    path = folder(name, "1 1:1\n", where=tmp_path / "home" / "libsvm")
    with pytest.raises(UnavailableError, match=rf"{path}: found 6 bytes, expected [\d,]+: it is"):
        loader().load()


def test_other_records_than_australians_are_refused(folder):
    path = folder("australian", "".join(f"{i % 2} 1:{i}\n" for i in range(690)))
    with pytest.raises(UnavailableError, match=f"{path}: these are not the 690 records"):
        Australian().load()


def test_a_checksum_that_is_given_is_compared(folder):
    path = folder("data", "1 1:1\n2 1:2\n")
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(Libsvm("data", sha256=right).load().train) == 2
    wrong = hashlib.sha256(b"").hexdigest()
    with pytest.raises(UnavailableError, match=f"found sha256 {right}, expected {wrong}"):
        Libsvm("data", sha256=wrong).load()
    with pytest.raises(UnavailableError, match=f"found sha256 {right}, expected {wrong}"):
        Libsvm("data", test=str(path), test_sha256=wrong).load()
    with pytest.raises(ValueError, match="sha256 = 'ABC'; expected 64 digits"):
        Libsvm("data", sha256="ABC")


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Downloads of our own: the content by its address, and what was asked for."""
    contents, asked = {}, []

    def download(urls, path, sha256, size):
        asked.append(urls[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contents[urls[0]])

    monkeypatch.setattr("optframe.contracts.downloads.download", download)
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path / "cache"))
    return contents, asked


@pytest.mark.parametrize("known", [True, False])
def test_a_file_may_be_named_by_its_address(known, server, folder):
    contents, asked = server
    data, test = "https://somewhere.org/a/data", "https://somewhere.org/data.t"
    contents |= {data: "1 1:1\n2 1:2\n", test: "2 1:7\n"}
    sums = [hashlib.sha256(contents[url].encode()).hexdigest() for url in (data, test)]
    given = {"sha256": sums[0], "test_sha256": sums[1]} if known else {}
    for _ in range(2):
        dataset = Libsvm(data, test=test, **given).load()
        assert_array_equal(dataset.train.inputs.toarray()[:, 0], [1, 2])
        assert_array_equal(dataset.test.inputs.toarray()[:, 0], [7])
    assert asked == [data, test]


def test_two_addresses_may_end_with_one_name(server, folder):
    contents, _ = server
    for number in (1, 2):
        contents[f"https://somewhere.org/{number}/data"] = f"1 1:{number}\n2 1:1\n"
    for number in (1, 2):
        dataset = Libsvm(f"https://somewhere.org/{number}/data").load()
        assert dataset.train.inputs[0, 0] == number


def test_a_file_named_by_its_address_may_lie_in_the_users_folder(server, folder):
    _, asked = server
    folder("data", "1 1:5\n2 1:2\n")
    assert Libsvm("https://somewhere.org/data").load().train.inputs[0, 0] == 5
    assert asked == []


def test_an_address_that_sends_something_else_is_refused(server, folder):
    contents, _ = server
    contents["https://somewhere.org/data"] = "1 1:1\n"
    with pytest.raises(UnavailableError, match="cache/data/libsvm/data: found sha256 "):
        Libsvm("https://somewhere.org/data", sha256="0" * 64).load()


def test_a_file_packed_or_in_a_subfolder_may_be_named(folder, tmp_path):
    (tmp_path / "home" / "own").mkdir()
    (tmp_path / "home" / "own" / "data.gz").write_bytes(gzip.compress(b"1 1:1\n2 1:2\n"))
    for path in ("own/data", "own/data.gz"):
        assert len(Libsvm(path).load().train) == 2


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(UsageError, match="path is missing; write libsvm:path=FILE"):
        Libsvm().load()
    with pytest.raises(ValueError, match=r"test_fraction = 0.5 beside test = 'b'; give one"):
        Libsvm("a", test="b", test_fraction=0.5)
    with pytest.raises(ValueError, match="both together less than 1"):
        Mushrooms(0.5, 0.5)


def test_a9a_is_platts(real):
    real("libsvm", "a9a.t")
    dataset = A9a().load()
    assert dataset.train.inputs.shape == (32561, 123)
    assert dataset.test.inputs.shape == (16281, 123)
    assert dataset.train.inputs.nnz == 451_592
    assert dataset.labels == (-1, 1)
    assert_array_equal(np.bincount(dataset.train.targets), [24720, 7841])
    assert_array_equal(np.bincount(dataset.test.targets), [12435, 3846])


def test_the_training_people_of_a9a_may_validate(real):
    real("libsvm", "a9a.t")
    whole, last = A9a().load(), A9a(validation_fraction=0.1, split="last").load()
    assert [len(part) for part in (last.train, last.validation, last.test)] == [29304, 3257, 16281]
    assert (last.validation.inputs != whole.train.inputs[29304:]).nnz == 0
    drawn = A9a(validation_fraction=0.1, split=2).load()
    assert drawn.digest == A9a(validation_fraction=0.1, seed=2).load().digest
    assert_array_equal(np.bincount(drawn.validation.targets), [2472, 784])


def test_mushrooms_are_poisonous_or_edible(real):
    real("libsvm", "mushrooms")
    dataset = Mushrooms(test_fraction=0.25).load()
    assert dataset.labels == (1, 2)
    assert [len(dataset.train), len(dataset.test)] == [6093, 2031]
    counts = np.bincount(dataset.train.targets) + np.bincount(dataset.test.targets)
    assert_array_equal(counts, [3916, 4208])
    assert (dataset.train.inputs.sum(axis=1) == 21).all()


def test_australian_is_standardized(real):
    real("libsvm", "australian")
    dataset = Australian().load()
    assert sum(len(part) for part in (dataset.train, dataset.validation, dataset.test)) == 690
    assert_allclose(dataset.train.inputs.mean(axis=0), 0, atol=1e-12)
    assert_allclose(dataset.train.inputs.std(axis=0), 1, rtol=1e-12)
    assert dataset.labels == (-1, 1)


def test_news20_has_twenty_groups(real):
    real("libsvm", "news20.bz2")
    dataset = News20().load()
    assert dataset.train.inputs.shape == (15935, 62061)
    assert dataset.classes == 20
    assert dataset.train.inputs.nnz == 1_272_569


def test_a9a_at_zero_is_ln_2_and_at_the_minimum_has_no_slope(monkeypatch, tmp_path, real):
    real("libsvm", "a9a.t")
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path))
    problem = "logistic:data=a9a,l2=1e-3"
    result = optframe.minimize(problem, "lbfgs", steps=200, sampler="full", gradient_norm=1e-8)
    curve = result.curve
    assert curve.loss.iloc[0] == pytest.approx(np.log(2), rel=1e-14)
    assert curve.test_accuracy.iloc[-1] == pytest.approx(0.85, abs=0.005)
    assert result.status == "converged"


@pytest.mark.parametrize("path", ["../secret", "inside/../../secret", "./../secret"])
def test_a_path_does_not_leave_its_folder_unless_it_is_absolute(tmp_path, monkeypatch, path):
    inside = tmp_path / "folder"
    inside.mkdir()
    (tmp_path / "secret").write_text("1 1:2\n2 1:3\n", encoding="utf-8")
    monkeypatch.chdir(inside)
    with pytest.raises(UsageError, match="leads out of its folder"):
        named(path, "libsvm")
    assert named(str(tmp_path / "secret"), "libsvm").find() is not None


def test_labels_may_have_more_than_64_bits(folder):
    folder("data", "9223372036854775808 1:1\n1e30 1:2\n1e30 1:3\n")
    dataset = Libsvm("data").load()
    assert dataset.labels == (2**63, int(1e30))
    assert sorted(dataset.train.targets.tolist()) == [0, 1, 1]


def test_a_pipe_and_a_device_are_refused(folder, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    for path, kind in (("pipe", "named pipe"), ("/dev/zero", "device")):
        with pytest.raises(UnavailableError, match=f"{path}: found a {kind}, expected a file"):
            Libsvm(path).load()


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "data").write_text("1 1:1\n2 1:2\n")
    assert Libsvm("~/data").load().labels == (1, 2)
    monkeypatch.setenv("OPTFRAME_DATA", "~")
    assert Libsvm("data").load().labels == (1, 2)
