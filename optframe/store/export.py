"""Exports a store's frames as files that other programs read, with a data dictionary."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optframe.contracts.column import Column
from optframe.contracts.columns import CURVES, METRICS, PATH, TRIALS, rises
from optframe.contracts.tuning_columns import TUNINGS, WINNERS
from optframe.errors import UnavailableError, UsageError, nearest
from optframe.given_files import expanded
from optframe.store.cells import plain_cells

if TYPE_CHECKING:
    import pandas as pd

    from optframe.store.results import Results

__all__ = ["FORMATS", "dictionary", "export"]

FORMATS = ("csv", "parquet")

_KNOWN: Mapping[str, Sequence[Column]] = {
    "trials": TRIALS,
    "curves": CURVES,
    "paths": PATH,
    "tuning": TRIALS,
    "tuning_curves": CURVES,
    "tunings": TUNINGS,
    "winners": WINNERS,
}
"""The columns of each table that is written."""

_PARTS = {"train": "the training", "test": "the test", "validation": "the validation"}


def export(
    results: Results, folder: str | Path | None = None, formats: Sequence[str] = FORMATS
) -> list[Path]:
    """Write trials, curves, paths and the descriptions of their columns; return the files.

    ``trials``, ``curves`` and, if there are any, ``paths`` are written once per format: as CSV with
    17 digits, which represent a float64 exactly, and as Parquet. If the study tuned anything, so
    are ``tuning`` and ``tuning_curves`` (the runs of the searches), ``tunings`` and ``winners``. In
    CSV an apostrophe precedes a text that a spreadsheet would compute (see `optframe.store.cells`).
    The other files are ``columns.csv`` (the data dictionary), ``study.json`` and
    ``environments.json``. The default folder is ``export`` beside the store. If Parquet is asked
    for and pyarrow is missing, nothing is written, and `UnavailableError` is raised.
    """
    for name in formats:
        if name not in FORMATS:
            raise UsageError(f"export: unknown format {name!r}; {nearest(name, FORMATS)}")
    if "parquet" in formats:
        _check_pyarrow()
    target = results.path.parent / "export" if folder is None else expanded(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    frames = {"trials": results.trials, "curves": results.curves}
    if len(results.paths):
        frames["paths"] = results.paths
    if len(results.tunings):
        frames |= {"tuning": results.tuning, "tuning_curves": results.tuning_curves}
        frames |= {"tunings": _as_texts(results.tunings), "winners": _as_texts(results.winners)}
    for table, frame in frames.items():
        for name in formats:
            path = target / f"{table}.{name}"
            if name == "csv":
                cells = plain_cells(frame)
                cells.to_csv(path, index=False, float_format="%.17g", errors="backslashreplace")
            else:
                with path.open("wb") as file:  # which pyarrow cannot open by every name
                    _without_large(frame).to_parquet(file, index=False)
            written.append(path)
    columns = target / "columns.csv"
    plain_cells(dictionary(**frames)).to_csv(columns, index=False, errors="backslashreplace")
    written.append(columns)
    for name, content in (("study", results.study), ("environments", results.environments)):
        path = target / f"{name}.json"
        path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        written.append(path)
    return written


def dictionary(
    trials: pd.DataFrame,
    curves: pd.DataFrame,
    paths: pd.DataFrame | None = None,
    **others: pd.DataFrame,
) -> pd.DataFrame:
    """Return a row for each column of the frames, by name: table, column, type, unit, meaning."""
    import pandas as pd

    rows = []
    frames = {"trials": trials, "curves": curves, **({} if paths is None else {"paths": paths})}
    frames |= others
    for table, frame in frames.items():
        explained = {column.name: (column.unit, column.meaning) for column in _KNOWN[table]}
        for name in map(str, frame):
            rows.append((table, name, str(frame[name].dtype), *explained.get(name, _metric(name))))
    return pd.DataFrame(rows, columns=["table", "column", "type", "unit", "meaning"])


def _as_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame of tunings or winners with its tables and lists as JSON."""
    columns = [c.name for c in (*TUNINGS, *WINNERS) if c.unit == "JSON" and c.name in frame]
    return frame.assign(**{name: frame[name].map(_json).astype(object) for name in columns})


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, default=attrgetter("table"))


def _without_large(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with study seeds beyond 64 bits as text, since Parquet has no such type."""
    large = "study_seed" in frame and frame["study_seed"].dtype == object
    return frame.astype({"study_seed": str}) if large else frame


def _metric(column: str) -> tuple[str, str]:
    """Return the unit and the meaning of a metric's column, by its name."""
    metric = column.removeprefix("best_")
    part, _, what = metric.partition("_")
    if metric in METRICS:
        meaning = METRICS[metric]
    elif part in _PARTS and what:
        meaning = f"{what} over {_PARTS[part]} records"
    else:
        meaning = f"the problem's metric {metric!r}"
    ends = "the best value at any checkpoint: " if metric != column else ""
    return ("fraction" if rises(metric) else ""), ends + meaning


def _check_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise UnavailableError(
            "export: Parquet needs pyarrow, which is not installed; pip install "
            "'optframe-bench[parquet]', or use --format csv"
        ) from error
