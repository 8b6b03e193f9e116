"""Frames of the shape that a store gives, without a run."""

import math

import numpy as np
import pandas as pd
import pytest

NAN = math.nan
COUNTS = [
    "steps",
    "epochs",
    "samples",
    "losses",
    "gradients",
    "hessians",
    "hvps",
    "work",
    "records",
]


def _trials(*rows, **common):
    fixed = {
        "problem": "p",
        "optimizer": "o",
        "sampler": "none",
        "hyperparameters": "{}",
        "dtype": "float64",
        "target": NAN,
        "target_metric": None,
        "minimum": NAN,
        "test_accuracy": NAN,
        "together": 1,
        **dict.fromkeys(COUNTS, NAN),
    } | common
    fixed.setdefault("optimizer_name", fixed["optimizer"].partition(":")[0])
    made = [
        fixed
        | {"status": s, "loss": loss, "steps": steps, "seconds": steps * (seed + 1) * 1e-3}
        | {"gradients": 2 * steps, "work": steps, "records": 0, "seed": seed}
        for seed, (s, loss, steps) in enumerate(rows)
    ]
    frame = pd.DataFrame(made)
    frame["key"] = [
        f"{'/'.join(map(str, row))}"
        for row in frame[["problem", "optimizer", "sampler", "seed"]].to_numpy()
    ]
    return frame


@pytest.fixture
def trials():
    """Make a frame of trials: each row a (status, loss, steps), seeds counted up.

    A step costs two gradients, a work of one, and as many milliseconds as the run has a number.
    """
    return _trials


@pytest.fixture
def joined():
    """Return what makes one frame of several."""
    return lambda *frames: pd.concat(frames, ignore_index=True)


class Runs:
    """A study made of curves: `add` a run at a time, then take ``trials`` and ``curves``.

    Step k costs k gradients, 2k losses, a work of k, 5k records and k/10 seconds.
    """

    def __init__(self):
        self._trials, self._curves = [], []

    def add(self, loss, optimizer="o", problem="p", status="finished", step=None, **columns):
        loss = np.asarray(loss, float)
        step = np.arange(loss.size) if step is None else np.asarray(step)
        same = {"optimizer": optimizer, "problem": problem}
        seed = sum(same.items() <= t["_same"].items() for t in self._trials)
        identity = same | {"sampler": "none", "seed": columns.pop("seed", seed)}
        identity["key"] = "/".join(map(str, identity.values()))
        own = {n: columns.pop(n) for n in ("minimum", "target", "together") if n in columns}
        last = float(step[-1]) if loss.size else NAN
        self._trials.append(
            {"minimum": NAN, "target": NAN, "target_metric": "loss", "together": 1}
            | own
            | identity
            | dict(zip(COUNTS, (last, NAN, 0, 2 * last, last, 0, 0, last, 5 * last), strict=True))
            | {"status": status, "seconds": last / 10 if loss.size else 0.0, "_same": same}
            | {"loss": loss[-1] if loss.size else NAN, "optimizer_name": optimizer}
            | {"hyperparameters": "{}", "dtype": "float64"}
        )
        table = {"step": step, "epoch": NAN, "samples": 0, "losses": 2 * step, "gradients": step}
        table |= {"work": step, "records": 5 * step}
        table |= {"hessians": 0, "hvps": 0, "seconds": step / 10, "loss": loss, **columns}
        self._curves.append(pd.DataFrame(identity | table, index=range(loss.size)))
        return self

    @property
    def trials(self):
        return pd.DataFrame(self._trials).drop(columns="_same")

    @property
    def curves(self):
        return pd.concat([c for c in self._curves if len(c)] or self._curves, ignore_index=True)


@pytest.fixture
def runs():
    return Runs()
