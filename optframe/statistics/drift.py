"""Says whether the machine was equally fast for all runs that are compared by their seconds.

Three signs are looked for on each problem:

- *drift*: the runs of a stretch of time were slower or faster than other runs of the same optimizer
  and sampler, by 15 % or more and beyond chance,
- *apart*: all runs of one optimizer and sampler began before those of another, as in studies whose
  trials did not run interleaved; then a change of the machine's speed looks like a difference of
  their times,
- *spread*: the times of runs that differ only in the seed vary widely.

Seconds are not comparable if the machine drifted, or if its load differed where runs are apart.

Runs in batches, lost runs and those shorter than `SHORT` say nothing about the machine's speed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from optframe.contracts.columns import ANSWERS
from optframe.statistics.grouped import GROUP, Integers, grouped
from optframe.statistics.medians import Floats

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Unsteady",
    "doubts",
    "incomparable",
    "no_ranking_by_seconds",
    "not_comparable",
    "unsteady",
]

SHORT = 0.005
"""The seconds that a run needs to be judged: a few of the time slices that a system gives out."""

SIZE = 1.15
"""The least ratio of speeds that is called a drift."""

LEVEL = 0.05
"""The level of the test over all problems together (Bonferroni)."""

SPREAD = 1.5
"""The least ratio of the quartiles of equal runs' times that is called a wide spread."""

LOADS = 1.5
"""By how many processes, and by what ratio, loads must differ. A study of one job is one."""

_BINS = 12
_MANY = 100
"""Runs of a problem from which on the normal distribution is tried before permutations."""


class Unsteady(NamedTuple):
    """What makes the seconds of a problem's runs doubtful, and whether they are comparable."""

    problem: str
    sign: Literal["drift", "apart", "spread"]
    ratio: float
    """Of speeds (drift), of quartiles (spread); 1 otherwise."""
    comparable: bool
    text: str
    """One sentence."""


def unsteady(trials: pd.DataFrame) -> list[Unsteady]:
    """Return the signs that the machine was not equally fast for all runs, problem by problem.

    The test of drift is a scan: the stretch of time whose runs differ most from the others is
    compared with that of permutations of each contender's runs. What differs is the mean of the
    logarithm of the seconds per call (a step, or an answer of the oracle), relative to the mean of
    the contender. In simulated studies of 24 runs or more with noise of 5 to 10 %, it finds 90 % or
    more of the machines that become 1.3 times slower half way, and 5 % or less of quiet ones.
    """
    timed = _timed(trials)
    level = LEVEL / max(1, timed["problem"].nunique())
    found: list[Unsteady] = []
    for problem, runs in timed.groupby("problem", sort=False):
        found += _moved(str(problem), runs, level)
        found += _apart(str(problem), runs)
    return found


def incomparable(trials: pd.DataFrame) -> frozenset[str]:
    """Return the problems whose seconds are not comparable between optimizers or samplers."""
    return frozenset(one.problem for one in unsteady(trials) if not one.comparable)


def doubts(found: Sequence[Unsteady]) -> list[str]:
    """Return a sentence for each sign, with the problem on which it is strongest, worst first."""
    sentences = []
    for comparable in (False, True):
        for sign in ("drift", "apart", "spread"):
            same = [one for one in found if (one.sign, one.comparable) == (sign, comparable)]
            if same:
                others = len(same) - 1
                more = f" So it is on {others} more problem{'s' * (others > 1)}." if others else ""
                sentences.append(max(same, key=lambda one: one.ratio).text + more)
    return sentences


def no_ranking_by_seconds(trials: pd.DataFrame, by: str) -> str | None:
    """Return in one line why a cost ``by`` ranks nothing: seconds that are not comparable."""
    return not_comparable(unsteady(trials)) if by == "seconds" else None


def not_comparable(found: Sequence[Unsteady]) -> str | None:
    """Return in one line why seconds are not comparable, or None if they are."""
    if all(one.comparable for one in found):
        return None
    return f"not comparable: {doubts(found)[0]}"


