"""Generates random small studies: frames of trials and curves with all columns that a store gives.

A study follows from its number alone. It has what real studies have: labels that a person wrote,
grids, samplers, problems that not all contenders ran on, ties, equal runs, every status, targets
that all, some or none reached, losses below zero, gaps near rounding, accuracies, and contenders
that are equal while others are not.
"""

import math
import random
from dataclasses import dataclass, field

import pandas as pd

from optframe.contracts.columns import CURVES, STATUSES, TRIALS

__all__ = ["BROKEN", "NAN", "Problem", "Study", "add", "random_study"]

NAN = math.nan
BROKEN = ("diverged", "failed", "timeout", "crashed")
METRICS = ("loss", "accuracy", "validation_loss", "validation_accuracy")
_SHOWN = [column for column in TRIALS if column.shown]
_FLOATS = [column.name for column in _SHOWN if column.is_float]
_NAMES = ("rosenbrock", "beale", "wood", "digits", "logistic", "valley", "plateau")
_RECORDS = 200
"""Training records of problems with data."""


@dataclass(frozen=True)
class Problem:
    """A problem: what is measured, its minimum, its start and its target."""

    name: str
    minimum: float = NAN
    start: float = 10.0
    target: float = NAN
    target_metric: str | None = None
    data: bool = False
    validation: bool = False
    dtype: str = "float64"


@dataclass
class Study:
    """The rows of a study, and how it is judged."""

    rows: list = field(default_factory=list)
    points: list = field(default_factory=list)
    cost: str = "work"
    metric: str | None = None
    searches: list = field(default_factory=list)
    """The rows of the tuning, as dictionaries; see `tuned_studies`."""
    warnings: tuple = ()

    @property
    def tuning(self):
        """The frame of the tuning, as `optframe.store.results.Results.winners` is."""
        return pd.DataFrame(self.searches) if self.searches else None

    @property
    def trials(self):
        """The frame of trials, as `optframe.store.results.Results.trials` is."""
        columns = [column.name for column in _SHOWN]
        present = [m for m in METRICS if any(m in row for row in self.rows)]
        columns += present + [f"best_{m}" for m in present]
        table = {name: [row.get(name) for row in self.rows] for name in columns}
        floats = {*_FLOATS, *present, *(f"best_{m}" for m in present)}
        return pd.DataFrame(
            {n: pd.Series(v, dtype=float if n in floats else None) for n, v in table.items()}
        )

    @property
    def curves(self):
        """The frame of curves, as `optframe.store.results.Results.curves` is."""
        present = [m for m in METRICS if any(m in row for row in self.rows)]
        texts = [column.name for column in TRIALS if column.identity]
        columns = [c.name for c in CURVES if not c.profiled and not c.name.startswith("theta")]
        table = {name: [point.get(name) for point in self.points] for name in columns + present}
        whole = ("step", "seed")
        kinds = {n: "int64" if n in whole else None if n in texts else float for n in table}
        return pd.DataFrame({n: pd.Series(v, dtype=kinds[n]) for n, v in table.items()})

    def judged(self, standings):
        """Return what a function like `optframe.statistics.standings` makes of the study."""
        return standings(
            self.trials,
            self.curves,
            self.cost,
            self.metric,
            tuning=self.tuning,
            warnings=self.warnings,
        )

    def verdict(self, judge):
        """Return what a function like `judge.judge` makes of the study."""
        return judge(self.trials, self.curves, self.cost, self.metric, searches=self.searches)


def _levels(problem, loss, error):
    """Return the metrics of a run at a checkpoint."""
    values = {"loss": loss}
    if problem.data:
        right = 1 - round(error * _RECORDS) / _RECORDS
        values["accuracy"] = right
        if problem.validation:
            values |= {"validation_loss": loss * 1.2 + 0.01, "validation_accuracy": right * 0.98}
    return values


