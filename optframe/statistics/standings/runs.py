"""Says of each run that is judged whether it won, what it paid, and how good it ended.

A run *won* if it reached its target. What it *paid* is its cost:

- of a run that won: its cost where it first met the target,
- of a finished run: all that it spent,
- of a run that its method ended: all that it spent, if its contender won another run of the
  problem, since a restart would be fair; else as of a run that broke down,
- of a run that broke down (it diverged, failed, timed out or crashed): the whole budget, and at
  least what it spent. Otherwise a run that diverges at once would be cheap.

Its *value* is what it ended with, less being better: f − f*, a loss, or 1 − an accuracy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optframe.contracts.columns import rises
from optframe.statistics.charges import largest
from optframe.statistics.costs import paid
from optframe.statistics.grouped import Flags, Integers
from optframe.statistics.medians import CENSORED, Floats
from optframe.statistics.metrics import GAP, judged_metrics, measured
from optframe.statistics.targets import reached

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Ends",
    "Runs",
    "at_start",
    "costs_paid",
    "ends_of",
    "runs_of",
    "spent_by",
    "values_of",
]

_LEAST_OF_UNKNOWN = 1e-3
"""The least value, in parts of start − best seen, of losses that may be negative."""


class Runs(NamedTuple):
    """The runs of a study that can be judged, in the order of the trials."""

    frame: pd.DataFrame
    contender: Integers
    """Each run's contender, a number."""
    problem: Integers
    """Each run's problem, its place in ``problems``."""
    problems: tuple[str, ...]
    metrics: tuple[str, ...]
    """The metric by which each problem is judged."""
    won: Flags
    lost: Flags
    """Whether it broke down."""
    own: Flags
    """Whether its method ended it, short of the target."""

    def kept(self, rows: Flags) -> Runs:
        """Return these runs."""
        parts = {name: getattr(self, name)[rows] for name in _OF_RUNS}
        return self._replace(frame=self.frame[rows], **parts)


_OF_RUNS = ("contender", "problem", "won", "lost", "own")


def runs_of(trials: pd.DataFrame, contender: Integers, metric: str | None) -> Runs:
    """Return the trials that ran, for contenders given as numbers."""
    import pandas as pd

    problem, names = pd.factorize(trials["problem"].astype(str))
    metrics = judged_metrics(trials, metric).groupby(problem).first()
    status = trials["status"]
    won = reached(trials)
    return Runs(
        frame=trials,
        contender=contender,
        problem=problem.astype(np.intp),
        problems=tuple(map(str, names)),
        metrics=tuple(map(str, metrics)),
        won=won,
        lost=status.isin(CENSORED).to_numpy(),
        own=(status.isin(("stopped", "converged")).to_numpy() & ~won),
    )


def spent_by(runs: Runs, cost: str) -> Floats:
    """Return what each run spent; 0 where it was not counted, since nothing of it is known."""
    return np.nan_to_num(paid(runs.frame, cost), nan=0.0, posinf=0.0)


def costs_paid(
    runs: Runs, won: Flags, spent: Floats, whole: Floats, cells: Integers, cheap: bool = False
) -> Floats:
    """Return what each run paid; with ``cheap``, runs that broke down are charged what they spent.

    ``won`` may be that of another target or budget than the runs'.
    """
    won_in_cell = np.bincount(cells[won], minlength=cells.max(initial=-1) + 1) > 0
    broken = runs.lost | (runs.own & ~won_in_cell[cells])
    charged = spent if cheap else np.maximum(spent, whole)
    return np.where(broken & ~won, charged, spent)


class Ends(NamedTuple):
    """How good each run ended."""

    value: Floats
    """Less is better, and none is below the problem's floor."""
    raw: Floats
    """The metric as it was measured; 0 of a run that broke down."""
    unmeasured: Flags
    """For each problem, whether no run has a finite value."""
    above_best: Flags
    """For each problem, whether values are measured from the best one seen."""


