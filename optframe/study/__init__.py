"""What is asked: the study file, its tables and grids, and the trials that follow from them."""

from optframe.contracts.trial import NO_SAMPLER, STARTS, Budget, Checkpoints, Trial
from optframe.study.settings import RunSettings
from optframe.study.study import Study

__all__ = ["NO_SAMPLER", "STARTS", "Budget", "Checkpoints", "RunSettings", "Study", "Trial"]
