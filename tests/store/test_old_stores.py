"""Stores of an older optframe: today's loads, reports, compares, exports, merges, verifies them."""

import json
import re
import runpy
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

import optframe
from optframe.cli import main
from optframe.study import RunSettings

OLD = Path(__file__).parent / "old"
WRITER = runpy.run_path(str(OLD / "write.py"))
STORES = {"functions": 22, "data": 12, "grids": 16}
"""The stores, and how many trials each of them has."""
SKIPPED = {"functions": 2, "data": 0, "grids": 0}
SOONER = {"functions": 0, "data": 4, "grids": 0}
TARGET_EVERY = 5
DECIDES = (
    *("versions", "python", "libc", "architecture"),
    *("cpu", "cpu_features", "blas", "blas_kernel", "threads", "device"),
)
"""What of an environment decides the last bits of a curve."""


@pytest.fixture(params=STORES)
def name(request):
    return request.param


@pytest.fixture
def folder(name, tmp_path):
    """A copy of an old results folder."""
    return Path(shutil.copytree(OLD / name, tmp_path / name))


@pytest.fixture
def command(monkeypatch, capsys):
    """A function that runs the command line and returns what it printed."""

    def run(*words, codes=(0,)):
        monkeypatch.setattr(sys, "argv", ["optframe", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        assert (ended.value.code or 0) in codes, output.err
        assert output.err == ""
        return output.out

    return run


def check_frames(results, name):
    """Compare what is read of results with what the optframe that wrote them read, to the bit."""
    for kind in WRITER["FRAMES"]:
        head, *lines = (OLD / name / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
        frame, columns = getattr(results, kind), json.loads(head)
        assert [column for column in frame if column in columns] == columns
        assert WRITER["rows"](frame[columns]) == lines


def test_what_is_read_is_the_same_to_the_bit(name, folder):
    results = optframe.load(folder)
    assert len(results.trials) == STORES[name]
    check_frames(results, name)
    read = json.loads(json.dumps(WRITER["others"](results)))
    assert read == json.loads((OLD / name / "others.json").read_text(encoding="utf-8"))


def test_reading_leaves_the_file_as_it_is(name, folder, command):
    optframe.load(folder).trials  # noqa: B018
    command("doctor", folder)
    command("export", folder, "--format", "csv", "--out", folder.parent / "tables")
    command("compare", folder, folder)
    assert (folder / "store.sqlite").read_bytes() == (OLD / name / "store.sqlite").read_bytes()


def test_a_report_names_every_optimizer_and_how_its_runs_ended(name, folder, command):
    command("report", folder, "--format", "md")
    text = (folder / "report" / "report.md").read_text(encoding="utf-8").replace("\\", "")
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")}
    for (problem, optimizer), runs in optframe.load(folder).trials.groupby(
        ["problem", "optimizer"]
    ):
        rows = [line for line in sections[problem].splitlines() if f"{optimizer}" in line]
        assert rows
        for status in runs["status"].unique():
            assert any(status in row for row in rows)


def test_a_page_is_drawn(tmp_path, command):
    folder = shutil.copytree(OLD / "data", tmp_path / "data")  # the one that takes less time
    command("report", folder, "--format", "html")
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    results = optframe.load(folder)
    for column in ("optimizer", "problem"):
        assert all(label in page for label in results.trials[column].unique())
    assert page.count("<svg") >= 2


@pytest.mark.parametrize(
    ("name", "figure", "problem"),
    [
        ("functions", "convergence", "a rotated valley"),
        ("functions", "trajectory", "rosenbrock"),  # which reads landscapes
        ("functions", "time-to-target", "ellipsoid"),
        ("data", "generalization", "softmax"),
        ("data", "samplers", "mlp"),
        ("grids", "sensitivity", "rosenbrock"),
        ("grids", "trajectory", "rosenbrock"),  # which reads paths
    ],
)
def test_a_figure_is_drawn(figure, problem, folder, command):
    file = folder / f"{figure}.png"
    command("draw", figure, folder, "-p", problem, "--out", file)
    assert file.read_bytes().startswith(b"\x89PNG")


def test_compared_with_itself_nothing_has_changed(name, folder, command):
    told = json.loads(command("compare", folder, folder, "--format", "json"))
    assert told["verdict"] == "pass"
    assert told["summary"] == {"pass": STORES[name]}
    assert told["differences"] == []
    assert {row["cell"] for row in told["rows"]} == {*optframe.load(folder).trials["cell"]}
    assert {row["verdict"] for row in told["rows"]} <= {"pass", "informative"}
    for row in told["rows"]:
        assert json.dumps(row["base"]) == json.dumps(row["head"])


def test_the_doctor_finds_it_sound(name, folder, command):
    told = command("doctor", folder)
    assert f"sound; {STORES[name]} trials ended, 0 to be run" in told


def test_merged_it_is_the_same_to_the_bit(name, folder, command):
    told = command("merge", folder, "--out", folder.parent / "alone")
    assert f"{STORES[name]} trials, {STORES[name]} of them ended, 0 to be run" in told
    check_frames(optframe.load(folder.parent / "alone"), name)


def test_both_can_be_merged(tmp_path, command):
    folders = [shutil.copytree(OLD / name, tmp_path / name) for name in STORES]
    command("merge", *folders, "--out", tmp_path / "both")
    merged = optframe.load(tmp_path / "both")
    assert len(merged.trials) == sum(STORES.values())
    keys = [key for folder in folders for key in optframe.load(folder).trials["key"]]
    assert [*merged.trials["key"]] == keys


def test_its_trials_come_out_the_same_again(name, folder, command):
    """Elsewhere to rounding, and to the bit where all is as it was that decides the last bits."""
    told = command("verify", folder, "--all", codes=(0, 1))
    agreed = re.findall(r"^to the bit  ", told, re.MULTILINE)
    rounded = re.findall(r"^to rounding  .*", told, re.MULTILINE)
    # Where the old loop noticed a target at its next test, the run now ends at the step itself.
    sooner = re.findall(r"^not at all .*: step (\d+) then, (\d+) now$", told, re.MULTILINE)
    assert len(sooner) == SOONER[name]
    assert all(0 < int(then) - int(now) < TARGET_EVERY for then, now in sooner)
    assert len(agreed) + len(rounded) + len(sooner) == STORES[name] - SKIPPED[name]
    assert f"\n{STORES[name] - SKIPPED[name]} of {STORES[name] - SKIPPED[name]} trials ran" in told
    settings = RunSettings(backend="numpy")
    other = optframe.Study("here", {"steps": 1}, ["sgd"], ["sphere"], run=settings)
    (then,) = optframe.load(folder).environments
    (here,) = optframe.run(other, out=folder.parent / "here").environments
    if all(then[what] == here[what] for what in DECIDES):
        assert rounded == []


def test_the_study_asks_for_the_same_today(name, folder, tmp_path, command):
    """Cells, by which records of two versions are joined, and the starts are what they were.

    A number as a target, once a loss, is now a gap where f* is known: these are other cells.
    """
    command("run", folder / "study.toml", "--out", tmp_path / "new", "--no-report")
    then, now = optframe.load(folder).trials, optframe.load(tmp_path / "new").trials
    for column in ("optimizer", "problem", "sampler", "seed", "derived_seed", "target"):
        pd.testing.assert_series_equal(now[column], then[column])
    another = then["target"].notna() & (name == "functions")
    assert ((now["cell"] == then["cell"]) == ~another).all()
    assert set(now.loc[another, "target_metric"]) <= {"gap", "loss"}
    # Whether elsewhere a rounded loss is a regression is not judged here: that all is paired is.
    words = ("compare", folder, tmp_path / "new", "--format", "json")
    told = json.loads(command(*words, codes=(0, 1, 3)))
    paired = {row["cell"] for row in told["rows"] if None not in (row["base"], row["head"])}
    assert paired == {*then.loc[~another, "cell"]}


def test_the_study_goes_on_in_its_folder(name, folder, command):
    """Plugins whose code has changed run anew, and nothing else is asked of anybody."""
    command("run", folder / "study.toml", "--out", folder, "--no-report")
    trials = optframe.load(folder).trials
    assert len(trials) == STORES[name]
    assert {*trials["status"]} <= {"finished", "converged", "diverged", "skipped"}
