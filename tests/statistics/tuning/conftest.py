"""Frames of tuning trials as a store gives them, without a run."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from optframe.statistics.tuning import Search

NAN = math.nan


def tuning_frame(rows, **common):
    """Return trials of stage ``tune``; each row is a dict with number, seed, status, loss, ..."""
    fixed = {
        "contender": "o",
        "problem": "p",
        "sampler": "none",
        "stage": "tune",
        "study": 0,
        "round": 0,
        "seed": 0,
        "status": "finished",
        "dtype": "float64",
        "minimum": NAN,
        "target": NAN,
        "target_metric": None,
        "window": NAN,
        "together": 1,
        "budget": "steps 100",
        "loss": NAN,
        "steps": 100.0,
        "epochs": NAN,
        "samples": 0.0,
        "records": 0.0,
        "losses": 0.0,
        "gradients": 100.0,
        "hessians": 0.0,
        "hvps": 0.0,
        "work": 100.0,
        "seconds": 0.1,
        "hyperparameters": "{}",
    }
    frame = pd.DataFrame([fixed | common | row for row in rows])
    frame["optimizer"] = [f"o:lr={n}" for n in frame["number"]]
    frame["optimizer_name"] = "o"
    names = ["problem", "contender", "study", "number", "seed"]
    frame["key"] = ["/".join(map(str, row)) for row in frame[names].to_numpy()]
    return frame


@pytest.fixture
def tuning():
    """Return `tuning_frame`."""
    return tuning_frame


@pytest.fixture
def generated():
    """Return a function that makes a random frame of a seed, with ties, losses of runs and NaN."""

    def made(seed):
        rng = np.random.default_rng(seed)
        minimum = float(rng.choice([NAN, 0.0, -3.0, 1e3]))
        metric = str(rng.choice(["loss", "gap", "accuracy"]))
        target = float(rng.choice([NAN, 0.25, 1.0])) + (minimum if metric == "loss" else 0.0)
        rows = []
        settings, seeds = int(rng.integers(1, 7)), int(rng.integers(1, 4))
        confirmed = rng.permutation(settings)[: rng.integers(0, settings + 1)]
        for number in range(settings):
            for index in range(seeds + 3 * int(number in confirmed)):
                state = str(
                    rng.choice(["finished"] * 5 + ["diverged", "failed", "stopped", "skipped"])
                )
                gap = float(rng.choice([1e-15, 1e-13, 0.1, 0.25, 0.5, 2.0, NAN, math.inf]))
                loss = gap + (minimum if minimum == minimum else 0.0)
                accuracy = float(rng.choice([0.0, 0.5, 0.75, 1.0, NAN]))
                if state == "failed":
                    loss = accuracy = NAN
                met = {"loss": loss <= target, "gap": loss - minimum <= target}
                met["accuracy"] = accuracy >= target
                if state == "finished" and met[metric] and math.isfinite(loss):
                    state = "converged"
                steps = float(rng.integers(1, 4) * 25)
                best = {"best_loss": loss - float(rng.choice([0.0, 0.05]))}
                rows.append(
                    {"number": number, "seed": index, "status": state, "loss": loss}
                    | {"accuracy": accuracy, "steps": steps, "gradients": steps}
                    | {"work": NAN if state == "failed" else steps, "best_accuracy": accuracy}
                    | best
                )
        return tuning_frame(rows, minimum=minimum, target=target, target_metric=metric)

    return made


def made_search(space, us, values, final=(), seeds=1, winner=None, **more):
    """Return a `Search` of settings given by u, whose runs have these values, (settings, seeds).

    ``final`` are the losses of the winner's fresh runs.
    """
    names = list(space)
    settings = [
        {name: space[name].at(float(u)) for name, u in zip(names, row, strict=True)}
        for row in np.reshape(us, (len(us), len(names)))
    ]
    table = np.reshape(np.asarray(values, float), (len(settings), -1))
    rows = [
        {"number": number, "seed": seed, "loss": value}
        | ({} if math.isfinite(value) else {"status": "diverged", "loss": NAN})
        for number, own in enumerate(table)
        for seed, value in enumerate(own)
    ]
    best = int(np.argmin(table[:, 0])) if winner is None else winner
    frame = tuning_frame(rows, contender="adam", problem="mlp")
    given = {"seeds": seeds, "winner": best, "exchangeable": True} | more
    given["final"] = final_frame(final)
    return Search("adam", "mlp", "none", 0, frame, space, settings, **given)


@pytest.fixture
def search():
    """Return `made_search`."""
    return made_search


def final_frame(losses):
    """Return the final trials of a search's winner, with these losses."""
    rows = [
        {"number": None, "seed": seed, "loss": loss}
        | ({} if math.isfinite(loss) else {"status": "diverged", "loss": NAN})
        for seed, loss in enumerate(losses)
    ]
    frame = tuning_frame(rows or [{"number": 0}], contender="adam", problem="mlp")
    frame = frame.assign(stage="final", key="final/" + frame["key"])
    return frame if losses else frame.iloc[:0]


@pytest.fixture
def final():
    """Return `final_frame`."""
    return final_frame


@pytest.fixture
def fresh():
    """Return a function that gives a search the final trials of its winner, with these losses."""
    return lambda search, *losses: replace(search, final=final_frame(losses))
