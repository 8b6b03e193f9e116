"""What to distrust in a tuning, as sentences: edges, spaces too wide, winners not confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optframe.statistics.tuning.confirmation import not_confirmed
from optframe.statistics.tuning.edge import at_edge
from optframe.statistics.tuning.search import searches_of
from optframe.statistics.tuning.too_wide import too_wide

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["warnings_of"]


def warnings_of(
    tuning: pd.DataFrame, tunings: pd.DataFrame, final: pd.DataFrame | None = None
) -> list[str]:
    """Return the sentences on a store's searches: at most two for each, in their order.

    A space of which the best setting is at the edge should reach farther, so that it is not called
    too wide as well. The frames are those of `searches_of`.
    """
    found = []
    for search in searches_of(tuning, tunings, final):
        sentences = (at_edge(search) or too_wide(search), not_confirmed(search))
        found += [sentence for sentence in sentences if sentence]
    return found
