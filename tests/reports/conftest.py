"""Results without a run: frames of the shape that a store gives, and a registry of our plugin."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pluggy
import pytest

import optframe_reports
from optframe import Frames, Registry
from optframe.components import hookspecs
from optframe.drawing.palette import color_of_each
from optframe.statistics import standings


class Study:
    """A study made of curves: `add` a run at a time, then `frames` or `results`."""

    def __init__(self):
        self.trials, self.curves = [], []

    def add(
        self,
        loss,
        *,
        x=None,
        optimizer="adam",
        problem="rosenbrock",
        sampler="none",
        status="finished",
        reason=None,
        minimum=np.nan,
        pace=1e-5,
        dtype="float64",
        trial=None,
        **columns,
    ):
        """Add a run; ``columns`` are further ones of its curve, ``trial`` those of its row."""
        same = [
            t
            for t in self.trials
            if (t["optimizer"], t["problem"], t["sampler"]) == (optimizer, problem, sampler)
        ]
        loss = np.asarray(loss, float)
        step = np.arange(len(loss)) if x is None else np.asarray(x)
        identity = {
            "key": f"key{len(self.trials)}",
            "optimizer": optimizer,
            "problem": problem,
            "sampler": sampler,
            "seed": len(same),
            "hyperparameters": "{}",
        }
        last = float(step[-1]) if len(step) else np.nan
        metrics = {"loss": loss[-1] if len(loss) else np.nan, "test_accuracy": np.nan} | {
            name: values[-1] if len(values) else np.nan for name, values in columns.items()
        }
        self.trials.append(
            {
                **identity,
                "optimizer_name": optimizer.partition(":")[0],
                "cell": f"cell{len(self.trials)}",
                "backend": "numpy",
                "dtype": dtype,
                "threads": 1,
                "status": status,
                "reason": reason,
                "steps": last,
                "epochs": np.nan,
                "samples": 0.0,
                "gradients": 2 * last,
                "work": 2 * last,
                "records": 0.0,
                "seconds": pace * last,
                "minimum": minimum,
                "together": 1,
                "target": np.nan,
                "target_metric": None,
                "started": f"2026-01-02T03:0{len(same) % 10}:05.678+00:00",
                **metrics,
                **(trial or {}),
            }
        )
        self.curves.append(
            pd.DataFrame(
                {
                    **identity,
                    "step": step,
                    "epoch": np.nan,
                    "samples": 0.0,
                    "gradients": 2.0 * step,
                    "work": 2.0 * step,
                    "records": 0.0,
                    "seconds": pace * step,
                    "loss": loss,
                    **columns,
                }
            )
        )
        return self

    def add_many(self, optimizers, settings, seeds, checkpoints, samplers=("none",)):
        """Add optimizers × settings × samplers × seeds noisy runs; a tenth of them diverged."""
        random, step = np.random.default_rng(0), 10.0 * np.arange(checkpoints)
        each = product(range(optimizers), range(settings), samplers, range(seeds))
        for number, (name, k, sampler, _) in enumerate(each):
            rate = 0.2 / (1 + k) * (1 + random.random())
            loss = np.exp(-rate * np.sqrt(step)) * random.lognormal(0, 0.1, step.size)
            ended = "converged" if loss[-1] <= 0.01 else "finished"
            lr = f"{0.001 * (k + 1):g}"
            self.add(
                loss,
                x=step,
                optimizer=f"optimizer{name}:lr={lr}",
                sampler=sampler,
                status="diverged" if number % 10 == 9 else ended,
                epoch=step / 100,
                samples=32 * step,
                losses=step,
                hessians=0 * step,
                hvps=0 * step,
                seconds_sampling=2e-6 * step,
                seconds_oracle=5e-6 * step,
                test_loss=1.1 * loss,
                test_accuracy=1 / (1 + loss),
                trial={
                    "hyperparameters": f'{{"lr":{lr}}}',
                    "contender": f"optimizer{name}",
                    "sampler_name": sampler,
                    "sampler_parameters": f'{{"batch_size":{8 + samplers.index(sampler)}}}',
                    "size": 20.0,
                    "epochs": step[-1] / 100,
                    "target": 0.01,
                    "target_metric": "loss",
                    "best_loss": loss.min(),
                },
            )
        return self

    def frames(self):
        trials = pd.DataFrame(self.trials)
        curves = pd.concat(self.curves, ignore_index=True)
        return Frames(trials, curves, color_of_each(trials["optimizer"]))

    def results(self, tmp_path):
        """As from a store: what no test cares about is there, too."""
        trials = pd.DataFrame(self.trials)
        if trials.empty:  # an empty store has all columns
            trials = Study().add([1.0]).results(tmp_path).trials.iloc[:0]
        curves = pd.concat(self.curves, ignore_index=True) if self.curves else pd.DataFrame()
        curves = curves.drop(columns="hyperparameters", errors="ignore")
        others = dict.fromkeys(("losses", "hessians", "hvps", "step_bytes"), np.nan)
        others |= {"compile_seconds": 0.0, "state_bytes": 0.0, "size": 2.0, "derived_seed": 1}
        others |= {"seconds_sampling": np.nan, "seconds_oracle": np.nan, "test_loss": np.nan}
        others |= {"best_loss": np.nan, "study_seed": 0, "sampler_parameters": "{}"}
        if len(trials):
            words = {name: trials[name] for name in ("problem", "sampler")}
            others |= {f"{name}_name": text.str.partition(":")[0] for name, text in words.items()}
            others |= {"problem_parameters": "{}", "position": range(len(trials))}
            trials = trials.assign(**{k: v for k, v in others.items() if k not in trials})
        return SimpleNamespace(
            trials=trials,
            curves=curves,
            landscapes={},
            cost="work",
            metric=None,
            path_tables={},
            study={"name": "demo", "seed": 7, "seeds": 5, "budget": "steps 100"},
            environments=[
                {"python": "3.12", "git": None, "versions": {"numpy": "2.4", "cupy": None}}
            ],
            path=tmp_path / "results.sqlite",
            standings=lambda cost=None, metric=None: standings(
                trials, curves, cost or "work", metric
            ),
        )


@pytest.fixture(scope="session")
def new_study():
    return Study


@pytest.fixture
def study():
    return Study()


@pytest.fixture
def registry():
    """Return a registry that holds our plugin alone."""
    manager = pluggy.PluginManager("optframe")
    manager.add_hookspecs(hookspecs)
    made = Registry(manager)
    made.admit(optframe_reports, "optframe_reports", "tests", "0")
    assert not made.broken
    return made
