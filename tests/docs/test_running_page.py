"""The page about running studies: its study and its commands run as they stand there."""

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from optframe import Study, load, load_plugins
from optframe.execution.signals import GRACE
from optframe.study.settings import RunSettings

PAGE = (Path(__file__).parent.parent.parent / "docs" / "running.md").read_text(encoding="utf-8")
(FILE,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.M | re.S)
COMMANDS, MEASURING = re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the page's study, in which its commands are run one after another."""
    folder = tmp_path_factory.mktemp("running")
    (folder / "long.toml").write_text(FILE)
    return folder


@pytest.mark.parametrize("command", COMMANDS.splitlines())
def test_its_commands_run(command, folder, shell):
    ran = shell(command, folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    if command.split()[2] == "long.toml":
        assert set(load(folder / "results" / "long").trials["status"]) == {"finished"}


def test_its_study_asks_for_what_it_says(folder):
    study = Study.from_file(folder / "long.toml")
    assert study.mistakes == ()
    assert study.run.runs_by == "processes"
    assert len(study.trials(load_plugins())) == 12


def test_it_names_what_the_code_does():
    settings = {field.name for field in fields(RunSettings)}
    assert {"jobs", "threads", "timeout", "retries", "save_every", "executor"} <= settings
    assert "two seconds" in PAGE
    assert GRACE == 2


def table(text, first):
    """The lines of a table by their first words, and its head."""
    (found,) = re.findall(rf"^\| {re.escape(first)}.*?(?:\n\n|\Z)", text, re.M | re.S)
    head, _, *lines = (
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in found.strip().splitlines()
    )
    return head, {name: values for name, *values in lines}


def test_its_numbers_are_what_the_script_prints(tmp_path):
    (tmp_path / "little.toml").write_text(
        'study = { name = "little", budget = { steps = 9 } }\n'
        'optimizer = [{ name = "adam" }]\nproblem = [{ name = "booth" }]\n'
    )
    root = Path(__file__).parent.parent.parent
    program, script = shlex.split(MEASURING)
    assert program == "python"
    words = ["--count", "20", "--rounds", "1", "--study", "little.toml"]
    ran = subprocess.run(
        [sys.executable, str(root / script), *words], cwd=tmp_path, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    printed = ran.stdout.replace("little.toml", "quickstart")
    printed = printed.replace("| 20 of each", "| 2,000 of each")
    for first in ("2,000 of each", "`optframe run"):
        head, lines = table(PAGE, first)
        assert head == table(printed, first)[0]
        assert lines.keys() == table(printed, first)[1].keys()
        values = [value for line in table(printed, first)[1].values() for value in line]
        assert all(float(value.rstrip("%")) >= 0 for value in values)
