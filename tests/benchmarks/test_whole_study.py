"""A whole study as one process, from the command to the file of results, against benchopt.

Both run the five rules of the study five-rules, 20 problems each, measured at every step, and both
start cold: benchopt without the results that it keeps, optframe into an empty folder. What Python
makes of source files is there, as it is after an installation, and both have one BLAS thread.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

import optframe

HERE = Path(__file__).parent
STUDY = HERE.parent.parent / "reports" / "studies" / "five-rules.toml"
SCRIPTS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The variables of both processes."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    compiled = str(tmp_path_factory.mktemp("compiled"))
    return given | {"OMP_NUM_THREADS": "1", "PYTHONPYCACHEPREFIX": compiled}


@pytest.mark.row(
    "a study of 5 optimizers × 20 seeds × {steps} checkpoints, whole process{options}",
    "benchopt{theirs}",
    "{reach}",
    place="{place}",
)
@pytest.mark.parametrize(
    ("steps", "options", "theirs", "reach", "place"),
    [
        (100, "", "", "≥ 3× faster", 5),
        (100, "", " --no-cache", "–", ""),
        (100, " --together", "", "–", ""),
        (1000, "", "", "–", ""),
    ],
)
def test_a_whole_study(pairs, tmp_path, environment, steps, options, theirs, reach, place):
    if importlib.util.find_spec("benchopt") is None:
        pytest.skip("benchopt is not installed (it is in the extra `peers`)")
    steps = steps if pairs.enabled else 10
    benchmark, results = tmp_path / "five_rules", tmp_path / "results"
    shutil.copytree(HERE / "benchopt_five_rules", benchmark)
    study = tmp_path / "five-rules.toml"
    text = STUDY.read_text(encoding="utf-8")
    for number in ("steps", "checkpoints"):
        assert text.count(f"{number} = 100") == 1
        text = text.replace(f"{number} = 100", f"{number} = {steps}")
    study.write_text(text, encoding="utf-8")

    def seconds(program: str, *words: str | Path) -> float:
        command = [SCRIPTS / program, "run", *words]
        began = perf_counter()
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
        elapsed = perf_counter() - began
        assert done.returncode == 0, done.stderr.decode()
        return elapsed

    def by_optframe() -> float:
        shutil.rmtree(results, ignore_errors=True)
        return seconds("optframe", study, "--out", results, "--no-report", *options.split())

    def by_benchopt() -> float:
        for name in ("__cache__", "outputs"):
            shutil.rmtree(benchmark / name, ignore_errors=True)
        words = ["-n", str(steps), "-r", "20", "--no-plot", "--no-display", *theirs.split()]
        return seconds("benchopt", benchmark, *words)

    if pairs.enabled:
        by_optframe(), by_benchopt()  # which compile what they import
    pairs.compare(by_optframe, by_benchopt)
    _check(results, benchmark / "outputs", steps)


def _check(results: Path, outputs: Path, steps: int) -> None:
    """Hold the curves of both together: their problems are others, but of one kind."""
    import pandas as pd

    (file,) = outputs.glob("*.parquet")
    found = pd.read_parquet(file).rename(
        columns={"solver_name": "rule", "stop_val": "step", "objective_value": "loss"}
    )
    ours = optframe.load(results).curves
    ours["rule"] = ours["optimizer"].str.partition(":")[0]
    assert len(ours) == len(found) == 5 * 20 * (steps + 1)
    for step in (0, 1, 10, steps):
        medians = [
            frame[frame["step"] == step].groupby("rule")["loss"].median() for frame in (ours, found)
        ]
        assert len(medians[0]) == 5
        np.testing.assert_allclose(np.log(medians[0]), np.log(medians[1]), atol=np.log(2))
