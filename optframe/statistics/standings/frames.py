"""Writes standings as data frames.

The pairs of `pairs_frame` have: ``contender`` (the better placed), ``rival``, ``wins`` and
``losses`` (problems on which the contender's performance is better and worse), ``statistic`` (T of
the rival against the contender, positive where the rival is worse), ``p``, ``p_holm`` (Holm's
correction for all pairs), ``apart`` (p_holm ≤ 0.05), ``mode`` and ``blocks`` of the test, and for
problems of kind cost and of kind value apart ``cost_ratio``, ``cost_low``, ``cost_high``,
``cost_bound`` and the same for ``value``: the rival's performance divided by the contender's, with
the ratios that the test does not reject at 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics.intervals import clopper_pearson
from optframe.statistics.ranks import holm
from optframe.statistics.standings.basis import Basis
from optframe.statistics.standings.judgement import Judgement
from optframe.statistics.standings.order import ranks_of
from optframe.statistics.standings.relabelling import LEVEL, Ratio
from optframe.statistics.standings.units import logarithm
from optframe.statistics.standings.variations import Variation

if TYPE_CHECKING:
    import pandas as pd

    from optframe.statistics.standings.standings import Standings

__all__ = [
    "cells_frame",
    "groups_frame",
    "names_of_problems",
    "pairs_frame",
    "panels_frame",
    "problems_frame",
    "ratio_of",
    "runs_frame",
    "table_frame",
    "tests_frame",
    "variations_frame",
]

_NOT_ALL = "not all ran there"


def names_of_problems(trials: pd.DataFrame) -> dict[str, str]:
    """Return the name of each problem's label: settings of a problem are no further problems."""
    column = "problem_name" if "problem_name" in trials else "problem"
    return dict(zip(trials["problem"].astype(str), trials[column].astype(str), strict=True))


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
        row = {"problem": name, "kind": "", "metric": "", "target": name in aimed}
        if number is None:
            rows.append(row | {"judged": False, "reason": "no run", "blocks": 0})
            continue
        units = basis.judged.cells.units[number]
        reason = basis.reasons[number]
        kind = "cost" if units.by_cost else "value"
        row |= {"kind": "" if reason else kind, "metric": basis.runs.metrics[number]}
        row |= {"judged": number in judged, "blocks": int(units.seeds.size)}
        rows.append(row | {"reason": reason or ("" if number in judged else _NOT_ALL)})
    columns = ["problem", "kind", "metric", "target", "judged", "reason", "blocks"]
    return pd.DataFrame(rows, columns=columns)


def cells_frame(basis: Basis, names: Sequence[str], order: Sequence[str]) -> pd.DataFrame:
    """Return `Standings.cells`."""
    import pandas as pd

    cells, sample = basis.judged.cells, basis.sample.kept(basis.usable[basis.sample.problem])
    labels = basis.runs.frame["optimizer"].astype(str).to_numpy(dtype=object)
    labels = labels[basis.usable[basis.sample.problem]]
    sample, labels = sample.kept(cells.chosen), labels[cells.chosen]
    place = sample.contender * len(sample.problems) + sample.problem
    size = len(names) * len(sample.problems)
    runs, won, lost = (
        np.bincount(place, part, size).astype(int)
        for part in (np.ones(place.size), sample.won, sample.lost)
    )
    setting = np.full(size, "", dtype=object)
    setting[place] = labels
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
                    "setting": setting[at],
                    "settings": int(cells.settings[i, number]),
                    "runs": int(runs[at]),
                    "won": int(won[at]),
                    "success": won[at] / runs[at],
                    "success_low": low[at],
                    "success_high": high[at],
                    "lost": int(lost[at]),
                    "kind": "cost" if cells.units[number].by_cost else "value",
                    "performance": _exp(b[i]),
                    "ratio": _exp(b[i] - best) if math.isfinite(b[i]) else math.inf,
                    "rank": rank[number, i],
                    "first": bool(first),
                    "fixed": bool(cells.fixed[i, number]),
                }
            )
    columns = ["contender", "problem", "setting", "settings", "runs", "won", "success"]
    columns += ["success_low", "success_high", "lost", "kind", "performance", "ratio", "rank"]
    return pd.DataFrame(rows, columns=[*columns, "first", "fixed"])


