"""``optframe merge A B --out C``."""

import contextlib
import os
import sqlite3
import subprocess
import sys

import pytest

from optframe import load


def optframe(*words):
    command = [sys.executable, "-m", "optframe", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["-p", "rosenbrock", "--seeds", "1", "--steps", "20", "--no-report", "--out"]
    assert optframe("run", "-o", "adam", *words, "a").returncode == 0
    assert optframe("run", "-o", "adam", "-o", "sgd:lr=0.001", *words, "b").returncode == 0


def test_folders_are_joined():
    finished = optframe("merge", "a", "b", "--out", "c")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout.splitlines() == [
        "2 trials, 2 of them ended, 0 to be run; 1 had ended in more than one store",
        "store:  c/store.sqlite",
    ]
    assert load("c").trials["optimizer"].tolist() == ["adam", "sgd:lr=0.001"]
    assert os.listdir("c") == ["store.sqlite"]


def test_a_contradiction_is_one_line_and_code_2():
    with contextlib.closing(sqlite3.connect("b/store.sqlite")) as connection:
        connection.execute("UPDATE trials SET steps = 19")
        connection.commit()
    finished = optframe("merge", "a", "b", "--out", "c")
    assert finished.returncode == 2
    assert finished.stderr == (
        "optframe: adam on rosenbrock, seed 0: steps is 20 and 19, in a/store.sqlite and in "
        "b/store.sqlite\n"
    )
    assert not os.path.exists("c")


def test_what_is_no_store_is_one_line():
    finished = optframe("merge", "a", "nowhere", "--out", "c")
    assert finished.returncode == 4
    assert len(finished.stderr.splitlines()) == 1
    assert not os.path.exists("c")
