"""``optframe merge A B --out C``."""

import os

import pytest

from optframe import load


@pytest.fixture(autouse=True)
def folders(optframe):
    words = ["-p", "rosenbrock", "--seeds", "1", "--steps", "20", "--no-report", "--out"]
    assert optframe("run", "-o", "adam", *words, "a").code == 0
    assert optframe("run", "-o", "adam", "-o", "sgd:lr=0.001", *words, "b").code == 0


def test_folders_are_joined(optframe):
    finished = optframe("merge", "a", "b", "--out", "c")
    assert (finished.code, finished.err) == (0, "")
    assert finished.out.splitlines() == [
        "2 trials, 2 of them ended, 0 to be run; 1 had ended in more than one store",
        "store:  c/store.sqlite",
    ]
    assert load("c").trials["optimizer"].tolist() == ["adam", "sgd:lr=0.001"]
    assert os.listdir("c") == ["store.sqlite"]


def test_what_is_no_store_is_one_line(optframe):
    finished = optframe("merge", "a", "nowhere", "--out", "c")
    assert finished.code == 4
    assert len(finished.err.splitlines()) == 1
    assert not os.path.exists("c")
