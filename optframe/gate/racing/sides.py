"""The sides of a race: a git revision, a wheel, an existing Python, or versions of libraries."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from optframe.errors import UsageError
from optframe.gate.racing.builds import Build, built
from optframe.given_files import expanded

__all__ = ["Side", "open_side"]

PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*")
"""A distribution in one version, whose environment is the same whenever it is built."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Side:
    """One side: its role ``base`` or ``head``, its name, its Python and its ``-P`` plugins."""

    role: str
    name: str
    python: Path
    plugins: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.role} {self.name}"


def open_side(role: str, text: str, plugins: Sequence[str], tell: Tell) -> Side:
    """Return the side that ``text`` names; build its environment if there is none.

    If the present folder has a Python package, a revision's environment has that package. Plugins
    that are files of the repository are used as they were at that revision.
    """
    if "==" in text:
        words = tuple(text.split())
        for word in words:
            if not PINNED.fullmatch(word):
                raise UsageError(f"{role}: found {word!r}, expected NAME==VERSION")
        return Side(
            role, text, built(Build.of_versions(words), f"{role} {text}", tell), (*plugins,)
        )
    path = expanded(text)
    if path.suffix == ".whl":
        if not path.is_file():
            raise UsageError(f"{role} {text}: no such file; expected a wheel")
        return Side(role, text, built(Build.of_wheel(path), f"{role} {text}", tell), (*plugins,))
    if path.is_file():
        return Side(role, text, path.absolute(), (*plugins,))
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}")
    if commit:
        return _revision(role, f"{text} ({commit[:8]})", commit, plugins, tell)
    found = shutil.which(text)
    if found is None:
        raise UsageError(
            f"{role}: found {text!r}, expected a git revision of the present folder's repository, "
            "a wheel, a Python executable, or versions of libraries such as 'scipy==1.14.1'"
        )
    return Side(role, text, Path(found), (*plugins,))


def _revision(role: str, name: str, commit: str, plugins: Sequence[str], tell: Tell) -> Side:
    root = Path(_git("rev-parse", "--show-toplevel") or ".").resolve()
    names = set(
        (_git("ls-tree", "-r", "--name-only", "--full-tree", "-z", commit) or "").split("\0")
    )
    folder = Path.cwd().resolve().relative_to(root)
    of_package = [
        place
        for place in (folder, *folder.parents)
        if {(place / file).as_posix() for file in ("pyproject.toml", "setup.py")} & names
    ]
    python = Path(sys.executable)
    if of_package:
        build = Build(commit, root=root, folder=of_package[0])
        python = built(build, f"{role} {name}", tell)
    taken = []
    for plugin in plugins:
        file = expanded(plugin).resolve()
        if not (file.is_file() and file.is_relative_to(root)):
            taken.append(plugin)
            continue
        inside = file.relative_to(root).as_posix()
        if inside not in names:
            raise UsageError(f"{role} {name}: -P {inside}: there is no such file at this revision")
        taken.append(str(Build(commit, root=root).file(inside)))
    return Side(role, name, python, tuple(taken))


def _git(*words: str) -> str | None:
    """Return the output of git in the present folder; None if it fails or is not installed."""
    try:
        done = subprocess.run(
            ["git", *words],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",  # names of files are bytes
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
