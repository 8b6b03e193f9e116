"""Reads the tables of a study file into the fields of a `Study`, and collects mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from optframe.components.parameters import accept
from optframe.contracts.trial import SeedCount, StudySeed
from optframe.errors import nearest
from optframe.study.settings import RunSettings
from optframe.study.tune import TuneSettings

__all__ = ["StudyTable", "read"]

TABLES = ("study", "run", "tune", "optimizer", "problem", "sampler")


@dataclass(frozen=True)
class StudyTable:
    """The table ``[study]``."""

    name: str
    seed: StudySeed
    seeds: SeedCount
    start: Literal["standard", "random"]
    budget: dict[str, Any] | None = None
    dtype: Literal["float32", "float64"] | None = None
    cost: str | None = None
    metric: str | None = None


def read(tables: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the fields of a `Study`; wrong values are left out and reported in ``mistakes``."""
    mistakes = [
        f"{where}: unknown table [{name}]; {nearest(name, TABLES)}"
        for name in tables
        if name not in TABLES
    ]
    parts: dict[str, Any] = {}
    for name in TABLES:
        expected: type = dict if name in ("study", "run", "tune") else list
        parts[name] = tables.get(name, expected())
        if not isinstance(parts[name], expected):
            brackets = f"[{name}]" if expected is dict else f"[[{name}]]"
            mistakes.append(f"{where}: {name} is written in another form; write {brackets}")
            parts[name] = expected()
        elif name in ("optimizer", "problem") and not parts[name]:
            mistakes.append(f"{where}: the study has no [[{name}]]; add at least one")
    fields = {"name": Path(where).stem, "seed": 0, "seeds": 1, "start": "standard", "budget": None}
    study, wrong = accept(StudyTable, {**fields, **parts["study"]}, f"{where}: [study]")
    run, wrong_run = accept(RunSettings, parts["run"], f"{where}: [run]")
    tune, wrong_tune = accept(TuneSettings, parts["tune"], f"{where}: [tune]")
    return {
        **fields,
        **study,
        "optimizers": tuple(parts["optimizer"]),
        "problems": tuple(parts["problem"]),
        "samplers": tuple(parts["sampler"]) or ("shuffled",),
        "run": RunSettings(**run),
        "tune": TuneSettings(**tune) if "tune" in tables else None,
        "where": where,
        "mistakes": (*mistakes, *wrong, *wrong_run, *wrong_tune),
    }
