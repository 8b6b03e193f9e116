"""The study five-rules does what the same rules do that are written as plain NumPy lines."""

import runpy
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

import optframe
from optframe.components.binder import Binder
from optframe.contracts.seeds import Seeds
from optframe.execution.runner import run_study
from optframe.study.study import Study

ROOT = Path(__file__).parent.parent.parent.parent
STUDY = Study.from_file(ROOT / "reports" / "studies" / "five-rules.toml")
RULES = runpy.run_path(
    str(ROOT / "tests" / "benchmarks" / "benchopt_five_rules" / "benchmark_utils" / "rules.py")
)
REGISTRY = optframe.load_plugins()
STEPS = 100


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return run_study(STUDY, tmp_path_factory.mktemp("five-rules"), REGISTRY).results


def records(seed):
    """X and y of a seed's problem, as the study's trials have them."""
    trial = next(trial for trial in STUDY.trials(REGISTRY) if trial.seed == seed)
    problem = Binder(REGISTRY).problem(trial.problem, "numpy", trial.dtype, Seeds(0, seed))
    batch = problem.draw(None, None)
    return np.asarray(batch.inputs), np.asarray(batch.targets)


def test_every_trial_is_measured_at_every_step(results):
    trials = results.trials
    assert trials["status"].tolist() == ["finished"] * 5 * 20
    assert results.curves["step"].tolist() == [*range(STEPS + 1)] * 5 * 20


def test_a_seed_has_records_of_its_own_from_the_told_source():
    drawn = [records(seed) for seed in range(3)]
    assert [(X.shape, y.shape) for X, y in drawn] == [((100, 50), (100,))] * 3
    for i, (X, y) in enumerate(drawn):
        residuals = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]  # with 100 − 50 degrees of freedom
        for squares, freedom in ((np.sum(X * X), 5000), (100 * residuals @ residuals, 50)):
            low, high = chi2.ppf([1e-9, 1 - 1e-9], freedom)
            assert low < squares < high
        assert not np.isin(X, [other for other, _ in drawn[:i]]).any()


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov", "adagrad", "adam"])
def test_curves_are_those_of_the_plain_lines(results, rule):
    curves = results.curves[results.curves["optimizer"].str.startswith(f"{rule}:")]
    for seed, curve in curves.groupby("seed"):
        X, y = records(seed)
        iterates = RULES[rule](np.zeros(50), lambda w, X=X, y=y: X.T @ (X @ w - y) / len(y))
        losses = [0.5 * np.mean((X @ w - y) ** 2) for w in islice(iterates, STEPS + 1)]
        np.testing.assert_allclose(curve["loss"], losses, rtol=1e-9)
