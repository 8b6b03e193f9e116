"""The page on the gate: its commands run in their order, its files are read by what reads them."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from optframe.gate import FORMATS, Verdict
from optframe.gate.limits import JUDGED, Limit, of_project
from optframe.gate.verdicts import Subject

PAGE = (Path(__file__).parent.parent.parent / "docs" / "gate.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.M | re.S)


def blocks(language):
    return [text for kind, text in BLOCKS if kind == language]


def commands():
    return [line for text in blocks("bash") for line in text.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("maintainer")
    study, _ = blocks("toml")
    (path / "counts.toml").write_text(study, encoding="utf-8")
    return path


def run(line, folder):
    first, *words = shlex.split(line)
    assert first == "optframe"
    command = [sys.executable, "-P", "-m", "optframe", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_commands_run_in_their_order(folder):
    asked = commands()
    assert asked[0] == "optframe baseline update counts.toml --measure-tolerance"
    for line in asked:
        if "--measure-tolerance" in line:  # minutes on some machines, and tested elsewhere
            line = line.replace(" --measure-tolerance", "")
        done = run(line, folder)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert "4 pass" in (folder / "comparison.md").read_text(encoding="utf-8")


def test_the_project_s_limits_are_read(folder):
    _, project = blocks("toml")
    tomllib.loads(project)
    (folder / "pyproject.toml").write_text(project, encoding="utf-8")
    limits = of_project(folder)
    assert limits.of(Subject("", "adam", "booth"))["gradients"] == Limit(0, 0.01)
    special = limits.of(Subject("", "lbfgs:memory=3", "himmelblau"))
    assert special["gradients"] == Limit(0, 0.1)
    (folder / "pyproject.toml").unlink()


def test_the_workflow_and_the_hook_run_what_the_page_explains():
    workflow, hook = blocks("yaml")
    assert "optframe baseline check counts.toml --format github || code=$?" in workflow
    assert "optframe baseline check counts.toml" in hook
    for text in (workflow, hook):
        assert "\t" not in text


def test_every_name_limit_format_and_verdict_is_on_the_page():
    for name in (*JUDGED, *FORMATS):
        assert f"`{name}`" in PAGE, name
    for verdict in Verdict:
        assert verdict is Verdict.INFORMATIVE or f"`{verdict}`" in PAGE, verdict
