"""Counts how often the headline is false, and how often it finds a real difference.

Studies are drawn whose truth is known, written as data frames, judged, and their sentences read:

    python tests/statistics/standings/simulate.py --studies 400

A headline is *false* if it calls a contender best (or better) that is not better than every other,
or says that a contender is behind another that is not truly better. Run costs are
log-normal: 0.3 between runs and 0.3 shared by the runs of one problem and seed, unless the row says
otherwise.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import Pool

import numpy as np
import pandas as pd

from optframe.statistics.standings import Standings, standings

BUDGET = 5_000.0
CLAIM = re.compile(r"^(?:As tuned here, )?(\S+) is (?:best|better than \S+) (?:on|over)")
BEHIND = re.compile(r"[;)] ?;? ?([^;()]*?) (?:is|are) behind (\S+) beyond chance")


@dataclass(frozen=True)
class Design:
    """How studies are drawn: ``ratios`` are the true costs (or values) of the contenders."""

    name: str
    ratios: tuple[float, ...]
    problems: int
    seeds: int
    kind: str = "cost"
    """``cost`` (all reach the target), ``value`` (none does), ``both`` (half of the problems)."""
    fails: tuple[float, ...] = ()
    """Each contender's probability to break down."""
    tails: str = "normal"
    shared: float = 0.3
    truth: tuple[float, ...] = ()
    """The expected running times, where failures make them differ from the ratios."""
    apart: float = 0.0
    """Standard deviation of each contender's own difference from problem to problem."""
    studies: int = 0
    """Studies of a tuning that the seeds are of; without any, nothing was tuned."""
    luck: float = 0.0
    """Standard deviation of what each study's search found."""


def drawn(design: Design, rng: np.random.Generator) -> pd.DataFrame:
    """Return the trials of a study."""
    k, m, n = len(design.ratios), design.problems, design.seeds
    c, p, s = (a.ravel() for a in np.meshgrid(*map(np.arange, (k, m, n)), indexing="ij"))
    noise = rng.standard_t(2, c.size) if design.tails == "t2" else rng.normal(size=c.size)
    log = np.log(design.ratios)[c] + 0.3 * noise
    log += design.shared * rng.normal(size=(m, n))[p, s]
    log += design.apart * rng.normal(size=(k, m))[c, p]
    study = s * design.studies // n
    log += design.luck * rng.normal(size=(k, m, design.studies or 1))[c, p, study]
    amount = np.exp(log)
    fails = np.asarray(design.fails or (0.0,) * k)[c]
    broke = rng.random(c.size) < fails
    by_cost = {"cost": p >= 0, "value": p < 0, "both": 2 * p < m}[design.kind]
    work = np.where(by_cost, np.minimum(1000.0 * amount, BUDGET), BUDGET)
    missed = by_cost & (1000.0 * amount >= BUDGET)
    status = np.where(by_cost & ~missed, "converged", "finished")
    status = np.where(broke, "diverged", status)
    work = np.where(broke, work * rng.random(c.size), work)
    loss = np.where(by_cost, 1e-6, 0.01 * amount)
    loss = np.where(missed, 1e-3, loss)
    names = np.array([f"o{i}" for i in range(k)])
    own = dict.fromkeys(("steps", "work", "gradients", "losses"), work)
    labels = names[c]
    if design.studies:
        own |= {"contender": labels, "study": study}
        labels = [f"{name}:lr={number}" for name, number in zip(labels, study, strict=True)]
    return pd.DataFrame(
        {
            "key": [str(i) for i in range(c.size)],
            "optimizer": labels,
            "optimizer_name": names[c],
            "problem": np.char.add("p", p.astype(str)),
            "problem_name": np.char.add("p", p.astype(str)),
            "sampler": "none",
            "seed": s,
            "status": status,
            **own,
            "hessians": 0.0,
            "hvps": 0.0,
            "seconds": 1e-4,
            "together": 1,
            "target": np.where(by_cost, 1e-6, np.nan),
            "target_metric": np.where(by_cost, "gap", None),
            "window": np.where(status == "converged", 1.0, np.nan),
            "loss": np.where(broke, np.nan, loss),
            "minimum": 0.0,
            "dtype": "float64",
            "budget": f"work {BUDGET:g}, target 1e-06",
            "started": None,
            "load": 1.0,
        }
    )


