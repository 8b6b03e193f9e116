"""What to distrust in a tuning, as sentences: edges, spaces too wide, winners not confirmed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from optframe.statistics.tuning.confirmation import not_confirmed
from optframe.statistics.tuning.edge import at_edge
from optframe.statistics.tuning.search import searches_of
from optframe.statistics.tuning.too_wide import too_wide
from optframe.statistics.wording import joined

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["warnings_of"]

_NUMBER = re.compile(r"\d[\d.,]*(?:e[-+]?\d+)?")


def warnings_of(
    tuning: pd.DataFrame, tunings: pd.DataFrame, final: pd.DataFrame | None = None
) -> list[str]:
    """Return the sentences on a store's searches: at most two for each, in their order.

    A space of which the best setting is at the edge should reach farther, so that it is not called
    too wide as well. Studies of which the sentences differ in numbers alone are named in the first
    of these. The frames are those of `searches_of`.
    """
    first: dict[tuple[str, ...], str] = {}
    alike: dict[tuple[str, ...], list[str]] = {}
    for search in searches_of(tuning, tunings, final):
        for sentence in (at_edge(search) or too_wide(search), not_confirmed(search)):
            if sentence is None:
                continue
            whose = (search.contender, search.problem, search.sampler)
            key = (*whose, _NUMBER.sub("#", sentence.replace(search.name, "")))
            if key in first:
                alike[key].append(str(search.study))
            else:
                first[key], alike[key] = sentence, []
    return [_with_studies(sentence, alike[key]) for key, sentence in first.items()]


def _with_studies(sentence: str, studies: list[str]) -> str:
    """Return a sentence that names further studies of which it could be said."""
    if not studies:
        return sentence
    noun = "study" if len(studies) == 1 else "studies"
    return f"{sentence.removesuffix('.')}; likewise in {noun} {joined(studies)}."
