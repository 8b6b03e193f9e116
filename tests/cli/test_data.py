import gzip
import os
from pathlib import Path

import pytest

from optframe import load_plugins

ROCKS = Path(__file__).parent.parent / "sample_plugins" / "rocks.py"


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "data" / "rocks").mkdir(parents=True)
    monkeypatch.setenv("OPTFRAME_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    return tmp_path / "data"


@pytest.fixture
def data(home, optframe):
    """Run ``optframe data`` with a stranger's plugin, and without our own data sets."""

    def run(*words, plugin=True):
        options = ["-P", ROCKS, "--without", "optframe_problems"] if plugin else []
        return optframe("data", *words, *options)

    return run


def stones(home, content=b"1 2 3\n"):
    path = home / "rocks" / "stones"
    path.write_bytes(content)
    return path


def test_the_list_says_what_is_there_and_where_the_rest_would_come_from(data, home):
    assert data("list") == (
        0,
        "clouds                  no files of its own\n"
        "stones  1 file, 0.0 MB  missing; from 127.0.0.1:9\n",
        "",
    )
    stones(home)
    assert data("list", "stones").out == f"stones  1 file, 0.0 MB  in {home}/rocks\n"
    assert data("list", "stones:more=pebbles").out == (
        f"stones:more=pebbles  2 files, size unknown  in {home}/rocks, 1 missing; from "
        "127.0.0.1:9\n"
    )
    (home / "rocks" / "pebbles").write_bytes(b"x" * 1_000_000)
    assert data("list", "stones:more=pebbles").out == (
        f"stones:more=pebbles  2 files, 1.0 MB  in {home}/rocks\n"
    )


def test_our_own_data_sets_are_listed_without_being_read(data):
    finished = data("list", plugin=False)
    assert (finished.code, finished.err) == (0, "")
    lines = {line.split()[0]: " ".join(line.split()[1:]) for line in finished.out.splitlines()}
    assert list(lines) == load_plugins().names("datasets")
    assert lines["digits"] == "no files of its own"
    assert lines["a9a"] == "2 files, 3.5 MB missing; from www.csie.ntu.edu.tw"
    assert lines["mnist"].startswith("4 files, 11.6 MB missing; from ")
    assert lines["fashion-mnist"].startswith("4 files, 30.9 MB missing; from ")
    assert lines["cifar10"] == (
        "1 file, 170.1 MB missing; from cave.cs.toronto.edu, www.cs.toronto.edu"
    )


def test_fetching_says_where_a_file_is(data, home):
    path = stones(home)
    assert data("fetch", "stones", "clouds") == (
        0,
        f"stones: {path}\nclouds: no files of its own\n",
        "",
    )


def test_what_cannot_be_fetched_is_infrastructure(data, home, tmp_path):
    finished = data("fetch", "stones")
    assert (finished.code, finished.out) == (4, "")
    assert finished.err.splitlines() == [
        "optframe: downloading stones (0.0 MB) from 127.0.0.1:9",
        f"optframe: rocks/stones: no such file: it is not in OPTFRAME_DATA={home}, it is not in "
        f"the cache {tmp_path}/cache/data/rocks; http://127.0.0.1:9/stones cannot be reached; "
        "connect to the network, or set OPTFRAME_DATA=DIR to a folder that contains rocks/stones",
    ]


def test_a_sound_file_is_verified(data, home):
    path = stones(home)
    assert data("verify") == (0, f"stones: ok  {path}\n", "")
    assert data("verify", "stones", "clouds").out == (
        f"stones: ok  {path}\nclouds: ok  no files of its own\n"
    )


@pytest.mark.parametrize("words", [["verify"], ["verify", "stones"]])
@pytest.mark.parametrize("content", [b"1 2 4\n", b"1 2 3", b""])
def test_a_damaged_file_is_named(words, content, data, home):
    path = stones(home, content)
    finished = data(*words)
    assert (finished.code, finished.err) == (1, "")
    assert finished.out.startswith(f"stones: DAMAGED  {path}: found ")
    assert len(finished.out.splitlines()) == 1


def test_a_file_that_cannot_be_read_to_its_end_is_damaged(data, home):
    """Its checksum is not known, so reading it is the only proof."""
    stones(home)
    path = home / "rocks" / "pebbles"
    path.write_bytes(b"?")
    finished = data("verify", "stones:more=pebbles")
    assert finished.code == 1
    assert finished.out.splitlines()[1:] == [
        f"stones:more=pebbles: ok  {path}  (its checksum is not known)",
        "stones:more=pebbles: DAMAGED  pebbles: found a question mark",
    ]


def test_a_missing_file_is_wrong_only_where_it_was_named(data):
    assert data("verify") == (
        0,
        "no files are there; `optframe data fetch NAME` downloads some\n",
        "",
    )
    assert data("verify", "stones") == (1, "stones: missing  rocks/stones\n", "")


def test_the_folders_are_named(data, home, tmp_path, monkeypatch):
    cache = f"cache          {tmp_path}/cache/data  (no such folder yet)\n"
    assert data("where") == (0, f"OPTFRAME_DATA  {home}\n{cache}", "")
    monkeypatch.setenv("OPTFRAME_DATA", str(home / "nowhere"))
    assert data("where").out == f"OPTFRAME_DATA  {home}/nowhere  (no such folder yet)\n{cache}"
    monkeypatch.delenv("OPTFRAME_DATA")
    os.makedirs(tmp_path / "cache" / "data")
    assert data("where").out == f"OPTFRAME_DATA  not set\ncache          {tmp_path}/cache/data\n"


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (["lst"], "Invalid value for '{list|fetch|verify|where}': 'lst' is not one of"),
        ([], "Missing argument '{list|fetch|verify|where}'"),
        (["fetch"], "data fetch: name at least one data set; see `optframe data list`"),
        (["fetch", "stone"], "data 'stone': unknown data set 'stone'; did you mean 'stones'?"),
        (["verify", "stones:lr=1"], "data 'stones:lr=1': unknown parameter 'lr'"),
        (["where", "stones"], "data where: found the name 'stones', expected none"),
    ],
)
def test_wrong_words_are_told(words, mistake, data):
    finished = data(*words)
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.startswith(f"optframe: {mistake}")


def test_a_problem_whose_data_is_missing_is_not_run_and_nothing_is_written(home, optframe):
    words = ["run", "-o", "sgd", "-p", "logistic:data=stones", "--steps", "3", "--no-report"]
    finished = optframe(*words, "-P", ROCKS)
    assert finished.code == 4
    said = finished.mistakes[-1]
    assert said.startswith(f"rocks/stones: no such file: it is not in OPTFRAME_DATA={home}, ")
    assert "cannot be reached; connect to the network, or set OPTFRAME_DATA=DIR" in said
    assert not os.path.exists("results")


def test_a_damaged_file_of_ours_is_found_though_it_is_no_text(home, data):
    """MNIST's labels, cut off: `verify` names them, whatever else is missing."""
    (home / "mnist").mkdir()
    path = home / "mnist" / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(b"\0\0\10\1\0\0\0\1\5")[:-3])
    finished = data("verify", plugin=False)
    assert finished.code == 1
    assert f"mnist: DAMAGED  {path}: found " in finished.out
    assert finished.out.count("mnist: missing") == 3


def test_a_parameter_that_is_missing_is_no_damage(optframe):
    finished = optframe("data", "verify", "libsvm")
    assert finished.code == 2
    assert "path is missing" in finished.err
