"""A repository with an optimizer in a file, which each commit makes slower."""

import subprocess

import pytest

PLUGIN = '''"""Gradient descent that asks for the gradient more often than it needs."""

from dataclasses import dataclass

from optframe import Optimizer, Positive, hookimpl

optframe_api = 1


@dataclass(frozen=True)
class Dull(Optimizer):
    """Gradient descent."""

    lr: Positive = 0.001

    def step(self, theta, state, oracle):
        for _ in range({more}):
            oracle.gradient(theta)
        return theta - self.lr * oracle.gradient(theta), state


@hookimpl
def optframe_optimizers():
    return {{"dull": Dull}}
'''

STUDY = """
[study]
name = "race"
budget = { steps = 50 }

[run]
backend = "numpy"

[[optimizer]]
name = "dull"

[[problem]]
name = "booth"
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
    return lambda more: PLUGIN.format(more=more)


@pytest.fixture
def package(plugin):
    """Return the maker of a package's files."""
    return lambda more: {
        "dull_optimizer.py": plugin(more),
        "in_tree.py": BACKEND,
        "pyproject.toml": PROJECT,
    }


@pytest.fixture
def study(tmp_path):
    """Return the file of a study of that optimizer."""
    path = tmp_path / "race.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path
