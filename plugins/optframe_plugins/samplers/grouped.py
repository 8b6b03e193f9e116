"""Minibatches that take account of groups of records: subjects or classes."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from optframe import Count, EpochSeeds, Indices, Sampler, Space, UsageError
from optframe_plugins.usual_spaces import BATCH_SIZE

__all__ = ["Grouped"]


@dataclass(frozen=True)
class Grouped(Sampler):
    """Grouped: without replacement, each group of records kept together or spread evenly.

    ``whole`` keeps the records of a group in one minibatch, in a new random order in each epoch: a
    subject's records are seen together or not at all. Groups fill minibatches of at most B records
    by first-fit decreasing: the largest groups first, each into the first minibatch with room. It
    needs at most 11/9 times the smallest possible number of minibatches, plus one. A group of more
    than B records is a minibatch of its own. Each epoch exchanges groups of the same size at random
    and shuffles the minibatches, so that the number of minibatches stays the same.

    ``stratified`` gives every minibatch its share of every group: of n records in M = ⌈n/B⌉
    minibatches, each has ⌊n/M⌋ or ⌈n/M⌉ and, of a group of n_g, ⌊n_g/M⌋ or ⌈n_g/M⌉. The records,
    group after group and in random order within each, are dealt to the M minibatches in turn. Where
    M divides every n_g, the mean of a minibatch of b records, b_g of them of group g, has the
    variance that is left within the groups::

        Σ_g (n_g/n)² · S_g²/b_g · (1 − b_g/n_g),    S_g² = Σ (x − x̄_g)² / (n_g − 1)

    Both visit every record once per epoch.

    Parameters
    ----------
    batch_size
        B, ≥ 1: the most records of a minibatch, except for ``whole`` groups that are larger.
    by
        What a group is: records of one ``subject``, or of one ``class``.
    how
        ``whole`` or ``stratified``.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd edition, theorem 5.3. Johnson, D. S. (1973),
    Near-optimal bin packing algorithms, thesis, MIT; the bound: Dósa, G. (2007), The tight bound of
    first fit decreasing bin-packing algorithm is FFD(I) ≤ 11/9·OPT(I) + 6/9, ESCAPE, LNCS 4614.
    """

    copies = False

    batch_size: Count = 32
    by: Literal["subject", "class"] = "subject"
    how: Literal["whole", "stratified"] = "whole"

    spaces: ClassVar[Mapping[str, Space]] = {
        "batch_size": BATCH_SIZE,
    }

    def bind(self, groups: Callable[[str], NDArray[Any] | None]) -> Self:
        """Return the same sampler with the group of each record."""
        bound = dataclasses.replace(self)
        bound.__dict__["groups"] = groups(self.by)
        return bound

    @cached_property
    def groups(self) -> NDArray[Any] | None:
        """The group of each record, shape (n,); None where it is not known."""
        return None

    def mistake(self, records: int) -> str | None:
        """Return a message where groups are not known, or a minibatch is larger than the data."""
        if self.groups is None:
            return f"their {self.by} is not known; choose another value of by, or another sampler"
        if len(self.groups) != records:
            return f"found a {self.by} for {len(self.groups)}; expected one for each"
        if self.batch_size > records:
            return (
                f"batch_size {self.batch_size} is more; expected at most {records}, or the "
                "sampler full"
            )
        return None

    def steps_per_epoch(self, records: int) -> int:
        """Return how many minibatches the groups fill; stratified, n/B, rounded up."""
        if self.how == "stratified":
            return -(-records // self.batch_size)
        return int(self._places.max()) + 1

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return the epoch's minibatches, in random order."""
        random, count = seeds.generator(epoch), self.steps_per_epoch(records)
        minibatches = random.permutation(count)
        if self.how == "stratified":
            order = self._together(random.permutation(len(self._sizes)), random)
            return [order[first::count] for first in minibatches]
        shuffled = random.permutation(len(self._sizes))
        by_size = shuffled[np.argsort(-self._sizes[shuffled], kind="stable")]
        place = np.empty_like(by_size)
        place[by_size] = minibatches[self._places]
        order = self._together(place, random)
        ends = np.cumsum(np.bincount(place, self._sizes, count).astype(np.intp))
        return np.split(order, ends[:-1])

    def _together(self, rank: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
        """Return all records by the ranks of their groups, those of one rank in random order."""
        order = random.permutation(len(self._codes))
        return order[np.argsort(rank[self._codes[order]], kind="stable")]

    @cached_property
    def _codes(self) -> NDArray[np.intp]:
        """The group of each record as a number from 0."""
        if self.groups is None:
            raise UsageError(
                f"grouped: the {self.by} of the records is not known; bind the sampler to a "
                "problem that knows it"
            )
        return np.unique(self.groups, return_inverse=True)[1]

    @cached_property
    def _sizes(self) -> NDArray[np.intp]:
        """How many records each group has."""
        return np.bincount(self._codes)

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """The minibatch of each group by first-fit decreasing, from the largest group on."""
        room = np.zeros(0, np.intp)
        places = []
        sizes, counts = np.unique(self._sizes, return_counts=True)
        for size, count in zip(sizes[::-1], counts[::-1], strict=True):
            capacity = max(self.batch_size, size)
            missing = max(0, count - (room // size).sum())
            room = np.append(room, np.full(-(-missing // (capacity // size)), capacity))
            fits = room // size
            before = np.cumsum(fits) - fits
            taken = np.clip(count - before, 0, fits)
            room -= taken * size
            places.append(np.repeat(np.arange(len(room)), taken))
        return np.concatenate(places)
