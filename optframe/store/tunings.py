"""The table of tunings: one row for each search of a contender's hyperparameters.

Four of its columns are JSON: ``space`` (a table for each tuned field), ``tuner`` (how settings are
proposed and chosen), ``winner`` (number and setting) and ``proposals`` (the settings of each
round). A row is a stranger's, so that each of them is checked before it is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from optframe.contracts.space import Space
from optframe.contracts.trial import canonical
from optframe.errors import encodable, visible

__all__ = ["TUNED", "reader_of", "tuning_from", "tuning_row"]

TUNED = ("contender", "problem", "sampler", "study")
"""The columns that say what was tuned: of the tunings of one plan, no two have the same."""

_WINNER = "a JSON object of a number, at least 0, and a setting"
_PROPOSALS = "a JSON list of rounds, each a list of settings"


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
    """
    show = visible if shown else _same
    read = {
        name: None if row[name] is None else show(json.loads(row[name]))
        for name in ("space", "tuner", "winner", "proposals")
    }
    return {
        **{name: show(value) for name, value in row.items()},
        **read,
        "space": spaces_in(read["space"]),
        "proposals": read["proposals"] or [],
        "closed": bool(row["closed"]),
    }


def reader_of(column: str) -> Any:
    """Return the function that checks a column's parsed JSON; it raises `ValueError`."""
    return _READERS[column]


def spaces_in(found: Any) -> dict[str, Space]:
    """Return the space of each field; raise `ValueError` with what was expected."""
    if not isinstance(found, dict):
        raise ValueError("a JSON object of spaces")
    spaces = {}
    for name, table in found.items():
        if not isinstance(table, dict):
            raise ValueError("a JSON object of spaces, each a table")
        if not isinstance(table.get("values", []), list) or not _are_plain(table):
            raise ValueError("a JSON object of spaces, each of numbers or a list of values")
        try:
            spaces[name] = Space.from_table(table)
        except (ValueError, TypeError, OverflowError) as error:
            raise ValueError(f"a JSON object of spaces ({error})") from error
    return spaces


def _tuner(found: Any) -> None:
    if not isinstance(found, dict):
        raise ValueError("a JSON object")


def _winner(found: Any) -> None:
    if not (isinstance(found, dict) and isinstance(found.get("setting"), dict)):
        raise ValueError(_WINNER)
    number = found.get("number")
    if type(number) is not int or not 0 <= number < 2**63:
        raise ValueError(_WINNER)


def _rounds(found: Any) -> None:
    if not isinstance(found, list) or not all(isinstance(one, list) for one in found):
        raise ValueError(_PROPOSALS)
    if not all(isinstance(setting, dict) for one in found for setting in one):
        raise ValueError(_PROPOSALS)


_READERS = {
    "space": spaces_in,
    "tuner": _tuner,
    "winner": _winner,
    "proposals": _rounds,
}


def _are_plain(table: Mapping[str, Any]) -> bool:
    """Whether what a space's table has beside its values are numbers, texts and truth values."""
    texts = ("scale", "times", "source")
    for name, value in table.items():
        kinds: tuple[type, ...] = (str,) if name in texts else (int, float)
        kinds = (bool,) if name == "whole" else kinds
        if name != "values" and (type(value) not in kinds):
            return False
    return True


def _table(space: Any) -> Any:
    return space.table if isinstance(space, Space) else space


def _text(value: Any) -> str:
    return encodable(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def _encoded(value: Any) -> Any:
    return encodable(value) if isinstance(value, str) else value


def _same(value: Any) -> Any:
    return value
