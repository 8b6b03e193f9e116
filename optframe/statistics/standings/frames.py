"""Writes what was judged of problems, cells, groups and runs as data frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics.intervals import clopper_pearson
from optframe.statistics.standings.basis import Basis
from optframe.statistics.standings.order import ranks_of
from optframe.statistics.standings.tuned import LOST
from optframe.statistics.standings.units import logarithm, terms

if TYPE_CHECKING:
    import pandas as pd


__all__ = [
    "cells_frame",
    "groups_frame",
    "problems_frame",
    "runs_frame",
]

_NOT_ALL = "not all ran there"


def problems_frame(basis: Basis, trials: pd.DataFrame) -> pd.DataFrame:
    """Return `Standings.problems`."""
    import pandas as pd

    names = list(dict.fromkeys(trials["problem"].astype(str))) if len(trials) else []
    known = {name: number for number, name in enumerate(basis.sample.problems)}
    aimed = set(trials.loc[trials["target"].notna(), "problem"]) if len(trials) else set()
    judged = set(basis.judged.numbers)
    rows = []
    for name in names:
        number = known.get(name)
        row = {"problem": name, "kind": "", "metric": "", "measure": "", "target": name in aimed}
        if number is None:
            rows.append(row | {"judged": False, "reason": "no run", "blocks": 0})
            continue
        units = basis.judged.cells.units[number]
        reason = basis.reasons[number]
        kind = "cost" if units.by_cost else "value"
        row |= {"kind": "" if reason else kind, "metric": basis.runs.metrics[number]}
        row["measure"] = basis.measures[number]
        row |= {"judged": number in judged, "blocks": int(units.seeds.size)}
        rows.append(row | {"reason": reason or ("" if number in judged else _NOT_ALL)})
    columns = ["problem", "kind", "metric", "measure", "target", "judged", "reason", "blocks"]
    return pd.DataFrame(rows, columns=columns)


def cells_frame(basis: Basis, names: Sequence[str], order: Sequence[str]) -> pd.DataFrame:
    """Return `Standings.cells`."""
    import pandas as pd

    cells, sample = basis.judged.cells, basis.sample.kept(basis.usable[basis.sample.problem])
    frame = basis.runs.frame[basis.usable[basis.sample.problem]][cells.chosen]
    sample = sample.kept(cells.chosen)
    place = sample.contender * len(sample.problems) + sample.problem
    size = len(names) * len(sample.problems)
    ran = ~frame[LOST].to_numpy()
    runs, won, lost, absent = (
        np.bincount(place, part, size).astype(int)
        for part in (ran, sample.won, sample.lost & ran, ~ran)
    )
    labels: dict[int, list[str]] = {}
    for at, label in zip(place[ran].tolist(), frame["optimizer"].astype(str)[ran], strict=True):
        labels.setdefault(at, []).append(label)
    setting = {at: " / ".join(dict.fromkeys(own)) for at, own in labels.items()}
    low, high = clopper_pearson(won, runs)
    rank = np.stack([ranks_of(column) for column in cells.b.T]) if sample.problems else cells.b
    rows = []
    for number, problem in enumerate(sample.problems):
        b = cells.b[:, number]
        if np.isnan(b).all():
            continue
        best = np.nanmin(b)
        for name in order:
            i = names.index(name)
            at = i * len(sample.problems) + number
            if math.isnan(b[i]):
                continue
            first = math.isfinite(b[i]) and rank[number, i] == np.nanmin(rank[number])
            rows.append(
                {
                    "contender": name,
                    "problem": problem,
                    "setting": setting.get(at, ""),
                    "settings": int(cells.settings[i, number]),
                    "runs": int(runs[at]),
                    "won": int(won[at]),
                    "success": won[at] / runs[at] if runs[at] else math.nan,
                    "success_low": low[at],
                    "success_high": high[at],
                    "lost": int(lost[at]),
                    "lost_in_tuning": int(absent[at]),
                    "kind": "cost" if cells.units[number].by_cost else "value",
                    "performance": _exp(b[i]),
                    "ratio": _exp(b[i] - best) if math.isfinite(b[i]) else math.inf,
                    "rank": rank[number, i],
                    "first": bool(first),
                    "fixed": bool(cells.fixed[i, number]),
                }
            )
    columns = ["contender", "problem", "setting", "settings", "runs", "won", "success"]
    columns += ["success_low", "success_high", "lost", "lost_in_tuning", "kind", "performance"]
    columns += ["ratio", "rank"]
    return pd.DataFrame(rows, columns=[*columns, "first", "fixed"])


def groups_frame(basis: Basis, names: Sequence[str], by: str = "optimizer") -> pd.DataFrame:
    """Return `Standings.groups`; by ``setting``, all winners of a tuned contender are one."""
    import pandas as pd

    good = basis.usable[basis.sample.problem]
    sample = basis.sample.kept(good)
    frame = basis.runs.frame.loc[good, ["problem", by, "sampler"]].astype(str)
    frame = frame.rename(columns={by: "optimizer"})
    won = np.array([one.by_cost for one in basis.judged.cells.units], dtype=bool)
    by_cost = won[sample.problem] if len(sample.problems) else np.zeros(0, dtype=bool)
    upper, lower = terms(by_cost, sample.paid, sample.won, sample.value)
    parts = frame.assign(
        contender=[names[i] for i in sample.contender],
        runs=1,
        won=sample.won.astype(int),
        upper=upper,
        lower=lower,
        kind=np.where(by_cost, "cost", "value"),
        chosen=basis.judged.cells.chosen,
    )
    same = ["problem", "optimizer", "sampler"]
    how = {"contender": "first", "runs": "sum", "won": "sum", "upper": "sum", "lower": "sum"}
    found = parts.groupby(same, sort=False).agg({**how, "kind": "first", "chosen": "first"})
    found = found.reset_index()
    cost = (found["kind"] == "cost").to_numpy()
    b = np.where(
        cost,
        logarithm(found["upper"].to_numpy(), found["lower"].to_numpy(), True),
        found["upper"].to_numpy() / np.where(cost, 1.0, found["lower"].to_numpy()),
    )
    least = pd.Series(b).groupby(found["problem"].to_numpy()).transform("min").to_numpy()
    with np.errstate(invalid="ignore", over="ignore"):
        ratio = np.where(np.isposinf(b), np.inf, np.exp(b - least))
        found = found.assign(performance=np.exp(b), ratio=ratio)
    columns = [*same, "contender", "runs", "won", "kind", "performance", "ratio", "chosen"]
    return found[columns]


def runs_frame(basis: Basis, names: Sequence[str]) -> pd.DataFrame:
    """Return `Standings.runs`."""
    frame = basis.runs.frame[["key", "problem", "sampler", "seed"]].reset_index(drop=True)
    frame.insert(1, "contender", [names[i] for i in basis.runs.contender])
    made = frame.assign(
        won=basis.sample.won,
        paid=basis.sample.paid,
        value=basis.sample.value,
        lost=basis.sample.lost,
    )
    return made[~basis.runs.frame[LOST].to_numpy()].reset_index(drop=True)


def _exp(b: float) -> float:
    return math.exp(b) if b < 700.0 else math.inf
