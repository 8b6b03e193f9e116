"""Results without a run: frames of the shape that a store gives, and a registry of our plugin."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pluggy
import pytest

import optframe_reports
from optframe import Registry
from optframe.components import hookspecs


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
                    "seconds": pace * step,
                    "loss": loss,
                    **columns,
                }
            )
        )
        return self

    def frames(self):
        from optframe import Frames
        from optframe.drawing.palette import color_of_each

        trials = pd.DataFrame(self.trials)
        curves = pd.concat(self.curves, ignore_index=True)
        return Frames(trials, curves, color_of_each(trials["optimizer"]))

    def results(self, tmp_path):
        """As from a store: what no test cares about is there, too."""
        trials = pd.DataFrame(self.trials)
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
            study={"name": "demo", "seed": 7, "seeds": 5, "budget": "steps 100"},
            environments=[
                {"python": "3.12", "git": None, "versions": {"numpy": "2.4", "cupy": None}}
            ],
            path=tmp_path / "results.sqlite",
        )


@pytest.fixture(scope="session")
def new_study():
    return Study


@pytest.fixture
def study():
    return Study()


@pytest.fixture
def many():
    """Return a maker of frames of many runs, at once: a quadratic's, each with its own noise."""
    return many_frames


def many_frames(settings, seeds, checkpoints, samplers=("none",), optimizers=None, seconds=1e-5):
    """Make optimizers × settings × samplers × seeds runs of so many rows; a tenth diverged.

    Without ``optimizers`` each setting is an optimizer of its own.
    """
    from optframe import Frames
    from optframe.drawing.palette import color_of_each

    random = np.random.default_rng(0)
    names = [f"optimizer{i}" for i in range(optimizers or settings)]
    each = settings if optimizers else 1
    rows = [
        (f"{name}:lr={0.001 * (k + 1):g}", name, sampler, seed, k)
        for name in names
        for k in range(each)
        for sampler in samplers
        for seed in range(seeds)
    ]
    labels, owners, drawn_by, seed, setting = zip(*rows, strict=True)
    count, rate = len(rows), 0.2 / (1 + np.array(setting)) * (1 + random.random(len(rows)))
    step = 10.0 * np.arange(checkpoints)
    loss = np.exp(-rate[:, None] * np.sqrt(step)) * random.lognormal(0, 0.1, (count, step.size))
    pace = seconds * random.lognormal(0, 0.1, count)
    status = np.where(loss[:, -1] <= 0.01, "converged", "finished")
    status = np.where(np.arange(count) % 10 == 9, "diverged", status)
    trials = pd.DataFrame(
        {
            "key": [f"{i:032x}" for i in range(count)],
            "optimizer": labels,
            "optimizer_name": owners,
            "hyperparameters": [f'{{"lr":{0.001 * (k + 1):g}}}' for k in setting],
            "problem": "quadratic:size=20,condition=1000",
            "problem_name": "quadratic",
            "size": 20.0,
            "sampler": drawn_by,
            "sampler_name": [text.partition(":")[0] for text in drawn_by],
            "sampler_parameters": [f'{{"batch_size":{8 + samplers.index(s)}}}' for s in drawn_by],
            "seed": seed,
            "dtype": "float64",
            "backend": "numpy",
            "threads": 1,
            "status": status,
            "reason": None,
            "steps": step[-1],
            "epochs": step[-1] / 100,
            "samples": 32 * step[-1],
            "losses": step[-1],
            "gradients": 2 * step[-1],
            "hessians": 0.0,
            "hvps": 0.0,
            "seconds": pace * step[-1],
            "minimum": np.nan,
            "together": 1,
            "target": 0.01,
            "target_metric": "loss",
            "started": "2026-01-02T03:04:05.678+00:00",
            "loss": loss[:, -1],
            "best_loss": loss.min(axis=1),
            "test_loss": 1.1 * loss[:, -1],
            "best_test_loss": 1.1 * loss.min(axis=1),
            "test_accuracy": 1 / (1 + loss[:, -1]),
        }
    )
    identity = trials.iloc[np.repeat(np.arange(count), step.size)]
    curves = identity[["key", "optimizer", "problem", "sampler", "seed"]].reset_index(drop=True)
    time = (pace[:, None] * step).ravel()
    steps = np.tile(step, count)
    curves = curves.assign(
        step=steps.astype(int),
        epoch=steps / 100,
        samples=32 * steps,
        losses=steps,
        gradients=2 * steps,
        hessians=0.0,
        hvps=0.0,
        seconds=time,
        seconds_sampling=0.2 * time,
        seconds_oracle=0.5 * time,
        loss=loss.ravel(),
        test_loss=1.1 * loss.ravel(),
        test_accuracy=1 / (1 + loss.ravel()),
    )
    return Frames(trials, curves, color_of_each(trials["optimizer"]))


@pytest.fixture
def registry():
    """Return a registry that holds our plugin alone."""
    manager = pluggy.PluginManager("optframe")
    manager.add_hookspecs(hookspecs)
    made = Registry(manager)
    made.admit(optframe_reports, "optframe_reports", "tests", "0")
    assert not made.broken
    return made
