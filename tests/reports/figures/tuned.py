"""Frames of a store with a tuning, without a run: contenders that were tuned on one problem."""

import json
import math

import numpy as np
import pandas as pd

from optframe import Frames, Space
from optframe.drawing.palette import color_of_each

SPACES = {
    "lr": Space(1e-4, 1e1),
    "beta1": Space(0.5, 0.999, "one-minus-log"),
    "beta2": Space(0.8, 0.9999, "one-minus-log"),
    "eps": Space(1e-10, 1e-2),
    "weight_decay": Space(1e-6, 1e-1),
    "nesterov": Space(values=[True, False]),
}


def tuned_frames(contenders, *, problem="mlp", trials=20, studies=1, finals=3, seed=0, **trial):
    """Return frames; ``contenders`` maps each name to its number of fields, or (fields, tuner)."""
    random = np.random.default_rng(seed)
    rows, final, tunings = [], [], []
    for place, (name, given) in enumerate(contenders.items()):
        fields, tuner = given if isinstance(given, tuple) else (given, "random")
        space = dict(list(SPACES.items())[:fields])
        best_at = 0.45 + 0.05 * (place % 5)
        for study in range(studies):
            us = random.random((trials, fields))
            if tuner == "optuna":
                shrink = np.linspace(1, 0.1, trials)[:, None]
                us = best_at + shrink * (us - best_at)
            settings = [
                {f: one.at(float(u)) for (f, one), u in zip(space.items(), row, strict=True)}
                for row in us
            ]
            far = ((us - best_at) ** 2 * np.logspace(1, -1, fields)).sum(axis=1)
            losses = 0.1 * (1 + 0.05 * place) + far + 0.01 * random.random(trials)
            losses[us[:, 0] > 0.85] = math.inf
            best = int(np.argmin(losses))
            tunings.append(
                {"contender": name, "problem": problem, "sampler": "none", "study": study}
                | {"space": space, "tuner": {"tuner": tuner, "trials": trials, "seeds": 1}}
                | {"seed": 0, "closed": True, "reason": None, "proposals": [settings]}
                | {"winner": {"number": best, "setting": settings[best]}}
            )
            for number, (setting, loss) in enumerate(zip(settings, losses, strict=True)):
                rows.append(_row(name, setting, loss, study, number, 0, problem, "tune", trial))
            for index in range(finals):
                loss = losses[best] * (1 + 0.1 * random.random())
                final.append(
                    _row(name, settings[best], loss, study, None, index, problem, "final", trial)
                )
    trials_frame = pd.DataFrame(final)
    curves = pd.DataFrame(
        {
            **{n: trials_frame[n] for n in ("key", "problem", "optimizer", "sampler", "seed")},
            **dict.fromkeys(("epoch", "samples", "records", "losses", "gradients", "work"), 0.0),
            "hessians": 0.0,
            "hvps": 0.0,
            "seconds": 0.0,
            "step": 0,
            "loss": 2.3,
        }
    )
    labels = color_of_each(trials_frame["optimizer"])
    return Frames(
        trials_frame, curves, labels, tuning=pd.DataFrame(rows), tunings=pd.DataFrame(tunings)
    )


def _row(contender, setting, loss, study, number, seed, problem, stage, trial):
    label = f"{contender}:" + ",".join(f"{k}={v}" for k, v in setting.items())
    broken = math.isinf(loss)
    work = 7.0 if broken else 100.0
    return {
        "key": f"{problem}/{label}/{stage}/{study}/{number}/{seed}",
        "optimizer": label,
        "optimizer_name": contender,
        "contender": contender,
        "problem": problem,
        "problem_name": problem,
        "sampler": "none",
        "sampler_name": "none",
        "seed": seed,
        "hyperparameters": json.dumps(setting),
        "stage": stage,
        "study": study,
        "number": number,
        "status": "diverged" if broken else "finished",
        "loss": math.nan if broken else loss,
        "test_accuracy": math.nan,
        "dtype": "float64",
        "backend": "numpy",
        "threads": 1,
        "budget": "steps 100",
        "minimum": math.nan,
        "target": math.nan,
        "target_metric": None,
        "together": 1,
        "steps": work,
        "epochs": math.nan,
        "samples": 0.0,
        "records": 0.0,
        "losses": 0.0,
        "gradients": work,
        "hessians": 0.0,
        "hvps": 0.0,
        "work": work,
        "seconds": 1e-3 * work,
        "started": "2026-01-02T03:04:05.678+00:00",
        **trial,
    }
