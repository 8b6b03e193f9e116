"""What is installed: four packages and one module, and nothing with a generic name."""

import importlib
import importlib.metadata
import os
import re
import zipfile
from pathlib import Path

import pytest

PACKAGES = ["optframe", "optframe_plugins", "optframe_problems", "optframe_reports"]


def installed_files() -> list[str]:
    """The files of the wheel that CI built, else those of the installed distribution."""
    if wheel := os.environ.get("OPTFRAME_WHEEL"):
        return zipfile.ZipFile(wheel).namelist()
    files = [str(file) for file in importlib.metadata.files("optframe-bench") or ()]
    if any(name.endswith(".pth") for name in files):
        pytest.skip("optframe is installed in editable mode: there is no wheel to look into")
    # Scripts lie outside; what pip compiles while it installs is not in the wheel.
    return [f for f in files if not f.startswith("..") and "__pycache__" not in Path(f).parts]


def test_the_wheel_holds_exactly_four_import_packages_and_the_commands_module():
    tops = {name.partition("/")[0] for name in installed_files()}
    tops = {top for top in tops if not top.endswith(".dist-info")}
    assert tops == {*PACKAGES, "optframe_bench.py"}


def test_the_wheel_holds_types_studies_templates_and_the_licence():
    names = installed_files()
    for package in PACKAGES:
        assert f"{package}/py.typed" in names
    assert "optframe_reports/studies/quickstart.toml" in names
    assert any(name.startswith("optframe_reports/") and "jinja" in name for name in names)
    assert any(name.endswith("/LICENSE") for name in names)


def test_all_packages_come_from_one_place():
    homes = []
    for package in PACKAGES:
        file = importlib.import_module(package).__file__
        assert file is not None
        homes.append(Path(file).resolve().parent.parent)
    installed = len(set(homes)) == 1
    checkout = {home.name for home in homes[1:]} == {"plugins", "problems", "reports"} and {
        home.parent for home in homes[1:]
    } == {homes[0]}
    assert installed or checkout, f"mixed: {homes}; run `pytest`, not `python -m pytest`"


def test_the_version_is_the_distributions():
    optframe = importlib.import_module("optframe")
    assert optframe.__version__ == importlib.metadata.version("optframe-bench")


def test_the_version_is_the_one_to_cite():
    text = (Path(__file__).parent.parent / "CITATION.cff").read_text(encoding="utf-8")
    (version,) = re.findall(r"^version: (.+)$", text, flags=re.MULTILINE)
    assert version == importlib.import_module("optframe").__version__


def test_the_command_is_the_module_beside_the_packages():
    scripts = importlib.metadata.distribution("optframe-bench").entry_points
    (command,) = scripts.select(group="console_scripts")
    assert (command.name, command.value) == ("optframe", "optframe_bench:main")
