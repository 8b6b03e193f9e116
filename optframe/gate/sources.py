"""Reads what can be compared: a store, a baseline, or pytest-benchmark's files.

Each becomes a `Source`. Any other file raises a `StoreError` of one line: a damaged file, a file of
another program, another format.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from optframe.components.parameters import build
from optframe.contracts.columns import UNENDED
from optframe.errors import StoreError, UsageError
from optframe.gate import measured
from optframe.gate.differences import flat
from optframe.gate.measured import COUNTS, Measured, check_kit
from optframe.gate.tolerance import Tolerance, Tolerances
from optframe.given_files import content_of, expanded, parsed_json, unfit
from optframe.store.file import STORE_NAME, reading
from optframe.store.results import Results, load
from optframe.store.schema import environments_of

__all__ = ["BASELINE", "Source", "of_results", "open_source"]

BASELINE = "optframe-baseline/1"
"""The format of a baseline file, which `optframe.gate.baseline` writes."""

_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Source:
    """One side of a comparison: its trials, and the data that all of them share."""

    path: Path
    kind: Literal["store", "baseline", "benchmarks"]
    trials: Sequence[Measured]
    study: Mapping[str, Any] = field(default_factory=dict)
    tolerances: Tolerances = field(default_factory=Tolerances)
    notes: Sequence[str] = ()
    results: Results | None = field(default=None, repr=False, compare=False)
    """The store's results; None for other files."""

    def __str__(self) -> str:
        return str(self.path)


def open_source(path: str | Path) -> Source:
    """Read a results folder, a store's file, a JSON file, or a folder of JSON files."""
    place = expanded(path)
    if place.is_dir():
        return _folder(place)
    try:
        if unfit(place) is None:
            with place.open("rb") as file:
                if file.read(len(_SQLITE)) == _SQLITE:
                    return of_results(load(place))
        content = content_of(place)
    except FileNotFoundError as error:
        raise StoreError(
            f"{place}: no such file; expected a store, a baseline, or JSON of pytest "
            "(--benchmark-json, --optbench-json)"
        ) from error
    except OSError as error:
        raise StoreError(f"{place}: {error.strerror or error}") from error
    given = _json(place, content)
    if isinstance(given, Mapping) and "benchmarks" in given:
        return _benchmarks(place, [(place, given)])
    return _baseline(place, given)


def of_results(results: Results) -> Source:
    """Return the trials of a store."""
    with reading(results.path) as connection:
        environments = environments_of(connection)
    trials = [
        _of_row({str(k): v for k, v in row.items()}, environments)
        for row in results.trials.to_dict("records")
    ]
    study = {name: results.study.get(name) for name in ("name", "seed")}
    return Source(results.path, "store", trials, study, results=results)


def _of_row(row: Mapping[str, Any], environments: Mapping[str, Mapping[str, Any]]) -> Measured:
    status = "planned" if row["status"] in UNENDED else row["status"]
    ran = status not in ("planned", "skipped")
    environment = environments.get(row["environment"], {})
    return Measured(
        cell=row["cell"],
        spec=measured.spec_of(row),
        status=status,
        counts=measured.whole({name: row[name] for name in COUNTS}),
        loss=measured.finite(row.get("loss")),
        reason=row["reason"] if isinstance(row["reason"], str) else None,
        seconds=measured.finite(row["seconds"]) if ran else None,
        environment=flat(environment, row["backend"], row["threads"]) if environment else {},
    )


def _folder(folder: Path) -> Source:
    if (folder / STORE_NAME).exists():
        return of_results(load(folder))
    files = sorted(file for file in folder.rglob("*.json") if file.is_file())
    if not files:
        raise StoreError(
            f"{folder}: expected a store ({STORE_NAME}) or JSON files of pytest-benchmark, found "
            "neither"
        )
    return _benchmarks(folder, [(file, _json(file, content_of(file))) for file in files])


