"""Runs of Rosenbrock at once, as studies run them: against one at a time, and torch.func.vmap."""

import runpy
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

import optframe
from optframe.execution.grouping import companions
from optframe.execution.trial_runner import TrialRunner
from optframe.study.settings import RunSettings
from optframe.trial.run import Run
from optframe.trial.stacking import merged
from optframe.trial.vectorized import VectorizedRuns

MEMORY = 1024.0
rosenbrock = runpy.run_path(str(Path(__file__).with_name("runs.py")))["rosenbrock"]


class Grid:
    """One optimizer on Rosenbrock, over learning rates and seeds: what a study's trials consist of.

    They are timed as a study runs them, but for the making of their parts and their records.
    """

    def __init__(self, optimizer: str, rates, seeds: int, steps: int) -> None:
        study = optframe.Study(
            name="grid",
            seeds=seeds,
            start="standard" if seeds == 1 else "random",
            budget={"steps": steps},
            optimizers=[{"name": optimizer, "lr": [*rates]}],
            problems=["rosenbrock"],
            run=RunSettings(backend="numpy", checkpoints=2),
        )
        registry = optframe.load_plugins()
        runner = TrialRunner(registry)
        (trials,) = companions(study.trials(registry), runner, MEMORY)
        self.setups = [runner.setup(trial) for trial in trials]
        every = [setup.optimizer for setup in self.setups]
        self.optimizer = merged(every, self.setups[0].backend)

    def together(self) -> VectorizedRuns:
        """Run all of them at once."""
        batch = VectorizedRuns([Run(setup) for setup in self.setups], self.optimizer)
        batch.execute()
        assert {run.status for run in batch.runs} == {"finished"}
        return batch

    def alone(self, which) -> list[Run]:
        """Run some of them, one at a time."""
        runs = [Run(self.setups[i]) for i in which]
        for run in runs:
            run.execute()
            assert run.status == "finished"
        return runs


def curve(run: Run) -> np.ndarray:
    """What a curve says beside the seconds."""
    return np.delete(run.curve, run.columns.index("seconds"), axis=1)


@pytest.mark.row(
    "10,000 runs of a 2-d function at once (adam on Rosenbrock), per run-step",
    "one at a time",
    "≥ 300× faster",
    place=3,
)
def test_runs_at_once_against_one_at_a_time(pairs):
    runs, steps, sample = (10_000, 500, 10) if pairs.enabled else (50, 20, 5)
    grid = Grid("adam", np.logspace(-5, 0, runs).tolist(), seeds=1, steps=steps)
    order = np.random.default_rng(0)
    some = [0, runs - 1, *order.choice(runs, sample, replace=False)]
    batch = grid.together()
    for i, alone in zip(some, grid.alone(some), strict=True):
        np.testing.assert_array_equal(curve(batch.runs[i]), curve(alone))

    def theirs() -> float:
        which = order.choice(runs, sample, replace=False)
        return sum(run.clock.seconds for run in grid.alone(which)) / (sample * steps)

    pairs.compare(lambda: grid.together().clock.seconds / (runs * steps), theirs)


@pytest.mark.row(
    "200 peaks of one cosine at once (sgd on Rosenbrock, 1,000 steps), per run-step",
    "one at a time",
    "≥ 20× faster",
)
def test_runs_that_differ_inside_of_a_schedule(pairs):
    runs, steps, sample = (200, 1_000, 10) if pairs.enabled else (10, 20, 3)
    fall = {"schedule": "cosine", "share": 1.0}
    peaks = [{**fall, "start": start} for start in np.logspace(-5, -3, runs).tolist()]
    grid = Grid("sgd", peaks, seeds=1, steps=steps)
    order = np.random.default_rng(0)
    batch = grid.together()
    for i, alone in zip([0, runs - 1], grid.alone([0, runs - 1]), strict=True):
        np.testing.assert_array_equal(curve(batch.runs[i]), curve(alone))

    def theirs() -> float:
        which = order.choice(runs, sample, replace=False)
        return sum(run.clock.seconds for run in grid.alone(which)) / (sample * steps)

    pairs.compare(lambda: grid.together().clock.seconds / (runs * steps), theirs)


def by_vmap(torch):
    """The gradients of all runs, by a transform of one run's loss."""
    return torch.func.vmap(torch.func.grad(rosenbrock))


def by_hand(torch):
    """The gradients of all runs, by one backward pass through the sum of their losses."""

    def gradient(theta):
        theta = theta.detach().requires_grad_()
        (found,) = torch.autograd.grad(rosenbrock(theta.T).sum(), theta)
        return found

    return gradient


def in_torch(torch, gradient, optimizer: str, start, lr, steps: int):
    """Advance all runs at once in torch; return the seconds, and the last θ."""
    theta, lr = torch.from_numpy(start.copy()), torch.from_numpy(lr)[:, None]
    m, v = torch.zeros_like(theta), torch.zeros_like(theta)
    began = perf_counter()
    for t in range(1, steps + 1):
        g = gradient(theta)
        if optimizer == "sgd":
            theta = theta - lr * g
        else:
            m.mul_(0.9).add_(g, alpha=0.1)
            v.mul_(0.999).addcmul_(g, g, value=1 - 0.999)
            root = (v / (1 - 0.999**t)).sqrt_().add_(1e-8)
            theta = theta - lr * (m / (1 - 0.9**t)) / root
    return perf_counter() - began, theta.numpy()


@pytest.mark.row(
    "{optimizer} on Rosenbrock, 50 learning rates × 20 starts at once, per step",
    "{theirs}",
    "≥ 1× faster",
)
@pytest.mark.parametrize(
    ("theirs", "gradients"),
    [("torch.func.vmap", by_vmap), ("torch, batched by hand, autograd", by_hand)],
    ids=["vmap", "by-hand"],
)
@pytest.mark.parametrize(("optimizer", "low", "high"), [("sgd", -8, -5), ("adam", -4, -1)])
def test_runs_at_once_against_torch(pairs, torch, optimizer, low, high, theirs, gradients):
    rates, seeds, steps = (50, 20, 1_000) if pairs.enabled else (3, 2, 20)
    gradient = gradients(torch)

    def both(steps: int):
        grid = Grid(optimizer, np.logspace(low, high, rates).tolist(), seeds, steps)
        start = np.array([setup.start for setup in grid.setups])
        lr = np.array([setup.optimizer.lr for setup in grid.setups])
        return grid, lambda: in_torch(torch, gradient, optimizer, start, lr, steps)

    grid, other = both(20)
    ends = [run.curve[-1, -2:] for run in grid.together().runs]  # θ is what curves end with
    np.testing.assert_allclose(ends, other()[1], rtol=1e-9, atol=1e-9)
    grid, other = both(steps)
    pairs.compare(lambda: grid.together().clock.seconds, lambda: other()[0])
