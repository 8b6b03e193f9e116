"""Results without a run: frames of the shape that a store gives, and a registry of our plugin."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pluggy
import pytest

import optframe_reports
from optframe import Registry, hookspecs


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
        **columns,
    ):
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
            name: values[-1] for name, values in columns.items()
        }
        self.trials.append(
            {
                **identity,
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
                "seconds": pace * last,
                "minimum": minimum,
                "together": 1,
                "target": np.nan,
                "target_metric": None,
                "started": f"2026-01-02T03:0{len(same) % 10}:05.678+00:00",
                **metrics,
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
                    "seconds": pace * step,
                    "loss": loss,
                    **columns,
                }
            )
        )
        return self

    def frames(self):
        from optframe import Frames
        from optframe.palette import color_of_each

        trials = pd.DataFrame(self.trials)
        curves = pd.concat(self.curves, ignore_index=True)
        return Frames(trials, curves, color_of_each(trials["optimizer"]))

    def results(self, tmp_path):
        return SimpleNamespace(
            trials=pd.DataFrame(self.trials),
            curves=pd.concat(self.curves, ignore_index=True) if self.curves else pd.DataFrame(),
            study={"name": "demo", "seed": 7, "seeds": 5, "budget": "steps 100"},
            environments=[
                {"python": "3.12", "git": None, "versions": {"numpy": "2.4", "cupy": None}}
            ],
            path=tmp_path / "results.sqlite",
        )


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