def _timed(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that tell the machine's speed, in the order of their starts.

    Columns: ``problem``; ``contender``, the number of its optimizer and sampler, and its ``name``;
    ``started``, a number in the order of time; ``load``; ``pace``, the logarithm of the seconds per
    call, minus the contender's mean. Outliers are moved to three robust standard deviations.
    """
    if "started" not in trials:  # frames that were made by hand may have no times
        return trials.iloc[:0]
    steps, seconds = (trials[name].to_numpy(np.float64) for name in ("steps", "seconds"))
    ended = trials["status"].isin(("finished", "converged", "stopped")) & trials["started"].notna()
    known = ended.to_numpy() & (trials["together"] == 1).to_numpy()
    own = trials[known & (steps > 0) & np.isfinite(seconds) & (seconds >= SHORT)]
    own = own[own.groupby(GROUP)["seed"].transform("size") > 1]
    answers = own[[name for name in ANSWERS if name in own]].fillna(0.0).sum(axis=1)
    pace = np.log(own["seconds"].astype(float) / (own["steps"] + answers).astype(float))
    codes, _ = grouped(own, GROUP)
    pace -= pace.groupby(codes).transform("median")
    far = 3 * 1.4826 * pace.abs().groupby(own["problem"]).transform("median")
    pace = pace.clip(-far, far)
    samplers = own.groupby("problem")["sampler"].transform("nunique")
    timed = own[["problem"]].assign(
        contender=codes,
        name=own["optimizer"].where(samplers < 2, own["optimizer"] + " with " + own["sampler"]),
        started=np.unique(own["started"].astype(str), return_inverse=True)[1],
        load=own["load"].astype(float) if "load" in own else np.nan,
        pace=pace - pace.groupby(codes).transform("mean"),
    )
    ordered: pd.DataFrame = timed.sort_values("started", kind="stable")
    return ordered


def _moved(problem: str, runs: pd.DataFrame, level: float) -> list[Unsteady]:
    """Return whether the runs of a stretch of time were slower or faster, or all times vary."""
    pace, codes = runs["pace"].to_numpy(), runs["contender"].to_numpy()
    if len(pace) < 4:
        return []
    differs, difference = (float(found) for found in _scan(pace))
    ratio = float(np.exp(difference))
    if ratio >= SIZE and _beyond_chance(pace, codes, differs, level):
        text = (
            f"On {problem}, the machine's speed drifted by {ratio:.1f} times during the study; "
            "seconds are not comparable."
        )
        return [Unsteady(problem, "drift", ratio, False, text)]
    low, high = np.quantile(pace, [0.25, 0.75])
    ratio = float(np.exp(high - low))
    if ratio <= SPREAD:
        return []
    text = (
        f"On {problem}, the times per step of runs that differ only in the seed vary: their "
        f"quartiles have the ratio {ratio:.1f}. Small differences in seconds may be chance."
    )
    return [Unsteady(problem, "spread", ratio, True, text)]


def _scan(pace: Floats) -> tuple[Floats, Floats]:
    """Return how much the most different stretch of time differs from the rest, standardised.

    ``pace`` has shape (..., runs), in time order. The second result is the difference of the means.
    A stretch consists of whole twelfths, and both it and the rest have a sixth of the runs or more.
    """
    count = pace.shape[-1]
    ends = np.linspace(0, count, min(_BINS, count) + 1).round().astype(int)
    nothing = np.zeros((*pace.shape[:-1], 1))
    sums = np.concatenate([nothing, pace.cumsum(axis=-1)], axis=-1)[..., ends]
    first, last = np.triu_indices(len(ends), 1)
    inside = ends[last] - ends[first]
    least = max(2, count // 6)
    enough = (inside >= least) & (count - inside >= least)
    first, last, inside = first[enough], last[enough], inside[enough]
    outside = count - inside
    part = sums[..., last] - sums[..., first]
    difference = np.abs(part / inside - (sums[..., -1:] - part) / outside)
    standardised = difference * np.sqrt(inside * outside / count)
    most = standardised.argmax(axis=-1)[..., None]
    found, mean = (np.take_along_axis(of, most, -1)[..., 0] for of in (standardised, difference))
    return found, mean


def _beyond_chance(pace: Floats, codes: Integers, differs: float, level: float) -> bool:
    """Return whether few permutations of each contender's runs differ as much in a stretch."""
    stretches = _BINS * (_BINS + 1) / 2
    if len(pace) >= _MANY and stretches * math.erfc(differs / pace.std() / math.sqrt(2)) <= level:
        return True
    left = min(4000, max(200, math.ceil(2 / level))) - 1
    allowed, exceeding = int(level * (left + 1)) - 1, 0
    random, order = np.random.default_rng(0), np.argsort(codes, kind="stable")
    while left and exceeding <= allowed:
        batch = min(left, max(1, 200_000 // len(pace)))
        keys = codes[order] + random.random((batch, len(pace)))
        permuted = np.empty((batch, len(pace)))
        permuted[:, order] = pace[order][np.argsort(keys, axis=1)]
        exceeding += int((_scan(permuted)[0] >= differs * (1 - 1e-9)).sum())
        left -= batch
    return exceeding <= allowed


def _apart(problem: str, runs: pd.DataFrame) -> list[Unsteady]:
    """Return whether all runs of one contender began before those of another."""
    of = runs.groupby("contender", sort=False)
    first, last = (of["started"].agg(end).to_numpy() for end in ("min", "max"))
    before, after = int(last.argmin()), int(first.argmax())
    if last[before] >= first[after]:
        return []
    pairs = int(np.searchsorted(np.sort(last), first).sum())
    more = f" (and {pairs - 1} more such pairs)" if pairs > 1 else ""
    names = of["name"].first().to_list()
    load = of["load"].median().to_numpy(np.float64)
    low, high = sorted((load[before], load[after]))
    differ = bool(high - low >= LOADS and high >= LOADS * low)
    text = (
        f"On {problem}, all runs of {names[before]} began before those of {names[after]}{more}: a "
        "change of the machine's speed would look like a difference of their times"
    )
    if differ:
        text += (
            f". The machine's load was {load[before]:.1f} and {load[after]:.1f} when they began; "
            "seconds are not comparable"
        )
    return [Unsteady(problem, "apart", 1.0, not differ, f"{text}.")]
