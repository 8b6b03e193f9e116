"""Reads the trials of a store in a form that can run again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from optframe.components.parameters import mistakes_in
from optframe.contracts.trial import Budget, Checkpoints, Component, Trial
from optframe.store.file import reading
from optframe.store.schema import rows_of
from optframe.store.values import integer, object_in, wrong

__all__ = ["limits_of", "read_tasks", "task_of"]


def read_tasks(path: Path) -> dict[str, Trial]:
    """Read the planned trials by their keys, in a form that can run again.

    Trials of earlier plans are included. A store of a format before 4 gives none, since it lacks
    parts of the trials' specifications. If a row was not changed, ``trial.key`` equals its key.
    """
    with reading(path) as connection:
        settings = {row["id"]: row for row in rows_of(connection, "settings")}
        return {
            row["key"]: task_of({**row, **settings[row["settings"]]})
            for row in rows_of(connection, "trials", "ORDER BY position IS NULL, position")
            if row["settings"] in settings
        }


def task_of(row: Mapping[str, Any]) -> Trial:
    """Return the trial of a row of ``trials`` joined with its ``settings``.

    Raises
    ------
    ValueError
        If the settings are none; the message names table, row and column.
    """
    budget, checkpoints = limits_of(row["settings"], row["budget"], row["checkpoints"])
    given = {part.name: row[part.name] for part in dataclasses.fields(Trial) if part.name in row}
    return Trial(
        **given
        | {
            "optimizer": Component(row["optimizer_name"], row["hyperparameters"], row["optimizer"]),
            "problem": Component(row["problem_name"], row["problem_parameters"], row["problem"]),
            "study_seed": integer(row["study_seed"]),
            "sampler": Component(row["sampler_name"], row["sampler_parameters"], row["sampler"]),
            "budget": budget,
            "checkpoints": checkpoints,
            "measure": tuple(json.loads(row["measure"])),
            "profile": bool(row["profile"]),
            "skip": row["reason"] if row["status"] == "skipped" else None,
        }
    )


@lru_cache(maxsize=256)  # many trials share their settings
def limits_of(row: str, budget: str, checkpoints: str) -> tuple[Budget, Checkpoints]:
    """Return the budget and the checkpoints in a row of settings.

    Raises
    ------
    ValueError
        If they are none; the message names table, row and column.
    """
    made = _made(Budget, "budget", row, budget)
    return made, _made(Checkpoints, "checkpoints", row, checkpoints)


def _made(kind: type, column: str, row: str, text: str) -> Any:
    """Return the budget or the checkpoints in a row of settings."""
    try:
        given = object_in(text)
        if isinstance(given.get("target"), list):
            given["target"] = dict([given["target"]])
    except (ValueError, TypeError) as error:
        raise wrong("settings", row, column, text, str(error)) from error
    known = {part.name for part in dataclasses.fields(kind)}
    given = {name: v for name, v in given.items() if v is not None or name not in known}
    mistakes = mistakes_in(kind, given, "it")
    if mistakes:
        raise wrong("settings", row, column, text, mistakes[0])
    return kind(**given)  # as it was written: a number that is checked may become another type
