"""A repository with an optimizer in a file, which each commit makes slower."""

import subprocess
import sys
from pathlib import Path

import pytest

from optframe.gate.racing.sides import Side

PLUGIN = '''"""Gradient descent that asks for the gradient more often than it needs."""

from dataclasses import dataclass

from optframe import Optimizer, hookimpl

optframe_api = 1


def descend(theta, oracle, more):
    for _ in range(more):
        oracle.gradient(theta)
    return theta - 0.001 * oracle.gradient(theta)


@dataclass(frozen=True)
class Dull(Optimizer):
    """Gradient descent."""

    def step(self, theta, state, oracle):
        return descend(theta, oracle, {more}), state


@dataclass(frozen=True)
class Keen(Optimizer):
    """Gradient descent."""

    def step(self, theta, state, oracle):
        return descend(theta, oracle, {keen}), state


@hookimpl
def optframe_optimizers():
    return {{"dull": Dull, "keen": Keen}}
'''

STUDY = """
[study]
name = "race"
budget = { steps = 50 }

[run]
backend = "numpy"
"""

BACKEND = '''"""A build backend that needs nothing."""

import pathlib
import zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "dull_optimizer-1.0-py3-none-any.whl"
    info = "dull_optimizer-1.0.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.write("dull_optimizer.py")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: dull-optimizer\\n"
                       "Version: 1.0\\nRequires-Dist: optframe-bench\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\n"
                       "Root-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/entry_points.txt", "[optframe]\\ndull = dull_optimizer\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
'''

PROJECT = """
[build-system]
requires = []
build-backend = "in_tree"
backend-path = ["."]

[project]
name = "dull-optimizer"
version = "1.0"
"""


class Repository:
    """A git repository in a folder; `commit` writes files and returns the commit."""

    def __init__(self, folder):
        self.folder = folder
        self.git("init", "-q", "-b", "main")

    def git(self, *words):
        author = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
        command = ["git", "-C", str(self.folder), *author, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, files):
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "another")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """An empty repository, in which we are."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Repository(folder)


@pytest.fixture
def plugin():
    """Return the maker of a plugin's text: with so many gradients too many."""
    return lambda more, keen=0: PLUGIN.format(more=more, keen=keen)


@pytest.fixture
def package(plugin):
    """Return the maker of a package's files."""
    return lambda more: {
        "dull_optimizer.py": plugin(more),
        "in_tree.py": BACKEND,
        "pyproject.toml": PROJECT,
    }


@pytest.fixture
def write_study(tmp_path):
    """Return the maker of a study's file: of these optimizers on these problems."""

    def write(*optimizers, problems=("booth",)):
        tables = [f'[[optimizer]]\nname = "{name}"\n' for name in optimizers]
        tables += [f'[[problem]]\nname = "{name}"\n' for name in problems]
        path = tmp_path / "race.toml"
        path.write_text(STUDY + "".join(tables), encoding="utf-8")
        return path

    return write


@pytest.fixture
def study(write_study):
    """Return the file of a study of that optimizer."""
    return write_study("dull")


@pytest.fixture
def sides():
    """Return the maker of two sides that are this Python, with plugins for each."""

    def make(base=(), head=()):
        here = Path(sys.executable)
        return Side("base", "one", here, tuple(base)), Side("head", "two", here, tuple(head))

    return make


def opened(*trials):
    """What a worker answers that has opened a study, of (labels, cell, reason to skip)."""
    names = ("labels", "cell", "skip")
    tables = [dict(zip(names, one, strict=True)) | {"backend": "numpy"} for one in trials]
    return {"trials": tables, "refused": ""}


class Told:
    """A worker of a study of some problems, of which ``ask`` answers all that is asked of trials.

    It is called with the side, what is to be done, and the request.
    """

    def __init__(self, side, problems, ask):
        self.side, self.answer = side, None
        self.opened = opened(*((["sgd", name, "none", 0], name, None) for name in problems))
        self.ask = lambda do, **request: ask(side, do, **request)

    def send(self, do, **request):
        self.answer = self.opened if do == "open" else {"optframe": "1.2", "python": "3.12"}

    def receive(self):
        return self.answer


@pytest.fixture
def told_worker():
    return Told


@pytest.fixture
def planned():
    """Return the maker of what a side has, of (labels, cell, reason to skip)."""
    return opened
