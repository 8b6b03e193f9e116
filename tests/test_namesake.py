"""The other project's distribution `optframe`: installed before ours, after it, or elsewhere.

Both are installed by pip from wheels into a virtual environment.
"""

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import optframe

ROOT = Path(__file__).parent.parent
PACKAGES = ("optframe", "optframe_bench", "optframe_plugins", "optframe_problems")
WORDS = (["--help"], ["doctor"], ["run", "quickstart"], [])


def write_wheel(folder, name, version, files, points=""):
    """A wheel of files, by their path in it."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    files |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
        f"{info}/entry_points.txt": points.encode(),
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"]).encode()
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inside, content in files.items():
            wheel.writestr(inside, content)
    return path


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """Our wheel: the one that CI built, else one of what is imported here."""
    if built := os.environ.get("OPTFRAME_WHEEL"):
        return Path(built)
    files = {}
    for name in PACKAGES:
        source = Path(__import__(name).__file__)
        paths = source.parent.rglob("*") if source.name == "__init__.py" else [source]
        top = source.parent.parent if source.name == "__init__.py" else source.parent
        kept = [one for one in paths if one.is_file() and one.suffix != ".pyc"]
        files |= {one.relative_to(top).as_posix(): one.read_bytes() for one in kept}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tables = {"console_scripts": project["scripts"], **project["entry-points"]}
    del tables["optframe"]["optframe_reports"]  # its templates and studies are not needed here
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in table.items())
        for group, table in tables.items()
    )
    folder = tmp_path_factory.mktemp("ours")
    return write_wheel(folder, project["name"], optframe.__version__, files, points)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """The other project's wheel. Its package says when it is imported."""
    files = {
        "optframe/__init__.py": b"print('imported')\nfrom optframe.engine import Engine\n",
        "optframe/engine.py": b"class Engine: ...\n",
    }
    return write_wheel(tmp_path_factory.mktemp("theirs"), "optframe", "5.1.0", files)


class Environment:
    """A virtual environment, into which wheels are installed without a network."""

    def __init__(self, folder):
        venv.create(folder, symlinks=os.name != "nt")
        paths = {"base": str(folder), "platbase": str(folder)}
        self.site = Path(sysconfig.get_path("purelib", "venv", paths)).resolve()
        self.scripts = Path(sysconfig.get_path("scripts", "venv", paths))
        self.python = self.scripts / Path(sys.executable).name
        if not self.python.exists():
            self.python = self.scripts / "python"

    def pip(self, command, *words):
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--isolated"]
        pip += ["--disable-pip-version-check", "--quiet", command]
        subprocess.run([*pip, *map(str, words)], check=True, capture_output=True)

    def install(self, wheel):
        self.pip("install", "--no-deps", "--no-index", "--no-compile", wheel)

    def uninstall(self, *names):
        self.pip("uninstall", "--yes", *names)

    def see_what_is_installed_beside(self):
        """Import libraries from where the tests run: a folder that comes last on the path."""
        beside = dict.fromkeys(sysconfig.get_path(which) for which in ("purelib", "platlib"))
        (self.site / "beside.pth").write_text("\n".join(beside), encoding="utf-8")

    def run(self, *command, path=None):
        """Run a command that does not see what the tests import."""
        variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        variables |= {"PYTHONPATH": str(path)} if path else {}
        return subprocess.run(
            list(map(str, command)), capture_output=True, text=True, env=variables, cwd=self.site
        )

    def optframe(self, *words, path=None):
        return self.run(self.scripts / "optframe", *words, path=path)


@pytest.fixture
def environment(tmp_path):
    return Environment(tmp_path / "environment")


@pytest.fixture(scope="module")
def installed(tmp_path_factory, ours):
    """An environment with our distribution, which the tests leave as it is."""
    environment = Environment(tmp_path_factory.mktemp("installed") / "environment")
    environment.install(ours)
    return environment


