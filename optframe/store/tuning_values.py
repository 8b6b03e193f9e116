"""Checks the JSON in the table of tunings: spaces, tuner, winner and proposals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optframe.contracts.costs import OFFERED
from optframe.contracts.space import Space

__all__ = ["reader_of", "spaces_in"]

_WINNER = "a JSON object of a number, at least 0, and a setting"
_PROPOSALS = "a JSON list of rounds, each a list of settings"


def reader_of(column: str) -> Callable[[Any], Any]:
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


_FACTS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "protocol", "metric", "at", "average", "cost"), (str, type(None))),
    **dict.fromkeys(("trials", "seeds", "confirm"), (int, type(None))),
    **dict.fromkeys(("target", "adaptive", "exchangeable"), (bool, type(None))),
}
_WORDS: Mapping[str, Sequence[str]] = {
    "at": ("end", "best"),
    "average": ("median", "mean"),
    "cost": OFFERED,
}


def _tuner(found: Any) -> None:
    if not isinstance(found, dict):
        raise ValueError("a JSON object")
    for name, kinds in _FACTS.items():
        value = found.get(name)
        if type(value) not in kinds:
            raise ValueError(f"a JSON object whose {name} is {_NAMES[kinds[0]]} or nothing")
        if value is not None and name in _WORDS and value not in _WORDS[name]:
            raise ValueError(f"a JSON object whose {name} is one of {', '.join(_WORDS[name])}")


_NAMES = {str: "a text", int: "a whole number", bool: "true, false"}


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
