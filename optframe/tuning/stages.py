"""The stages of a study that tunes: which trials run next follows from what the store holds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optframe.components.binder import Binder
from optframe.components.registry import Registry
from optframe.contracts.costs import DEFAULT
from optframe.contracts.trial import Trial, canonical, trial_name
from optframe.errors import UsageError, printable
from optframe.statistics.tuning import Choosing, check_choice, choose, tried
from optframe.store.writer import Store
from optframe.study.pairing import namesakes
from optframe.study.parts import Part
from optframe.study.planning import Planner
from optframe.study.study import Study
from optframe.tuning.begun import begun
from optframe.tuning.extent import Extent, extent_of
from optframe.tuning.tuning import Tuning

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Round", "Stages"]


@dataclass(frozen=True)
class Round:
    """Trials that are planned together, and the keys of those that are still to be run.

    ``repeated`` is how many of the study's trials are in it twice.
    """

    trials: Sequence[Trial]
    missing: set[str]
    repeated: int = 0


class Stages:
    """Plans a study that tunes, round by round, from its store.

    A round has the settings that the tuners of all contenders and problems propose together. When
    no tuner proposes more, the best settings run on further seeds, if the study asks for that. Then
    a winner is chosen for each contender, problem, sampler and study, and all winners run on the
    seeds that are judged, with the contenders that have nothing to tune.

    Parameters
    ----------
    study
        A study with a table [tune].
    registry, binder
        As for `optframe.study.study.plan`.
    keyed
        Whether the components' code is hashed, which the keys in a store need.

    Raises
    ------
    UsageError
        If the study has mistakes; the message has one line for each.
    UnavailableError
        If its backend, or the package of its tuner, is not on this machine.
    """

    def __init__(
        self, study: Study, registry: Registry, binder: Binder | None = None, *, keyed: bool = True
    ) -> None:
        self._study = study
        with registry.importing(study.imports):
            self.planner = Planner(study, registry, binder or Binder(registry), keyed)
            self._parts = self.planner.parts()
            fixed = [part for part in self._parts if part.search is None]
            self._judged = {
                id(part): [self.planner.own(trial) for trial in self.planner.trials_of(part)]
                for part in fixed
            }
            self.tunings = self._tunings(part for part in self._parts if part.search is not None)
            if not self.planner.mistakes:
                self._check()
        self.planner.check()
        self.lost: list[str] = []
        """What was found of contenders none of whose settings could be chosen."""

    @property
    def extent(self) -> Extent:
        """How many trials there will be at most, and what is tuned."""
        return extent_of(self._parts)

    def samples(self) -> Iterator[tuple[Part, list[Trial]]]:
        """Yield each contender on each problem, with trials like those that will run."""
        searches = {id(one.part): one for one in reversed(self.tunings)}
        for part in self._parts:
            own = self._judged.get(id(part))
            yield part, [*searches[id(part)].of_round(0)] if own is None else own

    @property
    def untuned(self) -> list[str]:
        """The contenders that have nothing to tune."""
        return list(dict.fromkeys(p.names[0] for p in self._parts if id(p) in self._judged))

    def _nothing(self) -> list[str]:
        """Say which contenders have nothing to tune."""
        names = self.untuned
        if not names:
            return []
        if len(names) == 1:
            return [f"{names[0]} has nothing to tune: it runs with its one setting"]
        return [f"{', '.join(names)} have nothing to tune: each runs with its one setting"]

    def rounds(
        self, store: Store, about: Mapping[str, Any], retry: bool = False
    ) -> Iterator[Round]:
        """Yield each round of trials, after the last one has run.

        ``about`` describes the study in the store. ``retry`` runs the trials again that failed,
        crashed or timed out, also of tunings that have a winner, which may become another one.

        Proposals are stored in the transaction that plans their trials, so that a study that was
        killed goes on with them.
        """
        notes, changes = begun(self.tunings, store.tunings())
        for one in self.tunings if retry else ():
            one.closed, one.winner, one.reason = False, None, ""
        known = _once(trial for n in range(self._most()) for trial in self._of_round(n))
        store.plan(known, about)
        missing = store.extend(known, self._rows())
        reopened = self._reopen(missing)
        if changes is None and reopened:
            changes = (
                f"{reopened} of {len(self.tunings)} searches run again, since their trials are "
                "others now: of another budget, or of other code"
            )
        if changes is not None:
            valid = sum(trial.key not in missing for trial in known)
            what = f"{valid} of {len(known)} tuning trials are in the store"
            notes.append(f"{changes}; {what}, and {store.apart()} others are kept apart")
        for note in (*notes, *self._nothing()):
            _print(note)
        yield Round(known, missing)
        while proposed := self._proposed(store):
            yield self._extended(store, proposed)
        if any(one.confirmed for one in self.tunings):
            yield self._extended(store, self._confirming(_by_key(store)))
        if not all(one.closed for one in self.tunings):
            self._close(_by_key(store))
        self.lost = [one.loss for one in self.tunings if one.winner is None]
        yield self._extended(store, self._final(), repeats=True)

    def first(self) -> list[Trial]:
        """Return the trials that are known before any has run."""
        judged = [trial for trials in self._judged.values() for trial in trials]
        return _once([*self._of_round(0), *judged])

    def _final(self) -> list[Trial]:
        """Return the judged trials, in the study's order."""
        winners: dict[int, list[Trial]] = {}
        for one in self.tunings:
            winners.setdefault(id(one.part), []).extend(one.final())
        found = self._judged | winners
        return [trial for part in self._parts for trial in found.get(id(part), ())]

    def _tunings(self, parts: Iterable[Part]) -> list[Tuning]:
        """Return the tunings of all parts and studies, each name once."""
        found: dict[tuple[str, str, str, int], Tuning] = {}
        for part in parts:
            search = part.search
            assert search is not None
            cost = self._study.cost or DEFAULT
            try:
                target = part.target is not None
                check_choice(part.target)
                how = Choosing(part.metric, search.at, search.settings.average, target, cost)  # type: ignore[arg-type]
            except UsageError as error:
                where = f"{self.planner.prefix}[tune] "
                self.planner.mistakes += [where + mistake for mistake in error.mistakes]
                continue
            for number in range(search.settings.studies):
                one = Tuning(part, number, how, self.planner)
                found.setdefault(one.name, one)
        return list(found.values())

    def _check(self) -> None:
        """Find the mistakes of tuners, and of the settings that they propose first."""
        where = f"{self.planner.prefix}[tune] protocol"
        for one in self.tunings:
            try:
                one.rounds = [one.propose({})]
                skips = one.refused()
                if skips and len(skips) == len(one.settings):
                    self.planner.mistakes.append(
                        f"{one.part.optimizer.where}: each of the first {len(skips)} settings that "
                        f"would be tried is {skips[0]}"
                    )
            except ValueError as error:
                self.planner.mistakes.append(f"{where}: {error}")
            except UsageError as error:
                self.planner.mistakes += error.mistakes
        if not self.planner.mistakes:
            self.planner.mistakes += self._copies()
        if not self.planner.mistakes and self.planner.keyed:
            judged = [trial for trials in self._judged.values() for trial in trials]
            lines = namesakes([*judged, *self._of_round(0)])
            self.planner.mistakes += [self.planner.prefix + line for line in lines]

    def _copies(self) -> Iterator[str]:
        """Say which contenders would try the same settings in the same way."""
        found: dict[tuple[str, ...], str] = {}
        for one in self.tunings:
            if one.study or not one.settings:
                continue
            spaces = [[name, space.table] for name, space in one.part.spaces.items()]
            same = canonical({"space": spaces, "tuner": one.tuner()})
            contender, problem, sampler, _ = one.name
            other = found.setdefault((one.first(0).key, same, problem, sampler), contender)
            if other != contender:
                yield (
                    f"{self.planner.prefix}[tune]: {other!r} and {contender!r} are the same "
                    f"optimizer with the same space on {problem!r}, and would try the same "
                    "settings; leave one out, or give one of them another space"
                )

    def _most(self) -> int:
        return max((len(one.rounds) for one in self.tunings), default=0)

    def _of_round(self, number: int) -> Iterator[Trial]:
        for one in self.tunings:
            if number < len(one.rounds):
                yield from one.of_round(number)

    def _rows(self) -> list[dict[str, Any]]:
        return [one.row() for one in self.tunings]

    def _reopen(self, missing: set[str]) -> int:
        """Open the tunings again whose trials are not all there, and return how many they are."""
        reopened = 0
        for one in self.tunings:
            if one.closed and any(trial.key in missing for trial in one.of_all()):
                one.closed, one.winner, one.reason = False, None, ""
                reopened += 1
        return reopened

    def _extended(self, store: Store, asked: Sequence[Trial], repeats: bool = False) -> Round:
        trials = _once(asked)
        missing = store.extend(trials, self._rows())
        return Round(trials, missing, len(asked) - len(trials) if repeats else 0)

    def _proposed(self, store: Store) -> list[Trial]:
        """Let each tuner propose its next round, and return the trials."""
        frame: pd.DataFrame | None = None
        asked: list[Tuning] = []
        for one in self.tunings:
            if one.closed or len(one.settings) >= one.trials:
                continue
            frame = _by_key(store) if frame is None else frame
            order = tried(_runs_of(one.of_all(), frame), one.how)
            values = dict(zip(order["number"], order["value"], strict=True))
            settings = one.propose({int(n): float(v) for n, v in values.items()})
            if settings:
                one.rounds.append(settings)
                asked.append(one)
        return [trial for one in asked for trial in one.of_round(len(one.rounds) - 1)]

    def _confirming(self, frame: pd.DataFrame) -> list[Trial]:
        """Return the runs on further seeds of the settings that were best on the first."""
        return [t for one in self.tunings for t in one.confirming(_best(one, frame))]

    def _close(self, frame: pd.DataFrame) -> None:
        """Choose the winner of each tuning that is not closed."""
        for one in self.tunings:
            if one.closed:
                continue
            trials = [*one.of_all(), *one.confirming(_best(one, frame))]
            chosen = choose(_runs_of(trials, frame), one.how)
            one.closed, one.winner, one.reason = True, chosen.number, chosen.reason
            refused = one.refused()
            if refused:
                name = trial_name(*one.name[:2])
                count = f"{len(refused)} of {len(one.settings)} settings did not run"
                _print(f"{name}: {count}, and were not chosen; the first was {refused[0]}")
            if one.winner is None:
                _print(one.loss)


def _best(one: Tuning, frame: pd.DataFrame) -> list[int]:
    """Return the numbers of the settings to confirm: the best on the first seeds."""
    if not one.confirmed:
        return []
    order = tried(_runs_of(one.of_all(), frame), one.how)
    return [int(number) for number in order["number"].iloc[: one.confirmed]]


def _once(trials: Any) -> list[Trial]:
    """Return the trials with each key once."""
    return list({trial.key: trial for trial in trials}.values())


def _by_key(store: Store) -> pd.DataFrame:
    return store.tune_trials().set_index("key", drop=False)


def _runs_of(trials: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a tuning's trials, which another contender may have asked for, too."""
    own = {trial.key: trial.number for trial in trials}
    found = frame[frame.index.isin([*own])]
    numbered: pd.DataFrame = found.assign(number=[own[key] for key in found.index])
    return numbered.reset_index(drop=True)


def _print(line: str) -> None:
    print(f"optframe: {printable(line, '')}", file=sys.stderr)
