"""Many trials: how they are grouped, given to an executor, and stopped."""

from optframe.execution.dispatch import execute

__all__ = ["execute"]
