"""The reader of LIBSVM's format: what it reads, and what it says of wrong lines."""

import bz2
import gzip
import lzma

import pytest
from numpy.testing import assert_array_equal

from optframe import UsageError
from optframe_problems.data_loading import svmlight_format
from optframe_problems.data_loading.svmlight_format import read


@pytest.fixture
def written(tmp_path):
    def write(content, name="data"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


GOOD = "-1 1:0.5 3:2\n+1\n-1 2:-1e-3 # a comment\n"
EXPECTED = [[0.5, 0, 2], [0, 0, 0], [0, -1e-3, 0]]


@pytest.mark.parametrize(
    "content",
    [GOOD, GOOD.rstrip("\n"), GOOD.replace("\n", "\r\n"), "# all about it\n" + GOOD],
    ids=["as usual", "no newline at the end", "Windows", "comment line"],
)
def test_records_are_read_as_they_stand(content, written):
    inputs, targets = read(written(content))
    assert inputs.format == "csr"
    assert_array_equal(inputs.toarray(), EXPECTED)
    assert_array_equal(targets, [-1, 1, -1])


@pytest.mark.parametrize(("ending", "packed"), [(".bz2", bz2.compress), (".gz", gzip.compress)])
def test_packed_files_are_read_as_they_are(ending, packed, written):
    inputs, _ = read(written(packed(GOOD.encode()), f"data{ending}"))
    assert_array_equal(inputs.toarray(), EXPECTED)


def test_numbers_survive_to_the_bit(written, random):
    values = random.standard_normal((7, 4))
    lines = [
        " ".join([repr(row[0]), *(f"{i}:{v!r}" for i, v in enumerate(row[1:], 1))])
        for row in values.tolist()
    ]
    inputs, targets = read(written("\n".join(lines)))
    assert_array_equal(inputs.toarray(), values[:, 1:])
    assert_array_equal(targets, values[:, 0])


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("", "the line is empty"),
        ("   ", "the line is empty"),
        ("1 3:abc", "the value of '3:abc' is no finite number"),
        ("1 3:", "the value of '3:' is no finite number"),
        ("1 3:1:2", "the value of '3:1:2' is no finite number"),
        ("1 2:nan", "the value of '2:nan' is no finite number"),
        ("1 2:inf", "the value of '2:inf' is no finite number"),
        ("1 2:1e999", "the value of '2:1e999' is no finite number"),
        ("1 2:1 2:3", "index 2 follows 2, but indices increase from 1"),
        ("1 5:1 2:3", "index 2 follows 5, but indices increase from 1"),
        ("1 0:1", "index 0, but indices increase from 1"),
        ("1 -2:1", "found '-2:1'"),
        ("1 x:1", "found 'x:1'"),
        ("1 2", "found '2'"),
        ("1 qid:3 2:1", "found 'qid:3'"),
        ("2:1 3:1", "the target is missing before '2:1'"),
        ("nan 2:1", "the target 'nan' is no finite number"),
        ("yes 2:1", "the target 'yes' is no finite number"),
        ("1,2 2:1", "the target '1,2' is no finite number"),
    ],
)
def test_a_wrong_line_is_named(line, mistake, written):
    path = written(f"1 1:1 2:1\n# a comment\n-1 1:2\n{line}\n1 1:1\n")
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}, line 4: {mistake}; expected 'target index:value index:value ...'"
    )


def test_an_empty_line_at_the_end_is_one(written):
    path = written("1 1:1\n\n")
    with pytest.raises(UsageError, match="line 2: the line is empty"):
        read(path)


@pytest.mark.parametrize("content", ["", "# nothing\n"])
def test_a_file_without_records_is_refused(content, written):
    path = written(content)
    with pytest.raises(UsageError, match=f"{path}: the file holds no records"):
        read(path)


PACKED = {".bz2": bz2.compress, ".gz": gzip.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("ending", PACKED)
def test_a_damaged_archive_is_named(ending, written):
    packed = bytearray(PACKED[ending](GOOD.encode()))
    changed = packed.copy()
    changed[len(changed) // 2 :] = bytes(len(changed) - len(changed) // 2)
    for content in (packed[:-6], changed):
        path = written(bytes(content), f"data{ending}")
        with pytest.raises(UsageError, match=f"{path}: .*; expected a file in LIBSVM's format"):
            read(path)


@pytest.mark.parametrize("pack", PACKED.values())
@pytest.mark.parametrize("ending", ["", ".gz", ".txt"])
def test_a_packed_file_needs_no_ending(pack, ending, written):
    inputs, targets = read(written(pack(GOOD.encode()), f"data{ending}"))
    expected, labels = read(written(GOOD))
    assert (inputs != expected).nnz == 0
    assert (targets == labels).all()


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_lines_may_end_as_on_other_systems(end, written):
    inputs, targets = read(written(f"1 1:2{end}-1 2:3{end}".encode()))
    assert inputs.toarray().tolist() == [[2, 0], [0, 3]]
    assert targets.tolist() == [1, -1]


@pytest.mark.parametrize("pack", PACKED.values())
def test_a_small_file_does_not_become_a_large_one(pack, written, monkeypatch):
    monkeypatch.setattr(svmlight_format, "SMALL", 1000)
    path = written(pack(b"1 1:1\n" * 2**18))
    with pytest.raises(UsageError, match=r"found more than [\d,]+ bytes packed into [\d,]+, exp"):
        read(path)


def test_an_index_of_many_digits_is_refused(written):
    with pytest.raises(UsageError, match="line 1: found an index of 5000 digits"):
        read(written(f"1 {'9' * 5000}:1\n"))


def test_a_binary_file_is_refused(written):
    with pytest.raises(UsageError, match="line 1: "):
        read(written(bytes(range(256))))


@pytest.mark.parametrize("index", [2**31, 2**32 + 1, 10**20])
def test_indices_beyond_32_bits_are_refused(index, written):
    path = written(f"1 1:1\n1 {index}:1\n")
    with pytest.raises(UsageError, match=f"line 2: index {index} is above 2147483647"):
        read(path)
