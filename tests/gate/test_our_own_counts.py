"""The baseline that ``.ci/run`` compares with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import optframe
from optframe.gate import open_source
from optframe.study.study import Study

HERE = Path(__file__).parent
PLACE = HERE / "counts.baseline.json"
STUDY = Study.from_file(HERE / "counts.toml")
BASELINE = open_source(PLACE)


def test_every_optimizer_is_in_it():
    registry = optframe.load_plugins()
    ours = [e.name for e in registry.entries("optimizers") if e.owner == "optframe_plugins"]
    assert sorted({one.spec.optimizer_name for one in BASELINE.trials}) == ours
    assert sorted(BASELINE.tolerances.optimizers) == ours


def test_it_is_of_the_study_beside_it():
    trials = STUDY.trials(optframe.load_plugins())
    assert {one.cell for one in BASELINE.trials} == {trial.cell for trial in trials}
    assert BASELINE.study == {"name": STUDY.name, "seed": STUDY.seed}


def test_nearly_all_reach_the_target():
    statuses = [one.status for one in BASELINE.trials]
    assert set(statuses) == {"converged", "finished"}
    assert statuses.count("finished") <= 2


def test_it_was_measured_as_on_older_machines_too():
    assert len(BASELINE.tolerances.machines) >= 5


def test_no_elementwise_optimizer_depends_on_the_machine():
    for name in ("sgd", "momentum", "nesterov", "adam", "adagrad", "rmsprop", "lion"):
        known = BASELINE.tolerances.optimizers[name]
        assert (known.counts, known.loss, known.stable) == (0, 0, True), name


def test_the_check_of_ci_passes_here_also_as_on_another_machine(tmp_path):
    """An older kernel of OpenBLAS is another environment, in which the counts are the same."""
    old = {"OPENBLAS_CORETYPE": "Nehalem"}
    command = ["baseline", "check", str(HERE / "counts.toml"), "--format", "json"]
    for variables in ({}, old):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "optframe", *command],
            env={**os.environ, **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 3), done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert sum(told["summary"].values()) == len(BASELINE.trials)
