"""What the runs of a tuning say: which setting is best, what a search finds, and what to distrust.

Each module takes frames of trials of stage ``tune`` and returns frames or sentences.
"""

from optframe.statistics.tuning.confirmation import not_confirmed
from optframe.statistics.tuning.edge import at_edge
from optframe.statistics.tuning.estimators import (
    best_so_far,
    expected_best,
    lower_side_ends,
    median_best,
    median_best_by_work,
    median_of_studies,
    simultaneous_band,
)
from optframe.statistics.tuning.search import Search, choosing_of, searches_of
from optframe.statistics.tuning.settings import Choosing, Chosen, check_choice, choose, tried
from optframe.statistics.tuning.too_wide import too_wide
from optframe.statistics.tuning.warnings import warnings_of
from optframe.statistics.tuning.width import Width, width

__all__ = [
    "Choosing",
    "Chosen",
    "Search",
    "Width",
    "at_edge",
    "best_so_far",
    "check_choice",
    "choose",
    "choosing_of",
    "expected_best",
    "lower_side_ends",
    "median_best",
    "median_best_by_work",
    "median_of_studies",
    "not_confirmed",
    "searches_of",
    "simultaneous_band",
    "too_wide",
    "tried",
    "warnings_of",
    "width",
]
