"""What a comparison says about one contender."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from optframe.gate.parity.walking import EXACT, Place

__all__ = ["AFTER", "PRECISIONS", "Verdict"]

AFTER = (1, 10, 25)
"""The numbers of steps after which differences are listed."""

PRECISIONS = ("float64", "float32")


@dataclass(frozen=True)
class Verdict:
    """What is known about one contender.

    ``differences`` has the largest difference from the first contender by precision and number of
    steps, and ``largest_in`` the sequence in which it is. ``notation`` is the built-in that takes
    the same steps, with ``difference`` as the largest difference from it, and ``own`` the same with
    the contender's own numbers. ``changes`` is what a built-in has otherwise than the first
    contender, if this is of the same name, and ``defaults`` the defaults in which it differs from
    that, where they take the same steps. ``others`` are further built-ins that fit, and what
    would tell them apart. Where nothing explains it, ``nearest`` is the nearest built-in and its
    difference, and ``place`` where they part. ``float32_apart`` is set where they agree in float64
    alone.
    """

    title: str
    differences: Mapping[str, Mapping[int, float]]
    largest_in: str = ""
    equal: bool = False
    notation: str | None = None
    own: str | None = None
    difference: float | None = None
    changes: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    nearest: tuple[str, float] | None = None
    place: Place | None = None
    float32_apart: float | None = None
    tried: int = 0
    ended: bool = False

    @property
    def explained(self) -> bool:
        """Whether it agrees with the first contender, or with a built-in."""
        return (self.equal or self.notation is not None) and self.float32_apart is None

    @property
    def constants(self) -> bool:
        """Whether it agrees as far as constants in float32 allow."""
        return self.difference is not None and self.difference > EXACT
