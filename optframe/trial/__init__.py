"""Runs a trial: the loop, minibatches, checkpoints, the end of the run, and saved states."""

from optframe.trial.run import Run, Setup

__all__ = ["Run", "Setup"]
