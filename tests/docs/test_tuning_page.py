"""The page about tuning: its commands, its study and its code run as they stand there."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from optframe import Study, load
from optframe.study.tune import TuneSettings

PAGE = (Path(__file__).parent.parent.parent / "docs" / "tuning.md").read_text(encoding="utf-8")
(FILE,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.M | re.S)
COMMANDS = [
    line
    for block in re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)
    for line in block.splitlines()
]
(CODE,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
(PLAN,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture(scope="module")
def ran(tmp_path_factory, shell):
    """All commands of the page, one after another in one folder: how each ended."""
    folder = tmp_path_factory.mktemp("tuning")
    (folder / "tuned.toml").write_text(FILE)
    return folder, {command: shell(command, folder) for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_run(command, ran):
    _, ended = ran
    assert ended[command].returncode == 0, ended[command].stderr


def test_it_shows_what_a_dry_run_prints(ran):
    _, ended = ran
    *shown, time = PLAN.splitlines()
    *printed, estimate = ended[COMMANDS[0]].stdout.splitlines()
    assert printed == shown
    pattern = re.sub(
        r"about [\d.]+ \w+", r"about [\\d.]+ \\w+", re.escape(time).replace("\\ ", " ")
    )
    assert re.fullmatch(pattern, estimate)


def test_more_trials_begin_with_those_that_were_tried(ran):
    folder, ended = ran
    said = ended["optframe run tuned.toml --tune 30 --no-report"].stderr
    # The third optimizer has a number of its own.
    assert "2 of 2 searches go on with the settings that were tried; 50 of 50 tuning " in said
    assert set(load(folder / "results" / "tuned").tuning["status"]) <= {"finished", "diverged"}


def test_the_exported_study_has_no_search(ran):
    folder, _ = ran
    best = load(folder / Study.from_file(folder / "best.toml").folder)
    assert len(best.tuning) == 0
    assert set(best.trials["seed"]) == set(range(6))


def test_it_explains_every_key_with_its_default():
    defaults = TuneSettings()
    for field in fields(TuneSettings):
        assert re.search(rf"^{field.name} = .*# ", FILE, re.M), field.name
    study = Study.from_tables({"tune": {}}, "").tuning
    assert study == defaults


def test_its_code_runs(ran):
    folder, _ = ran
    code = "import matplotlib\nmatplotlib.use('Agg')\n" + CODE
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "12 judged runs, 60 runs that searched" in done.stdout
    assert (folder / "search.png").stat().st_size > 1000
