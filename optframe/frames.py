"""The store's reading end: tidy frames of the latest plan's trials."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.checkpoints import Landscape
from optframe.record import COUNT_COLUMNS, FINAL_COUNTS, PROFILE_COLUMNS
from optframe.store_file import reading

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "read_curves",
    "read_environments",
    "read_landscapes",
    "read_study",
    "read_trials",
]


def read_trials(path: Path) -> pd.DataFrame:
    """Read the trials, one row each, in the order of the plan."""
    import pandas as pd

    with reading(path) as connection:
        cursor = connection.execute(
            "SELECT * FROM trials WHERE position IS NOT NULL ORDER BY position"
        )
        names = [column[0] for column in cursor.description]
        frame = pd.DataFrame(cursor.fetchall(), columns=names)
    for column, prefix in (("final", ""), ("best", "best_")):
        values = [json.loads(t) if isinstance(t, str) else {} for t in frame.pop(column)]
        metrics = pd.DataFrame(values, index=frame.index, dtype=float).add_prefix(prefix)
        frame = pd.concat([frame, metrics], axis=1)
    numbers = [
        *FINAL_COUNTS,
        "seconds",
        *PROFILE_COLUMNS,
        "compile_seconds",
        "state_bytes",
        "step_bytes",
        "size",
        "minimum",
        "together",
    ]
    for name in [*numbers, "target"]:
        frame[name] = frame[name].astype(float)
    return frame


def read_curves(path: Path) -> pd.DataFrame:
    """Read the curves, one row per checkpoint, in the order of the plan."""
    import pandas as pd

    identity = ("key", "optimizer", "problem", "sampler", "seed")
    selected = ", ".join(f"trials.{name}" for name in identity)
    blocks: dict[str, list[Any]] = {name: [] for name in identity}
    lengths: list[int] = []
    curves: list[tuple[list[str], Any]] = []
    with reading(path) as connection:
        rows = connection.execute(
            f"SELECT {selected}, columns, rows, data FROM trials JOIN curves USING (key) "
            "WHERE rows > 0 AND position IS NOT NULL ORDER BY position"
        )
        for *names, columns, length, data in rows:
            for name, value in zip(identity, names, strict=True):
                blocks[name].append(value)
            lengths.append(length)
            values = np.frombuffer(zlib.decompress(data), "<f8").reshape(-1, length)
            curves.append((json.loads(columns), values))
    measured = dict.fromkeys(name for columns, _ in curves for name in columns)
    every = list(measured or COUNT_COLUMNS)
    table = np.full((len(every), sum(lengths)), np.nan)
    where = {name: i for i, name in enumerate(every)}
    begin = 0
    for (columns, values), length in zip(curves, lengths, strict=True):
        table[[where[name] for name in columns], begin : begin + length] = values
        begin += length
    frame = pd.DataFrame(
        {
            name: np.repeat(np.array(blocks[name], int if name == "seed" else str), lengths)
            for name in identity
        }
    )
    for name, column in zip(every, table, strict=True):
        frame[name] = column
    frame["step"] = frame["step"].astype("int64")
    return frame


def read_study(path: Path) -> dict[str, Any]:
    """Read what was run."""
    with reading(path) as connection:
        row = connection.execute("SELECT value FROM meta WHERE name = 'study'").fetchone()
    return json.loads(row[0]) if row else {}


def read_environments(path: Path) -> list[dict[str, Any]]:
    """Read where it was run."""
    with reading(path) as connection:
        rows = connection.execute("SELECT description FROM environments ORDER BY id").fetchall()
    return [json.loads(description) for (description,) in rows]


def read_landscapes(path: Path) -> dict[str, Landscape]:
    """Read the contour grids of small problems, by the keys of their trials."""
    with reading(path) as connection:
        rows = connection.execute(
            "SELECT key, landscape FROM curves WHERE landscape IS NOT NULL"
        ).fetchall()
    return {key: _unpack(blob) for key, blob in rows}


def _unpack(blob: bytes) -> Landscape:
    head, _, data = zlib.decompress(blob).partition(b"\n")
    arrays, begin = [], 0
    for shape in json.loads(head):
        length = int(np.prod(shape))
        arrays.append(np.frombuffer(data, "<f8", length, begin).reshape(shape))
        begin += 8 * length
    return Landscape(tuple(arrays[:-1]), arrays[-1])
