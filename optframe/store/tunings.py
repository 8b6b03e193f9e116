"""The table of tunings: one row for each search of a contender's hyperparameters.

Four of its columns are JSON: ``space`` (a table for each tuned field), ``tuner`` (how settings are
proposed and chosen), ``winner`` (number and setting) and ``proposals`` (the settings of each
round). A row is a stranger's, so that each of them is checked before it is used.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from optframe.contracts.space import Space
from optframe.contracts.trial import canonical
from optframe.errors import encodable, visible
from optframe.store.schema import columns_of, tuning_id
from optframe.store.tuning_values import spaces_in
from optframe.store.values import wrong

__all__ = [
    "PLAN_TUNING",
    "TUNED",
    "later_of",
    "placed",
    "planned_tunings",
    "tuning_from",
    "tuning_row",
]

TUNED = ("contender", "problem", "sampler", "study")
"""The columns that say what was tuned: of the tunings of one plan, no two have the same."""


_COLUMNS = columns_of("tunings")

PLAN_TUNING = (
    f"INSERT INTO tunings ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "
    "ON CONFLICT (id) DO UPDATE SET closed = excluded.closed, winner = excluded.winner, "
    "reason = excluded.reason, proposals = coalesce(excluded.proposals, proposals), "
    "position = coalesce(position, excluded.position)"
)
"""Adds a tuning to the plan, or what is new of it; its values are those of `planned_tunings`."""


def planned_tunings(tunings: Iterable[Mapping[str, Any]], first: int) -> Iterator[tuple[Any, ...]]:
    """Yield the values of each tuning's row, in a plan that has this many already."""
    for place, tuning in enumerate(tunings, first):
        row = {**tuning_row(tuning), "position": place}
        yield tuple(({"id": tuning_id(row)} | row)[name] for name in _COLUMNS)


def tuning_row(tuning: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a tuning as the store holds them: spaces as tables, tables as JSON.

    What is missing is empty: a tuning that is not closed, has no winner and no proposals.
    """
    space = {name: _table(one) for name, one in tuning["space"].items()}
    winner, proposals = tuning.get("winner"), tuning.get("proposals")
    return {
        **{name: _encoded(tuning[name]) for name in TUNED},
        "space": _text(space),  # in the order of the fields, which tuners depend on
        "tuner": canonical(tuning["tuner"]),
        "seed": tuning["seed"],
        "closed": int(tuning.get("closed") or 0),
        "winner": None if winner is None else _text(winner),
        "reason": tuning.get("reason") or None,
        "proposals": None if proposals is None else _text(proposals),
    }


def tuning_from(row: Mapping[str, Any], shown: bool = False) -> dict[str, Any]:
    """Return a tuning from the checked columns of its row, with spaces, tables and lists.

    With ``shown``, its texts have escapes in place of control characters.

    Raises
    ------
    ValueError
        If a setting is not of the space, or the winner is none of the settings.
    """
    show = visible if shown else _same
    read = {
        name: None if row[name] is None else show(json.loads(row[name]))
        for name in ("space", "tuner", "winner", "proposals")
    }
    found = {
        **{name: show(value) for name, value in row.items()},
        **read,
        "space": spaces_in(read["space"]),
        "proposals": read["proposals"] or [],
        "closed": bool(row["closed"]),
    }
    settings = [setting for one in found["proposals"] for setting in one]
    for setting in settings:
        flaw = _flaw(setting, found["space"])
        if flaw:
            raise _wrong(row["id"], "proposals", setting, flaw)
    if found["winner"] and found["winner"]["number"] >= len(settings):
        expected = f"one of the {len(settings)} settings that were proposed"
        raise _wrong(row["id"], "winner", found["winner"]["number"], expected)
    return found


def _flaw(setting: Mapping[str, Any], space: Mapping[str, Space]) -> str | None:
    """Return what was expected of a proposed setting; None if it is one of the space."""
    if setting.keys() != space.keys():
        return f"a value for each of {', '.join(space)}"
    for name, value in setting.items():
        try:
            u = space[name].u_of(value)
            fits = space[name].values is not None or (isfinite(value) and value is not True)
        except (ValueError, TypeError, ArithmeticError):
            u, fits = 0.0, False
        if not (fits and 0 <= u <= 1):
            return f"for {name} a value of {space[name]}"
    return None


def _wrong(row: object, column: str, found: object, expected: str) -> ValueError:
    return wrong("tunings", row, column, found, expected)


def later_of(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row that was written later of two of one tuning: closed, or with more rounds."""
    progress = [(row["closed"], len(row["proposals"] or "")) for row in (one, other)]
    later = other if progress[1] > progress[0] else one
    places = [row["position"] for row in (one, other) if row["position"] is not None]
    return {**later, "position": min(places, default=None)}


def placed(rows: Collection[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of which only the last has a place in the plan where several tune the same."""
    last = {tuple(row[n] for n in TUNED): row["id"] for row in rows if row["position"] is not None}
    return [
        {**row, "position": row["position"] if row["id"] in last.values() else None} for row in rows
    ]


def _table(space: Any) -> Any:
    return space.table if isinstance(space, Space) else space


def _text(value: Any) -> str:
    return encodable(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def _encoded(value: Any) -> Any:
    return encodable(value) if isinstance(value, str) else value


def _same(value: Any) -> Any:
    return value
