"""One contender on one problem with one sampler: what a study runs with several seeds, or tunes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from optframe.contracts import Problem
from optframe.contracts.space import Space
from optframe.contracts.trial import NO_SAMPLER
from optframe.study.choice import Choice
from optframe.study.tune import Search

__all__ = ["Part", "twice"]


@dataclass(frozen=True, eq=False)
class Part:
    """A contender on a problem with a sampler.

    ``seeds`` is the number of its judged runs. Without ``search`` nothing of it is tuned. With it,
    ``tuning_seeds`` is the number of runs of each setting, ``metric`` is what chooses (None is the
    default), and ``target`` the metric of the budget's target.
    """

    optimizer: Choice
    problem: Choice
    bound: Problem
    sampler: Choice | None
    seeds: int
    once: bool = False
    """Whether all seeds give the same run."""
    drawn: bool = False
    """Whether its starts or instances are drawn."""
    search: Search | None = None
    tuning_seeds: int = 1
    metric: str | None = None
    target: str | None = None

    @property
    def spaces(self) -> Mapping[str, Space]:
        """What is tuned, by the names of fields, in order."""
        own = {} if self.sampler is None else self.sampler.spaces
        return {**self.optimizer.spaces, **own}

    @property
    def names(self) -> tuple[str, str, str]:
        """What contender, problem and sampler are called together."""
        optimizer, sampler = self.optimizer, self.sampler
        drawn = NO_SAMPLER.label
        if sampler is not None:
            drawn = (sampler.spaces and sampler.contender) or sampler.component.label
        contender = optimizer.contender or optimizer.component.label
        return contender, self.problem.component.label, drawn

    @property
    def searching(self) -> int:
        """The most trials that search."""
        return 0 if self.search is None else self.search.trials * self.tuning_seeds

    @property
    def confirming(self) -> int:
        """The most trials that run the best settings on further seeds."""
        if self.search is None or self.once:
            return 0
        asked = self.search.settings
        tried = map(self.search.trials_of, range(asked.studies))
        return sum(min(asked.confirm, one) for one in tried) * asked.confirm_seeds

    @property
    def judged_seeds(self) -> int:
        """The number of judged runs of the winner of each study."""
        return self.seeds if self.search is None else -(-self.seeds // self.search.settings.studies)

    @property
    def judged(self) -> int:
        """The number of judged runs of all winners."""
        return self.judged_seeds * (1 if self.search is None else self.search.settings.studies)

    @property
    def runs(self) -> int:
        """The most trials of all stages."""
        return self.searching + self.confirming + self.judged


def twice(parts: list[Part]) -> list[str]:
    """Return a line for each name that two different contenders that are tuned have."""
    tables: dict[tuple[str, str, str], object] = {}
    lines = []
    for part in parts:
        own = part.optimizer.grid, part.sampler and part.sampler.grid
        if part.search is not None and tables.setdefault(part.names, own) != own:
            lines.append(
                f"two different contenders have the name {part.names[0]!r} on {part.names[1]!r}; "
                "give each of their tables its own label"
            )
    return lines
