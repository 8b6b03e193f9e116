"""One tuning: the search of one contender on one problem with one sampler, in one repetition."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from optframe.components.places import fixed
from optframe.components.tuned import with_setting
from optframe.contracts.trial import Trial, canonical
from optframe.contracts.tuner import Tried
from optframe.errors import OptframeError, PluginError, described
from optframe.statistics.tuning import Choosing
from optframe.study.parts import Part
from optframe.study.planning import Planner

__all__ = ["Setting", "Tuning", "seed_of"]

Setting = dict[str, Any]
"""A value for each tuned field, as it was drawn: without the factor of ``times``."""


@dataclass(eq=False)
class Tuning:
    """The search of one contender: what was proposed so far, and what came out.

    ``how`` values its settings. ``rounds`` are the proposals, as the store keeps them. ``winner``
    is the number of the setting that was chosen, and ``reason`` why none was.
    """

    part: Part
    study: int
    how: Choosing
    planner: Planner
    rounds: list[list[Setting]] = field(default_factory=list)
    closed: bool = False
    winner: int | None = None
    reason: str = ""
    _firsts: dict[str, Trial] = field(default_factory=dict)
    _made: dict[int, tuple[list[Setting], list[Trial]]] = field(default_factory=dict)

    @property
    def name(self) -> tuple[str, str, str, int]:
        """Contender, problem, sampler and study: no two tunings of a plan have the same."""
        return (*self.part.names, self.study)

    @property
    def trials(self) -> int:
        """The number of settings that it may try."""
        assert self.part.search is not None
        return self.part.search.trials_of(self.study)

    @property
    def seed(self) -> int:
        """What the tuner draws from."""
        return seed_of(self.part, self.study, self.planner.study.seed)

    @property
    def settings(self) -> list[Setting]:
        """The proposed settings by their numbers."""
        return [setting for one in self.rounds for setting in one]

    def tuner(self) -> dict[str, Any]:
        """Return how settings are proposed and chosen, as the store keeps it."""
        search = self.part.search
        assert search is not None
        asked, kind = search.settings, type(search.tuner)
        return {
            "name": search.tuner_name,
            "protocol": search.protocol_name,
            "trials": self.trials,
            "studies": asked.studies,
            "seeds": self.part.tuning_seeds,
            "metric": self.how.metric,
            "at": self.how.at,
            "average": self.how.average,
            "target": self.how.target,
            "cost": self.how.cost,
            "confirm": self.confirmed,
            "confirm_seeds": asked.confirm_seeds,
            "round": asked.round if kind.adaptive else None,
            "adaptive": kind.adaptive,
            "exchangeable": kind.exchangeable,
        }

    @property
    def confirmed(self) -> int:
        """How many settings run on further seeds: none where seeds change nothing."""
        assert self.part.search is not None
        return 0 if self.part.once else self.part.search.settings.confirm

    @property
    def loss(self) -> str:
        """Say that none of its settings could be chosen, and why."""
        contender, problem, _, study = self.name
        again = f" in study {study}" if study else ""
        return f"{contender} on {problem}{again} is lost: {self.reason}"

    def row(self) -> dict[str, Any]:
        """Return its row of the store's table."""
        contender, problem, sampler, study = self.name
        winner = None
        if self.winner is not None:
            winner = {"number": self.winner, "setting": self.values(self.winner)}
        return {
            "contender": contender,
            "problem": problem,
            "sampler": sampler,
            "study": study,
            "space": dict(self.part.spaces),
            "tuner": self.tuner(),
            "seed": self.seed,
            "closed": self.closed,
            "winner": winner,
            "reason": self.reason,
            "proposals": self.rounds,
        }

    def values(self, number: int) -> Setting:
        """Return the values of a setting in the component, products of ``times`` included."""
        part, setting = self.part, self._setting(number)
        found: Setting = {}
        for kind, choice in (("optimizers", part.optimizer), ("samplers", part.sampler)):
            if choice is not None:
                table = with_setting(choice.table, setting, choice.spaces, kind)
                found |= {name: fixed(table, kind, name) for name in choice.spaces}
        return found

    def propose(self, values: Mapping[int, float]) -> list[Setting]:
        """Return the settings of the next round; an empty list ends the search.

        ``values`` are those of the settings so far, by number.

        Raises
        ------
        ValueError
            If the space and the number of trials do not fit the tuner.
        PluginError
            If it raises anything else, or proposes other fields.
        """
        settings = self.settings
        left = self.trials - len(settings)
        if left <= 0:
            return []
        firsts = self.numbers()
        history = [
            Tried(dict(setting), values.get(firsts[n], float("inf")))
            for n, setting in enumerate(settings)
        ]
        assert self.part.search is not None
        spaces = {name: replace(space, times=None) for name, space in self.part.spaces.items()}
        who = f"tuner {self.part.search.tuner_name!r}"
        try:
            asked = self.part.search.tuner.ask(spaces, history, self.trials, self.seed)
            found = [dict(setting) for setting in asked][:left]
        except OptframeError:
            raise
        except Exception as error:
            if isinstance(error, ValueError) and not settings:
                raise  # space and trials do not fit it
            raise PluginError(f"{who}: ask raised {described(error)}") from error
        for setting in found:
            if set(setting) != set(spaces):
                raise PluginError(
                    f"{who}: proposed {', '.join(map(str, setting)) or 'nothing'}; expected a "
                    f"value for each of {', '.join(spaces)}"
                )
        return found

    def numbers(self) -> list[int]:
        """Return for each setting the number of the first one that is equal: it runs once."""
        firsts: dict[str, int] = {}
        return [firsts.setdefault(canonical(s), n) for n, s in enumerate(self.settings)]

    def of_round(self, number: int) -> list[Trial]:
        """Return the trials of a round; settings that were proposed before are not run again."""
        settings = self.rounds[number]
        made, trials = self._made.get(number, (None, []))
        if made is not settings:  # trials are hashed once, which takes longer than to make them
            begin, firsts = sum(map(len, self.rounds[:number])), self.numbers()
            places = range(begin, begin + len(settings))
            seeds = range(self.part.tuning_seeds)
            new = [place for place in places if firsts[place] == place]
            trials = [trial for place in new for trial in self._of(place, number, seeds)]
            self._made[number] = settings, trials
        return trials

    def of_all(self) -> Iterator[Trial]:
        """Yield the trials of all rounds so far."""
        for number in range(len(self.rounds)):
            yield from self.of_round(number)

    def confirming(self, numbers: Sequence[int]) -> Iterator[Trial]:
        """Yield the trials that run the best settings on further seeds."""
        assert self.part.search is not None
        first = self.part.tuning_seeds
        more = range(first, first + self.part.search.settings.confirm_seeds)
        for number in sorted(numbers):
            yield from self._of(number, len(self.rounds), more)

    def final(self) -> Iterator[Trial]:
        """Yield the judged trials of the winner, on its own share of the seeds."""
        if self.winner is None or self.part.search is None:
            return
        one = self.first(self.winner)
        share = self.part.judged_seeds
        for seed in range(self.study * share, (self.study + 1) * share):
            judged = one.but(seed=seed, study=self.study, number=self.winner)
            yield self.planner.own(judged)

    def refused(self) -> list[str]:
        """Return why settings cannot run, for each one that cannot, in order."""
        firsts = (self.first(number).skip for number in range(len(self.settings)))
        return [skip for skip in firsts if skip is not None]

    def first(self, number: int) -> Trial:
        """Return the first judged trial of a setting."""
        setting = self._setting(number)
        key = canonical(setting)
        if key not in self._firsts:
            self._firsts[key] = self.planner.at_setting(self.part, setting)
        return self._firsts[key]

    def _of(self, number: int, round: int, seeds: range) -> Iterator[Trial]:
        one, study = self.first(number), self.study
        for seed in seeds:
            tried = one.but(seed=seed, stage="tune", study=study, number=number, round=round)
            yield self.planner.own(tried)

    def _setting(self, number: int) -> Setting:
        """Return one of `settings`, which would take as long for each as there are settings."""
        for one in self.rounds:
            if number < len(one):
                return one[number]
            number -= len(one)
        raise IndexError(number)


def seed_of(part: Part, study: int, study_seed: int) -> int:
    """Return what the proposals on a problem are drawn from.

    It is the same for all contenders, so that equal spaces get equal settings, and another one for
    each problem and study.
    """
    problem = part.problem.component
    asked = {"": [study_seed, problem.name, problem.parameters, study]}
    return int(hashlib.sha256(canonical(asked).encode()).hexdigest()[:16], 16) >> 1
