"""The table [tune] of a study file: how hyperparameters are searched, and what a protocol says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge

from optframe.components.notation import parse, write
from optframe.components.parameters import accept, parameters
from optframe.components.registry import Registry
from optframe.contracts.protocol import Protocol
from optframe.contracts.trial import AtLeastOne, SeedCount
from optframe.contracts.tuner import Tuner
from optframe.errors import UsageError, nearest

__all__ = ["TRIALS", "Search", "TuneSettings", "combined", "search_of"]

TRIALS = 20
"""The settings that are tried where neither the study nor its protocol says how many."""

SHARED = {
    "optimizers": ("studies", "round"),
    "problems": ("studies", "round", "fields", "protocol"),
}
"""What all contenders, or all problems, have in common, so that their tables do not give it."""

Fields = Annotated[str | tuple[str, ...], '"lr", "all", or a list of names of fields']


@dataclass(frozen=True)
class TuneSettings:
    """How a study tunes: the table ``[tune]``.

    Each contender gets the same number of trials for each problem and sampler. The setting that
    was best on tuning seeds runs on the study's own ``seeds``, which are others, and only these
    runs are judged.

    Parameters
    ----------
    protocol
        A tuner or a protocol, in the short notation or as a table: ``"random"``, ``"sobol"``,
        ``"grid:points=9"``, ``"deepobs"``. What is given beside it replaces what it says.
    trials
        The number of settings that are tried in all; by default the protocol's, or 20.
    studies
        Into how many independent searches the trials are split. The winner of each runs on its own
        share of the seeds.
    seeds
        The number of runs of each setting; by default the protocol's, else 3 where starts or
        instances are drawn, and 1 elsewhere.
    fields
        What is tuned of a contender that gives no space: ``"lr"`` is its learning rate, ``"all"``
        each field with a declared space that it does not give, and a list names such fields.
    metric
        The metric that chooses; by default the cost to the target where one is set, else the
        study's metric, else the validation loss where there is one, else f − f* or the loss.
    at
        Whether a run counts by its ``"end"`` or by its ``"best"`` checkpoint; by default the
        protocol's, else the end.
    average
        The average over the runs of a setting: ``"median"`` or ``"mean"``.
    confirm
        How many of the best settings run on further seeds before one is chosen; 0 is none.
    confirm_seeds
        The number of these seeds.
    round
        How many settings an adaptive tuner proposes at a time.
    """

    protocol: Annotated[str | dict[str, Any], "a tuner or a protocol, as 'random'"] = "random"
    trials: SeedCount | None = None
    studies: AtLeastOne = 1
    seeds: SeedCount | None = None
    fields: Fields = "lr"
    metric: str | None = None
    at: Literal["end", "best"] | None = None
    average: Literal["median", "mean"] = "median"
    confirm: Annotated[int, Ge(0)] = 0
    confirm_seeds: SeedCount = 3
    round: AtLeastOne = 8


@dataclass(frozen=True)
class Search:
    """The tuning of one contender on one problem: its settings, and what its protocol fills in."""

    settings: TuneSettings
    tuner: Tuner
    tuner_name: str
    """The tuner in the short notation."""
    protocol: Protocol | None
    protocol_name: str | None
    """The protocol in the short notation; None if a tuner was named."""

    @property
    def trials(self) -> int:
        """The settings that are tried in all studies together."""
        own = self.protocol.trials if self.protocol is not None else TRIALS
        return self.settings.trials or own

    @property
    def at(self) -> str:
        """Whether a run counts by its end or by its best checkpoint."""
        return self.settings.at or (self.protocol.at if self.protocol is not None else "end")

    def trials_of(self, study: int) -> int:
        """Return the settings that one of the studies tries."""
        each, more = divmod(self.trials, self.settings.studies)
        return each + (study < more)

    def seeds(self, drawn: bool) -> int:
        """Return the runs of each setting; ``drawn`` is whether starts or instances are."""
        own = self.protocol.tuning_seeds if self.protocol is not None else None
        return self.settings.seeds or own or (3 if drawn else 1)

    def final_seeds(self, seeds: int) -> int:
        """Return the runs of each winner; a study with one seed leaves it to the protocol."""
        own = self.protocol.final_seeds if self.protocol is not None else None
        return own if own is not None and seeds == 1 else seeds

    def metric(self, measured: Mapping[str, float]) -> str | None:
        """Return the metric that is named and measured by a problem; None is the default."""
        names = self.protocol.metric if self.protocol is not None else ()
        found = next((name for name in names if name in measured or name == "gap"), None)
        return self.settings.metric or found


def combined(given: TuneSettings, tables: Mapping[str, Any], mistakes: list[str]) -> TuneSettings:
    """Return the settings with what tables say themselves.

    ``tables`` has the kind and the table by its place. A later table replaces what an earlier one
    says. What is wrong is added to ``mistakes``.
    """
    for where, (kind, table) in tables.items():
        if not isinstance(table, Mapping):
            mistakes.append(f"{where}: expected a table such as {{ trials = 40 }}, found {table!r}")
            continue
        shared = [name for name in SHARED[kind] if name in table]
        mistakes += [
            f"{where}: {name} is the same for all {kind}; expected in the table [tune]"
            for name in shared
        ]
        own = {name: value for name, value in table.items() if name not in shared}
        values, wrong = accept(TuneSettings, own, where)
        mistakes += wrong
        given = dataclasses.replace(given, **values)
    return given


def search_of(settings: TuneSettings, registry: Registry, where: str) -> Search:
    """Return the search of these settings.

    Raises
    ------
    UsageError
        If no tuner or protocol has the name, it is not made with these parameters, or there are
        fewer trials than studies.
    """
    asked = settings.protocol
    table = parse(asked) if isinstance(asked, str) else dict(asked)
    at = f"{where}: protocol"
    name = table.pop("name", None)
    if not isinstance(name, str) or "wrap" in table:
        raise UsageError(f"{at}: expected the name of a tuner or a protocol, found {asked!r}")
    known = {kind: registry.names(kind) for kind in ("protocols", "tuners")}
    own: Protocol | None = None
    notation = None
    if name in known["protocols"]:
        own = registry.make("protocols", name, table, f"{at} {name}")
        notation = write({"name": name, **table})
        table = parse(own.tuner)
        name = table.pop("name")
    elif name not in known["tuners"] and not any(mark in name for mark in ".:"):
        every = [*known["protocols"], *known["tuners"]]
        raise UsageError(f"{at}: unknown protocol {name!r}; {nearest(name, every)}")
    fields = parameters(registry.load("tuners", name, at))
    rounds = {"round": settings.round} if "round" in fields and "round" not in table else {}
    tuner: Tuner = registry.make("tuners", name, {**table, **rounds}, f"{at} {name}")
    search = Search(settings, tuner, write({"name": name, **table}), own, notation)
    if tuner.deterministic and settings.studies > 1:
        raise UsageError(
            f"{where}: studies: found {settings.studies}, but {name} proposes the same settings in "
            "each; expected 1, or another tuner"
        )
    if search.trials < settings.studies:
        raise UsageError(
            f"{where}: found {search.trials} trials for {settings.studies} studies, expected at "
            "least one for each"
        )
    return search
