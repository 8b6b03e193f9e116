"""What a class of torch wants of whoever calls it; found by a probe, as no class says it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FORMS", "Facts"]

FORMS = ("parameters", "muon groups", "module")
"""What a constructor takes first: parameters, groups with ``use_muon``, or a module."""


@dataclass(frozen=True)
class Facts:
    """What a class wants, with certain parameters."""

    form: str = "parameters"
    """What its constructor takes first, one of `FORMS`."""
    closure: bool = False
    """Whether ``step`` needs a function that computes loss and gradient."""
    before: bool = False
    """Whether it reads the gradient before it calls that function."""
    second: bool = False
    """Whether it differentiates the gradient."""
    matrices: bool = False
    """Whether it takes matrices only."""
    draws: frozenset[str] = frozenset()
    """The global generators that it draws from: of ``torch``, ``numpy`` and ``python``."""
    keeps: bool = False
    """Whether it keeps gradients, which then need fresh memory in each step."""
    prints: bool = False
    """Whether it prints."""
    unsaved: str | None = None
    """Why a run with it cannot be resumed to the bit; None if it can."""

    @property
    def needs(self) -> frozenset[str]:
        """What it asks of the oracle, and the conditions."""
        asked = {"closure": "loss", "second": "hvp", "matrices": "matrices"}
        return frozenset({"gradient", *(asked[fact] for fact in asked if getattr(self, fact))})
