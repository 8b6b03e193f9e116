"""What a trial costs beside its steps, where thousands of short runs advance in batches."""

import resource
from pathlib import Path

import pytest

import optframe
from optframe.study.settings import RunSettings

OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam", "rmsprop", "adagrad")
PROBLEMS = ("rosenbrock", "quadratic+rotate", "rastrigin")
WHAT = "of a tuning of 6 optimizers × 3 functions × 200 settings × 2 starts, in batches"


def study(trials: int, steps: int) -> optframe.Study:
    return optframe.Study(
        name="trial-cost",
        seeds=10,
        start="random",
        budget={"steps": steps},
        optimizers=[{"name": name, "lr": optframe.Space(1e-5, 1.0)} for name in OPTIMIZERS],
        problems=PROBLEMS,
        tune={"protocol": "random", "trials": trials, "seeds": 2},
        run=RunSettings(backend="numpy", checkpoints=3, together=True),
    )


def work() -> float:
    """Seconds of work of this process so far, which other processes do not lengthen much."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Command:
    """The study, as a command runs it after its imports: planned, run, stored, and read."""

    def __init__(self, folder: Path, enabled: bool) -> None:
        self.folder, self.number = folder, 0
        self.study = study(*((200, 1_000) if enabled else (3, 20)))
        self.registry = optframe.load_plugins()

    def cost(self, folder: Path) -> float:
        """Microseconds of work per trial, read back included."""
        began = work()
        results = optframe.run(self.study, folder, registry=self.registry)
        trials = len(results.trials) + len(results.tuning)
        return 1e6 * (work() - began) / trials

    def first(self) -> float:
        self.number += 1
        return self.cost(self.folder / str(self.number))


@pytest.fixture
def command(tmp_path, pairs):
    made = Command(tmp_path, pairs.enabled)
    made.first()
    return made


@pytest.mark.row(f"a trial {WHAT}", "–", "≤ 500 µs")
def test_a_trial_in_a_batch(pairs, command):
    pairs.measure(command.first)


@pytest.mark.row(f"a trial {WHAT}, once all are stored", "–", "≤ 150 µs")
def test_a_trial_that_is_stored(pairs, command):
    pairs.measure(lambda: command.cost(command.folder / "1"))
