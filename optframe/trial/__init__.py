"""One run: the loop, its minibatches, checkpoints, termination, and how it is resumed."""

from optframe.trial.run import Run, Setup

__all__ = ["Run", "Setup"]
