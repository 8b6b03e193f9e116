"""A study: optimizers × problems × samplers × seeds with a budget, and the plan of its trials."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from optframe.components.binder import Binder
from optframe.components.importing import TYPED, Imports
from optframe.components.notation import format_value
from optframe.components.parameters import accept
from optframe.components.registry import Registry
from optframe.contracts.trial import (
    SeedCount,
    StudySeed,
    Trial,
)
from optframe.errors import UsageError
from optframe.given_files import content_of, expanded, parsed_toml
from optframe.study.planning import Planner
from optframe.study.settings import RunSettings
from optframe.study.tables import read
from optframe.study.tune import TuneSettings

__all__ = ["Study", "plan"]

LARGEST_FILE = 2**24
"""The most bytes of a study file."""


@dataclass(frozen=True)
class Study:
    """Optimizers, problems, samplers and seeds, all combinations of which are run with a budget.

    `Study.from_file` reads one from a study file. ``optimizers``, ``problems`` and ``samplers`` are
    names in the short notation, tables as in a study file, or objects; a list of values is a grid.
    ``budget`` is a `Budget` or a table. ``seed`` is the study seed, and ``seeds`` the number of
    runs of each combination (one if nothing is random). Reports compare by ``cost``, by default
    work, and judge by ``metric``, by default the validation loss where there is one, else f − f* or
    the loss. ``tune`` is a table ``[tune]``, which makes it tune its optimizers first. ``where``
    begins each message.

    Examples
    --------
    >>> import optframe
    >>> study = optframe.Study("demo", {"steps": 9}, ["adam:lr=[0.01,0.1]"], ["rosenbrock"])
    >>> len(study.trials(optframe.load_plugins()))
    2
    """

    name: str
    budget: Any
    optimizers: Iterable[Any]
    problems: Iterable[Any]
    samplers: Iterable[Any] = ("shuffled",)
    seed: StudySeed = 0
    seeds: SeedCount = 1
    start: Literal["standard", "random"] = "standard"
    dtype: Literal["float32", "float64"] | None = None
    cost: str | None = None
    metric: str | None = None
    run: RunSettings = field(default_factory=RunSettings)
    tune: TuneSettings | Mapping[str, Any] | None = None
    where: str = ""
    mistakes: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """What is not as in its file, but for the table [run]: the report names it."""

    @classmethod
    def from_file(
        cls, path: str | Path, changes: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Study:
        """Read a study file; ``changes`` overrides entries of its tables by their names.

        ``{"tune": {"trials": 40}}`` replaces ``trials`` in its table ``[tune]``, and adds one if it
        has none.

        Raises
        ------
        UsageError
            If the file cannot be read or is not TOML. Other mistakes are reported when the study
            is planned.
        """
        path = expanded(path)
        try:
            tables = parsed_toml(content_of(path, LARGEST_FILE).decode("utf-8-sig"))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}") from error
        except ValueError as error:
            raise UsageError(f"{path}: not a TOML file: {error}") from error
        changed: list[str] = []
        for name, own in (changes or {}).items():
            table = tables.get(name, {})
            if own and isinstance(table, dict):
                tables[name] = {**table, **own}
                changed += [f"[{name}] {key} = {format_value(own[key])}" for key in own]
        made = cls.from_tables(tables, str(path))
        return dataclasses.replace(made, changed=tuple(c for c in changed if c[:5] != "[run]"))

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], where: str) -> Study:
        """Make a study from the tables of a file; ``where`` begins each message about it.

        Mistakes are stored in ``mistakes``. They are reported when the study is planned, together
        with those in the components.
        """
        return cls(**read(tables, where))

    @property
    def imports(self) -> Imports:
        """Where the modules that it names may lie: anywhere, unless it was read from a file."""
        if not Path(self.where).is_file():
            return TYPED
        return Imports(not_from=(str(Path(self.where).resolve().parent), os.getcwd()))

    @property
    def tuning(self) -> TuneSettings | None:
        """The valid entries of ``tune``; None for a study that does not tune."""
        if self.tune is None or isinstance(self.tune, TuneSettings):
            return self.tune
        if not isinstance(self.tune, Mapping):  # a mistake, which planning reports
            return TuneSettings()
        return TuneSettings(**accept(TuneSettings, self.tune, "")[0])

    @property
    def folder(self) -> Path:
        """The results folder, unless another one is given: ``results/<name>``."""
        return Path("results") / (re.sub(r"[^\w-]+", "-", self.name).strip("-") or "study")

    def trials(self, registry: Registry) -> list[Trial]:
        """Return the planned trials, in a fixed order.

        Raises
        ------
        UsageError
            If the study has mistakes; the message has one line for each. If it tunes: which trials
            there are then follows from how they end.
        UnavailableError
            If its backend cannot run on this machine.
        """
        return plan(self, registry)


def plan(
    study: Study, registry: Registry, binder: Binder | None = None, *, keyed: bool = True
) -> list[Trial]:
    """Return the study's trials: problems, then samplers, then optimizers, then seeds.

    Without ``keyed`` the components' code is not hashed, which is most of the work for one trial:
    the trials can be run, but their keys cannot be used in a store.
    The `UsageError` is raised from the exception of a problem, where one raised it.
    """
    with registry.importing(study.imports):
        planner = Planner(study, registry, binder or Binder(registry), keyed)
        trials = planner.trials()
    planner.check()
    return trials
