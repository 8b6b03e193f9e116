"""Makes the parameter groups that a class of torch is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from optframe import Block, UsageError
from optframe.errors import nearest

__all__ = ["check_groups", "check_keys", "grouped"]

SELECTORS = ("kind", "name")


def check_groups(groups: Sequence[Mapping[str, Any]]) -> None:
    """Raise `ValueError` if an entry of ``groups`` does not say which blocks it is for."""
    for entry in groups:
        chosen = [key for key in SELECTORS if key in entry]
        if len(chosen) != 1 or not isinstance(entry[chosen[0]], str):
            raise ValueError(
                f"groups: expected {{ kind = ... }} or {{ name = ... }} with the parameters of "
                f"these blocks, found {dict(entry)!r}"
            )
        for key, value in entry.items():
            if isinstance(value, Mapping):
                raise ValueError(f"groups: {key}: expected a value, found {dict(value)!r}")


def check_keys(groups: Sequence[Mapping[str, Any]], known: Sequence[str]) -> None:
    """Raise `ValueError` if an entry sets a parameter that the class has not in its groups."""
    for entry in groups:
        for key in entry:
            if key not in (*SELECTORS, *known):
                raise ValueError(f"groups: unknown parameter {key!r}; {nearest(key, known)}")


def grouped(
    entries: Sequence[Mapping[str, Any]],
    blocks: Sequence[Block],
    parameters: Sequence[Any],
    muon: bool,
    named: bool = True,
) -> list[Any]:
    """Return what a class of torch takes as its parameters: these, or a list of groups.

    The first entry that a block fits decides, and blocks that fit none are in a group of their
    own. With ``muon`` each group says whether it is for Muon. By default these are the hidden
    blocks with at least two axes, or all blocks with at least two axes if none is hidden. Unless
    ``named`` is False, each name must be there.

    Raises
    ------
    UsageError
        If no block has a name that an entry wants.
    """
    if not entries and not muon:
        return list(parameters)
    for entry in entries if named else ():
        name = entry.get("name")
        if name is not None and not any(fnmatchcase(block.name, name) for block in blocks):
            names = ", ".join(block.name for block in blocks)
            raise UsageError(f"groups: no block has the name {name!r}; the blocks are {names}")
    hidden = any(block.kind == "hidden" and len(block.shape) > 1 for block in blocks)
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for block, parameter in zip(blocks, parameters, strict=True):
        number = next((i for i, one in enumerate(entries) if _fits(one, block)), -1)
        own = {} if number < 0 else dict(entries[number])
        large = len(block.shape) > 1 and (block.kind == "hidden" or not hidden)
        if muon:
            own.setdefault("use_muon", large)
        for key in SELECTORS:
            own.pop(key, None)
        group = groups.setdefault((number, bool(own.get("use_muon"))), {"params": [], **own})
        group["params"].append(parameter)
    return list(groups.values())


def _fits(entry: Mapping[str, Any], block: Block) -> bool:
    if "kind" in entry:
        return bool(entry["kind"] == block.kind)
    return fnmatchcase(block.name, entry["name"])
