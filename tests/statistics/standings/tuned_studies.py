"""Generates studies with a tuning: final runs of winners, and the rows of their searches.

`tuned` adds the final runs of one search and its row; `random_tuned_study` draws a whole study. It
has what tuned studies have: several studies of the protocol, contenders that were not tuned, that
were lost in some searches or in all, searches that chose the same setting or have chosen none yet,
budgets that differ, and problems on which nobody reaches the target.
"""

import math
import random

from .studies import NAN, Problem, Study, add

__all__ = ["random_tuned_study", "tuned"]

REASON = "every setting broke down"


def tuned(
    study,
    problem,
    contender,
    number,
    runs,
    *,
    lr=0.01,
    tried=20,
    tuning_seeds=1,
    work=1000.0,
    lost=False,
    waiting=False,
    tuner=None,
    **words,
):
    """Add a search of a contender, the ``number``-th of its studies, and its winner's final runs.

    ``runs`` has (seed, status, steps, loss) of each. Without a winner (``lost``, ``waiting``) there
    are none. ``words`` are those of `add`.
    """
    gone = lost or waiting
    label = f"{contender}:lr={lr:g}"
    row = {
        "contender": contender,
        "problem": problem.name,
        "sampler": "none",
        "study": number,
        "optimizer": None if gone else label,
        "number": NAN if gone else 3.0,
        "setting": None if gone else {"lr": lr},
        "space": {"lr": None},
        "value": NAN if gone else 0.5,
        "broken": 1.0 if lost else 0.0,
        "tried": tried,
        "runs": tried * tuning_seeds,
        "work": work,
        "seconds": NAN,
        "reason": REASON if lost else "",
        "tuner": tuner,
    }
    study.searches.append(row)
    for seed, status, steps, loss in () if gone else runs:
        named = {"name": contender, "contender": contender}
        add(study, problem, label, seed, status, steps, loss=loss, **named, **words)
        study.rows[-1]["study"] = number
    return study


def _ends(rng, problem, seeds, level, noise, share):
    """Return how the final runs of a winner end, and what they did."""
    for seed in seeds:
        here = level + rng.gauss(0, noise)
        steps = max(1, round(60 * math.exp(here)))
        if rng.random() < 0.05:
            yield seed, "diverged", rng.choice([3, 50]), NAN
        elif math.isnan(problem.target):
            yield seed, "finished", 1000, 0.1 * math.exp(here)
        elif rng.random() < share and steps < 1000:
            yield seed, "converged", steps, 1e-3
        else:
            yield seed, "finished", 1000, 0.6 + 0.1 * math.exp(here)


def random_tuned_study(number):
    """Return the study of this number."""
    rng = random.Random(f"tuned standings {number}")
    study = Study(cost=rng.choice(["work", "work", "steps"]))
    names = rng.sample(["adam", "momentum", "bfgs", "newton"], rng.choice([1, 2, 2, 3, 4]))
    studies = rng.choice([1, 1, 1, 2, 3, 4, 5])
    places = rng.choice([1, 1, 2, 3] if studies < 4 else [1, 1, 2])
    places = 6 if studies == 1 and rng.random() < 0.15 else places
    each = 1 if places == 6 else rng.choice([1, 2, 3] if studies > 1 else [1, 3, 4, 6])
    effects = rng.choice([[0, 0, 0, 0], [0, 0.7, 0.7, 0.7], [0, 0.5, 1, 1.5], [0, 0, 2, 2]])
    luck, noise = rng.choice([0.0, 0.3, 0.3]), rng.choice([0.0, 0.3, 0.3])
    untuned = {name for name in names if rng.random() < 0.12}
    losing = rng.choice([0.0, 0.0, 0.1, 0.3])
    waiting = rng.choice([0.0] * 6 + [0.2])
    tried = {name: rng.choice([20, 20, 20, 40]) // studies for name in names}
    seeds_of = rng.choice([1, 1, 3])
    tuner = rng.choice([None, {"tuner": "random", "seeds": seeds_of}, {"tuner": "grid:points=9"}])
    study.warnings = rng.choice([(), (), ("adam's best lr is at the edge of its space.",)])
    for place in range(places):
        name = ("rosenbrock", "beale", "wood", "valley", "digits", "logistic")[place]
        aimed = rng.random() < 0.7
        problem = Problem(name, 0.0, 10.0, 1e-3, "gap") if aimed else Problem(name, 0.0, 10.0)
        share = rng.choice([1.0, 0.9, 0.6, 0.0])
        words = {"budget": "steps 1000"}
        for contender, effect in zip(names, effects, strict=False):
            if contender in untuned:
                seeds = range(studies * each)
                for seed, status, steps, loss in _ends(rng, problem, seeds, effect, noise, share):
                    add(study, problem, contender, seed, status, steps, loss=loss, **words)
                continue
            for which in range(studies):
                own = range(which * each, (which + 1) * each)
                level = effect + rng.gauss(0, luck)
                fate = rng.random()
                tuned(
                    study,
                    problem,
                    contender,
                    which,
                    [*_ends(rng, problem, own, level, noise, share)],
                    lr=rng.choice([0.01, 0.02, 0.05]),
                    tried=tried[contender],
                    tuning_seeds=seeds_of,
                    work=float(rng.randrange(500, 3000)),
                    lost=fate < losing,
                    waiting=losing <= fate < losing + waiting,
                    tuner=tuner,
                    **words,
                )
    return study
