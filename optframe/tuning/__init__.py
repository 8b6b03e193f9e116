"""Tuning: what is tried for each contender, which setting is chosen, and what runs next."""

from optframe.tuning.stages import Round, Stages

__all__ = ["Round", "Stages"]
