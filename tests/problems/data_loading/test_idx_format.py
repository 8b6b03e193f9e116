"""The IDX reader: what it reads, and what it says of files that are something else."""

import gzip
import struct

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from optframe import UnavailableError
from optframe_problems.data_loading.idx_format import read_images, read_labels


def idx(array, kind=8):
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def written(tmp_path):
    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
        return path

    return write


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_images_are_read_row_by_row(name, written, random):
    images = random.integers(0, 256, (7, 3, 5), np.uint8)
    pixels = read_images(written(idx(images), name), (3, 5))
    assert pixels.dtype == np.uint8
    assert_array_equal(pixels, images.reshape(7, 15))


@pytest.mark.parametrize("name", ["labels", "labels.gz"])
def test_labels_are_read_in_order(name, written, random):
    labels = random.integers(0, 10, 20).astype(np.uint8)
    found = read_labels(written(idx(labels), name), 10)
    assert found.dtype == np.int64
    assert_array_equal(found, labels)


IMAGES = idx(np.ones((2, 3, 5), np.uint8))
LABELS = idx(np.array([3, 9, 1], np.uint8))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found the magic number of an empty file, expected 00000803"),
        (b"\0\0", "found the magic number 0000, expected 00000803"),
        (LABELS, "found the magic number 00000801, expected 00000803: IDX, bytes, 3 axes"),
        (idx(np.ones((2, 3, 5), np.uint8), kind=13), "magic number 00000d03, expected 00000803"),
        (gzip.compress(IMAGES, mtime=0), "found the magic number 1f8b0800, expected 00000803"),
        (IMAGES[:11], "its header of 16 bytes ends after 11"),
        (
            IMAGES[:-1],
            "found 29 bytes of values, expected 30 (2 × 3 × 5, as its header says): it is cut off",
        ),
        (
            IMAGES + b"\0",
            "found 31 bytes of values, expected 30 (2 × 3 × 5, as its header says): "
            "there are bytes left over",
        ),
        (idx(np.ones((2, 5, 3), np.uint8)), "found images of 5×3 pixels, expected 3×5"),
        (idx(np.ones((0, 3, 5), np.uint8)), "the file holds no records"),
    ],
)
def test_what_is_no_file_of_such_images_is_named(content, said, written):
    path = written(content)
    with pytest.raises(UnavailableError) as caught:
        read_images(path, (3, 5))
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_a_label_out_of_range_is_named(written):
    path = written(LABELS)
    with pytest.raises(UnavailableError, match=rf"{path}: the label of record 1 \(from 0\) is 9, "):
        read_labels(path, 9)
    assert_array_equal(read_labels(path, 10), [3, 9, 1])
    with pytest.raises(UnavailableError, match="expected 00000801: IDX, bytes, 1 axis"):
        read_labels(written(IMAGES), 10)


@pytest.mark.parametrize("keep", [0, 1, 9, 20, -9, -8, -1])
def test_an_archive_that_is_cut_off_is_named(keep, tmp_path):
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(LABELS, mtime=0)[:keep])
    with pytest.raises(UnavailableError, match=f"^{path}: "):
        read_labels(path, 10)


def test_an_archive_that_is_damaged_or_none_is_named(tmp_path, random):
    path = tmp_path / "labels.gz"
    packed = bytearray(gzip.compress(LABELS, mtime=0))
    place = int(random.integers(len(packed) - 8, len(packed)))  # the checksum and the size
    packed[place] ^= 1 << int(random.integers(8))
    for content in (bytes(packed), LABELS):
        path.write_bytes(content)
        with pytest.raises(UnavailableError, match=rf"^{path}: .*expected a file in IDX format"):
            read_labels(path, 10)


def test_what_is_not_there_to_be_read_is_named(tmp_path):
    with pytest.raises(UnavailableError, match="No such file or directory; expected a file in IDX"):
        read_labels(tmp_path / "nothing", 10)
    with pytest.raises(UnavailableError, match="Is a directory; expected a file in IDX format"):
        read_labels(tmp_path, 10)
