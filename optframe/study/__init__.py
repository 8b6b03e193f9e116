"""What is asked: the study file, its tables and grids, and the trials that follow from them."""

from optframe.study.study import (
    NO_SAMPLER,
    STARTS,
    Budget,
    Checkpoints,
    RunSettings,
    Study,
    Trial,
)

__all__ = ["NO_SAMPLER", "STARTS", "Budget", "Checkpoints", "RunSettings", "Study", "Trial"]