def add(
    study,
    problem,
    label,
    seed,
    status,
    steps,
    *,
    loss=None,
    start=None,
    error=0.1,
    weight=1.0,
    sampler=None,
    name=None,
    contender=None,
    budget="steps 100",
    stage="final",
    together=1,
    measured=True,
    reached=None,
):
    """Add a run that did so many steps, each of this work, and ended at this loss.

    Without ``measured`` it has neither counts nor a curve, as a run that crashed. A run reached its
    target where it has converged, unless ``reached`` says otherwise.
    """
    sampler = sampler or ("shuffled" if problem.data else "none")
    start = problem.start if start is None else start
    unrun = status in ("planned", "skipped")
    reached = status == "converged" if reached is None else reached
    identity = {"optimizer": label, "problem": problem.name, "sampler": sampler, "seed": seed}
    key = f"{len(study.rows):032x}"
    goal = (
        "" if math.isnan(problem.target) else f", target {problem.target_metric} {problem.target:g}"
    )
    row = identity | {
        "key": key,
        "cell": key[::-1],
        "position": len(study.rows),
        "optimizer_name": name or label,
        "hyperparameters": "{}",
        "problem_name": problem.name,
        "problem_parameters": "{}",
        "sampler_name": sampler,
        "sampler_parameters": "{}",
        "study_seed": 0,
        "derived_seed": seed,
        "budget": budget + goal,
        "start": "random",
        "backend": "numpy",
        "dtype": problem.dtype,
        "threads": 1,
        "status": status,
        "seconds": 0.0,
        "target_metric": problem.target_metric,
        "target": problem.target,
        "started": f"2026-01-01T00:00:{len(study.rows) % 60:02d}.000+00:00",
        "together": together,
        "stage": stage,
        "contender": contender,
        "origin": "planned",
    }
    study.rows.append(row)
    if unrun or not measured:
        row["reason"] = f"{label} did not run" if unrun else "the process ended"
        if unrun:
            row["seconds"] = NAN if status == "planned" else 0.0
        return study

    def counts(k):
        records = 32.0 * k if problem.data else 0.0
        return {
            "epochs": records / _RECORDS if problem.data else NAN,
            "samples": records,
            "records": records,
            "work": weight * k,
            "losses": 2.0 * k,
            "gradients": float(k),
            "hessians": 0.0,
            "hvps": 0.0,
            "seconds": k * 1e-3 * (1 + 0.1 * seed),
        }

    end = start if not steps or loss is None else loss
    places = sorted({0, *(2**i for i in range(12) if 2**i < steps), steps})
    for k in places:
        share = k / steps if steps else 0.0
        here = end if k == steps else start + (end - start) * share
        if reached and 0 < k < steps and problem.target_metric in ("loss", "gap"):
            here = start + 0.5 * (end - start) * share
        wrong = error if k == steps else 0.9 + (error - 0.9) * 0.5 * share
        point = {"epoch" if n == "epochs" else n: v for n, v in counts(k).items()}
        study.points.append(
            identity | {"key": key, "step": k} | point | _levels(problem, here, wrong)
        )
    final = _levels(problem, end, error if steps else 0.9)
    row.update(counts(steps))
    row |= {"steps": float(steps), "size": 2.0, "minimum": problem.minimum, "load": 0.5}
    row |= {"state_bytes": 0.0, "compile_seconds": 0.0}
    row["window"] = (1.0 if steps else 0.0) if reached else NAN
    row.update(final)
    row.update({f"best_{m}": v for m, v in final.items()})
    return study


def _problem(rng, number):
    """Return a random problem with the share of runs that reach its target."""
    name = _NAMES[number]
    kind = rng.choice(
        ["gap target"] * 5
        + ["loss target"] * 3
        + ["accuracy target"]
        + ["gap"] * 3
        + ["rounding", "loss", "negative", "negative", "accuracy", "validated"]
    )
    dtype = rng.choice(["float64", "float64", "float32"])
    share = rng.choice([1.0, 1.0, 0.9, 0.6, 0.3, 0.0])
    if kind == "gap target":
        least = rng.choice([0.0, 0.0, -3.0, 100.0])
        made = Problem(name, least, least + 10.0, 1e-3, "gap", dtype=dtype)
    elif kind == "loss target":
        made = Problem(name, target=0.5, target_metric="loss", dtype=dtype)
    elif kind == "accuracy target":
        made = Problem(name, target=0.8, target_metric="accuracy", data=True)
    elif kind == "gap":
        least = rng.choice([0.0, -3.0, 100.0])
        made = Problem(name, least, least + 10.0, dtype=dtype)
    elif kind == "rounding":
        made = Problem(name, 2.0, 12.0, dtype=dtype)
    elif kind == "loss":
        made = Problem(name, dtype=dtype)
    elif kind == "negative":
        made = Problem(name, start=rng.choice([5.0, -1.0]))
    else:
        made = Problem(name, start=2.0, data=True, validation=kind == "validated")
    return made, kind, share


