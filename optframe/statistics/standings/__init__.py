"""The one judgement of a study's contenders, from which reports are written.

`standings` judges: cells (contender × problem) by the expected running time or by the geometric
mean of the final values, contenders by the geometric mean of their ratio to the best, and pairs by
an exact test that swaps runs of the same problem and seed.
"""

from optframe.statistics.standings.standings import Standings, standings
from optframe.statistics.standings.tuned import with_tuners

__all__ = ["Standings", "standings", "with_tuners"]
