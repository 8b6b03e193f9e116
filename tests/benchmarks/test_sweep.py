"""A sweep of learning rates as one command, and what torch needs for the same runs."""

import json
import runpy
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random
from time import perf_counter

import numpy as np
import pytest

import optframe

RUNS = runpy.run_path(str(Path(__file__).with_name("runs.py")))
COMMAND = shutil.which("optframe", path=str(Path(sys.executable).parent)) or "optframe"
WHAT = "50 learning rates × 20 starts × 6 optimizers on Rosenbrock, 2,000 steps, one command"
ROUNDS = 6
EARLY = 10
"""Steps after which rounding may have grown beyond comparing, where a rate is large."""

RULES = RUNS["TORCH_RULES"]


class Sweep:
    """The study's file, its command, and its runs in torch."""

    def __init__(self, folder: Path, rates: int, seeds: int, steps: int) -> None:
        self.folder = folder
        words = [
            f'[study]\nname = "sweep"\nseeds = {seeds}\nstart = "random"',
            f'budget = {{ steps = {steps} }}\n[[problem]]\nname = "rosenbrock"',
        ]
        lr = np.logspace(-5, 0, rates).tolist()
        for name, (fields, _) in RULES.items():
            words.append(f'[[optimizer]]\nname = "{name}"\nlr = {lr}\n{fields}')
        (folder / "sweep.toml").write_text("\n".join(words), encoding="utf-8")

    def command(self) -> float:
        """Run it as one process, store written; return the seconds."""
        out = self.folder / "results"
        shutil.rmtree(out, ignore_errors=True)
        words = [COMMAND, "run", "sweep.toml", "--together", "--no-report", "--backend", "numpy"]
        began = perf_counter()
        subprocess.run(
            [*words, "--out", str(out)], cwd=self.folder, check=True, capture_output=True
        )
        return perf_counter() - began

    def read(self) -> None:
        """Read what the command has left: trials, and their paths over the first steps."""
        results = optframe.load(self.folder / "results")
        self.trials = results.trials.set_index("key")
        curves = results.curves[results.curves["step"] <= EARLY]
        self.paths = curves.set_index(["key", "step"])[["theta_0", "theta_1"]]

    def in_torch(self, torch, key: str, steps: int, path: list | None = None) -> float:
        """Do a run's steps in torch; return the seconds, and keep every θ in ``path``."""
        trial = self.trials.loc[key]
        lr = json.loads(trial["hyperparameters"])["lr"]
        theta = torch.tensor(self.paths.loc[key].to_numpy()[0], requires_grad=True)
        optimizer = RULES[trial["optimizer_name"]][1](torch, [theta], lr)
        return RUNS["descend"](RUNS["rosenbrock"], optimizer, theta, steps, path)

    def check(self, torch) -> None:
        """Hold some runs of every optimizer against torch, over their first steps."""
        for key in self.trials.groupby("optimizer_name").sample(4, random_state=0).index:
            ours, path = self.paths.loc[key], []
            self.in_torch(torch, key, EARLY + 1, path)
            theirs = np.array(path)[ours.index.astype(int)]
            with np.errstate(invalid="ignore"):
                np.testing.assert_allclose(ours.to_numpy(), theirs, rtol=1e-6)

    def torchs(self, torch, sample: int, seed: int) -> float:
        """The seconds of all steps of all runs, one run at a time, from a sample of them."""
        total = 0.0
        for _, runs in self.trials.groupby("optimizer_name"):
            keys = runs.sample(2, random_state=seed).index
            taken = sum(self.in_torch(torch, key, sample) for key in keys)
            total += taken / (2 * sample) * float(runs["steps"].sum())
        return total


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The seconds of the command, and of torch, taken in turn, once for all rows."""

    @cache
    def measure(torch, enabled: bool) -> tuple[list[float], list[float]]:
        sizes = (50, 20, 2_000) if enabled else (4, 2, 20)
        sweep = Sweep(tmp_path_factory.mktemp("sweep"), *sizes)
        sweep.command()
        sweep.read()
        sides = {"ours": sweep.command}
        if torch is not None:
            sweep.check(torch)
            sample = 100 if enabled else 5
            sides["torch"] = lambda: sweep.torchs(torch, sample, len(times["torch"]))
        times, order = {"ours": [], "torch": []}, Random(0)
        for _ in range(ROUNDS if enabled else 1):
            for side in order.sample([*sides], len(sides)):
                times[side].append(sides[side]())
        return times["ours"], times["torch"]

    return measure


@pytest.mark.row(WHAT, "–", "≤ 20 s")
def test_a_sweep_is_one_command(pairs, measured, torch_if_there):
    pairs.values(measured(torch_if_there, pairs.enabled)[0])


@pytest.mark.row(WHAT, "torch.optim, eager, a run at a time: scaled from a sample of steps")
def test_a_sweep_against_torch(pairs, measured, torch):
    pairs.given(*measured(torch, pairs.enabled))
