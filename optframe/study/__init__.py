"""Studies: reads study files, validates their tables, expands grids, and plans the trials."""

from optframe.contracts.trial import NO_SAMPLER, STARTS, Budget, Checkpoints, Trial
from optframe.study.settings import RunSettings
from optframe.study.study import Study
from optframe.study.tune import TuneSettings

__all__ = [
    "NO_SAMPLER",
    "STARTS",
    "Budget",
    "Checkpoints",
    "RunSettings",
    "Study",
    "Trial",
    "TuneSettings",
]
