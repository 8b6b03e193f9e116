"""Writes the tests of pairs, and the ratios to the leader, as data frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics.ranks import holm
from optframe.statistics.standings.relabelling import Ratio

if TYPE_CHECKING:
    import pandas as pd

    from optframe.statistics.standings.claims import Claims

__all__ = ["pairs_frame", "panels_frame", "tests_frame"]

_RATIO = Ratio._fields
_KINDS = ("cost", "value")


def tests_frame(found: Claims) -> pd.DataFrame:
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
                "apart": bool(p_holm <= found.level),
                "mode": test.mode,
                "blocks": test.blocks,
            }
        )
    return pd.DataFrame(rows, columns=columns)


def pairs_frame(found: Claims, tests: pd.DataFrame) -> pd.DataFrame:
    """Return `Standings.pairs`."""
    table = tests
    for kind in _KINDS:
        pairs = zip(table["contender"], table["rival"], strict=True)
        ratios = [found.ratio(*pair, kind=kind) for pair in pairs]
        for part in _RATIO:
            values = [getattr(ratio, part) for ratio in ratios]
            table = table.assign(**{f"{kind}_{part}": values})
    return table


def panels_frame(found: Claims, table: pd.DataFrame) -> pd.DataFrame:
    """Return `Standings.panels`."""
    import pandas as pd

    columns = ["panel", "contender", *_RATIO, "apart"]
    if not found.comparable:
        return pd.DataFrame(columns=columns)
    judgement, names = found.judgement, found.names
    first, *others = (int(i) for i in judgement.order.sequence)
    apart = dict(zip(table["contender"], table["apart"], strict=True))
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