def _final(rng, kind, problem, level):
    """Return a final loss and error; the level is a logarithm, less is better."""
    error = min(0.9, 0.1 * math.exp(level))
    if kind == "rounding":
        return problem.minimum + rng.choice([-1e-16, 0.0, 1e-17, 4e-16, 1e-6, 1e-4]), error
    if kind == "negative":
        return -10 + math.exp(level), error
    least = 0.0 if math.isnan(problem.minimum) else problem.minimum
    return least + 0.1 * math.exp(level), error


def _contenders(rng):
    """Return kind, (label, optimizer's name, contender, effect) of each setting, and samplers."""
    effects = rng.choice(
        [
            [0] * 5,
            [0, 0, 0.7, 0.7, 0.7],
            [0, 0.5, 1, 1.5, 2],
            [0, 1.5, 1.5, 1.5, 1.5],
            [0, 0.1, 0.3, 3, 3],
        ]
    )
    kind = rng.choice(
        ["optimizers"] * 10 + ["labels"] * 3 + ["grid"] * 3 + ["samplers"] * 2 + ["settings"]
    )
    number = rng.choice([1, 2, 2, 2, 3, 3, 4, 5])
    samplers = rng.choice([[None]] * 6 + [["shuffled", "ordered"]])
    names = ["momentum", "adam", "bfgs", "newton", "nonlinear-cg"]
    order = rng.sample(range(5), 5)
    if kind == "samplers":
        samplers = ["shuffled", "ordered", "replaced"][: rng.choice([2, 3])]
        return kind, [("adam", "adam", None, 0.0)], samplers
    if kind == "settings":
        labels = [f"sgd:lr={10.0**-i:g}" for i in range(max(2, number))]
        return kind, [(n, "sgd", "sgd", effects[i]) for i, n in enumerate(labels)], [None]
    if kind == "labels":
        labels = ["constant", "linear decay", "cosine", "warm-up", "steps"][: max(2, number)]
        return kind, [(n, "sgd", None, effects[order[i]]) for i, n in enumerate(labels)], samplers
    if kind == "grid":
        made = []
        for i, name in enumerate(names[: max(2, number)]):
            if rng.random() < 0.6:
                rates = rng.sample([0.1, 0.01, 0.001], rng.choice([2, 3]))
                made += [
                    (f"{name} {lr:g}", name, name, effects[order[i]] + rng.gauss(0, 0.3))
                    for lr in rates
                ]
            else:
                made.append((name, name, None, effects[order[i]]))
        return kind, made, [None]
    return kind, [(n, n, None, effects[order[i]]) for i, n in enumerate(names[:number])], samplers


def _size(rng):
    """Return numbers of problems and seeds, mostly few enough for every relabelling to be tried."""
    while True:
        problems, seeds = (
            rng.choice([1, 1, 2, 2, 3, 4, 5, 6, 7]),
            rng.choice([1, 2, 3, 4, 5, 6, 7, 8]),
        )
        if problems * seeds <= 9 or (problems * seeds <= 13 and rng.random() < 0.5):
            return problems, seeds
        if rng.random() < 0.03:
            return problems, seeds


