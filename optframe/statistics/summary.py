"""The summary of a study: a row for each problem, optimizer and sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics.drift import incomparable
from optframe.statistics.grouped import GROUP, Flags, Integers, grouped, grouped_medians
from optframe.statistics.medians import CENSORED, STATUSES, UNRUN, Floats, worst
from optframe.statistics.metrics import measured
from optframe.statistics.targets import reached

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["final", "summary"]

_OTHERS = ("validation_loss", "validation_accuracy", "test_loss", "test_accuracy")
_MEASURES = [
    "runs",
    *("loss", "loss_low", "loss_high", "confidence"),
    *_OTHERS,
    "steps_to_target",
    "seconds_per_step",
    "seconds_comparable",
    "minimum",
]


def summary(trials: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each problem, optimizer and sampler, in the study's order.

    It describes; who is better, and by how much, say the standings.

    Columns, NaN if there is no value: ``runs`` (trials that ran); ``loss``, ``loss_low``,
    ``loss_high``, ``confidence`` (the final loss's `median_interval`); ``validation_loss``,
    ``validation_accuracy``, ``test_loss`` and ``test_accuracy`` (medians); ``steps_to_target``
    (median, infinite if half of the runs or more did not reach it); ``seconds_per_step`` (median);
    ``seconds_comparable`` (whether the machine was equally fast for all runs of the problem, see
    `optframe.statistics.drift`);
    ``minimum`` (f*, if it is the same in all trials to nine digits); the number of trials by
    status, and ``statuses``, the same in words: ``"3 finished, 2 diverged"``.
    """
    import pandas as pd

    if trials.empty:
        return pd.DataFrame(columns=[*GROUP, *_MEASURES, *STATUSES, "statuses"])
    codes, table = _groups_of(trials)
    n = len(table)
    ran = ~trials["status"].isin(UNRUN).to_numpy()
    loss = grouped_medians(np.where(ran, _final_values(trials, "loss", True), np.nan), codes, n)
    others = {
        metric: grouped_medians(_final_values(trials, metric), codes, n).median
        for metric in _OTHERS
    }
    goal = _any(ran & trials["target"].notna().to_numpy(), codes, n)
    steps = trials["steps"].to_numpy(np.float64)
    to_target = np.where(ran, np.where(reached(trials), steps, np.inf), np.nan)
    # A run in a batch has no time of its own.
    stepped = ran & (steps > 0) & (trials["together"] == 1).to_numpy()
    seconds = trials["seconds"].to_numpy(np.float64)
    pace = np.divide(seconds, steps, out=np.full(len(trials), np.nan), where=stepped)
    table = table.assign(
        runs=np.bincount(codes[ran], minlength=n),
        **dict(zip(_MEASURES[1:5], loss, strict=False)),
        **others,
        steps_to_target=np.where(goal, grouped_medians(to_target, codes, n).median, np.nan),
        seconds_per_step=grouped_medians(pace, codes, n).median,
        seconds_comparable=~table["problem"].isin(incomparable(trials)),
        minimum=_agreed(trials["minimum"].to_numpy(np.float64), codes, n),
    )
    counts = _counts_by_status(trials, codes, n)
    words = [[f"{k} {s}" if k else "" for k in count] for s, count in counts.items()]
    texts = [", ".join(filter(None, of_group)) for of_group in zip(*words, strict=True)]
    return table.assign(**counts, statuses=texts)


def _groups_of(trials: pd.DataFrame) -> tuple[Integers, pd.DataFrame]:
    """Return each trial's group and the groups, problem by problem in the study's order."""
    import pandas as pd

    codes, labels = grouped(trials, GROUP)
    order = np.argsort(pd.factorize(labels["problem"])[0], kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return rank[codes], labels.iloc[order].reset_index(drop=True)


def _final_values(trials: pd.DataFrame, metric: str, everywhere: bool = False) -> Floats:
    """Return each trial's final value: `worst` if it is not finite, NaN if the trial did not run.

    A censored trial has the value `worst`, too.

    It is also NaN on problems where no trial has a value, since they do not measure the metric.
    With ``everywhere``, all problems are taken to measure it.
    """
    values = measured(trials, metric)
    ran = ~trials["status"].isin(UNRUN).to_numpy()
    lost = trials["status"].isin(CENSORED).to_numpy() | ~np.isfinite(values)
    known = np.full(len(trials), everywhere)
    if not everywhere:
        codes, problems = grouped(trials, ["problem"])
        known = _any(~np.isnan(values), codes, len(problems))[codes]
    return np.where(ran & known, np.where(lost, worst(metric), values), np.nan)


def final(trials: pd.DataFrame, metric: str = "loss") -> Floats:
    """Return the metric's final values of the trials that ran, with `worst` for censored ones."""
    return _final_values(trials, metric, True)[~trials["status"].isin(UNRUN).to_numpy()]


def _any(flags: Flags, codes: Integers, groups: int) -> Flags:
    return np.bincount(codes[flags], minlength=groups) > 0


def _counts_by_status(trials: pd.DataFrame, codes: Integers, groups: int) -> dict[str, Integers]:
    """Return how many trials of each group have each status."""
    rows = {status: (trials["status"] == status).to_numpy() for status in STATUSES}
    return {status: np.bincount(codes[own], minlength=groups) for status, own in rows.items()}


def _agreed(minima: Floats, codes: Integers, groups: int) -> Floats:
    """Return the least of each group's minima, NaN if they differ by more than rounding."""
    known = ~np.isnan(minima)
    least, most, largest = np.full((3, groups), [[np.inf], [-np.inf], [0.0]])
    np.minimum.at(least, codes[known], minima[known])
    np.maximum.at(most, codes[known], minima[known])
    np.maximum.at(largest, codes[known], np.abs(minima[known]))
    with np.errstate(invalid="ignore"):
        same = most - least <= 1e-9 * largest  # another machine may round it differently
    return np.where(np.isfinite(least) & same, least, np.nan)
