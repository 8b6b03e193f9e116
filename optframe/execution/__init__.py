"""Runs many trials: groups them, gives them to an executor, stops them at a signal."""

from optframe.execution.dispatch import execute

__all__ = ["execute"]
