"""Values the settings of one tuning by its runs, and chooses one of them.

The order of settings is, each time where the ones before are equal:

1. the share of runs that broke down (diverged, failed, crashed, timed out), smallest first,
2. the value over the other runs: the cost to the target where runs were to reach one and some
   setting did, else the metric that judges, with 1 − accuracy for an accuracy,
3. the work of a run,
4. the number of the setting.

A median alone would choose settings that diverge on every third start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from optframe.contracts.columns import rises
from optframe.contracts.costs import DEFAULT, check_cost
from optframe.errors import UsageError
from optframe.statistics.costs import paid
from optframe.statistics.grouped import Flags, Integers, grouped_medians
from optframe.statistics.medians import CENSORED, UNRUN, Floats
from optframe.statistics.metrics import GAP, VALIDATION, judged_metrics, measured
from optframe.statistics.targets import evaluations_to_own_target
from optframe.statistics.wording import measure_name, metric_name, plural

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Choosing", "Chosen", "Valued", "check_choice", "choose", "ran_of", "tried", "valued"]

At = Literal["end", "best"]
Average = Literal["median", "mean"]

EQUAL = 1e-12
"""Losses that are no farther than this from f* are equal, times |f*| where that is more than 1."""


@dataclass(frozen=True)
class Choosing:
    """How the settings of a tuning are valued.

    Parameters
    ----------
    metric
        The metric; None is the one that judges: the validation loss where there is one, else f − f*
        where f* is known, else the loss.
    at
        Whether a run counts by its end, or by its best checkpoint.
    average
        Over the runs of a setting. The mean cost to a target is what all runs spent, per run that
        reached it.
    target
        Whether the cost to the target comes before the metric.
    cost
        The cost to the target.

    Raises
    ------
    UsageError
        If the metric is of test data, or ``cost`` is not a cost.
    ValueError
        If ``at`` or ``average`` is none of the above.
    """

    metric: str | None = None
    at: At = "end"
    average: Average = "median"
    target: bool = False
    cost: str = DEFAULT

    def __post_init__(self) -> None:
        check_choice(self.metric)
        check_cost(self.cost)
        for name, words in (("at", get_args(At)), ("average", get_args(Average))):
            if getattr(self, name) not in words:
                found = f"{name}: found {getattr(self, name)!r}"
                raise ValueError(f"{found}, expected {' or '.join(words)}")


class Chosen(NamedTuple):
    """The setting that was chosen."""

    number: int | None
    """None if there is none to choose."""
    value: float
    """What it was chosen by; less is better. Infinite if there is none to choose."""
    reason: str
    """Why none could be chosen; else empty."""
    measure: str = ""
    """What the value is called: ``validation loss``, ``work to the target``."""


class Valued(NamedTuple):
    """The runs of a tuning that ran, and the value of each."""

    frame: pd.DataFrame
    value: Floats
    """Less is better; +inf for a run that broke down, missed the target or has no number."""
    spent: Floats
    """What a run is charged that missed the target; NaN where the metric is the value."""
    broken: Flags
    measure: str
    by_cost: bool
    metric: str
    """The metric that is the value, or that tells settings apart that missed the target."""


def check_choice(metric: str | None) -> None:
    """Raise a `UsageError` if a metric may not choose settings, since it is of test data."""
    if metric is not None and metric.startswith("test_"):
        other = metric.replace("test_", "validation_", 1)
        raise UsageError(
            f"metric: found {metric!r}, expected a metric that is not of test data, since settings "
            f"that are chosen by it look better on it than they are: take {other!r}"
        )


def tried(frame: pd.DataFrame, how: Choosing) -> pd.DataFrame:
    """Return a row for each setting of one tuning that ran, the best first.

    ``frame`` has the trials of stage ``tune`` of one contender, problem, sampler and study, as the
    store's frame of trials has them.

    Columns: ``number``, the setting's place in the tuner's order; ``value``, less being better,
    infinite if every run broke down; ``broken``, the share of runs that did; ``work``, what its
    runs cost together, in gradients over all the data; ``runs``, how many ran. Settings with fewer
    runs than the others come last: they have not ended, or others ran again to be confirmed.

    Raises
    ------
    UsageError
        If runs were to reach a target of test data, and its cost comes before the metric.
    """
    return _ordered(valued(frame, how), how)


def choose(frame: pd.DataFrame, how: Choosing) -> Chosen:
    """Return the best setting of one tuning: the first row of `tried`.

    There is none to choose if nothing ran, every run broke down, or none has the metric.

    Raises
    ------
    UsageError
        As `tried` does.
    """
    runs = valued(frame, how)
    order = _ordered(runs, how)
    if order.empty:
        return Chosen(None, math.inf, "no run of its tuning ran")
    best = order.iloc[0]
    if math.isfinite(best["value"]):
        return Chosen(int(best["number"]), float(best["value"]), "", runs.measure)
    settings = plural(len(order), "setting")
    if runs.broken.all():
        return Chosen(None, math.inf, f"every run of its {settings} broke down")
    return Chosen(
        None, math.inf, f"no run of its {settings} has a finite {metric_name(runs.metric)}"
    )


def ran_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the trials that ran."""
    return frame[~frame["status"].isin(UNRUN)]


