"""A protocol: all choices of a tuning under one name, as a paper or a benchmark made them."""

from __future__ import annotations

from abc import ABC
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

from optframe.contracts.space import Space

__all__ = ["Protocol"]


class Protocol(ABC):
    """A tuner, its numbers, its spaces and how it chooses; a frozen dataclass of parameters.

    What a study's table ``[tune]`` gives itself replaces what the protocol says. The report names
    both. A space that the study gives replaces the protocol's.
    """

    tuner: ClassVar[str]
    """The tuner in the short notation."""

    trials: ClassVar[int]
    """The settings that are tried for each contender, problem and sampler."""

    tuning_seeds: ClassVar[int | None] = None
    """The seeds with which each setting runs; None is the default of a study without a protocol."""

    final_seeds: ClassVar[int | None] = None
    """The seeds with which the winner runs; None is the study's own number."""

    metric: ClassVar[tuple[str, ...]] = ()
    """The metrics that choose: the first that a problem measures. Empty is the default."""

    at: ClassVar[Literal["end", "best"]] = "end"
    """Whether a run counts by its end or by its best checkpoint."""

    source: ClassVar[str]
    """Where it is from: the paper, and the code that was read."""

    differs: ClassVar[tuple[str, ...]] = ()
    """What is done otherwise here than in the source, a sentence for each."""

    def space(
        self, optimizer: str, given: Mapping[str, Any], fields: Collection[str]
    ) -> Mapping[str, Space] | None:
        """Return the spaces of an optimizer's fields, none of them given; empty: it is not tuned.

        None says nothing of this optimizer: the spaces that it declares are searched.

        Parameters
        ----------
        optimizer
            Its name, which may be an import path.
        given
            The parameters that the study fixes, and its wrappers as ``wrap``, a list of tables.
        fields
            The names of the optimizer's fields: ``lr`` or ``learning_rate``, for example.
        """
        return None
