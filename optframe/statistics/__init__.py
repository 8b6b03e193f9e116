"""Statistics of many runs for reports: aligned curves, quartiles, medians with intervals, ranks.

A run that diverged, failed, timed out or crashed is *censored*: from there on it counts as worse
than every number, +inf (−inf where higher is better). It is neither imputed nor left out, so that
an optimizer gains nothing by losing its bad runs. A trial that is planned or skipped has not run
and is in no sample.

A cost is what a run spent until it reached a target: less is better. +inf means that the target was
not reached. NaN is in no sample (the time of a run in a batch). Every frame that leaves something
out counts it. The cost is the work unless another is given. Where any run lacks it, as those of
earlier stores do, all are compared by gradients (`known_cost`, `cost_note`).
"""

from optframe.statistics.costs import cost_note, known_cost
from optframe.statistics.dependence import RankChange, ranking_depends_on
from optframe.statistics.drift import (
    Unsteady,
    incomparable,
    no_ranking_by_seconds,
    not_comparable,
    unsteady,
)
from optframe.statistics.medians import (
    CENSORED,
    STATUSES,
    UNRUN,
    Curve,
    Interval,
    Quartiles,
    align,
    median_and_quartiles,
    median_interval,
    worst,
)
from optframe.statistics.profiles import (
    data_profile,
    performance_profile,
    performance_ratios,
    solver_costs,
    targets_reached,
)
from optframe.statistics.ranks import (
    Friedman,
    average_ranks,
    friedman,
    holm,
    iman_davenport,
    nemenyi_distance,
    nemenyi_groups,
)
from optframe.statistics.running_time import time_to_target
from optframe.statistics.standings import Standings, standings
from optframe.statistics.summary import final, summary
from optframe.statistics.targets import (
    COSTS,
    evaluations_to_own_target,
    evaluations_to_target,
    relative_targets,
)

__all__ = [
    "CENSORED",
    "COSTS",
    "STATUSES",
    "UNRUN",
    "Curve",
    "Friedman",
    "Interval",
    "Quartiles",
    "RankChange",
    "Standings",
    "Unsteady",
    "align",
    "average_ranks",
    "cost_note",
    "data_profile",
    "evaluations_to_own_target",
    "evaluations_to_target",
    "final",
    "friedman",
    "holm",
    "iman_davenport",
    "incomparable",
    "known_cost",
    "median_and_quartiles",
    "median_interval",
    "nemenyi_distance",
    "nemenyi_groups",
    "no_ranking_by_seconds",
    "not_comparable",
    "performance_profile",
    "performance_ratios",
    "ranking_depends_on",
    "relative_targets",
    "solver_costs",
    "standings",
    "summary",
    "targets_reached",
    "time_to_target",
    "unsteady",
    "worst",
]