def read(found: Standings) -> Iterator[tuple[str, Sequence[str]]]:
    """Return what the headline claims: a contender, and those that it is said to be ahead of."""
    lines = found.headline
    if match := CLAIM.match(lines[0]):
        yield match[1], [name for name in found.contenders if name != match[1]]
    for line in lines[2:]:
        for match in BEHIND.finditer(line):
            yield match[2], re.split(r", | and ", match[1].strip())


def judged(design: Design, studies: int, seed: int) -> tuple[int, int]:
    """Return how many of the studies have a false headline, and a claim that is true of all."""
    false = best = 0
    truth = {f"o{i}": ratio for i, ratio in enumerate(design.truth or design.ratios)}
    for number in range(studies):
        rng = np.random.default_rng([seed, number])
        claims = list(read(standings(drawn(design, rng))))
        wrong = any(truth[name] >= truth[other] for name, rest in claims for other in rest)
        false += wrong
        best += not wrong and any(len(rest) == len(truth) - 1 for _, rest in claims)
    return false, best


def designs() -> Iterator[Design]:
    """Return the designs of the table."""
    for m, n in ((1, 5), (1, 6), (1, 10), (4, 3), (4, 5), (4, 6), (10, 5), (2, 20)):
        for k in (2, 4, 6):
            yield Design(f"{k} identical", (1.0,) * k, m, n)
    for m, n in ((1, 10), (4, 5)):
        for kind in ("value", "both") if m > 1 else ("value",):
            yield Design(f"4 identical, {kind}", (1.0,) * 4, m, n, kind)
        yield Design("4 identical, 40 % fail", (1.0,) * 4, m, n, fails=(0.4,) * 4)
        yield Design("4 identical, t2 tails", (1.0,) * 4, m, n, tails="t2")
        yield Design("4 identical, nothing shared", (1.0,) * 4, m, n, shared=0.0)
        yield Design("A = B < C = D", (1.0, 1.0, 1.5, 1.5), m, n)
        yield Design("A = B, others far behind", (1.0, 1.0, 3.0, 3.0, 3.0, 3.0), m, n)
        yield Design("ladder, pairs equal", (1.0, 1.0, 1.2, 1.2, 1.5, 1.5), m, n)
        for k in (2, 4, 6):
            yield Design(f"{k}, one 1.5 times better", (1.0, *(1.5,) * (k - 1)), m, n)
    for luck in (0.0, 0.3, 0.6):
        for studies, m, n in ((1, 1, 10), (5, 1, 10), (4, 1, 12), (5, 2, 10), (3, 3, 6)):
            name = f"tuned, {studies} {'study' if studies == 1 else 'studies'}, luck {luck}"
            yield Design(f"2 identical, {name}", (1.0,) * 2, m, n, studies=studies, luck=luck)
    for studies, m, n in ((5, 1, 10), (5, 2, 10), (3, 3, 6)):
        own = {"studies": studies, "luck": 0.3}
        yield Design(f"4 identical, tuned, {studies} studies", (1.0,) * 4, m, n, **own)
        yield Design(f"A = B < C = D, tuned, {studies} studies", (1.0, 1.0, 2.0, 2.0), m, n, **own)
        yield Design(f"2, one 2 times better, tuned, {studies} studies", (1.0, 2.0), m, n, **own)
    # (0.8 · 1.094 + 0.2 · 5)/0.8 = 2.34 = 2.14 · 1.094, where 1.094 = exp(0.3²) is the mean noise
    fails, equal = (0.2, 0.0), (1.0, 1.0)
    yield Design("limit: A fails in 20 %, B never", (1.0, 2.14), 4, 5, fails=fails, truth=equal)
    yield Design("limit: differ by problem, sd 0.3", (1.0, 1.0), 4, 5, apart=0.3)


def _row(work: tuple[Design, int, int]) -> tuple[Design, int, int]:
    return (work[0], *judged(*work))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--from", dest="begin", type=int, default=0, help="the first row")
    asked = parser.parse_args()
    work = [(d, asked.studies, asked.seed) for d in [*designs()][asked.begin :]]
    print("| contenders | problems × seeds | false headline | says best, truly |")
    print("|---|---|---|---|")
    with Pool(asked.jobs) as pool:
        for design, false, best in pool.imap(_row, work):
            share = false / asked.studies
            error = math.sqrt(max(share * (1 - share), 1 / asked.studies) / asked.studies)
            shape = f"{design.problems} × {design.seeds}"
            wrong = f"{100 * share:.1f} ± {100 * error:.1f} %"
            right = f"{100 * best / asked.studies:.0f} %"
            print(f"| {design.name} | {shape} | {wrong} | {right} |", flush=True)


if __name__ == "__main__":
    main()