def groups_frame(basis: Basis, names: Sequence[str]) -> pd.DataFrame:
    """Return `Standings.groups`."""
    import pandas as pd

    good = basis.usable[basis.sample.problem]
    sample = basis.sample.kept(good)
    frame = basis.runs.frame.loc[good, ["problem", "optimizer", "sampler"]].astype(str)
    won = np.array([one.by_cost for one in basis.judged.cells.units], dtype=bool)
    by_cost = won[sample.problem] if len(sample.problems) else np.zeros(0, dtype=bool)
    with np.errstate(divide="ignore"):
        upper = np.where(by_cost, sample.paid, np.log(sample.value))
    parts = frame.assign(
        contender=[names[i] for i in sample.contender],
        runs=1,
        won=sample.won.astype(int),
        upper=upper,
        lower=np.where(by_cost, sample.won, 1.0),
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


def table_frame(found: Standings) -> pd.DataFrame:
    """Return `Standings.table`."""
    import pandas as pd

    judged = found.problems.loc[found.problems["judged"], "problem"]
    cells = found.cells[found.cells["problem"].isin(judged)]
    of = dict(iter(cells.groupby("contender")))
    order, names = found.judgement.order, found.names
    leader = found.leaders[0] if len(found.leaders) else None
    own_pairs = found.tests[found.tests["contender"] == leader]
    pairs = {row["rival"]: row for row in own_pairs.to_dict("records")}
    rows = []
    for name in found.contenders:
        own, i = of.get(name, cells.iloc[:0]), names.index(name)
        by_cost = own["kind"] == "cost"
        p = pairs.get(name)
        behind = p is not None and (bool(p["apart"]) or found.claim == "best")
        rows.append(
            {
                "contender": name,
                "place": order.place[i],
                "score": order.score[i],
                "problems": len(own),
                "first_on": int(own["first"].sum()),
                "within_2": int((own["ratio"] <= 2 * (1 + 1e-9)).sum()),
                "solved": int((by_cost & (own["won"] > 0)).sum()),
                "targets": int(by_cost.sum()),
                "won": int(own["won"].sum()),
                "runs": int(own["runs"].sum()),
                "lost": int(own["lost"].sum()),
                "settings": int(own["settings"].max()) if len(own) else 0,
                "p": math.nan if p is None else p["p"],
                "p_holm": math.nan if p is None else p["p_holm"],
                "apart": behind,
            }
        )
    return pd.DataFrame(rows)


_RATIO = Ratio._fields
_NO_RATIO = Ratio(math.nan, math.nan, math.nan, "")


def tests_frame(found: Standings) -> pd.DataFrame:
    """Return the pairs without their ratios."""
    import pandas as pd

    judgement, names = found.judgement, found.names
    columns = ["contender", "rival", "wins", "losses", "statistic", "p", "p_holm", "apart"]
    columns += ["mode", "blocks"]
    if not found.comparable:
        return pd.DataFrame(columns=columns)
    values = judgement.p_values
    corrected = holm(list(values.values()))
    b = judgement.cells.b[:, judgement.numbers]
    rows = []
    for (better, rival), p_holm in zip(values, corrected, strict=True):
        test = judgement.pair(better, rival)
        with np.errstate(invalid="ignore"):
            differ = ~np.isclose(b[better], b[rival], rtol=0, atol=1e-9)
            wins, losses = (b[better] < b[rival]) & differ, (b[better] > b[rival]) & differ
        rows.append(
            {
                "contender": names[better],
                "rival": names[rival],
                "wins": int(wins.sum()),
                "losses": int(losses.sum()),
                "statistic": test.statistic(),
                "p": values[better, rival],
                "p_holm": float(p_holm),
                "apart": bool(p_holm <= LEVEL),
                "mode": test.mode,
                "blocks": test.blocks,
            }
        )
    return pd.DataFrame(rows, columns=columns)


def pairs_frame(found: Standings) -> pd.DataFrame:
    """Return `Standings.pairs`."""
    table = found.tests
    for kind in _KINDS:
        pairs = zip(table["contender"], table["rival"], strict=True)
        ratios = [found.ratio(*pair, kind=kind) for pair in pairs]
        for part in _RATIO:
            values = [getattr(ratio, part) for ratio in ratios]
            table = table.assign(**{f"{kind}_{part}": values})
    return table


_KINDS = ("cost", "value")


def ratio_of(judgement: Judgement, better: int, rival: int, kind: str) -> Ratio:
    """Return the rival's ratio to the contender on the problems of a kind; NaN without any."""
    units = judgement.cells.units
    numbers = [p for p in judgement.numbers if units[p].by_cost == (kind == "cost")]
    if not numbers:
        return _NO_RATIO
    if len(numbers) == len(judgement.numbers):
        return judgement.pair(better, rival).ratio()
    names = [judgement.names[judgement.numbers.index(p)] for p in numbers]
    return judgement.over(numbers, names).pair(rival, better).ratio()


def panels_frame(found: Standings) -> pd.DataFrame:
    """Return `Standings.panels`."""
    import pandas as pd

    columns = ["panel", "contender", *_RATIO, "apart"]
    if not found.comparable:
        return pd.DataFrame(columns=columns)
    judgement, names = found.judgement, found.names
    first, *others = (int(i) for i in judgement.order.sequence)
    apart = dict(zip(found.table["contender"], found.table["apart"], strict=True))
    rows = []

    def add(panel: str, contender: int, ratio: Ratio) -> None:
        name = names[contender]
        rows.append({"panel": panel, "contender": name, **ratio._asdict(), "apart": apart[name]})

    alone = Ratio(1.0, 1.0, 1.0, "")
    by_cost = {judgement.cells.units[p].by_cost for p in judgement.numbers}
    kinds = [kind for kind in _KINDS if (kind == "cost") in by_cost]
    if len(judgement.numbers) > 1:
        for kind in kinds:
            panel = "all problems" if len(kinds) == 1 else f"all problems: {kind}"
            add(panel, first, alone)
            for rival in others:
                add(panel, rival, found.ratio(names[first], names[rival], kind=kind))
    for number, problem in zip(judgement.numbers, judgement.names, strict=True):
        one = judgement.over([number], [problem])
        add(problem, first, alone)
        for rival in others:
            add(problem, rival, one.pair(rival, first).ratio())
    return pd.DataFrame(rows, columns=columns)


def runs_frame(basis: Basis, names: Sequence[str]) -> pd.DataFrame:
    """Return `Standings.runs`."""
    frame = basis.runs.frame[["key", "problem", "sampler", "seed"]].reset_index(drop=True)
    frame.insert(1, "contender", [names[i] for i in basis.runs.contender])
    return frame.assign(
        won=basis.sample.won,
        paid=basis.sample.paid,
        value=basis.sample.value,
        lost=basis.sample.lost,
    )


def variations_frame(found: Standings, variations: Iterable[Variation]) -> pd.DataFrame:
    """Return `Standings.variations`."""
    import pandas as pd

    columns = ["variation", "kind", "what", "first", "p", "holds"]
    if found.claim not in ("best", "leads", "fixed"):
        return pd.DataFrame(columns=columns)
    leader = found.names.index(found.leaders[0])
    rows = []
    for one in variations:
        order = one.judgement.order
        if len(order.sequence) < 2:
            continue
        stays = order.first == [leader]
        p = one.judgement.p_best() if stays and found.claim == "best" else math.nan
        rows.append(
            {
                "variation": one.words,
                "kind": one.kind,
                "what": one.what,
                "first": " and ".join(found.names[i] for i in order.first),
                "p": p,
                "holds": bool(stays and not p > LEVEL),
            }
        )
    return pd.DataFrame(rows, columns=columns)


def _exp(b: float) -> float:
    return math.exp(b) if b < 700.0 else math.inf
