"""Says whether fresh seeds confirm the setting that a search chose."""

from __future__ import annotations

import math

import numpy as np

from optframe.statistics.medians import Floats
from optframe.statistics.tuning.search import Search
from optframe.statistics.wording import number, plural

__all__ = ["not_confirmed", "p_worse"]

LEVEL = 0.05
"""How often a winner that was chosen well may be called not confirmed."""


def not_confirmed(search: Search) -> str | None:
    """Return a sentence if the winner is worse on fresh seeds than choosing it explains.

    The best of N settings looks better than it is, since it was chosen. By how much, depends on the
    settings, but a bound does not: a one-sided t-test between its fresh runs and the runs that
    chose it, at the level 5 % ÷ N, is wrong for any of the N settings in at most 5 % of searches,
    whichever of them is chosen, where values over seeds are about normal. It has to reject for the
    values, and for their logarithms where all are positive. The variance is that of the fresh runs,
    of which there have to be two.

    A winner that breaks down, or misses its target, on a larger share of fresh seeds than of those
    that chose it is always said.
    """
    tuning, fresh = search.winner_values
    if not tuning.size or not fresh.size:
        return None
    lost, lost_before = int(np.isinf(fresh).sum()), int(np.isinf(tuning).sum())
    head = f"The setting that was chosen for {search.name}"
    if lost / fresh.size > lost_before / tuning.size:
        did = "missed the target or broke down" if search.runs.by_cost else "broke down"
        return (
            f"{head} {did} on {lost} of {plural(fresh.size, 'fresh seed')}, and on {lost_before} "
            f"of the {plural(tuning.size, 'seed')} that chose it: more tuning seeds choose safer "
            "settings."
        )
    before, after = tuning[np.isfinite(tuning)], fresh[np.isfinite(fresh)]
    count = len(search.searched)
    if after.size < 2 or not before.size:
        return None
    if p_worse(before, after) * count > LEVEL:
        return None
    now, then = (number(float(values.mean()), 3) for values in (after, before))
    return (
        f"{head} is not confirmed: its mean {search.measure} is {now} on {after.size} fresh seeds, "
        f"and was {then} when it was chosen from {plural(count, 'setting')}, which is more than "
        "choosing explains."
    )


def p_worse(before: Floats, after: Floats) -> float:
    """Return the larger p of the t-tests for values, and for their logarithms if all are positive.

    The deviation is that of the later values, of which there have to be two.
    """
    scales = [(before, after)]
    if min(before.min(), after.min()) > 0:
        scales.append((np.log(before), np.log(after)))
    return max(_p_of(*scale) for scale in scales)


def _p_of(before: Floats, after: Floats) -> float:
    """Return p of a one-sided t-test that values rose."""
    from scipy.special import stdtr  # what scipy.stats calls, which takes long to import

    change = float(after.mean() - before.mean())
    if abs(change) <= 1e-9 * float(np.abs(after).max()):
        return 1.0
    error = float(np.std(after, ddof=1)) * math.sqrt(1 / before.size + 1 / after.size)
    if error == 0:
        return 0.0 if change > 0 else 1.0
    return float(stdtr(after.size - 1, -change / error))
