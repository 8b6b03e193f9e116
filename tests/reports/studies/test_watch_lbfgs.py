"""The study watch-lbfgs runs SciPy's L-BFGS-B and ours to one target."""

from pathlib import Path

import optframe
from optframe.study.study import Study

ROOT = Path(__file__).parents[3]
STUDY = Study.from_file(ROOT / "reports" / "studies" / "watch-lbfgs.toml")


def test_both_run_on_every_problem(tmp_path):
    trials = optframe.run(STUDY, tmp_path / "results").trials
    assert set(trials["optimizer"]) == {"SciPy's L-BFGS-B", "lbfgs"}
    assert len(trials) == 2 * trials["problem"].nunique() == 8
    assert set(trials["status"]) <= {"converged", "stopped", "finished"}
    easy = trials[trials["problem"].str.startswith(("rosenbrock", "powell"))]
    assert set(easy["status"]) == {"converged"}


def test_a_cell_has_no_version_and_a_key_has_it():
    registry = optframe.load_plugins()
    trials = [t for t in STUDY.trials(registry) if t.optimizer.label.startswith("SciPy")]
    code = registry.code("optimizers", "scipy.optimize.minimize")
    assert "scipy==" in code
    assert all("scipy" not in str(trial.optimizer.values) for trial in trials)