def _json(path: Path, content: bytes) -> Any:
    try:
        return parsed_json(content.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise StoreError(f"{path}: expected a store or JSON, found neither") from error
    except ValueError as error:
        raise StoreError(f"{path}: expected JSON, found none, or damaged: {error}") from error


def _no_number(word: str) -> float:
    return math.nan if word == "NaN" else float(word.replace("Infinity", "inf"))


def _baseline(path: Path, given: Any) -> Source:
    found = given.get("format") if isinstance(given, Mapping) else None
    if not isinstance(found, str) or not found.startswith("optframe-baseline/"):
        raise StoreError(
            f"{path}: found JSON of another program, expected a baseline (`optframe baseline "
            "update`) or pytest's (`pytest --benchmark-json` or `--optbench-json`)"
        )
    if found != BASELINE:
        raise StoreError(
            f"{path}: format {found!r}, expected {BASELINE!r}; it was written by another version "
            "of optframe; run `optframe baseline update` to replace it"
        )
    kit = _part(path, given, "kit", int)
    check_kit(kit, str(path))
    shared = {"kit": kit, "environment": _part(path, given, "environment", dict)}
    cells = _part(path, given, "cells", list)
    trials = [measured.read(cell, f"{path}: cell {i + 1}", shared) for i, cell in enumerate(cells)]
    study = _part(path, given, "study", dict)
    tolerances = _tolerances(path, _part(path, given, "tolerances", dict))
    return Source(path, "baseline", _once(trials, str(path)), study, tolerances)


def _part(path: Path, given: Mapping[str, Any], name: str, kind: type) -> Any:
    value = given.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise StoreError(
            f"{path}: {name}: found {value!r}, expected type {kind.__name__}; the baseline is "
            "damaged"
        )
    return value


def _tolerances(path: Path, given: Mapping[str, Any]) -> Tolerances:
    where = f"{path}: tolerances"
    try:
        optimizers = {
            name: build(Tolerance, one, f"{where} {name}")
            for name, one in given.get("optimizers", {}).items()
        }
        return Tolerances(optimizers, tuple(given.get("machines", ())))
    except UsageError as error:
        raise StoreError(error.mistakes[0]) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise StoreError(f"{where}: the baseline is damaged: {error}") from error


def _benchmarks(path: Path, files: Sequence[tuple[Path, Any]]) -> Source:
    """Read pytest-benchmark's files; of a cell in several files, the latest file's is used."""
    latest: dict[str, Measured] = {}
    foreign: set[str] = set()
    for file, given in sorted(files, key=lambda pair: _when(pair[1])):
        benchmarks = given.get("benchmarks") if isinstance(given, Mapping) else None
        if not isinstance(benchmarks, list):
            raise StoreError(
                f"{file}: expected a pytest-benchmark file, found JSON without benchmarks"
            )
        found = []
        for number, benchmark in enumerate(benchmarks, 1):
            one = _benchmark(benchmark, f"{file}: benchmark {number}")
            if one is None:
                foreign.add(str(benchmark.get("fullname")))
            else:
                found.append(one)
        latest |= {one.cell: one for one in _once(found, str(file))}
    if not latest:
        raise StoreError(
            f"{path}: none of its {len(foreign)} benchmarks has counts (extra_info['optframe']); "
            "use the fixture `optbench` in the tests"
        )
    notes = []
    if foreign:
        notes.append(
            f"{path}: {len(foreign)} benchmarks without counts are not compared; times of two "
            "separate runs are not judged; use `optframe race` to compare times"
        )
    return Source(path, "benchmarks", [*latest.values()], notes=notes)


def _benchmark(given: Any, where: str) -> Measured | None:
    if not isinstance(given, Mapping) or not isinstance(given.get("extra_info", {}), Mapping):
        raise StoreError(f"{where}: expected a table, found {given!r}")
    counted = given.get("extra_info", {}).get("optframe")
    if counted is None:
        return None
    one = measured.read(counted, where, {"benchmark": str(given.get("fullname", ""))})
    check_kit(one.kit, where)
    return one


def _when(given: Any) -> str:
    return str(given.get("datetime", "")) if isinstance(given, Mapping) else ""


def _once(trials: Iterable[Measured], where: str) -> list[Measured]:
    """Return each cell once; raise if a cell has two different results."""
    found: dict[str, Measured] = {}
    for one in trials:
        same = found.setdefault(one.cell, one)
        if (same.status, same.counts, same.loss) != (one.status, one.counts, one.loss):
            raise StoreError(
                f"{where}: {one.subject} is there twice with different results, expected once; "
                "measure it again"
            )
    return [*found.values()]
