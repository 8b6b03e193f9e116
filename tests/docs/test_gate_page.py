"""The page on the gate: its commands run in their order, its files are read by what reads them."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

from optframe.cli.commands.race import command as race
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


def test_the_commands_run_in_their_order(folder, shell):
    asked = commands()
    assert asked[0] == "optframe baseline update counts.toml --measure-tolerance"
    for line in asked:
        if line.startswith("optframe race"):
            continue
        if "--measure-tolerance" in line:  # minutes on some machines, and tested elsewhere
            line = line.replace(" --measure-tolerance", "")
        done = shell(line, folder)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert "4 pass" in (folder / "comparison.md").read_text(encoding="utf-8")


def test_a_race_of_two_revisions_runs_as_the_page_says(folder, shell):
    def git(*words):
        author = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
        subprocess.run(["git", *author, *words], cwd=folder, capture_output=True, check=True)

    git("init", "-b", "main")
    for message in ("one", "two"):
        git("commit", "--allow-empty", "-m", message)
    first, *others = [line for line in commands() if line.startswith("optframe race")]
    done = shell(f"{first} --budget 1s --only 'adam* on booth'", folder)
    assert done.returncode in (0, 3), done.stderr  # one heat decides nothing
    assert "adam:lr=0.05 on booth" in done.stdout
    for line in others:  # these take minutes, so that their words are read only
        race.make_context("race", shlex.split(line)[2:])


def test_every_option_of_a_race_is_on_the_page():
    for option in race.params:
        for name in option.opts if option.param_type_name == "option" else ():
            assert name in ("--without", "--strict", "--plugin") or f"`{name}`" in PAGE, name


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
    assert 'base=$(git merge-base "$TARGET" HEAD)' in workflow
    assert 'optframe race "$base" HEAD counts.toml --budget 10min --format github || code=$?' in (
        workflow
    )
    assert workflow.count('[ "$code" -eq 0 ] || [ "$code" -eq 3 ] || exit "$code"') == 2
    for text in (workflow, hook):
        assert "\t" not in text


def test_every_name_limit_format_and_verdict_is_on_the_page():
    for name in (*JUDGED, *FORMATS):
        assert f"`{name}`" in PAGE, name
    for verdict in Verdict:
        assert verdict is Verdict.INFORMATIVE or f"`{verdict}`" in PAGE, verdict
