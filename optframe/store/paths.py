"""Packs and reads the paths of runs with at most two parameters: θ and the gradient, by steps.

The table of a path has the columns step, θ (P,) and gradient (P,), as in `Record.path`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.columns import PATH, PATH_COLUMNS
from optframe.errors import one_line
from optframe.store.file import reading
from optframe.store.schema import columns_of, of_stage, selected, version_of
from optframe.store.values import justified
from optframe.trial.path import STEPS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StoredPaths", "packed", "read_paths", "unpacked"]

_FLOAT = 8
"""The bytes of a number."""


def packed(table: NDArray[np.float64]) -> bytes:
    """Return a path's table as bytes: column after column, compressed."""
    return zlib.compress(np.ascontiguousarray(table.T, "<f8").tobytes(), 1)


def unpacked(row: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the table of a path, shape (points, 1 + 2P), from a row of the table ``curves``.

    The names of the curve's columns say what P is. At most as many bytes are decompressed as the
    first steps and the curve's checkpoints can have.

    Raises
    ------
    ValueError
        If the path is damaged; the message names table, row and column.
    """
    try:
        blob, rows = row["path"], row["rows"]
        size = len({*PATH_COLUMNS} & {*json.loads(row["columns"])})
        if not (size and isinstance(blob, bytes) and isinstance(rows, int) and rows >= 0):
            raise ValueError("found a path without a curve in the plane or on a line")
        point = _FLOAT * (1 + 2 * size)
        most = point * (1 + STEPS + rows)
        most = min(most, justified(len(blob)))
        stream = zlib.decompressobj()
        data = stream.decompress(blob, most + 1)
        if len(data) > most or not stream.eof or len(data) % point:
            raise ValueError(
                f"found {len(data)} bytes{'' if stream.eof else ' or more'}, expected a multiple "
                f"of {point} up to {most}"
            )
        table = np.frombuffer(data, "<f8").reshape(1 + 2 * size, -1).T
        steps = table[:, 0]
        whole = np.isfinite(steps).all() and (steps == np.floor(steps)).all()
        if not (whole and (steps >= 0).all() and (np.diff(steps) >= 0).all()):
            raise ValueError("found steps that do not rise from 0")
    except (zlib.error, ValueError, TypeError, RecursionError) as error:
        where = f"table curves, row {ascii(row['key'])[:40]}, column path"
        raise ValueError(f"{where}: {one_line(error)}") from error
    return table


def read_paths(path: Path) -> pd.DataFrame:
    """Read the paths, one row per point, in the order of the plan; none from an older store."""
    import pandas as pd

    tables = list(_tables(path))
    names = [column.name for column in PATH]
    lengths = [len(table) for _, table in tables]
    whole = np.full((sum(lengths), len(names) - 1), np.nan)
    begin = 0
    for _, table in tables:
        size = table.shape[1] // 2
        block = whole[begin : begin + len(table)]
        block[:, : 1 + size] = table[:, : 1 + size]
        block[:, 3 : 3 + size] = table[:, 1 + size :]
        begin += len(table)
    keys = pd.Series([key for key, _ in tables], dtype=object).astype(str).array
    whose = keys.take(np.repeat(np.arange(len(tables)), lengths))
    frame = pd.DataFrame({"key": whose, **dict(zip(names[1:], whole.T, strict=True))})
    return frame.astype({"step": "int64"})


class StoredPaths(Mapping[str, NDArray[np.float64]]):
    """The paths of a store's final trials by their keys; each is read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getitem__(self, key: str) -> NDArray[np.float64]:
        for _, table in _tables(self._path, "AND key = ?", key):
            return table
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        with reading(self._path) as connection:
            query = (
                "SELECT 1 FROM curves JOIN trials USING (key) WHERE path IS NOT NULL AND key = ? "
                f"AND {of_stage(connection, 'final')}"
            )
            has = _has_paths(connection) and connection.execute(query, (key,)).fetchone()
        return bool(has)

    def __iter__(self) -> Iterator[str]:
        with reading(self._path) as connection:
            if not _has_paths(connection):
                return
            query = (
                "SELECT key FROM curves JOIN trials USING (key) WHERE path IS NOT NULL AND "
                f"{of_stage(connection, 'final')} ORDER BY position IS NULL, position"
            )
            keys = [key for (key,) in connection.execute(query)]
        yield from keys

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _tables(path: Path, rest: str = "", *values: str) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield (key, table) for the final trials of the latest plan with a path, in its order."""
    with reading(path) as connection:
        if not _has_paths(connection):
            return
        trials = f"(SELECT {selected('trials', version_of(connection))} FROM trials)"
        names = ("key", "columns", "rows", "path")
        for found in connection.execute(
            f"SELECT {', '.join(names)} FROM {trials} JOIN curves USING (key) "
            f"WHERE path IS NOT NULL AND position IS NOT NULL AND {of_stage(connection, 'final')} "
            f"{rest} ORDER BY position",
            values,
        ):
            row = dict(zip(names, found, strict=True))
            yield str(row["key"]), unpacked(row)


def _has_paths(connection: Any) -> bool:
    return "path" in columns_of("curves", version_of(connection))
