"""Writes a baseline: the counts of a study in a small file that is committed and reviewed.

The file is JSON, format ``optframe-baseline/1``. Its keys are sorted, and each cell is one line, so
a diff shows which cells changed::

    {"format": "optframe-baseline/1", "kit": 1, "study": {"name": "counts", "seed": 0},
     "environment": {...}, "tolerances": {"machines": [...], "optimizers": {"adam": {...}}},
     "cells": [{...}, ...]}

``environment`` is where it was measured, ``kit`` the version of the rules. `optframe.gate.measured`
describes a cell. A cell does not repeat ``environment`` and ``kit``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optframe.contracts.whole_file import replacing
from optframe.errors import StoreError, UsageError
from optframe.gate.differences import environments_of, lasting
from optframe.gate.measured import Measured, table
from optframe.gate.sources import BASELINE, Source
from optframe.gate.tolerance import Tolerances, plain
from optframe.given_files import expanded
from optframe.testing.kit import KIT_VERSION

__all__ = ["place_of", "text", "write"]


def place_of(study: str, name: str) -> Path:
    """Return the default path of a study's baseline.

    It is beside the study's file. For the name of a study, it is in the present folder.
    """
    path = expanded(study)
    if path.suffix == ".toml":
        return path.with_name(f"{path.stem}.baseline.json")
    return Path(f"{name}.baseline.json")


def write(source: Source, path: Path, tolerances: Tolerances) -> None:
    """Write a baseline; the file is complete or not changed at all."""
    content = text(source, tolerances)
    try:
        with replacing(path) as part:
            part.write_text(content, "utf-8", "backslashreplace")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def text(source: Source, tolerances: Tolerances) -> str:
    """Return a baseline's text; raise if trials failed, or ran in different environments."""
    for one in source.trials:
        if one.status in ("failed", "crashed", "timeout", "planned"):
            why = f": {one.reason}" if one.reason else ""
            raise UsageError(
                f"{one.subject}: {one.status}{why}; expected a trial that ran; fix it, or remove "
                "it from the study"
            )
    places: list[dict[str, Any]] = []
    for environment in map(lasting, environments_of(source.trials)):
        places += [] if environment in places else [environment]
    if len(places) > 1:
        raise UsageError(
            f"{source.path}: its trials ran in {len(places)} different environments, expected one; "
            "run the study into another folder"
        )
    lines = [
        '"format": ' + _line(BASELINE),
        f'"kit": {KIT_VERSION}',
        '"study": ' + _line(source.study),
        '"environment": ' + _block(places[0] if places else {}),
        '"tolerances": ' + _tolerances(tolerances),
        '"cells": [\n  ' + ",\n  ".join(_line(cell) for cell in _cells(source)) + "\n ]",
    ]
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def _cells(source: Source) -> list[dict[str, Any]]:
    cells = []
    for one in sorted(source.trials, key=_order):
        values = table(one)
        kept = ["cell", "spec", "status", "counts", "loss"]
        kept += [] if one.status in ("converged", "finished") else ["reason"]
        cells.append({name: values[name] for name in kept})
    return cells


def _order(one: Measured) -> tuple[str, str, str, int]:
    optimizer, problem, sampler, seed = one.spec.labels
    return problem, optimizer, sampler, seed


def _tolerances(tolerances: Tolerances) -> str:
    values = plain(tolerances)
    optimizers = _block(values["optimizers"], "   ")
    return f'{{\n  "machines": {_line(values["machines"])},\n  "optimizers": {optimizers}\n }}'


def _block(values: Mapping[str, Any], indent: str = "  ") -> str:
    """Return a table as JSON with a line for each of its keys."""
    if not values:
        return "{}"
    lines = [f"{indent}{_line(name)}: {_line(values[name])}" for name in sorted(values)]
    return "{\n" + ",\n".join(lines) + "\n" + indent[:-1] + "}"


def _line(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
