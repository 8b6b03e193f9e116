"""Goes on with tunings that a store holds, as far as the study still asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optframe.contracts.trial import canonical
from optframe.store.tunings import TUNED
from optframe.tuning.tuning import Tuning

__all__ = ["begun"]

AFTERWARDS = ("trials", "confirm", "confirm_seeds")
"""What does not change what an adaptive tuner proposes, apart from how much."""


def begun(
    tunings: Sequence[Tuning], rows: Sequence[Mapping[str, Any]]
) -> tuple[list[str], str | None]:
    """Give tunings the proposals of a store's rows, and return what a person must know of it.

    The second text says what was changed in the study since; None if nothing was.

    - A tuning that is stored as it is asked for goes on; one that is closed keeps its winner.
    - If only more trials are asked for, those that were proposed are the first of them. Tuners that
      are not adaptive keep them, too, if the runs of each setting or the choice have changed.
    - All others are proposed anew. Their trials are found by their keys where settings recur.
    """
    notes: list[str] = []
    changed: list[Tuning] = []
    for one in tunings:
        row = one.row()
        own = [other for other in rows if all(other[name] == row[name] for name in TUNED)]
        alike = [other for other in own if _is_same(row, other)]
        same = [other for other in alike if canonical(other["tuner"]) == canonical(row["tuner"])]
        kept = [other for other in alike if _begins(row["tuner"], other["tuner"])]
        source = max(same or kept, key=_settings, default=None)
        if own and not same:
            changed.append(one)
        if source is None or not source["proposals"]:
            continue
        fresh = one.rounds
        stored = [list(proposals) for proposals in source["proposals"]]
        one.rounds = [*fresh, *stored[len(fresh) :]] if stored[: len(fresh)] == fresh else stored
        if same:
            one.closed = bool(source["closed"])
            one.winner = source["winner"]["number"] if source["winner"] else None
            one.reason = source["reason"] or ""
            notes += _differing(one, fresh)
    return notes, _changes(changed, rows) if changed else None


def _changes(changed: Sequence[Tuning], rows: Sequence[Mapping[str, Any]]) -> str:
    """Say how many of the tunings that were changed go on with what was tried."""
    names = list(dict.fromkeys(one.name[0] for one in changed))
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    kept = sum(_kept(one, rows) for one in changed)
    return (
        f"the tuning of {names[0]}{more} was changed since: {kept} of {len(changed)} searches go "
        "on with the settings that were tried"
    )


def _kept(one: Tuning, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether what is proposed begins with what a row holds."""
    first = one.rounds[0] if one.rounds else []
    return any(row["proposals"] and row["proposals"][0] == first for row in rows)


def _settings(row: Mapping[str, Any]) -> int:
    return sum(map(len, row["proposals"]))


def _is_same(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two rows have the same spaces, in the same order, the same tuner and seed."""
    spaces = [*row["space"].items()] == [*other["space"].items()]
    names = row["tuner"]["name"] == other["tuner"].get("name")
    return bool(spaces and names and row["seed"] == other["seed"])


def _begins(tuner: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether the proposals of one tuner are the first of those of another."""
    fewer = bool((other.get("trials") or 0) <= tuner["trials"])
    if not tuner["adaptive"]:
        return fewer
    rest = [name for name in tuner if name not in AFTERWARDS]
    return fewer and all(tuner[name] == other.get(name) for name in rest)


def _differing(one: Tuning, fresh: Sequence[Any]) -> Iterator[str]:
    """Say that a tuner would propose other settings now: of another version, say."""
    first = fresh[0] if fresh else []
    if not one.rounds or one.rounds[0] != first:
        contender, problem, *_ = one.name
        yield (
            f"{contender} on {problem}: the tuner would propose other settings now than those in "
            "the store, which are kept"
        )
