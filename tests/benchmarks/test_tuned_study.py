"""A tuned study as one command, again when all is stored, and what Optuna and torch need for it."""

import resource
import runpy
import shutil
import subprocess
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe.execution.trial_runner import TrialRunner
from optframe.gate.verification import drawn

RUNS = runpy.run_path(str(Path(__file__).with_name("runs.py")))
RULES = RUNS["TORCH_RULES"]
COMMAND = shutil.which("optframe", path=str(Path(sys.executable).parent)) or "optframe"
WHAT = (
    "tuning: 200 learning rates × 2 starts × 6 optimizers × 3 functions, then 10 fresh starts each"
)
ROUNDS = 6

PROBLEMS = {
    "rosenbrock": 'name = "rosenbrock"',
    "quadratic+rotate": 'name = "quadratic"\nwrap = [{ name = "rotate" }]',
    "rastrigin": 'name = "rastrigin"',
}


class Spent(NamedTuple):
    """The seconds that passed, and those that processors worked."""

    wall: float
    work: float


def worked() -> float:
    """The seconds of work of the processes that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Tuned:
    """The study's file, its command, and its runs in torch with Optuna's settings."""

    def __init__(self, folder: Path, trials: int, seeds: int, steps: int) -> None:
        self.folder, self.trials, self.steps = folder, trials, steps
        folder.mkdir()
        words = [
            f'[study]\nname = "tuned"\nseeds = {seeds}\nstart = "random"',
            f"budget = {{ steps = {steps} }}\n[run]\ntogether = true\ncheckpoints = 3",
            f'backend = "numpy"\n[tune]\nprotocol = "random"\ntrials = {trials}\nseeds = 2',
        ]
        words += [f"[[problem]]\n{table}" for table in PROBLEMS.values()]
        for name, (fields, _) in RULES.items():
            words.append(f'[[optimizer]]\nname = "{name}"\nlr = {{ low = 1e-5, high = 1.0 }}')
            words.append(fields)
        (folder / "tuned.toml").write_text("\n".join(words), encoding="utf-8")
        self.out = folder / "results"

    def command(self) -> Spent:
        """Run it as one process, store written or found."""
        words = [COMMAND, "run", "tuned.toml", "--no-report", "--out", str(self.out)]
        began, before = perf_counter(), worked()
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True)
        return Spent(perf_counter() - began, worked() - before)

    def first(self) -> Spent:
        shutil.rmtree(self.out, ignore_errors=True)
        return self.command()

    def read(self) -> None:
        """Read what the command has left: the steps of each cell, and the judged runs."""
        results = optframe.load(self.out)
        runs = pd.concat([results.tuning, results.trials])
        assert len(results.tuning) == len(PROBLEMS) * len(RULES) * self.trials * 2
        self.did = runs.groupby(["optimizer_name", "problem"])["steps"].sum().to_dict()
        self.curves = results.curves.set_index("key")
        judged, _ = drawn(results.path, None)
        self.judged = {(t.optimizer.name, t.problem.label): t for t in judged if t.stage == "final"}
        self.runner = TrialRunner(optframe.load_plugins())

    def in_torch(self, torch, cell: tuple[str, str]):
        """Return a function of torch, and a start."""
        setup = self.runner.setup(self.judged[cell])
        if cell[1] != "quadratic+rotate":
            return RUNS[cell[1]], setup.start
        origin, units = np.zeros(setup.start.size), np.eye(setup.start.size)
        least, slope = map(np.asarray, setup.problem.loss_and_gradient(origin))
        rows = np.array([setup.problem.gradient(unit) - slope for unit in units])
        matrix, linear = torch.tensor((rows + rows.T) / 2), torch.tensor(slope)
        return (
            lambda theta: theta @ (matrix @ theta) / 2 + linear @ theta + float(least),
            setup.start,
        )

    def check(self, torch) -> None:
        """Hold a judged run of every cell against torch."""
        for cell, trial in self.judged.items():
            function, start = self.in_torch(torch, cell)
            theta = torch.tensor(start, requires_grad=True)
            optimizer = RULES[cell[0]][1](torch, [theta], trial.optimizer.values["lr"])
            path: list[np.ndarray] = []
            RUNS["descend"](function, optimizer, theta, self.steps + 1, path)
            ours = self.curves.loc[trial.key]
            theirs = [float(function(torch.tensor(path[int(step)]))) for step in ours["step"]]
            np.testing.assert_allclose(ours["loss"], theirs, rtol=1e-6, atol=1e-12)

    def theirs(self, torch, optuna, sample: int, seed: int) -> float:
        """The seconds of all of it with Optuna's settings, from two of each search, in steps.

        The steps are those that our runs did, which end where they diverge.
        """
        total = 0.0
        for cell, did in self.did.items():
            function, start = self.in_torch(torch, cell)
            descending = 0.0

            def objective(trial, cell=cell, function=function, start=start) -> float:
                nonlocal descending
                lr, losses = trial.suggest_float("lr", 1e-5, 1.0, log=True), []
                for _ in range(2):
                    theta = torch.tensor(start, requires_grad=True)
                    optimizer = RULES[cell[0]][1](torch, [theta], lr)
                    descending += RUNS["descend"](function, optimizer, theta, sample)
                    losses.append(function(theta).item())
                return float(np.nan_to_num(np.median(losses), nan=1e300, posinf=1e300))

            began = perf_counter()
            study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
            study.optimize(objective, n_trials=2)
            beside = perf_counter() - began - descending
            total += descending / (4 * sample) * did + beside / 2 * self.trials
        return total


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What the first and the second call take, and Optuna with torch, taken in turn."""

    @cache
    def measure(torch, optuna, enabled: bool) -> tuple[list[Spent], list[Spent], list[float]]:
        folder = tmp_path_factory.mktemp("tuned")
        peers = torch is not None and optuna is not None
        small = Tuned(folder / "small", 2, 1, 10)
        first, second = [small.first()], [small.command()]
        small.read()
        if torch is not None:
            small.check(torch)
        if not enabled:
            return first, second, [small.theirs(torch, optuna, 3, 0)] if peers else []
        study = Tuned(folder / "whole", 200, 10, 1_000)
        study.first()
        study.read()
        first, second, theirs = [], [], []

        def ours() -> None:
            first.append(study.first())
            second.append(study.command())

        sides = [ours]
        if peers:
            sides.append(lambda: theirs.append(study.theirs(torch, optuna, 100, len(theirs))))
        order = Random(0)
        for _ in range(ROUNDS):
            for side in order.sample(sides, len(sides)):
                side()
        return first, second, theirs

    return measure


