"""What a step does not need is not done."""

from dataclasses import dataclass, field

import pytest

import optframe
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.schedules.linear import Linear
from optframe_problems.functions.rosenbrock import Rosenbrock


@pytest.fixture
def readings(monkeypatch):
    """How often the clock was read."""
    found = []

    def read():
        found.append(None)
        return float(len(found))

    for module in ("clock", "profiling", "run"):
        monkeypatch.setattr(f"optframe.trial.{module}.perf_counter", read)
    return found


@pytest.mark.parametrize(
    "fields",
    [{}, {"gradients": 10**6}, {"iterates": True}, {"optimizer": SGD(lr=Linear(1e-3, 1e-4, 50))}],
)
def test_the_clock_is_read_at_checkpoints_only(fields, readings):
    counts = []
    for steps in (20, 200):
        readings.clear()
        given = {"optimizer": SGD(lr=1e-4), "steps": steps, "checkpoints": 5, **fields}
        optframe.minimize("rosenbrock", **given)
        counts.append(len(readings))
    assert counts[0] == counts[1]


@dataclass(frozen=True)
class Counted(Rosenbrock):
    """Counts how often it is measured."""

    measured: list = field(default_factory=list, compare=False)

    def metrics(self, theta):
        self.measured.append(None)
        return super().metrics(theta)


@pytest.mark.parametrize("checkpoints", [2, 7, {"every_steps": 1}, {"every_steps": 4}])
def test_with_a_target_each_iterate_is_measured_once(checkpoints):
    problem = Counted()
    settings = {"steps": 30, "target": 1e-9, "checkpoints": checkpoints}
    optframe.minimize(problem, SGD(lr=1e-4), **settings)
    assert len(problem.measured) == 31


def test_without_a_target_checkpoints_alone_are_measured():
    problem = Counted()
    found = optframe.minimize(problem, SGD(lr=1e-4), steps=300, checkpoints=6)
    assert len(problem.measured) == len(found.rows)


def test_each_step_draws_one_batch_beside_those_of_the_beginning(squares):
    """Two beginnings, the untimed step's and the run's, each show the first batch to `init`."""
    problem = squares()
    optframe.minimize(problem, SGD(lr=0.1), steps=25, sampler="shuffled:batch_size=3")
    assert len(problem.seen) == 25 + 2
