"""Files are replaced whole, or not at all."""

import os

import pytest

from optframe.contracts.whole_file import replacing


@pytest.mark.parametrize("unique", [False, True])
def test_the_part_takes_the_files_place_at_the_end(tmp_path, unique):
    path = tmp_path / "new" / "file.json"
    for text in ("old", "new"):
        with replacing(path, unique=unique) as part:
            assert part.parent == path.parent
            part.write_text(text)
            assert not path.exists() or path.read_text() == "old"
        assert path.read_text() == text
        assert os.listdir(path.parent) == ["file.json"]


@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize("raised", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("begun", [False, True])
def test_where_something_is_raised_the_file_stays_as_it_was(tmp_path, unique, raised, begun):
    path = tmp_path / "file.json"
    path.write_text("old")

    def write():
        with replacing(path, unique=unique) as part:
            if begun:
                part.write_text("half")
            raise raised

    with pytest.raises(raised):
        write()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.json"]


def test_what_a_killed_process_left_is_no_part_of_the_next_file(tmp_path):
    (tmp_path / "file.part").write_text("left")
    with replacing(tmp_path / "file.json") as part:
        assert part == tmp_path / "file.part"
        assert not part.exists()
        part.write_text("new")
    assert os.listdir(tmp_path) == ["file.json"]


def test_writers_at_once_have_parts_of_their_own(tmp_path):
    path = tmp_path / "file.json"
    with replacing(path, unique=True) as one, replacing(path, unique=True) as other:
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"
    assert os.listdir(tmp_path) == ["file.json"]
