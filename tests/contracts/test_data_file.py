"""Where a data file is looked for, and what is said of one that is not as it should be."""

import hashlib
import os

import pytest

from optframe import DataFile, UnavailableError, cache_folder

CONTENT = b"some records\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An OPTFRAME_DATA and a cache of our own."""
    monkeypatch.setenv("OPTFRAME_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path / "cache"))
    return tmp_path / "data"


def write(path, content=CONTENT):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    assert DataFile("a", "b").home == tmp_path / "data" / "b" / "a"
    monkeypatch.delenv("OPTFRAME_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "optframe"


def test_the_users_folder_goes_before_the_cache_and_its_subfolder_before_it(home):
    file = DataFile("records", "some", sha256=DIGEST)
    assert file.find() is None
    for path in (file.home, home / "records", home / "some" / "records"):
        write(path)
        assert file.find() == path
        assert file.fetch() == path


def test_without_the_users_folder_there_is_the_cache(home, monkeypatch):
    monkeypatch.delenv("OPTFRAME_DATA")
    file = DataFile("records", "some")
    write(home / "records")
    assert file.find() is None
    write(file.home)
    assert file.fetch() == file.home


def test_another_form_is_found_and_has_its_own_checksum(home):
    unpacked = hashlib.sha256(b"unpacked").hexdigest()
    file = DataFile("records.gz", "some", sha256=DIGEST, size=13, forms=(("records", unpacked),))
    path = write(home / "some" / "records", b"unpacked")
    assert file.fetch() == path
    write(path)
    assert file.flaw(path).startswith(f"found sha256 {DIGEST}, expected {unpacked}: ")
    published = write(home / "some" / "records.gz")
    assert file.fetch() == published


def test_a_file_of_any_content_will_do_where_no_checksum_is_known(home):
    path = write(home / "records", os.urandom(9))
    assert DataFile("records").fetch() == path


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (DataFile("records", sha256=OTHER), f"found sha256 {DIGEST}, expected {OTHER}: it is "),
        (DataFile("records", size=1234), "found 13 bytes, expected 1,234: it is incomplete or an"),
    ],
)
def test_another_file_is_refused_and_left_alone(file, said, home):
    path = write(home / "records")
    with pytest.raises(UnavailableError) as caught:
        file.fetch()
    assert str(caught.value).startswith(f"{path}: {said}")
    assert str(caught.value).endswith("; replace the file or remove it")
    assert path.read_bytes() == CONTENT


def test_a_folder_in_its_place_is_refused_but_one_of_its_name_elsewhere_is_not(home):
    file = DataFile("records", "some")
    (home / "records").mkdir(parents=True)
    assert file.find() is None
    (home / "some" / "records").mkdir(parents=True)
    with pytest.raises(UnavailableError, match="some/records: found a folder, expected a file"):
        file.fetch()


def test_a_file_that_cannot_be_read_is_refused(home, monkeypatch):
    path = write(home / "records")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(UnavailableError, match="records: it cannot be read: Permission denied"):
        DataFile("records").fetch()


def test_what_nobody_offers_must_be_brought(home, monkeypatch):
    file = DataFile("records", "some")
    with pytest.raises(UnavailableError) as caught:
        file.fetch()
    assert str(caught.value) == (
        f"some/records: no such file: it is not in OPTFRAME_DATA={home}, it is not in the cache "
        f"{file.home.parent}; no address to download it from is known; set OPTFRAME_DATA=DIR to a "
        "folder that contains some/records"
    )
    monkeypatch.delenv("OPTFRAME_DATA")
    missing = "no such file: OPTFRAME_DATA is not set, it is not in the cache"
    with pytest.raises(UnavailableError, match=missing):
        file.fetch()