def ends_of(runs: Runs, curves: pd.DataFrame | None) -> Ends:
    """Return the value of each run's end; a run that was lost has the worst of its problem.

    The worst is that of any run at its start or at its end. Values below a floor are equal: they
    differ by rounding. The floor is eps·max(|f*|, f(start) − f*) for f − f*; eps for other positive
    losses; 10⁻³ (start − best) for losses that may be negative, which are measured from the best
    value that any run of the problem saw; half of the least positive error for 1 − accuracy.
    """
    last = np.full(len(runs.frame), np.nan)
    start, best = last.copy(), last.copy()
    for metric in dict.fromkeys(runs.metrics):
        own = np.isin(runs.problem, [p for p, m in enumerate(runs.metrics) if m == metric])
        last[own] = measured(runs.frame, metric)[own]
        start[own], best[own] = (each[own] for each in _curve_ends(runs.frame, curves, metric))
    return values_of(runs, last, start, best)


def values_of(runs: Runs, last: Floats, start: Floats, best: Floats) -> Ends:
    """Return `ends_of` for what each run had at last, at its start, and at best (NaN: unknown)."""
    value = np.full(last.size, np.nan)
    unmeasured, above_best = np.zeros((2, len(runs.problems)), dtype=bool)
    sound = np.isfinite(last) & ~runs.lost
    eps = {dtype: float(np.finfo(dtype).eps) for dtype in ("float32", "float64")}
    unit = runs.frame["dtype"].map(eps).fillna(eps["float64"]).to_numpy(np.float64)
    minimum = runs.frame["minimum"].to_numpy(np.float64)
    for number, metric in enumerate(runs.metrics):
        here = np.flatnonzero(runs.problem == number)
        if not here.size:
            continue
        end, first = last[here], start[here]
        if not sound[here].any():
            unmeasured[number] = not runs.lost[here].all()
            value[here] = 1.0
            continue
        seen = np.concatenate([end, first, best[here]])
        seen = seen[np.isfinite(seen)]
        if rises(metric):
            errors = 1.0 - seen
            floor = 0.5 * errors[errors > 0].min(initial=1.0)
            made = [1.0 - end, 1.0 - first]
        elif metric == GAP:
            far = np.nan_to_num(largest(first, runs.frame["seed"].to_numpy()[here]), nan=0.0)
            size = np.maximum(np.nan_to_num(np.abs(minimum[here])), far)
            floor = np.maximum(unit[here] * size, np.finfo(np.float64).tiny)
            made = [end, first]
        elif seen.min() > 0:
            floor = unit[here].max()
            made = [end, first]
        else:
            above_best[number] = True
            least = seen.min()
            known = first[np.isfinite(first)]
            top = known.max() if known.size else seen.max()
            floor = max(_LEAST_OF_UNKNOWN * (top - least), np.finfo(np.float64).tiny)
            made = [end - least, first - least]
        ended, began = (np.maximum(each, floor) for each in made)
        both = np.concatenate([ended[sound[here]], began])
        worst = both[np.isfinite(both)].max()
        value[here] = np.where(sound[here], ended, worst)
    return Ends(value, np.where(runs.lost, 0.0, last), unmeasured, above_best)


def _curve_ends(
    frame: pd.DataFrame, curves: pd.DataFrame | None, metric: str
) -> tuple[Floats, Floats]:
    """Return the metric at each run's start, and the best of its curve."""
    import pandas as pd

    start, best = np.full((2, len(frame)), np.nan)
    if curves is None or not len(curves):
        return start, best
    codes = pd.Index(frame["key"]).get_indexer(curves["key"])
    own = codes >= 0
    minimum = np.append(frame["minimum"].to_numpy(np.float64), np.nan)[codes]
    found = measured(curves, metric, minimum)
    begin = own & (curves["step"].to_numpy() == 0)
    start[codes[begin]] = found[begin]
    finite = own & np.isfinite(found)
    sign = -1.0 if rises(metric) else 1.0
    best[codes[finite]] = np.inf
    np.minimum.at(best, codes[finite], sign * found[finite])
    return start, sign * best


def at_start(runs: Runs) -> Flags:
    """Return the runs of each problem and seed of which some run met the target at its start."""
    frame = runs.frame
    begun = runs.won & (np.nan_to_num(frame["steps"].to_numpy(np.float64)) <= 0)
    if not begun.any():
        return np.asarray(begun, dtype=bool)
    pair = frame.groupby(["problem", "seed"], sort=False).ngroup().to_numpy()
    return np.asarray(np.isin(pair, np.unique(pair[begun])), dtype=bool)
