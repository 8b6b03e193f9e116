"""Finds the mistakes in a study's own tables, apart from those in its components."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from optframe.components.parameters import mistakes_in
from optframe.contracts.costs import OFFERED
from optframe.contracts.trial import Budget, Checkpoints
from optframe.errors import UsageError, nearest
from optframe.study.settings import RunSettings
from optframe.study.tables import StudyTable
from optframe.study.tune import TuneSettings

__all__ = ["mistakes_of"]


def mistakes_of(study: Any) -> list[str]:
    """Return the mistakes in an `optframe.Study`, apart from those in its components."""
    prefix = f"{study.where}: " if study.where else ""
    names = [field.name for field in dataclasses.fields(StudyTable) if field.name != "budget"]
    given = {name: getattr(study, name) for name in names}
    mistakes = mistakes_in(StudyTable, given, f"{prefix}[study]")
    if not isinstance(study.run, RunSettings):
        raise UsageError(f"{prefix}run: expected study.settings.RunSettings, found {study.run!r}")
    wrong = mistakes_in(RunSettings, dataclasses.asdict(study.run), f"{prefix}[run]")
    if isinstance(study.cost, str) and study.cost not in OFFERED:
        hint = nearest(study.cost, OFFERED)
        wrong.append(f"{prefix}[study] cost: unknown cost {study.cost!r}; {hint}")
    if isinstance(study.budget, Mapping):
        wrong += mistakes_in(Budget, study.budget, f"{prefix}[study] budget")
    marks = study.run.checkpoints
    if isinstance(marks, Mapping):
        wrong += mistakes_in(Checkpoints, marks, f"{prefix}[run] checkpoints")
    tune = vars(study.tune) if isinstance(study.tune, TuneSettings) else study.tune
    if isinstance(tune, Mapping):
        wrong += mistakes_in(TuneSettings, tune, f"{prefix}[tune]")
    elif tune is not None:
        wrong.append(f"{prefix}[tune]: expected a table such as {{ trials = 20 }}, found {tune!r}")
    return [*study.mistakes, *mistakes, *wrong]
