"""Rosenbrock's function by hand, data of ten numbers, and runs and records of one."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from optframe import Budget, StochasticProblem, Study, load_plugins
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Checkpoints
from optframe.execution.trial_runner import TrialRunner
from optframe.trial.run import Run, Setup
from optframe_plugins.backends.numpy import NumpyBackend


def _rosenbrock(theta):
    x, y = theta
    return 100 * (y - x * x) ** 2 + (1 - x) ** 2


@pytest.fixture
def rosenbrock():
    return _rosenbrock


def _rosenbrock_gradient(theta):
    x, y = theta
    return np.array([-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)])


@pytest.fixture
def rosenbrock_gradient():
    return _rosenbrock_gradient


def _descend(steps, lr, start=(-1.2, 1.0)):
    """Gradient descent on Rosenbrock's function, by hand: all iterates."""
    found = [np.array(start)]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            found.append(found[-1] - lr * _rosenbrock_gradient(found[-1]))
    return np.array(found)


@pytest.fixture
def descend():
    return _descend


def _run_of(problem, optimizer, start=None, budget=None, **fields):
    """A run that keeps its exception instead of raising it, as in a study."""
    given = {
        "backend": NumpyBackend(),
        "sampler": None,
        "budget": Budget(**(budget or {"steps": 10})),
        "checkpoints": Checkpoints(every_steps=1),
        "seeds": Seeds(0, 0),
        "start": problem.start(np.random.default_rng(0)) if start is None else start,
        "dtype": "float64",
    }
    run = Run(Setup(problem=problem, optimizer=optimizer, **{**given, **fields}))
    run.execute()
    return run


@pytest.fixture
def run_of():
    return _run_of


def _same_run(found, expected, more=()):
    """Compare two runs to the bit, their times and the columns ``more`` aside."""
    assert found.status == expected.status
    assert found.counts == expected.counts
    np.testing.assert_array_equal(found.iterates, expected.iterates)
    np.testing.assert_array_equal(found.theta, expected.theta)
    assert [*found.curve.columns.drop([*more])] == [*expected.curve.columns]
    for name in expected.curve.columns.drop("seconds"):
        np.testing.assert_array_equal(found.curve[name], expected.curve[name])


@pytest.fixture
def same_run():
    return _same_run


@dataclass(frozen=True)
class Squares(StochasticProblem):
    """Mean of ½(θ − xᵢ)² over 10 records; what is asked for is kept in ``seen``."""

    noisy: bool = False
    counted: bool = True
    seen: list = field(default_factory=list, compare=False)

    @property
    def deterministic(self):
        return not self.noisy

    @property
    def size(self):
        return 1

    @property
    def records(self):
        return 10 if self.counted else None

    def start(self, random):
        return np.array([20.0])

    def metrics(self, theta):
        return {"loss": self.loss(theta, np.arange(10.0)), "test_accuracy": 1 / (1 + theta[0] ** 2)}

    def draw(self, indices, random):
        batch = np.arange(10.0) if indices is None else np.arange(10.0)[indices]
        shift = 0.0 if random is None else random.standard_normal()
        self.seen.append((batch.tolist(), shift))
        return batch + shift

    def loss(self, theta, batch):
        return 0.5 * np.mean((theta[..., None, 0] - batch) ** 2, axis=-1)

    def gradient(self, theta, batch):
        return theta - batch.mean()


@pytest.fixture
def squares():
    return Squares


def _record_of(problem, optimizer, **settings):
    """What a study keeps of its only trial."""
    registry = load_plugins()
    study = Study(
        name="one", budget={"steps": 10}, optimizers=[optimizer], problems=[problem], **settings
    )
    [trial] = study.trials(registry)
    (record,) = TrialRunner(registry)([trial])
    return record


@pytest.fixture
def record_of():
    return _record_of
