"""CIFAR-10: files made here in all its forms, and the real rows where OPTFRAME_DATA has them."""

import hashlib
import io
import tarfile

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe import DataFile, UnavailableError, UsageError
from optframe_problems.data import cifar10
from optframe_problems.data.cifar10 import BATCHES, FOLDER, Cifar10
from optframe_problems.data_loading.cifar_format import read_records


def table(random, records):
    labels = random.permutation(np.arange(records) % 10).astype(np.uint8)
    return labels, random.integers(0, 256, (records, 3, 32, 32), np.uint8)


def as_bytes(labels, images):
    return np.concatenate([labels[:, None], images.reshape(len(labels), -1)], axis=1).tobytes()


@pytest.fixture
def home(home, monkeypatch):
    (home / "cifar10").mkdir()
    monkeypatch.chdir(home)
    return home / "cifar10"


@pytest.fixture
def six(random):
    """Six files of 20 records, by their names in the archive, and what is in them."""
    tables = [table(random, 20) for _ in range(6)]
    names = [*BATCHES, "test_batch.bin"]
    return dict(zip(names, [as_bytes(*each) for each in tables], strict=True)), tables


def pack(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def trust(monkeypatch, path):
    """Let a small archive be the one with the right checksum."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(cifar10, "ARCHIVE", DataFile(path.name, "cifar10", (), digest))


def assert_is(dataset, tables):
    labels = [labels for labels, _ in tables]
    images = [images.transpose(0, 2, 3, 1).reshape(20, -1) for _, images in tables]
    assert_array_equal(dataset.train.targets, np.concatenate(labels[:5]))
    assert_array_equal(dataset.train.inputs, np.concatenate(images[:5]) / np.float32(255))
    assert_array_equal(dataset.test.targets, labels[5])
    assert_array_equal(dataset.test.inputs, images[5] / np.float32(255))
    assert dataset.train.inputs.dtype == np.float32
    assert (dataset.classes, dataset.shape, dataset.labels[6]) == (10, (32, 32, 3), "frog")


def test_the_archive_is_read_in_order(home, six, monkeypatch):
    files, tables = six
    pack(home / "cifar-10-binary.tar.gz", dict(reversed(files.items())))
    trust(monkeypatch, home / "cifar-10-binary.tar.gz")
    assert_is(Cifar10(validation_fraction=0, scale="unit").load(), tables)


@pytest.mark.parametrize("folder", ["", FOLDER])
def test_the_files_of_the_archive_are_read_where_they_are_unpacked(folder, home, six, monkeypatch):
    files, tables = six
    monkeypatch.setattr(cifar10, "BATCH_SIZE", 20 * 3073)
    (home / folder).mkdir(exist_ok=True)
    for name, content in files.items():
        (home / folder / name).write_bytes(content)
    assert_is(Cifar10(validation_fraction=0, scale="unit").load(), tables)
    (home / folder / "data_batch_3.bin").write_bytes(files["data_batch_3.bin"][:-3073])
    with pytest.raises(UnavailableError, match=r"data_batch_3.bin: found 58,387 bytes, expected "):
        Cifar10().load()


def test_a_file_that_is_missing_in_the_archive_is_named(home, six, monkeypatch):
    path = home / "cifar-10-binary.tar.gz"
    pack(path, {name: content for name, content in six[0].items() if name != "data_batch_4.bin"})
    trust(monkeypatch, path)
    with pytest.raises(UnavailableError, match=rf"{path}: {FOLDER}/data_batch_4.bin is missing"):
        Cifar10().load()


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"no archive"])
def test_an_archive_that_cannot_be_read_is_named(damage, home, six, monkeypatch):
    path = home / "cifar-10-binary.tar.gz"
    pack(path, six[0])
    path.write_bytes(damage(path.read_bytes()))
    trust(monkeypatch, path)
    with pytest.raises(UnavailableError, match=rf"{path}: .*; expected a .tar.gz of CIFAR-10"):
        Cifar10().load()


def test_another_archive_is_refused(home, six):
    path = home / "cifar-10-binary.tar.gz"
    pack(path, six[0])
    with pytest.raises(UnavailableError, match=rf"{path}: found .* bytes, expected 170,052,171"):
        Cifar10().load()


def test_a_shorter_file_is_read_where_it_is_named(home, six):
    files, tables = six
    (home / "some.bin").write_bytes(files["data_batch_1.bin"])
    (home.parent / "others.bin").write_bytes(files["test_batch.bin"])
    dataset = Cifar10(0.0, scale="unit", train="some.bin", test="others.bin").load()
    assert_array_equal(dataset.train.targets, tables[0][0])
    assert_array_equal(dataset.test.targets, tables[5][0])
    untested = Cifar10(0.5, scale="standard", train="some.bin").load()
    assert [len(untested.train), len(untested.validation), len(untested.test)] == [10, 10, 0]
    assert untested.test.inputs.shape == (0, 3072)
    with pytest.raises(ValueError, match=r"test = 'others.bin' without train"):
        Cifar10(test="others.bin")
    with pytest.raises(UsageError, match=r"none.bin: no such file, neither as it is"):
        Cifar10(train="none.bin").load()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found 0 bytes, expected one or more records of 3,073: it is empty"),
        (b"\1" * 3072, "found 3,072 bytes, .*: it is cut off or no CIFAR-10 file"),
        (b"\1" * 3074, "found 3,074 bytes, .*: it is cut off or no CIFAR-10 file"),
        (b"\1" * 3073 + b"\12" * 3073, r"the class of record 1 \(from 0\) is 10, expected 0 to 9"),
    ],
)
def test_what_is_no_cifar_file_is_named(content, said):
    with pytest.raises(UnavailableError, match=f"^a/b.bin: {said}"):
        read_records({"good.bin": bytes(3073), "a/b.bin": content})


@pytest.mark.parametrize("scale", ["unit", "standard"])
def test_the_real_rows_have_their_colours(scale, real):
    """Mean and deviation of red, green and blue of the first 4,000 rows."""
    real("cifar10", "lossless_train_4000.bin")
    train = Cifar10(0.0, scale=scale, train="lossless_train_4000.bin").load().train
    images = train.inputs.reshape(4000, 32, 32, 3).astype(float)
    expected = ([0.4916, 0.4818, 0.4447], [0.2471, 0.2440, 0.2625])
    if scale == "standard":
        expected = (np.zeros(3), np.ones(3))
    assert_allclose(images.mean(axis=(0, 1, 2)), expected[0], atol=6e-5)
    assert_allclose(images.std(axis=(0, 1, 2)), expected[1], atol=6e-5)
    assert_array_equal(train.targets[:5], [6, 9, 9, 4, 1])  # frog, truck, truck, deer, automobile


def test_neighbouring_pixels_of_real_images_are_alike(real):
    """They would not be, were the three colours mistaken for neighbours; 0.5 and 0.66, then."""
    real("cifar10", "lossless_test_1000.bin")
    train = Cifar10(0.0, scale="standard", train="lossless_test_1000.bin").load().train
    images = train.inputs.reshape(-1, 32, 32, 3)
    across = np.square(images[:, :, 1:] - images[:, :, :-1]).mean()
    down = np.square(images[:, 1:] - images[:, :-1]).mean()
    assert across < down < 0.2  # horizons lie flat: rows are rows
