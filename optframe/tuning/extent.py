"""What a study is going to run: how many trials of which stages, and what is tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optframe.contracts.space import Space
from optframe.study.parts import Part

__all__ = ["Extent", "extent_of"]


@dataclass(frozen=True)
class Extent:
    """The size of a study, before it runs.

    ``spaces`` has the spaces of each contender that is tuned, by its name, and ``untuned`` the
    other contenders. ``settings`` and ``seeds`` are those of each pair that is tuned: the settings
    that are tried, and the runs of each. ``confirming`` runs more of the best, ``final`` runs are
    judged. All are the most that there can be.
    """

    contenders: int
    problems: int
    cells: int
    """The problems, each counted for every sampler that it runs with."""
    pairs: int
    """The contenders on these."""
    settings: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()
    confirming: int = 0
    final: int = 0
    studies: int = 1
    tuners: tuple[str, ...] = ()
    """What proposes: tuners and protocols, in the short notation."""
    adaptive: bool = False
    spaces: Mapping[str, Mapping[str, Space]] | None = None
    untuned: tuple[str, ...] = ()

    @property
    def searching(self) -> int:
        """The trials that search, without those that confirm."""
        return sum(n * seeds for n, seeds in zip(self.settings, self.seeds, strict=True))

    @property
    def tuning(self) -> int:
        """The trials of the stage ``tune``."""
        return self.searching + self.confirming

    @property
    def trials(self) -> int:
        """The trials of all stages."""
        return self.tuning + self.final


def extent_of(parts: Sequence[Part]) -> Extent:
    """Return the extent of a study with these contenders on these problems."""
    tuned = [(part, part.search) for part in parts if part.search is not None]
    names = [part.names for part in parts]
    spaces = {part.names[0]: part.spaces for part, _ in tuned}
    searches = [search for _, search in tuned]
    return Extent(
        contenders=len({name for name, _, _ in names}),
        problems=len({name for _, name, _ in names}),
        cells=len({name[1:] for name in names}),
        pairs=len(parts),
        settings=tuple(search.trials for search in searches),
        seeds=tuple(part.tuning_seeds for part, _ in tuned),
        confirming=sum(part.confirming for part in parts),
        final=sum(part.judged for part in parts),
        studies=max((search.settings.studies for search in searches), default=1),
        tuners=tuple(dict.fromkeys(s.protocol_name or s.tuner_name for s in searches)),
        adaptive=any(search.tuner.adaptive for search in searches),
        spaces=spaces,
        untuned=tuple(dict.fromkeys(n[0] for n in names if n[0] not in spaces)),
    )
