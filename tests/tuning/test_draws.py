"""What is drawn while tuning is drawn anew in the final stage, and in each repetition."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from optframe import Study, load_plugins
from optframe.execution.grouping import companions
from optframe.execution.trial_runner import TrialRunner


@pytest.fixture(scope="module")
def runner():
    return TrialRunner(load_plugins())


def stages(runner, problem, **given):
    """Return one trial as it is judged, and as it tunes in two repetitions."""
    study = Study("x", {"steps": 3}, "sgd:lr=0.001", problem, seed=1, **given)
    final, *_ = study.trials(runner.registry)
    tuned = [replace(final, stage="tune", study=number, number=0, round=0) for number in (0, 1)]
    return [final, *tuned]


def test_starts_are_others(runner):
    starts = [runner.setup(trial).start for trial in stages(runner, "sphere", start="random")]
    assert all(np.all(a != b) for a, b in pairwise([*starts, starts[0]]))


def test_instances_are_others_and_no_batch_mixes_them(runner):
    trials = stages(runner, "quadratic+rotate")
    setups = [runner.setup(trial) for trial in trials]
    theta = setups[0].start
    losses = {float(setup.problem.gradient(theta)[0]) for setup in setups}
    assert len(losses) == 3
    assert [len(batch) for batch in companions(trials, runner, 100.0)] == [1, 1, 1]


def test_a_problem_without_an_instance_is_made_once_and_its_runs_are_one_batch(runner):
    trials = stages(runner, "rosenbrock", start="random")
    assert len({id(runner.setup(trial).problem) for trial in trials}) == 1
    assert [len(batch) for batch in companions(trials, runner, 100.0)] == [3]


def test_minibatches_are_others(runner):
    trials = stages(runner, "softmax:data=iris", samplers=["shuffled:batch_size=8"])
    curves = [runner([trial])[0].curve for trial in trials]
    losses = {tuple(curve[1:, -2]) for curve in curves}
    assert len(losses) == 3
