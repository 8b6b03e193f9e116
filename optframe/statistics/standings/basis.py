"""Chooses the runs and problems that are judged, and says what each run paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optframe.statistics.charges import whole_budgets
from optframe.statistics.grouped import Flags, Integers
from optframe.statistics.medians import Floats
from optframe.statistics.standings.judgement import Judgement, Sample, judge
from optframe.statistics.standings.runs import (
    Ends,
    Runs,
    at_start,
    costs_paid,
    ends_of,
    runs_of,
    spent_by,
)
from optframe.statistics.standings.tuned import studied
from optframe.statistics.wording import measure_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Basis", "basis_of"]


class Basis(NamedTuple):
    """What a study's judgement is made from."""

    runs: Runs
    sample: Sample
    usable: Flags
    cells: Integers
    """Each run's cell with its setting, a number."""
    cost: str
    spent: Floats
    whole: Floats
    judged: Judgement
    reasons: dict[int, str]
    """Why each problem cannot be judged, empty if it can."""
    measures: tuple[str, ...]
    """What the values of each problem are called."""
    begun: list[tuple[str, int, int]]
    """Problems of which some seeds, not all, began at the target: (problem, these, all)."""


def basis_of(
    trials: pd.DataFrame,
    ran: Flags,
    contenders: tuple[Integers, int],
    curves: pd.DataFrame | None,
    cost: str,
    metric: str | None,
) -> Basis:
    """Return what is judged of the trials that ``ran``.

    ``trials`` are those of `with_units`. ``contenders`` are the numbers of these trials'
    contenders, and how many there are. Seeds whose start already met the target are left out for
    all contenders of the problem.
    """
    every = runs_of(trials[ran], contenders[0], metric)
    begun = at_start(every)
    runs = every.kept(~begun)
    cells = _cells(runs)
    spent = spent_by(runs, cost)
    whole = whole_budgets(runs.frame, cost, spent, cells)
    ends = ends_of(runs, curves)
    sample = Sample(
        contender=runs.contender,
        problem=runs.problem,
        setting=_labels(trials, runs),
        seed=runs.frame["unit"].to_numpy(np.intp),
        run=runs.frame["seed"].to_numpy(np.intp),
        won=runs.won,
        paid=costs_paid(runs, runs.won, spent, whole, cells),
        value=ends.value,
        raw=ends.raw,
        lost=runs.lost,
        spent=np.where(runs.frame["steps"].notna(), spent, np.nan),
        status=_codes(runs.frame["status"]),
        contenders=contenders[1],
        problems=runs.problems,
        studied=np.isin(np.array(runs.problems, dtype=object), studied(trials)),
    )
    reasons = {
        number: _reason(sample, ends, runs, cost, number) for number in range(len(runs.problems))
    }
    usable = np.array([not reason for reason in reasons.values()], dtype=bool)
    measures = tuple(map(measure_name, runs.metrics, ends.above_best))
    judged = judge(sample.kept(usable[sample.problem]))
    made = Judgement(judged, sample.problems, usable)
    return Basis(
        runs,
        sample,
        usable,
        cells,
        cost,
        spent,
        whole,
        made,
        reasons,
        measures,
        _some(every, begun),
    )


def _reason(sample: Sample, ends: Ends, runs: Runs, cost: str, number: int) -> str:
    """Return why a problem cannot be judged; empty if it can."""
    here = sample.problem == number
    if not here.any():
        return "every run was at the target when it started"
    if sample.lost[here].all():
        return "every run broke down"
    if sample.won[here].any():
        return "" if (sample.paid[here] > 0).all() else f"its runs have no {cost}"
    if ends.unmeasured[number]:
        name, measured = runs.metrics[number].replace("_", " "), ~sample.lost & ~np.isnan(ends.raw)
        some = (here & measured).any()
        return f"no run has a finite {name}" if some else f"no run measured {name}"
    return ""


def _cells(runs: Runs) -> Integers:
    """Return a number for each run's contender, setting and problem."""
    frame = runs.frame[["optimizer", "problem"]].assign(contender=runs.contender)
    return frame.groupby([*frame], sort=False).ngroup().to_numpy().astype(np.intp)


def _labels(trials: pd.DataFrame, runs: Runs) -> Integers:
    """Return a number for each run's setting, in the order in which the study names them."""
    import pandas as pd

    order = pd.Index(pd.unique(trials["setting"]))
    return order.get_indexer(pd.Index(runs.frame["setting"])).astype(np.intp)


def _codes(values: pd.Series[str]) -> Integers:
    return np.unique(values.to_numpy(dtype=str), return_inverse=True)[1].astype(np.intp)


def _some(every: Runs, begun: Flags) -> list[tuple[str, int, int]]:
    found = []
    for number, name in enumerate(every.problems):
        here = every.problem == number
        seeds = every.frame["seed"].to_numpy()
        some, total = (len(np.unique(seeds[rows])) for rows in (here & begun, here))
        if 0 < some < total:
            found.append((name, some, total))
    return found
