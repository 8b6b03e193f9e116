"""Kills at random moments: nothing that was told of is lost, and nothing is computed twice."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from optframe import load

SAMPLES = Path(__file__).parent.parent / "sample_plugins"
TRIALS = 120

# Imports once, and forks a child for every attempt, so that 50 kills cost no 50 starts of Python.
DRIVER = '''
import json, os, random, select, signal, sqlite3, sys, time
from pathlib import Path

import optframe
from optframe.execution.runner import run_study
from optframe.study.study import RunSettings

folder, plugin, executor, kills, trials, seed = sys.argv[1:]
folder, kills, trials, chance = Path(folder), int(kills), int(trials), random.Random(int(seed))
jobs = 1 if executor == "serial" else 2


def run(out):
    study = optframe.Study(
        "killed",
        {"steps": 12},
        [
            f"counted:lr={(i + 1) * 1e-6!r},where=begun,pause=0.001,limit=limit"
            for i in range(trials)
        ],
        "rosenbrock",
        run=RunSettings(executor=executor, jobs=jobs, backend="numpy"),
    )
    return run_study(study, out, registry)


class Told:
    """Writes down of which trials a run has told that they are finished."""

    def __init__(self, path):
        self.path = path

    @optframe.hookimpl
    def optframe_trial_finished(self, trial, record):
        with self.path.open("a") as file:
            file.write(f"{trial.optimizer.values['lr']!r} {record.status}\\n")


def lines(path):
    return path.read_text().split("\\n")[:-1] if path.exists() else []


def stored():
    database = folder / "out" / "store.sqlite"
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    rows = connection.execute(
        "SELECT hyperparameters FROM trials JOIN curves USING (key) "
        "WHERE status = 'finished' AND rows > 0"
    ).fetchall()
    connection.close()
    return {repr(json.loads(row[0])["lr"]) for row in rows}


landed = again = lost = 0
begun = folder / "begun"
os.chdir(folder)
registry = optframe.load_plugins([plugin])
registry.watch(Told(folder / "told"))
for attempt in range(kills):
    known = stored() if landed else set()
    before = len(lines(begun))
    Path("limit").write_text(str(before + 2 * jobs))  # so that a kill never comes after the end
    child = os.fork()
    if not child:
        run(folder / "out")
        os._exit(0)
    gone = os.pidfd_open(child)
    limit = time.monotonic() + 120
    awaited = before + 1 + attempt % (jobs + 1)  # in the last case a trial has ended for sure
    while len(lines(begun)) < awaited and not select.select([gone], [], [], 0.002)[0]:
        assert time.monotonic() < limit
    ended = select.select([gone], [], [], chance.expovariate(1 / 0.012))[0]
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    os.close(gone)
    assert not ended and os.WIFSIGNALED(status), f"it was over before kill {landed + 1}"
    landed += 1
    again += sum(one in known for one in lines(begun)[before:])
    now = stored()
    lost += len({line.split()[0] for line in lines(folder / "told")} - now) + len(known - now)
kept = len(stored()) if landed else 0
Path("limit").unlink(missing_ok=True)
outcome = run(folder / "out")
print(json.dumps({
    "landed": landed, "again": again, "lost": lost, "kept": kept,
    "found": outcome.found, "ran": outcome.ran,
}))
'''


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The store of the same study, that nobody has killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    said = drive(folder, "serial", kills=0)
    assert (said["landed"], said["found"], said["ran"]) == (0, 0, TRIALS)
    return load(folder / "out")


def drive(folder, executor, kills, seed=0):
    words = [str(folder), str(SAMPLES / "counted.py"), executor, str(kills), str(TRIALS), str(seed)]
    finished = subprocess.run(
        [sys.executable, "-c", DRIVER, *words],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux tells of children's ends")
@pytest.mark.parametrize(("executor", "kills"), [("serial", 50), ("processes", 5)])
def test_kills_lose_nothing_and_nothing_runs_twice(tmp_path, undisturbed, executor, kills):
    seed = int.from_bytes(os.urandom(4))
    said = drive(tmp_path, executor, kills, seed)
    print(f"{executor}, seed {seed}: {said}")
    assert said["landed"] == kills
    assert (said["again"], said["lost"]) == (0, 0)
    assert 0 < said["kept"] == said["found"] < TRIALS
    assert said["found"] + said["ran"] == TRIALS
    begun = Counter((tmp_path / "begun").read_text().split())
    jobs = 1 if executor == "serial" else 2
    assert TRIALS <= begun.total() <= TRIALS + jobs * kills
    results = load(tmp_path / "out")
    assert os.listdir(tmp_path / "out") == ["store.sqlite"]
    timed = ["seconds", "compile_seconds", "started", "load", "environment"]
    for name in ("trials", "curves"):
        mine, theirs = (
            frame.drop(columns=timed, errors="ignore")
            for frame in (getattr(results, name), getattr(undisturbed, name))
        )
        pd.testing.assert_frame_equal(mine, theirs, check_exact=True)
    assert len(results.curves) == len(undisturbed.curves) > TRIALS
