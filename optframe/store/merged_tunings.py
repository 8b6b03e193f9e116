"""Merges the tunings of several stores, if they do not contradict each other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optframe.contracts.trial import trial_name
from optframe.errors import printable
from optframe.store.tunings import TUNED, later_of, tuning_from

__all__ = ["merged_tunings"]

Row = dict[str, Any]


def merged_tunings(stores: Mapping[Path, Sequence[Row]]) -> tuple[list[Row], list[str]]:
    """Return the tunings of all stores, by their paths, and a line for each contradiction.

    A tuning that several stores have is the later one of them: closed, or with more rounds. It is a
    contradiction that two stores have closed it with different winners, that what was proposed in
    one does not begin with what was proposed in another, and that two stores tune the same
    contender in different ways.
    """
    kept: dict[str, tuple[Path, Row]] = {}
    mistakes = []
    for path, rows in stores.items():
        for row in rows:
            first, other = kept.setdefault(row["id"], (path, row))
            flaw = _contradiction(other, row)
            if flaw:
                mistakes.append(f"{_name(row)}: {flaw}, in {first} and in {path}")
            later = later_of(other, row)
            kept[row["id"]] = (path if later["closed"] > other["closed"] else first, later)
    ordered = sorted(kept.values(), key=lambda one: (one[1]["position"] is None,))
    places = 0
    merged = []
    named: dict[tuple[Any, ...], tuple[Path, Row]] = {}
    for path, row in ordered:
        if row["position"] is not None:
            first, other = named.setdefault(tuple(row[name] for name in TUNED), (path, row))
            if other is not row:
                differ = [name for name in ("space", "tuner", "seed") if other[name] != row[name]]
                mistakes.append(
                    f"{_name(row)}: two different tunings have this name, in {first} and in "
                    f"{path}; they differ in {', '.join(differ)}"
                )
            row["position"], places = places, places + 1
        merged.append(row)
    return merged, mistakes


def _contradiction(one: Row, other: Row) -> str | None:
    """Return how two rows of one tuning contradict each other; None if they do not."""
    tunings = [tuning_from(row) for row in (one, other)]
    rounds = sorted((tuning["proposals"] for tuning in tunings), key=len)
    if rounds[1][: len(rounds[0])] != rounds[0]:
        return "different settings were proposed"
    if all(tuning["closed"] for tuning in tunings):
        found = [None if t["winner"] is None else t["winner"]["setting"] for t in tunings]
        if found[0] != found[1]:
            texts = ["none" if winner is None else json.dumps(winner) for winner in found]
            return f"the winner is {texts[0]} and {texts[1]}"
    return None


def _name(row: Row) -> str:
    study = f", study {row['study']}" if row["study"] else ""
    name = trial_name(row["contender"], row["problem"], row["sampler"])
    return f"the tuning of {printable(name, '')}{study}"
