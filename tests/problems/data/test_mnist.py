"""MNIST and Fashion-MNIST: small files made here, and the real ones where OPTFRAME_DATA is."""

import dataclasses
import gzip
import hashlib
import struct

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe import UnavailableError
from optframe_problems.data.fashion_mnist import FashionMnist
from optframe_problems.data.mnist import Mnist

NAMES = [
    *("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    *("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
]


def idx(array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def arrays(random):
    """Images and labels of 40 training and 20 test records, by the names of their files."""
    made = []
    for records in (40, 20):
        made.append(random.integers(0, 256, (records, 28, 28), np.uint8))
        made.append(random.permutation(np.arange(records) % 10))
    return dict(zip(NAMES, made, strict=True))


@pytest.fixture
def small(home, arrays, monkeypatch):
    """Write small files of a data set, and let them be the ones with the right checksums."""

    def write(loader=Mnist, folder="mnist", packed=True):
        (home / folder).mkdir(parents=True, exist_ok=True)
        files = []
        for file, (name, array) in zip(loader().files(), arrays.items(), strict=True):
            content = idx(array)
            zipped = gzip.compress(content)
            path = home / folder / (f"{name}.gz" if packed else name)
            path.write_bytes(zipped if packed else content)
            digests = [hashlib.sha256(each).hexdigest() for each in (zipped, content)]
            sound = {"sha256": digests[0], "size": 0, "forms": ((name, digests[1]),), "urls": ()}
            files.append(dataclasses.replace(file, **sound))
        monkeypatch.setattr(loader, "files", lambda self: tuple(files))
        return home / folder

    return write


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("folder", ["mnist", "."])
def test_the_four_files_are_read_packed_or_not(packed, folder, small, arrays):
    small(packed=packed, folder=folder)
    dataset = Mnist(validation_fraction=0).load()
    for part, (images, labels) in (
        (dataset.train, NAMES[:2]),
        (dataset.test, NAMES[2:]),
    ):
        assert part.inputs.dtype == np.float32
        assert_array_equal(part.inputs, arrays[images].reshape(len(part), 784) / np.float32(255))
        assert_array_equal(part.targets, arrays[labels])
    assert len(dataset.validation) == 0
    assert (dataset.name, dataset.classes, dataset.shape) == ("mnist", 10, (28, 28, 1))


def test_the_validation_part_is_the_seeds_and_has_all_classes(small):
    small()
    dataset = Mnist(validation_fraction=0.25).load()
    assert_array_equal(np.bincount(dataset.validation.targets), np.ones(10))
    assert_array_equal(np.bincount(dataset.train.targets), np.full(10, 3))
    assert len(dataset.test) == 20
    assert dataset.digest == Mnist(validation_fraction=0.25).load().digest
    assert dataset.digest != Mnist(validation_fraction=0.25, split=1).load().digest


def test_fashion_has_its_own_folder_and_labels(small, arrays):
    small(FashionMnist, "fashion-mnist", packed=False)
    dataset = FashionMnist(validation_fraction=0).load()
    assert dataset.name == "fashion-mnist"
    assert dataset.labels[9] == "ankle boot"
    assert_array_equal(dataset.test.targets, arrays[NAMES[3]])


def test_digits_are_no_clothes(home, small):
    """The files of both have the same names."""
    small().rename(home / "fashion-mnist")
    with pytest.raises(UnavailableError, match=r"fashion-mnist/train-images.*: found .* bytes"):
        FashionMnist().load()


@pytest.mark.parametrize("number", range(4))
def test_one_damaged_byte_is_found(number, small, random):
    folder = small(packed=False)
    path = folder / NAMES[number]
    content = bytearray(path.read_bytes())
    content[int(random.integers(16, len(content)))] ^= 1
    path.write_bytes(content)
    found, expected = hashlib.sha256(content).hexdigest(), Mnist().files()[number].forms[0][1]
    with pytest.raises(UnavailableError) as caught:
        Mnist().load()
    assert str(caught.value) == (
        f"{path}: found sha256 {found}, expected {expected}: it is damaged or another file; "
        "replace the file or remove it"
    )


def test_images_and_labels_that_do_not_belong_together_are_refused(small, arrays):
    arrays[NAMES[1]] = arrays[NAMES[1]][:30]
    folder = small()
    with pytest.raises(UnavailableError) as caught:
        Mnist().load()
    path = folder / f"{NAMES[0]}.gz"
    assert str(caught.value) == f"{path}: found 40 images, but 30 labels in their file"


def test_verifying_reads_the_files_and_no_more(small, arrays):
    """It needs no validation part, which these few records could not fill."""
    small()
    Mnist(validation_fraction=0.01, scale="whiten").verify()
    arrays[NAMES[3]][7] = 10
    small()
    with pytest.raises(UnavailableError, match=r"label of record 7 \(from 0\) is 10, expected 0"):
        Mnist().verify()


def test_the_real_digits_are_lecuns(real):
    real("mnist", f"{NAMES[0]}.gz")
    dataset = Mnist(validation_fraction=0).load()
    assert dataset.train.inputs.shape == (60000, 784)
    assert dataset.test.inputs.shape == (10000, 784)
    assert_array_equal(
        np.bincount(dataset.train.targets),
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    )
    assert_array_equal(
        np.bincount(dataset.test.targets), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    )
    assert dataset.train.inputs.mean(dtype=float) == pytest.approx(0.1307, abs=5e-5)
    assert dataset.train.inputs.std(dtype=float) == pytest.approx(0.3081, abs=5e-5)
    assert (dataset.train.inputs.min(), dataset.train.inputs.max()) == (0, 1)


def test_the_lectures_split_of_the_real_digits(real):
    real("mnist", f"{NAMES[0]}.gz")
    dataset = Mnist(scale="standard").load()
    assert [len(p) for p in (dataset.train, dataset.validation, dataset.test)] == [
        *(54000, 6000, 10000)
    ]
    assert_allclose(dataset.train.inputs.mean(dtype=float), 0, atol=1e-6)
    assert_allclose(dataset.train.inputs.std(dtype=float), 1, rtol=1e-6)


def test_the_real_clothes_are_zalandos(real):
    real("fashion-mnist", f"{NAMES[0]}.gz")
    dataset = FashionMnist(validation_fraction=0).load()
    assert_array_equal(np.bincount(dataset.train.targets), np.full(10, 6000))
    assert_array_equal(np.bincount(dataset.test.targets), np.full(10, 1000))
    assert dataset.train.inputs.mean(dtype=float) == pytest.approx(0.2860, abs=5e-5)