def valued(frame: pd.DataFrame, how: Choosing, by_cost: bool | None = None) -> Valued:
    """Return the value of each run of one tuning: what `tried` takes the median or mean of.

    The cost to the target is the value if the average of some setting is finite; else the metric
    is. ``by_cost`` says it instead.
    """
    run = ran_of(frame)
    broken = run["status"].isin(CENSORED).to_numpy(dtype=bool)
    metric = _metric_of(run, how)
    if how.target and by_cost is not False and run["target"].notna().any():
        cost, spent = _costs_of(run, how.cost)
        cost = np.where(broken, np.inf, cost)
        found = Valued(run, cost, spent, broken, f"{how.cost} to the target", True, metric)
        if by_cost or np.isfinite(_averages(found, how)[1]).any():
            return found
    value = np.where(broken, np.inf, _numbers(run, metric, how.at))
    unknown = np.full(len(run), np.nan)
    return Valued(run, value, unknown, broken, measure_name(metric), False, metric)


def _costs_of(run: pd.DataFrame, cost: str) -> tuple[Floats, Floats]:
    """Return each run's cost of its target, and what it is charged if it missed it."""
    import pandas as pd

    for metric in run["target_metric"].dropna().unique():
        check_choice(str(metric))
    found = evaluations_to_own_target(run, cost)
    row = pd.Index(found["key"]).get_indexer(run["key"])
    reached, spent = (
        np.append(found[name].to_numpy(np.float64), np.nan)[row] for name in ("cost", "spent")
    )
    return np.where(np.isnan(reached), np.inf, reached), spent


def _numbers(run: pd.DataFrame, metric: str, at: str) -> Floats:
    """Return each run's metric, less being better; +inf where it has none."""
    if at == "best":
        name = "loss" if metric == GAP else metric
        run = run.assign(**{name: run.get(f"best_{name}", np.nan)})
    value = measured(run, metric)
    floor = _floor(run, metric)
    better = np.minimum if rises(metric) else np.maximum
    value = np.where(np.isnan(floor), value, better(value, floor))
    value = 1.0 - value if rises(metric) else value
    return np.where(np.isfinite(value), value, np.inf)


def _floor(run: pd.DataFrame, metric: str) -> Floats:
    """Return the value at which each run's metric cannot be better; NaN if there is none."""
    least = run["minimum"].to_numpy(np.float64)
    goal, aimed = run["target"].to_numpy(np.float64), run["target_metric"]
    equal = EQUAL * np.maximum(1.0, np.abs(least))
    floor = np.full(len(run), np.nan)
    if metric in (GAP, "loss"):
        zero = least if metric == "loss" else np.zeros(len(run))
        floor = zero + equal
        other = GAP if metric == "loss" else "loss"
        shift = least if metric == "loss" else -least
        floor = np.fmax(floor, np.where(aimed == other, goal + shift, np.nan))
    sign = -1.0 if rises(metric) else 1.0
    own = np.where(aimed == metric, goal, np.nan)
    return np.asarray(sign * np.fmax(sign * floor, sign * own))


def _averages(runs: Valued, how: Choosing) -> tuple[Integers, Floats]:
    """Return the numbers of the settings, and the average value of the runs that did not break."""
    number, place = np.unique(runs.frame["number"].to_numpy(np.int64), return_inverse=True)
    if how.average == "median":
        value = np.where(runs.broken, np.nan, runs.value)
        found = grouped_medians(value, place, number.size).median
        return number.astype(np.intp), np.where(np.isnan(found), np.inf, found)
    sound = ~runs.broken
    won = sound & np.isfinite(runs.value) if runs.by_cost else sound
    charged = np.where(won, runs.value, runs.spent) if runs.by_cost else runs.value
    total = np.bincount(place[sound], charged[sound], number.size)
    count = np.bincount(place[won], minlength=number.size)
    mean = np.divide(total, count, out=np.full(number.size, np.inf), where=count > 0)
    return number.astype(np.intp), np.where(np.isnan(mean), np.inf, mean)


def _ordered(runs: Valued, how: Choosing) -> pd.DataFrame:
    import pandas as pd

    number, value = _averages(runs, how)
    place = np.searchsorted(number, runs.frame["number"].to_numpy(np.int64))
    count = np.bincount(place, minlength=number.size)
    broken = np.bincount(place, runs.broken, number.size) / np.maximum(count, 1)
    work = np.bincount(place, np.nan_to_num(paid(runs.frame, "work")), number.size)
    otherwise = np.zeros(number.size)
    if runs.by_cost:  # settings that all missed the target are told apart by the metric
        missed = np.isinf(value)
        by_metric = valued(runs.frame, _without_target(how))
        otherwise = np.where(missed, _averages(by_metric, how)[1], 0.0)
    fewer = count < count.max(initial=0)
    order = np.lexsort((number, work / np.maximum(count, 1), otherwise, value, broken, fewer))
    columns = {"number": number, "value": value, "broken": broken, "work": work, "runs": count}
    return pd.DataFrame({name: column[order] for name, column in columns.items()})


def _without_target(how: Choosing) -> Choosing:
    return Choosing(how.metric, how.at, how.average, False, how.cost)


def _metric_of(run: pd.DataFrame, how: Choosing) -> str:
    if how.metric is not None or run.empty:
        return how.metric or "loss"
    names = judged_metrics(run).unique()
    return VALIDATION if VALIDATION in names else str(names[0])
