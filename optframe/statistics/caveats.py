"""What a reader must know before believing a comparison, in plain sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics.comparison import tuned
from optframe.statistics.dependence import ranking_depends_on
from optframe.statistics.grouped import grouped
from optframe.statistics.judging import judged
from optframe.statistics.medians import CENSORED, UNRUN, Floats
from optframe.statistics.power import (
    least_p,
    seeds_for_interval,
    seeds_for_test,
    seeds_to_separate,
)
from optframe.statistics.profiles import solver_costs
from optframe.statistics.ranks import mann_whitney
from optframe.statistics.summary import groups_of
from optframe.statistics.targets import evaluations_to_own_target

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["warnings"]

_SAID = {"diverged": "diverged", "failed": "failed", "timeout": "timed out", "crashed": "crashed"}
_PROFILED = 100
"""Up to so many optimizers: which one of a grid of thousands changes a ranking helps nobody."""

_HOPELESS = 1000
"""More seeds than this nobody will run."""


def warnings(trials: pd.DataFrame, metric: str = "loss", confidence: float = 0.95) -> list[str]:
    """Return what weakens a claim, one sentence each; nothing where nothing does.

    In this order: trials that have not run or were skipped; runs that were lost; times that are no
    run's own; too few seeds for an interval of this confidence; settings chosen on the runs that
    they are judged by; for each problem and sampler whether the best two optimizers (each with its
    best settings) can be told apart at the level 1 − ``confidence``, and how many seeds would do,
    by the steps to the study's target, or where nobody's median reached it by the final metric; and
    whose absence would change a profile's ranking of the others.
    """
    return [
        *_unrun(trials),
        *_lost(trials),
        *_shared(trials),
        *_few(trials, confidence),
        *_selected(trials, metric),
        *_close(trials, metric, round(1 - confidence, 12)),
        *_dependent(trials),
    ]


def _unrun(trials: pd.DataFrame) -> Iterator[str]:
    planned, skipped = ((trials["status"] == s).sum() for s in UNRUN)
    if planned:
        yield (
            f"The study is not finished: {planned} of {len(trials)} trials have not run, and are "
            "in no sample."
        )
    if skipped:
        yield f"{skipped} of {len(trials)} trials were skipped, and are in no sample."


def _lost(trials: pd.DataFrame) -> Iterator[str]:
    counts = {s: int((trials["status"] == s).sum()) for s in CENSORED}
    if lost := sum(counts.values()):
        ran = int((~trials["status"].isin(UNRUN)).sum())
        kinds = ", ".join(f"{count} {_SAID[s]}" for s, count in counts.items() if count)
        yield f"{lost} of {ran} runs were lost ({kinds}): they count as worse than every number."


def _shared(trials: pd.DataFrame) -> Iterator[str]:
    ran = ~trials["status"].isin(UNRUN)
    if shared := int((ran & (trials["together"] > 1)).sum()):
        yield (
            f"{shared} of {int(ran.sum())} runs advanced together with others: their times are a "
            "batch's, and are in no statistic of time."
        )


def _few(trials: pd.DataFrame, confidence: float) -> Iterator[str]:
    codes, labels = groups_of(trials)
    asked = np.bincount(codes[(trials["status"] != "skipped").to_numpy()], minlength=len(labels))
    runs = np.bincount(codes[(~trials["status"].isin(UNRUN)).to_numpy()], minlength=len(labels))
    needed, percent = seeds_for_interval(confidence), f"{100 * confidence:g} %"
    if not runs.any():
        return
    if asked.max() == 1:
        yield (
            "Every optimizer ran once on every problem: there is no interval. Where anything is "
            f"random, {needed} seeds would do for one of {percent} for a median."
        )
        return
    several = (asked > 1) & (runs > 0)  # what is asked once beside others has nothing random
    few = np.flatnonzero(several & (runs < needed))
    if few.size:
        least = few[np.argmin(runs[few])]
        name = labels.loc[least]
        yield (
            f"{few.size} of {int(several.sum())} medians are of fewer than {needed} runs (the "
            f"fewest: {runs[least]}, {name['optimizer']} on {name['problem']}), too few for an "
            f"interval of {percent}. {needed} seeds would do."
        )


def _selected(trials: pd.DataFrame, metric: str) -> Iterator[str]:
    tried = tuned(trials, metric)["settings_tried"].max()
    if tried > 1:
        yield (
            f"Up to {tried} settings of an optimizer were tried: the best of them was chosen on "
            "the runs that it is judged by, which flatters it. Fresh seeds would tell."
        )


def _close(trials: pd.DataFrame, metric: str, alpha: float) -> Iterator[str]:
    judgement = judged(trials, metric)
    names = trials.groupby("optimizer", sort=False)["optimizer_name"].first()
    groups = judgement.groups
    groups = groups.assign(name=groups["optimizer"].map(names), standing=judgement.standing)
    groups["instance"], _ = grouped(groups, ["problem", "sampler"])
    ranked = groups[np.isfinite(judgement.standing)]
    ranked = ranked.sort_values(["instance", "standing"], kind="stable")
    ranked = ranked.drop_duplicates(["instance", "name"])
    samplers = groups.groupby("problem")["sampler"].nunique().to_dict()
    order = np.argsort(judgement.codes, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(judgement.codes))[:-1])
    for (problem, sampler), rivals in ranked.groupby(["problem", "sampler"], sort=False):
        where = f"{problem} with {sampler}" if samplers[problem] > 1 else str(problem)
        if len(rivals) > 1:
            first, second = rivals.index[:2]
            by_cost = np.isfinite(judgement.cost[first])
            values = judgement.costs if by_cost else judgement.finals
            what = "steps to the target" if by_cost else f"final {metric}"
            ours, theirs = (values[rows[i]] for i in (first, second))
            yield from _told_apart(
                f"On {where}, the best two by {what}, {groups['optimizer'][first]} and "
                f"{groups['optimizer'][second]},",
                ours[~np.isnan(ours)],
                theirs[~np.isnan(theirs)],
                alpha,
            )


def _told_apart(best: str, ours: Floats, theirs: Floats, alpha: float) -> Iterator[str]:
    n, m = ours.size, theirs.size
    if min(n, m) == 1:  # nothing is random there, or there is no spread to compare with
        return
    if least_p(n, m) >= alpha:
        yield (
            f"{best} have {n} and {m} runs: too few for a rank test at the level {alpha:.3g}, "
            f"whatever they find. {seeds_for_test(alpha)} seeds of each might do."
        )
        return
    p = mann_whitney(ours, theirs).p
    if p < alpha:
        return
    needed = seeds_to_separate(ours, theirs, alpha)
    wish = f"about {needed:.0f} seeds would do, if all runs differ as these do"
    if needed > _HOPELESS:
        wish = f"{_HOPELESS} seeds would not do, if all runs differ as these do"
    if math.isinf(needed):
        wish = "there is no difference to be seen"
    yield f"{best} are not told apart by {n} and {m} runs (Mann–Whitney p = {p:.2g}): {wish}."


def _dependent(trials: pd.DataFrame) -> Iterator[str]:
    costs = solver_costs(evaluations_to_own_target(trials))
    if costs.shape[1] > _PROFILED or len(costs) < 2:
        return
    for _, changes in groupby(ranking_depends_on(costs), key=lambda change: change.removed):
        first, *others = changes
        more = f" ({len(others)} more such changes)" if others else ""
        yield f"The profile's ranking depends on who takes part. {first}{more}"
