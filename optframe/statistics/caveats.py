"""Warnings about a comparison, in sentences: lost runs, too few seeds, selected settings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from optframe.contracts.costs import DEFAULT
from optframe.statistics.comparison import tuned
from optframe.statistics.costs import cost_note, known_cost
from optframe.statistics.dependence import ranking_depends_on
from optframe.statistics.drift import doubts, no_ranking_by_seconds
from optframe.statistics.grouped import grouped
from optframe.statistics.judging import judged
from optframe.statistics.medians import CENSORED, UNRUN, Floats
from optframe.statistics.metrics import metric_words
from optframe.statistics.power import least_p, seeds_for_interval, seeds_for_test, seeds_to_separate
from optframe.statistics.profiles import solver_costs
from optframe.statistics.ranks import mann_whitney
from optframe.statistics.summary import groups_of
from optframe.statistics.targets import evaluations_to_own_target

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["warnings"]

_PROFILED = 100
"""The most optimizers for which ranking changes are searched; of thousands, they do not matter."""

_HOPELESS = 1000
"""The largest number of seeds that is recommended."""


def warnings(
    trials: pd.DataFrame,
    metric: str | None = None,
    confidence: float = 0.95,
    cost: str = DEFAULT,
) -> list[str]:
    """Return the reasons why claims from these trials are weak, one sentence each.

    In this order:

    - trials that have not run or were skipped,
    - runs that were lost,
    - times of runs in batches, which have none of their own,
    - runs that lack the ``cost``, so that all are compared by gradients,
    - a machine that was not equally fast for all runs,
    - too few seeds for an interval of this confidence,
    - settings that were chosen on the same runs,
    - for each problem and sampler, whether the best two optimizers (each with its best settings)
      differ significantly at the level 1 − ``confidence``, and how many seeds are needed, by the
      cost of the study's target, or by the final metric if no median reached it,
    - optimizers whose absence changes a profile's ranking of the others.
    """
    known, alpha = known_cost(trials, cost), round(1 - confidence, 12)
    compared = [*_close(trials, metric, known, alpha), *_dependent(trials, known)]
    if no_ranking_by_seconds(trials, known):
        compared = []
    return [
        *_unrun(trials),
        *_lost(trials),
        *_shared(trials),
        *filter(None, [cost_note(trials, cost)]),
        *doubts(trials),
        *_few(trials, confidence),
        *_selected(trials, metric, known),
        *compared,
    ]


def doubts_of(trials: pd.DataFrame, cost: str) -> list[str]:
    """Return what is doubtful of costs and times: runs in batches, a missing cost, drifting."""
    note = cost_note(trials, cost) if len(trials) else ""
    return [*_shared(trials), *filter(None, [note]), *doubts(trials)]


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
        words = {"timeout": "timed out"}
        kinds = ", ".join(f"{count} {words.get(s, s)}" for s, count in counts.items() if count)
        yield f"{lost} of {ran} runs were lost ({kinds}): they count as worse than every number."


def _shared(trials: pd.DataFrame) -> Iterator[str]:
    ran = ~trials["status"].isin(UNRUN)
    if shared := int((ran & (trials["together"] > 1)).sum()):
        yield (
            f"{shared} of {int(ran.sum())} runs ran in batches: they have no times of their own, "
            "and are in no statistic of time."
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
            "Every optimizer ran once on every problem: there is no interval. If anything is "
            f"random, an interval of {percent} for a median needs {needed} seeds."
        )
        return
    # A group with one trial, where others have several, is not random.
    several = (asked > 1) & (runs > 0)
    few = np.flatnonzero(several & (runs < needed))
    if few.size:
        least = few[np.argmin(runs[few])]
        name = labels.loc[least]
        yield (
            f"{few.size} of {int(several.sum())} medians are of fewer than {needed} runs (the "
            f"fewest: {runs[least]}, {name['optimizer']} on {name['problem']}), too few for an "
            f"interval of {percent}, which needs {needed} seeds."
        )


def _selected(trials: pd.DataFrame, metric: str | None, cost: str) -> Iterator[str]:
    tried = tuned(trials, metric, cost)["settings_tried"].max()
    if tried > 1:
        yield (
            f"Up to {tried} settings of an optimizer were tried: the best of them was chosen on "
            "the same runs, so it looks better than it is. New seeds would show its true results."
        )


def _close(trials: pd.DataFrame, metric: str | None, cost: str, alpha: float) -> Iterator[str]:
    judgement = judged(trials, metric, cost)
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
            own = trials[trials["problem"] == problem]
            final = f"final {metric_words(own, metric)}"
            what = f"{cost} to the target" if by_cost else final
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
    if min(n, m) == 1:  # nothing is random, or one run has no spread
        return
    if least_p(n, m) >= alpha:
        yield (
            f"{best} have {n} and {m} runs: too few for any rank test at the level {alpha:.3g}, "
            f"which needs at least {seeds_for_test(alpha)} seeds of each."
        )
        return
    p = mann_whitney(ours, theirs).p
    if p < alpha:
        return
    needed = seeds_to_separate(ours, theirs, alpha)
    wish = f"about {needed:.0f} seeds are needed, if all runs differ as these do"
    if needed > _HOPELESS:
        wish = f"{_HOPELESS} seeds are not enough, if all runs differ as these do"
    if math.isinf(needed):
        wish = "the runs show no difference"
    yield (
        f"{best} do not differ significantly over {n} and {m} runs (Mann–Whitney p = {p:.2g}): "
        f"{wish}."
    )


def _dependent(trials: pd.DataFrame, cost: str) -> Iterator[str]:
    costs = solver_costs(evaluations_to_own_target(trials, cost))
    if costs.shape[1] > _PROFILED or len(costs) < 2:
        return
    for _, changes in groupby(ranking_depends_on(costs), key=lambda change: change.removed):
        first, *others = changes
        more = f" ({len(others)} more such changes)" if others else ""
        yield f"The profile's ranking depends on which optimizers are compared. {first}{more}"
