"""The tables of a study file: what they hold, and what is wrong with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge

from optframe.components.parameters import accept, mistakes_in
from optframe.errors import nearest
from optframe.study.study import Budget, Checkpoints, RunSettings, Study

__all__ = ["StudyTable", "mistakes_of", "read"]

TABLES = ("study", "run", "optimizer", "problem", "sampler")


@dataclass(frozen=True)
class StudyTable:
    """The table ``[study]``."""

    name: str
    seed: Annotated[int, Ge(0)]
    seeds: Annotated[int, Ge(1)]
    start: Literal["standard", "random"]
    budget: dict[str, Any] | None = None
    dtype: Literal["float32", "float64"] | None = None


def read(tables: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the fields of a `Study`; what is wrong is left out and said in ``mistakes``."""
    mistakes = [
        f"{where}: unknown table [{name}]; {nearest(name, TABLES)}"
        for name in tables
        if name not in TABLES
    ]
    parts: dict[str, Any] = {}
    for name in TABLES:
        expected: type = dict if name in ("study", "run") else list
        parts[name] = tables.get(name, expected())
        if not isinstance(parts[name], expected):
            brackets = f"[{name}]" if expected is dict else f"[[{name}]]"
            mistakes.append(f"{where}: {name} is not written as {brackets}")
            parts[name] = expected()
        elif name in ("optimizer", "problem") and not parts[name]:
            mistakes.append(f"{where}: the study has no [[{name}]]; add at least one")
    fields = {"name": Path(where).stem, "seed": 0, "seeds": 1, "start": "standard", "budget": None}
    study, wrong = accept(StudyTable, {**fields, **parts["study"]}, f"{where}: [study]")
    run, wrong_run = accept(RunSettings, parts["run"], f"{where}: [run]")
    return {
        **fields,
        **study,
        "optimizers": tuple(parts["optimizer"]),
        "problems": tuple(parts["problem"]),
        "samplers": tuple(parts["sampler"]) or ("shuffled",),
        "run": RunSettings(**run),
        "where": where,
        "mistakes": (*mistakes, *wrong, *wrong_run),
    }


def mistakes_of(study: Study) -> list[str]:
    """Return what is wrong with a study apart from its components, made in Python or read."""
    prefix = f"{study.where}: " if study.where else ""
    names = [field.name for field in dataclasses.fields(StudyTable) if field.name != "budget"]
    given = {name: getattr(study, name) for name in names}
    mistakes = mistakes_in(StudyTable, given, f"{prefix}[study]")
    wrong = mistakes_in(RunSettings, dataclasses.asdict(study.run), f"{prefix}[run]")
    if isinstance(study.budget, Mapping):
        wrong += mistakes_in(Budget, study.budget, f"{prefix}[study] budget")
    marks = study.run.checkpoints
    if isinstance(marks, Mapping):
        wrong += mistakes_in(Checkpoints, marks, f"{prefix}[run] checkpoints")
    return [*study.mistakes, *mistakes, *wrong]
