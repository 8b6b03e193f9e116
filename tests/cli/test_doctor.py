"""``optframe doctor DIR``: sound, or damaged and recovered into a new folder."""

import os

import pytest

from optframe import load

RUN = "run -o adam -o sgd:lr=0.001 -p rosenbrock --seeds 1 --steps 20 --no-report --out"


@pytest.fixture
def folder(optframe, tmp_path):
    assert optframe(*RUN.split(), "out").code == 0
    return tmp_path / "out"


def test_a_sound_store_is_called_sound(optframe, folder):
    for path in ("out", "out/store.sqlite"):
        finished = optframe("doctor", path)
        assert (finished.code, finished.err) == (0, "")
        assert finished.out == "out/store.sqlite: sound; 2 trials ended, 0 to be run\n"
    assert os.listdir(folder.parent) == ["out"]


def test_a_damaged_store_is_recovered_into_a_new_folder_and_goes_on(optframe, folder):
    store = folder / "store.sqlite"
    content = bytearray(store.read_bytes())
    place = content.index(b"x\x01")  # a blob of zlib's, level 1
    content[place + 40] ^= 1
    content[:100] = bytes(100)
    store.write_bytes(content)
    finished = optframe("doctor", "out")
    assert (finished.code, finished.err) == (1, "")
    said = finished.out.splitlines()
    assert said[0].startswith("out/store.sqlite: found a damaged store or another file")
    assert said[1] == (
        f"recovered 1 trials that ended, with 1 curves, and 1 to be run, in "
        f"{folder}-recovered/store.sqlite"
    )
    assert said[2] == "lost: 1"
    assert said[3].endswith(" on rosenbrock, seed 0: its curve")
    assert said[4].startswith("SQLite's own `.recover` may read more")
    assert store.read_bytes() == content
    again = optframe(*RUN.split(), "out-recovered")
    assert again.code == 0
    assert "1 trials were in the store already; 1 was run now" in again.out
    assert load("out-recovered").trials["status"].tolist() == ["finished"] * 2
    once_more = optframe("doctor", "out")
    assert once_more.code == 4
    assert "found an existing file, expected none; choose another --out" in once_more.err
    assert optframe("doctor", "out", "--out", "third").code == 1


def test_nothing_and_something_else_are_one_line(optframe, folder):
    for words in (["doctor", "nowhere"], ["doctor", "diary.txt"]):
        (folder.parent / "diary.txt").write_text("dear diary,\n" * 999)
        finished = optframe(*words)
        assert finished.code == 4
        assert len(finished.err.splitlines()) == 1
        assert "Traceback" not in finished.out + finished.err
    assert not (folder.parent / "diary-recovered").exists()
