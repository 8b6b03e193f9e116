"""A tuner: proposes the settings of a contender's hyperparameters that are tried."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from optframe.contracts.space import Space

__all__ = ["Tried", "Tuner"]


@dataclass(frozen=True)
class Tried:
    """A setting that was tried, and its value: less is better, infinite if it broke down."""

    setting: dict[str, Any]
    """A value for each tuned field, by the field's name, as the tuner proposed it. Where a space
    has ``times``, it is the number before the product."""
    value: float


class Tuner(ABC):
    """Proposes settings, round by round; a frozen dataclass of parameters.

    A tuner has no state. Each call makes everything anew from its arguments, so that a search that
    was killed goes on where it was, and gives the same settings on any number of processes.
    """

    adaptive: ClassVar[bool] = False
    """Whether later settings depend on the values of earlier ones. If not, ``ask`` returns all
    settings at once, less those in ``history``, and they begin with those of fewer trials."""

    exchangeable: ClassVar[bool] = False
    """Whether its settings are independent draws, so that statistics of their order have bands."""

    deterministic: ClassVar[bool] = False
    """Whether the seed changes nothing, as in a grid: further searches would be the same."""

    @abstractmethod
    def ask(
        self, space: Mapping[str, Space], history: Sequence[Tried], trials: int, seed: int
    ) -> list[dict[str, Any]]:
        """Return the settings of the next round; an empty list ends the search.

        A value is what ``space[name].at(u)`` gives for a u in [0, 1], or one of its ``values``.
        A setting may be proposed again: it runs once, and counts as often as it was proposed.

        Parameters
        ----------
        space
            The space of each tuned field, in the order in which its component declares them.
        history
            All settings of earlier rounds with their values, in the order in which they were
            proposed. A setting that was proposed twice is there twice.
        trials
            The number of settings that the search may try in all.
        seed
            What its draws come from. It is the same for all contenders of a problem, so that equal
            spaces get equal settings.

        Raises
        ------
        ValueError
            If the space and ``trials`` do not fit this tuner; the message says what was expected.
        """