def random_study(number):
    """Return the study of this number."""
    rng = random.Random(f"standings {number}")
    study = Study()
    _, settings, samplers = _contenders(rng)
    problems, seeds = _size(rng)
    made = [_problem(rng, i) for i in range(problems)]
    study.cost = rng.choice(["work"] * 6 + ["steps", "gradients"])
    if all(problem.data for problem, _, _ in made) and rng.random() < 0.5:
        study.metric = "accuracy"
    elif rng.random() < 0.05:
        study.metric = "loss"
    budget = rng.choice(["steps 1000"] * 4 + ["work 1200", "seconds 3"])
    noise = rng.choice([0.0, 0.3, 0.3, 0.3, 1.0])
    shared = rng.choice([0.0, 0.3])
    failing = rng.choice([0.0, 0.0, 0.0, 0.15, 0.4])
    lacking = rng.choice([0.0, 0.0, 0.0, 0.1])
    unrun = rng.choice([0.0, 0.0, 0.0, 0.1])
    ruin = rng.random()
    weights = [rng.choice([1.0, 1.0, 1.0, 4 / 3, 3.3]) for _ in settings]
    together = rng.choice([1, 1, 1, seeds])
    lost = settings[rng.randrange(len(settings))][0] if ruin < 0.06 else None
    lost_problem = made[rng.randrange(len(made))][0].name if 0.06 <= ruin < 0.12 else None
    for problem, kind, share in made:
        repeats = rng.random() < 0.15
        begun = rng.choice([0.0] * 12 + [0.2, 1.0])
        same = rng.choice([True, False])
        interaction = rng.choice([0.0, 0.0, 0.3, 1.0])
        absent = {s[0] for s in settings if rng.random() < lacking}
        gone = {s[0]: rng.randrange(seeds) for s in settings if rng.random() < lacking}
        per_setting = {s[0]: rng.gauss(0, interaction) for s in settings}
        drawn = {}
        for seed in range(seeds):
            common = 0.0 if repeats else rng.gauss(0, shared)
            at_start = rng.random() < begun
            start = (
                problem.start
                if same or repeats or kind == "rounding"
                else problem.start + rng.random()
            )
            for (label, name, contender, effect), weight in zip(settings, weights, strict=True):
                if label in absent or gone.get(label) == seed:
                    continue
                for sampler in samplers:
                    common_words = {
                        "name": name,
                        "contender": contender,
                        "sampler": sampler,
                        "weight": weight,
                        "budget": budget,
                        "start": start,
                        "together": together,
                    }
                    if rng.random() < unrun:
                        add(
                            study,
                            problem,
                            label,
                            seed,
                            rng.choice(["planned", "skipped"]),
                            0,
                            **common_words,
                        )
                        continue
                    level = (
                        effect
                        + common
                        + per_setting[label]
                        + (0 if repeats else rng.gauss(0, noise))
                    )
                    run = _run(rng, study, problem, kind, share, level, failing, at_start)
                    if repeats:
                        run = drawn.setdefault((label, sampler), run)
                    if lost == label or lost_problem == problem.name:
                        run = {"status": rng.choice(BROKEN), "steps": rng.choice([0, 3, 50])}
                        run["measured"] = run["status"] != "crashed"
                    add(study, problem, label, seed, **run, **common_words)
    if rng.random() < 0.1:
        for seed in range(2):
            add(
                study,
                made[0][0],
                settings[0][0],
                seed,
                "finished",
                7,
                loss=made[0][0].start - 1,
                stage="tune",
            )
    if rng.random() < 0.03:
        for row in study.rows[::2]:
            row["work"] = None
    return study


def _run(rng, study, problem, kind, share, level, failing, at_start):
    """Return how a run ended: what `add` takes."""
    loss, error = _final(rng, kind, problem, level)
    least = 0.0 if math.isnan(problem.minimum) else problem.minimum
    steps = max(1, round(60 * math.exp(level)))
    if at_start and problem.target_metric:
        return {"status": "converged", "steps": 0}
    if rng.random() < failing:
        status = rng.choice(BROKEN)
        huge = rng.choice([NAN, math.inf, problem.start])
        return {
            "status": status,
            "steps": rng.choice([0, 3, min(steps, 900)]),
            "loss": loss if status in ("failed", "timeout") else huge,
            "measured": status != "crashed",
        }
    if rng.random() < 0.07:
        return {
            "status": "stopped",
            "steps": min(steps, 900),
            "loss": max(loss, least + 0.6),
            "error": 0.4,
        }
    if problem.target_metric and rng.random() < 0.03:
        run = {"status": "converged", "steps": min(steps, 900), "loss": least + 0.7, "error": 0.5}
        return run | {"reached": False}
    if problem.target_metric and rng.random() < share and steps < 1000:
        near = rng.choice([1.0, 0.9])
        goal = {"gap": least + 1e-3 * near, "loss": 0.5 * near, "accuracy": 0.3}
        return {
            "status": "converged",
            "steps": steps,
            "loss": goal[problem.target_metric],
            "error": 0.15,
        }
    if problem.target_metric:
        return {
            "status": "finished",
            "steps": 1000,
            "loss": max(loss, least + 0.55),
            "error": max(error, 0.25),
        }
    return {
        "status": "finished",
        "steps": rng.choice([1000, 1000, 1000, 800]),
        "loss": loss,
        "error": error,
    }


assert {*BROKEN, "converged", "finished", "stopped", "skipped"} == {*STATUSES}