@pytest.fixture
def taken(measured, pairs, torch_if_there):
    """The seconds of the first calls, the second calls, and the peers."""
    optuna = None
    if find_spec("optuna") is not None:
        optuna = import_module("optuna")
        optuna.logging.set_verbosity(optuna.logging.WARNING)
    return measured(torch_if_there, optuna, pairs.enabled)


@pytest.mark.row(WHAT, "–", "≤ 6 s")
def test_a_tuned_study_is_one_command(pairs, taken):
    pairs.values([spent.wall for spent in taken[0]])


@pytest.mark.row(f"{WHAT}, processor time", "–", "≤ 6 s")
def test_the_work_of_a_tuned_study(pairs, taken):
    pairs.values([spent.work for spent in taken[0]])


@pytest.mark.row(f"{WHAT}, once all are stored", "–", "≤ 2 s")
def test_a_tuned_study_that_is_stored(pairs, taken):
    pairs.values([spent.wall for spent in taken[1]])


@pytest.mark.row(f"{WHAT}, once all are stored, processor time", "–", "≤ 2 s")
def test_the_work_of_a_tuned_study_that_is_stored(pairs, taken):
    pairs.values([spent.work for spent in taken[1]])


@pytest.mark.row(WHAT, "Optuna and torch.optim, a run at a time: scaled from a sample")
def test_a_tuned_study_against_optuna_and_torch(pairs, taken, torch):
    pytest.importorskip("optuna")
    pairs.given([spent.wall for spent in taken[0]], taken[2])
