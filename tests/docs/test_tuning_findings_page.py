"""The page about two published findings: its commands run, without their hours of trials."""

import re
import shlex
from pathlib import Path

import pytest

from optframe import Study, load_plugins

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "tuning-findings.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)
    for line in block.splitlines()
]


@pytest.mark.parametrize("command", [line for line in COMMANDS if " run " in line])
def test_its_studies_are_planned(command, tmp_path, shell):
    ran = shell(f"{command} --dry-run", tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "trials" in ran.stdout


def test_its_figure_is_one_of_a_problem_of_the_study():
    (command,) = [shlex.split(line) for line in COMMANDS if " draw " in line]
    assert command[2].partition(":")[0] in load_plugins().names("figures")
    assert command[command.index("-p") + 1] == "mlp:data=digits"


@pytest.mark.parametrize("name", ["sivaprasad", "choi"])
def test_its_tables_have_the_contenders_of_the_study(name):
    study = Study.from_file(ROOT / "reports" / "studies" / f"{name}.toml")
    section = {"sivaprasad": 0, "choi": 1}[name]
    text = PAGE.split("\n## ")[section + 1]
    for table in study.optimizers:
        assert f" {table.get('label', table['name'])} |" in text
