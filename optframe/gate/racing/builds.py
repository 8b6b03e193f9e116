"""Builds virtual environments for a race: one per commit, wheel or version, kept in the cache.

The package itself is installed in the environment. The environment also uses the packages of the
Python that runs the race. So both sides compute with the same NumPy, and nothing is installed
twice. Requirements that this Python lacks, or has in another version, are installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from optframe.contracts import cache_folder
from optframe.errors import UnavailableError

__all__ = ["Build", "built"]

_OWN = """
import importlib.util, pathlib, sys
for name in sys.argv[1:]:
    found = importlib.util.find_spec(name)
    places = [found.origin, *(found.submodule_search_locations or [])] if found else []
    inside = [p for p in places if p and pathlib.Path(p).is_relative_to(sys.prefix)]
    if not inside:
        sys.exit(f"{name} is imported from {places[0] if places else 'nowhere'}")
"""


@dataclass(frozen=True)
class Build:
    """The source of an environment: a wheel, a revision's package in ``folder``, or versions.

    ``identity`` is the hash of the wheel, the commit of the repository at ``root``, or a hash of
    the ``versions`` of libraries.
    """

    identity: str
    wheel: Path | None = None
    root: Path | None = None
    folder: Path = Path()
    versions: tuple[str, ...] = ()

    @classmethod
    def of_versions(cls, versions: tuple[str, ...]) -> Build:
        """Return the build of libraries in other versions, such as ``("scipy==1.14.1",)``."""
        digest = hashlib.sha256(" ".join(versions).encode()).hexdigest()
        return cls(digest, versions=versions)

    @classmethod
    def of_wheel(cls, wheel: Path) -> Build:
        """Return the build of a wheel."""
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        return cls(digest, wheel=wheel.absolute())

    @property
    def place(self) -> Path:
        """The folder of its environment, named by its source and the Python that builds it."""
        made_by = [self.identity, str(self.folder), sys.version, sys.prefix]
        short = hashlib.sha256("\0".join(made_by).encode()).hexdigest()[:8]
        return cache_folder() / "race" / f"{self.identity[:12]}-{short}"

    def file(self, inside: str) -> Path:
        """Return a copy of a file of the revision, by its path in the repository."""
        path = cache_folder() / "race" / f"{self.identity[:12]}-files" / inside
        content = subprocess.run(
            ["git", "-C", str(self.root), "show", f"{self.identity}:{inside}"],
            capture_output=True,
            check=True,
        ).stdout
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


def built(build: Build, name: str, tell: Callable[[str], None]) -> Path:
    """Return the Python of a build's environment, which is built if it does not exist.

    If a step fails, `UnavailableError` has the last line that its tool wrote.
    """
    place = build.place
    if not place.exists():
        tell(f"{name}: building its environment in {place}")
        place.parent.mkdir(parents=True, exist_ok=True)
        # It is built under another name and then renamed, so that `place` is complete or absent.
        with tempfile.TemporaryDirectory(dir=place.parent, prefix="new-") as temporary:
            _make(build, Path(temporary), name)
            try:
                (Path(temporary) / "venv").rename(place)
            except OSError:
                if not place.exists():  # if it exists, another race has built it meanwhile
                    raise
    return _python(place)


def _make(build: Build, folder: Path, name: str) -> None:
    venv = folder / "venv"
    # The environment imports the pip of this Python, if there is one.
    seen = ["--without-pip"] if importlib.util.find_spec("pip") else []
    _do(name, "the virtual environment", sys.executable, "-m", "venv", *seen, str(venv))
    python = str(_python(venv))
    paths = {"base": str(venv), "platbase": str(venv)}
    own = Path(sysconfig.get_path("purelib", "venv", paths))
    shared = dict.fromkeys(sysconfig.get_path(which) for which in ("purelib", "platlib"))
    lines = [f"import site; site.addsitedir({path!r})\n" for path in shared]
    (own / "beside.pth").write_text("".join(lines), encoding="utf-8")
    if build.versions:
        _pip(name, "installing it", python, *build.versions)
        return
    wheel = build.wheel or _wheel(build, folder, python, name)
    _pip(name, "installing its wheel", python, "--force-reinstall", "--no-deps", str(wheel))
    _pip(name, "installing its requirements", python, str(wheel))
    _do(name, "another package hides the installed one", python, "-P", "-c", _OWN, *_modules(wheel))


def _wheel(build: Build, folder: Path, python: str, name: str) -> Path:
    """Build the wheel of a revision in a temporary working tree, and return its path."""
    tree, wheels = folder / "tree", folder / "wheels"
    git = ("git", "-C", str(build.root), "worktree")
    try:
        _do(name, "git worktree", *git, "add", "--detach", str(tree), build.identity)
        words = ("wheel", "--no-deps", "--wheel-dir", str(wheels), str(tree / build.folder))
        _do(name, "pip wheel", python, "-m", "pip", *words)
    finally:
        subprocess.run([*git, "remove", "--force", str(tree)], capture_output=True, check=False)
        shutil.rmtree(tree, ignore_errors=True)
    (wheel,) = wheels.glob("*.whl")
    return wheel


def _modules(wheel: Path) -> list[str]:
    """Return the names of the top-level modules of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist() if name.endswith(".py")}
    return sorted(
        top.removesuffix(".py") for top in tops if not top.endswith((".data", ".dist-info"))
    )


def _python(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _pip(name: str, step: str, python: str, *words: str) -> None:
    _do(name, step, python, "-m", "pip", "install", "--quiet", *words)


def _do(name: str, step: str, *command: str) -> None:
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=variables, check=False
        )
    except OSError as error:
        raise UnavailableError(f"{name}: {step}: {error.strerror or error}") from error
    if done.returncode:
        raise UnavailableError(f"{name}: {step}: {_last_line(done.stderr or done.stdout)}")


def _last_line(text: str) -> str:
    """Return the line with the error: the last one that begins with ERROR, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR", "error", "fatal"))]
    return (errors or lines or ["it failed without a message"])[-1]
