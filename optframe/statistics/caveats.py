"""Doubts about the costs and times of runs, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from optframe.statistics.costs import cost_note
from optframe.statistics.drift import doubts, unsteady
from optframe.statistics.medians import UNRUN

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["doubts_of"]


def doubts_of(trials: pd.DataFrame, cost: str) -> list[str]:
    """Return what is doubtful of costs and times: runs in batches, a missing cost, drifting."""
    note = cost_note(trials, cost) if len(trials) else ""
    return [*_shared(trials), *filter(None, [note]), *doubts(unsteady(trials))]


def _shared(trials: pd.DataFrame) -> Iterator[str]:
    ran = ~trials["status"].isin(UNRUN)
    if shared := int((ran & (trials["together"] > 1)).sum()):
        yield (
            f"{shared} of {int(ran.sum())} runs ran in batches: they have no times of their own, "
            "and are in no statistic of time."
        )
