"""The study watch-optax runs optax's L-BFGS and ours to one target."""

from pathlib import Path

import pytest

import optframe

pytest.importorskip("optax", reason="optax is not installed: the extra `jax` has it")
STUDY = Path(__file__).parents[3] / "reports" / "studies" / "watch-optax.toml"


def test_both_run_on_every_problem(tmp_path):
    trials = optframe.run(STUDY, tmp_path / "results").trials
    assert set(trials["optimizer"]) == {"optax.lbfgs", "lbfgs"}
    assert len(trials) == 2 * trials["problem"].nunique() == 8
    assert set(trials["status"]) <= {"converged", "stopped", "finished"}
    easy = trials[trials["problem"].str.startswith(("rosenbrock", "powell"))]
    assert set(easy["status"]) == {"converged"}
