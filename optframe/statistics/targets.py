"""Computes each run's cost of a target: what it had spent when it first reached it.

A run reaches a target at the first checkpoint whose metric is at least as good. Later checkpoints
do not matter: a run that diverged afterwards has reached it. The checkpoint at which a run was lost
does not count. A curve has only checkpoints, so a cost is that of the next one. The study's own
target ends a run where it is reached, so its cost is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from optframe.contracts.columns import rises
from optframe.contracts.costs import COSTS as _COSTS
from optframe.contracts.costs import DEFAULT
from optframe.statistics.charges import whole_budgets
from optframe.statistics.costs import known_cost, paid
from optframe.statistics.grouped import Flags, Integers, grouped
from optframe.statistics.medians import CENSORED, UNRUN, Floats
from optframe.statistics.metrics import measured

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COSTS",
    "evaluations_to_own_target",
    "evaluations_to_target",
    "reached",
    "relative_targets",
]

COSTS = tuple(_COSTS)
"""The costs of a target; evaluations are all calls of the oracle, each counted as one."""

_IDENTITY = ["key", "problem", "optimizer", "sampler", "seed"]


def evaluations_to_target(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    targets: ArrayLike | Mapping[str, ArrayLike],
    by: str = DEFAULT,
    metric: str = "loss",
) -> pd.DataFrame:
    """Return each run's cost of each target: a row per run and target.

    ``targets`` are numbers for all problems, or numbers for each problem by its name, or an array
    of shape (trials, targets) such as that of `relative_targets`. A NaN is no target and has no
    row. ``by`` is one of `COSTS`, and gradients where some run lacks it (`known_cost`).
    ``metric`` is a metric, or ``gap``, which is f − f*.

    Columns: those that name the run; ``level``, the target's index (0, 1, ...); ``target``;
    ``cost``, +inf if it was not reached; ``spent``, what the run is charged if it missed it: its
    whole cost, or its whole budget if it broke down; NaN if it is unknown. A cost of NaN is in no
    sample: the time of a run in a batch, or the epochs of a problem without data.

    Raises
    ------
    ValueError
        If ``by`` is not a cost, no run measured the metric, or the shape of ``targets`` is wrong.
    """
    by = known_cost(trials, by)
    ran = ~trials["status"].isin(UNRUN).to_numpy()
    goals = _targets(trials, targets)[ran]
    run = trials[ran]
    spent = _spent(run, by)
    path = _Paths.of(run, curves, metric)
    expense = paid(curves, by, in_curves=True)[path.order]

    unmeasured = _without(run, path.codes, ~np.isnan(path.values))
    goals[unmeasured] = np.nan
    cost = np.full(goals.shape, np.inf)
    here = path.codes[path.starts]
    number = np.arange(path.codes.size)
    for level, goal in enumerate((path.sign * goals).T if number.size else ()):
        hits = np.where(path.values <= goal[path.codes], number, number.size)
        first = np.minimum.reduceat(hits, path.starts)
        hit = first < number.size
        cost[here[hit], level] = expense[first[hit]]
    cost[_outside(run, spent, by, path.codes)] = np.nan
    return _tidy(run, goals, cost, spent)


def evaluations_to_own_target(trials: pd.DataFrame, by: str = DEFAULT) -> pd.DataFrame:
    """Return `evaluations_to_target` for the target that each trial's budget has, if it has one.

    It is exact, since such a run ends where it reaches its target, and needs no curves.

    Raises
    ------
    ValueError
        If ``by`` is not a cost.
    """
    by = known_cost(trials, by)
    run = trials[~trials["status"].isin(UNRUN)]
    spent = _spent(run, by)
    cost = np.where(reached(run), spent, np.inf)
    cost[_outside(run, spent, by, np.flatnonzero(run["steps"].notna()))] = np.nan
    return _tidy(run, run["target"].to_numpy(np.float64)[:, None], cost[:, None], spent)


def reached(trials: pd.DataFrame) -> Flags:
    """Return which runs reached their target; others may have converged by the gradient's norm."""
    ended = (trials["status"] == "converged").to_numpy()
    found = np.zeros(len(trials), dtype=bool)
    if "window" in trials:  # stores since format 5 say it
        found |= trials["window"].notna().to_numpy()
    goal = trials["target"].to_numpy(np.float64)
    for metric in trials["target_metric"].dropna().unique():
        sign = -1.0 if rises(metric) else 1.0
        value = measured(trials, metric)
        good = (sign * value <= sign * goal) & np.isfinite(value)
        found |= good & (trials["target_metric"] == metric).to_numpy()
    return ended & found


