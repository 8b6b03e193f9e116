"""The cost of the loop per step, and of one checkpoint."""

import runpy
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

import optframe
from optframe.components.binder import Binder
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Checkpoints
from optframe.trial.run import Run

RUNS = runpy.run_path(str(Path(__file__).with_name("runs.py")))
STEPS = 5_000


def rosenbrock_run(checkpoints: Checkpoints, steps: int = STEPS) -> Run:
    registry = optframe.load_plugins()
    binder = Binder(registry)
    instance = Seeds(0, 0).sequence("instance")
    setting = optframe.Setting(binder.backend("numpy"), "float64", instance, binder.dataset)
    problem = registry.make("problems", "rosenbrock").bind(setting)
    optimizer = registry.make("optimizers", "sgd", {"lr": 0.001})
    start = problem.start(np.random.default_rng(0))
    given = {"budget": {"steps": steps}, "checkpoints": checkpoints}
    return RUNS["run_of"](problem, optimizer, start, **given)


@pytest.mark.row(
    "the loop with sgd on Rosenbrock, one run, per step",
    "the same NumPy lines in a bare loop",
    "≤ 1.3×",
    place=1,
)
def test_loop_against_the_same_lines_in_a_bare_loop(pairs):
    registry = optframe.load_plugins()
    problem = registry.make("problems", "rosenbrock")

    def framework():
        run = rosenbrock_run(Checkpoints(count=2))
        run.execute()
        return run.clock.seconds, run.theta

    def bare():
        theta, gradient, lr = np.array([-1.2, 1.0]), problem.gradient, 0.001
        began = perf_counter()
        for _ in range(STEPS):
            theta = theta - lr * gradient(theta)
        return perf_counter() - began, theta

    assert np.array_equal(framework()[1], bare()[1])
    pairs.compare(lambda: framework()[0], lambda: bare()[0])


@pytest.mark.row(
    "one checkpoint, metrics aside", "benchopt's 150 µs (callback strategy)", "≤ 20 µs", place=4
)
def test_one_checkpoint(pairs):
    steps = 1_000

    def whole_run(every: int) -> float:
        run = rosenbrock_run(Checkpoints(every_steps=every), steps)
        began = perf_counter()
        run.execute()
        seconds = perf_counter() - began
        assert len(run.rows) == 1 + steps // every
        return seconds

    def metrics(run: Run) -> float:
        began = perf_counter()
        for _ in range(steps):
            float(run.problem.metrics(run.theta)["loss"])
        return (perf_counter() - began) / steps

    def cost() -> float:
        difference = whole_run(1) - whole_run(steps)
        return 1e6 * (difference / (steps - 1) - metrics(rosenbrock_run(Checkpoints())))

    pairs.measure(cost)
