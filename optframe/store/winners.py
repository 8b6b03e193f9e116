"""What each search for hyperparameters chose, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optframe.contracts.tuning_columns import WINNERS
from optframe.store.tunings import TUNED

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["winners_of"]


def winners_of(tunings: pd.DataFrame, tuning: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each tuning, from the frames of its searches and of the trials: `WINNERS`.

    Work and seconds are of all runs of the search, also of those that broke down. Runs of a batch
    share its seconds. A run that two searches share is charged to one of them.
    """
    import pandas as pd

    from optframe.statistics.medians import UNRUN
    from optframe.statistics.tuning import (  # type: ignore[import-not-found, unused-ignore]
        choosing_of,
        tried,
    )

    ran = tuning[~tuning["status"].isin((*UNRUN, "recording"))]
    searched, judged = _groups(ran), _groups(trials)
    rows = []
    for one in tunings.to_dict("records"):
        whose = tuple(one[name] for name in TUNED)
        own = searched.get(whose, ran.iloc[:0])
        found = tried(own, choosing_of(one["tuner"])) if len(own) else None
        winner = one["winner"] or {"number": None, "setting": None}
        number = winner["number"]
        chosen = None if found is None else found[found["number"] == number]
        best = None if chosen is None or chosen.empty else chosen.iloc[0]
        labels = [
            *own.loc[own["number"] == number, "optimizer"],
            *(judged[whose]["optimizer"] if number is not None and whose in judged else ()),
        ]
        rows.append(
            (
                *whose,
                labels[0] if labels else None,
                number,
                winner["setting"],
                np.nan if best is None else float(best["value"]),
                np.nan if best is None else float(best["broken"]),
                sum(map(len, one["proposals"])),
                len(own),
                float(own["work"].sum()),
                float((own["seconds"] / own["together"].fillna(1)).sum()),
                one["reason"],
            )
        )
    names = [column.name for column in WINNERS]
    frame = pd.DataFrame(rows, columns=names, dtype=object)  # None in it stays None
    return frame.astype(
        {
            **dict.fromkeys(("contender", "problem", "sampler"), str),
            **dict.fromkeys(("study", "tried", "runs"), int),
            **dict.fromkeys(("value", "broken", "work", "seconds"), float),
            "number": "Int64",
        }
    )


def _groups(trials: pd.DataFrame) -> dict[tuple[object, ...], pd.DataFrame]:
    """Return the trials of each search, by contender, problem, sampler and study."""
    known = trials[trials["contender"].notna() & trials["study"].notna()]
    groups = known.astype({"study": int}).groupby([*TUNED], sort=False)
    return {tuple(names): rows for names, rows in groups}