def relative_targets(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    tolerances: Sequence[float] = (1e-1, 1e-3, 1e-5, 1e-7),
    metric: str = "loss",
) -> Floats:
    """Return each trial's targets f_L + τ (f(x₀) − f_L), shape (trials, tolerances).

    This is the convergence test of Moré and Wild: a run reaches the target when it has made all but
    τ of the possible progress from its start, f(x₀) − f(x) ≥ (1 − τ) (f(x₀) − f_L). f_L is the
    problem's known minimum, else the best value that any run found on it, which depends on the
    compared optimizers. A run without a curve has the targets of its seed, else those of a typical
    run of its problem, or NaN if there is none.

    Reference: J. J. Moré and S. M. Wild, SIAM Journal on Optimization 20 (2009), section 2.

    Raises
    ------
    ValueError
        If no run measured the metric.
    """
    import pandas as pd

    path = _Paths.of(trials, curves, metric)
    frame = trials[["problem", "seed"]].reset_index(drop=True)
    first = np.full(len(frame), np.nan)
    best = np.full(len(frame), np.inf)
    if path.codes.size:
        here = path.codes[path.starts]
        first[here] = path.values[path.starts]
        best[here] = np.fmin.reduceat(path.values, path.starts)
    first[~np.isfinite(first)] = np.nan
    start = pd.Series(first)
    start = start.fillna(start.groupby([frame["problem"], frame["seed"]]).transform("median"))
    start = start.fillna(start.groupby(frame["problem"]).transform("median"))
    floor = pd.Series(best).groupby(frame["problem"]).transform("min").replace(np.inf, np.nan)
    if metric == "loss":
        known = pd.Series(trials["minimum"].to_numpy(np.float64))
        known = known.fillna(known.groupby([frame["problem"], frame["seed"]]).transform("min"))
        known = known.fillna(known.groupby(frame["problem"]).transform("min"))
        floor = known.fillna(floor)
    f_0, f_l = start.to_numpy()[:, None], floor.to_numpy()[:, None]
    return np.asarray(path.sign * (f_l + np.asarray(tolerances) * (f_0 - f_l)))


class _Paths(NamedTuple):
    """The rows of curves, sorted by run in ``order``: each row's run, and each run's first row.

    ``values`` is the metric times ``sign``, so that less is better; +inf where a run was lost, and
    instead of −inf.
    """

    order: Integers | slice
    codes: Integers
    starts: Integers
    values: Floats
    sign: float

    @classmethod
    def of(cls, trials: pd.DataFrame, curves: pd.DataFrame, metric: str) -> _Paths:
        import pandas as pd

        codes = pd.Index(trials["key"]).get_indexer(curves["key"])
        own = np.append(trials["minimum"].to_numpy(np.float64), np.nan)[codes]
        found = measured(curves, metric, own)
        if metric not in curves and np.isnan(found).all():
            raise ValueError(f"no run measured {metric!r}")
        step = curves["step"].to_numpy()
        order: Integers | slice = slice(None)
        change = np.diff(codes)
        if (codes < 0).any() or (change < 0).any() or (np.diff(step)[change == 0] < 0).any():
            order = np.lexsort((step, codes))
            order = order[codes[order] >= 0]
        codes = codes[order]
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        sign = -1.0 if rises(metric) else 1.0
        values = sign * found[order]
        end = np.append(starts[1:], codes.size) - 1
        lost = trials["status"].isin(CENSORED).to_numpy()[codes[starts]]
        gone = np.zeros(codes.size, dtype=bool)
        gone[end[lost]] = True  # a lost run's last row was measured where it was lost
        values[(gone & ~np.isnan(values)) | np.isneginf(values)] = np.inf
        return cls(order, codes, starts, values, sign)


def _targets(trials: pd.DataFrame, targets: ArrayLike | Mapping[str, ArrayLike]) -> Floats:
    if isinstance(targets, Mapping):
        rows = {name: np.atleast_1d(np.asarray(row, float)) for name, row in targets.items()}
        table = np.full((len(trials), max((row.size for row in rows.values()), default=0)), np.nan)
        for name, row in rows.items():
            table[(trials["problem"] == name).to_numpy(), : row.size] = row
        return table
    array = np.atleast_1d(np.asarray(targets, dtype=np.float64))
    if array.ndim == 1:
        return np.tile(array, (len(trials), 1))
    if array.ndim > 2 or len(array) != len(trials):
        raise ValueError(
            f"targets: found shape {array.shape}, expected a row for each of {len(trials)} trials"
        )
    return array.copy()


def _spent(trials: pd.DataFrame, by: str) -> Floats:
    """Return what each run is charged if it misses the target: all that it spent.

    A run that broke down is charged its whole budget (`whole_budgets`), since it would otherwise
    look cheap. It is NaN if nothing is known of it.
    """
    counted = trials["steps"].notna().to_numpy()
    spent = np.where(counted, paid(trials, by), np.nan)
    lost = trials["status"].isin(CENSORED).to_numpy()
    if not lost.any():
        return spent
    cells, _ = grouped(trials, ["problem", "optimizer"])
    whole = whole_budgets(trials, by, np.nan_to_num(spent), cells)
    return np.where(lost & (whole > 0), np.fmax(spent, whole), spent)


def _outside(run: pd.DataFrame, spent: Floats, by: str, curved: Integers) -> Flags:
    """Return which runs have no such cost: their time is a batch's, or it was not counted."""
    outside = _without(run, curved, ~np.isnan(spent[curved]))
    if by == "seconds":
        outside = outside | (run["together"] > 1).to_numpy()
    return outside


def _without(run: pd.DataFrame, codes: Integers, known: Flags) -> Flags:
    """Return which runs are of a problem that has rows, but no number in any of them."""
    import pandas as pd

    problem, names = pd.factorize(run["problem"])
    of_row = problem[codes]
    rows, numbers = (np.bincount(some, minlength=len(names)) for some in (of_row, of_row[known]))
    unknown: Flags = (rows > 0) & (numbers == 0)
    return unknown[problem]


def _tidy(run: pd.DataFrame, goals: Floats, cost: Floats, spent: Floats) -> pd.DataFrame:
    trial, level = np.nonzero(~np.isnan(goals))
    frame = run[_IDENTITY].iloc[trial].reset_index(drop=True)
    return frame.assign(
        level=level, target=goals[trial, level], cost=cost[trial, level], spent=spent[trial]
    )