@pytest.fixture
def first(tmp_path):
    """A folder for what comes first on Python's path."""
    folder = tmp_path.resolve() / "first"
    folder.mkdir()
    return folder


def refusal(finished):
    """The one line of a command that has found another package in place of ours."""
    (line,) = finished.stderr.splitlines()
    assert finished.returncode == 4
    assert line.startswith("optframe: the package 'optframe' ")
    return line.removeprefix("optframe: ")


ADVICE = "run `pip uninstall optframe optframe-bench`, then install optframe-bench again"


def test_a_distribution_that_overwrites_ours_is_named_and_the_advice_mends_it(
    environment, ours, theirs
):
    environment.install(ours)
    environment.install(theirs)
    site = environment.site
    told = (
        f"the package 'optframe' is '{site / 'optframe' / '__init__.py'}' of the distribution "
        f"optframe 5.1.0; expected optframe-bench's, in '{site}'; {ADVICE}"
    )
    for words in WORDS:
        finished = environment.optframe(*words)
        assert refusal(finished) == told
        assert finished.stdout == ""  # nothing of theirs was imported
        assert refusal(environment.run(environment.python, "-m", "optframe", *words)) == told

    environment.uninstall("optframe")  # which takes files of ours
    assert (site / "optframe" / "cli").is_dir()
    told = (
        f"the package 'optframe' in '{site}' has no __init__.py; expected optframe-bench's; "
        f"{ADVICE}"
    )
    assert refusal(environment.optframe("doctor")) == told
    assert refusal(environment.run(environment.python, "-m", "optframe", "list")) == told

    environment.uninstall("optframe", "optframe-bench")
    environment.install(ours)
    environment.see_what_is_installed_beside()
    doctor = environment.optframe("doctor")
    assert (doctor.returncode, doctor.stderr) == (0, "")
    assert "numpy: available on cpu" in doctor.stdout
    assert "is installed, too" not in doctor.stdout


def test_the_doctor_warns_of_a_distribution_that_ours_has_overwritten(environment, ours, theirs):
    environment.install(theirs)
    environment.install(ours)
    environment.see_what_is_installed_beside()
    doctor = environment.optframe("doctor")
    assert (doctor.returncode, doctor.stderr) == (0, "")
    warning = (
        "  the distribution optframe 5.1.0 is installed, too; expected optframe-bench alone, since "
        f"both own the package 'optframe'; {ADVICE}"
    )
    assert doctor.stdout.splitlines().count(warning) == 1


@pytest.mark.parametrize(
    ("name", "calls"), [("optframe/__init__.py", WORDS), ("optframe.py", [["doctor"]])]
)
def test_a_package_or_module_that_comes_first_on_the_path_is_named(installed, first, name, calls):
    found = first / name
    found.parent.mkdir(exist_ok=True)
    found.write_text("raise RuntimeError('imported')")
    for words in calls:
        assert refusal(installed.optframe(*words, path=first)) == (
            f"the package 'optframe' is '{found}'; expected optframe-bench's, in "
            f"'{installed.site}'; move it, or take '{first}' out of Python's path (PYTHONPATH)"
        )


def test_a_distribution_that_comes_first_on_the_path_can_be_removed(installed, first, theirs):
    zipfile.ZipFile(theirs).extractall(first)  # as `pip install --target` does
    assert refusal(installed.optframe("list", path=first)) == (
        f"the package 'optframe' is '{first / 'optframe' / '__init__.py'}' of the distribution "
        f"optframe 5.1.0; expected optframe-bench's, in '{installed.site}'; "
        "run `pip uninstall optframe`"
    )


def test_a_folder_without_a_package_hides_nothing(installed, first):
    (first / "optframe").mkdir()
    installed.see_what_is_installed_beside()
    finished = installed.optframe("--version", path=first)
    assert finished.stdout == f"optframe, version {optframe.__version__}\n"
