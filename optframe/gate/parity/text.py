"""Writes a comparison as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optframe.components.notation import format_value
from optframe.gate.parity.verdict import AFTER, PRECISIONS, Verdict
from optframe.gate.parity.walking import FALLS

__all__ = ["as_data", "written"]


def written(verdicts: Sequence[Verdict], numbers: Mapping[str, float], falls: bool) -> str:
    """Return the numbers that all got, the table of differences and the verdicts."""
    return "\n".join([*_head(numbers, falls), "", *_table(verdicts), "", *_verdicts(verdicts)])


def as_data(one: Verdict) -> dict[str, Any]:
    """Return a verdict as plain data, for JSON."""
    place, nearest = one.place, one.nearest
    return {
        "title": one.title,
        "equal": one.equal,
        "explained": one.explained,
        "notation": one.notation,
        "own": one.own,
        "changes": list(one.changes),
        "defaults": list(one.defaults),
        "difference": one.difference,
        "largest_in": one.largest_in,
        "float32_constants": one.constants,
        "others": [{"notation": other, "told_apart_by": by} for other, by in one.others],
        "nearest": nearest and {"notation": nearest[0], "difference": _finite(nearest[1])},
        "place": place and place._asdict(),
        "differences": {
            dtype: {str(steps): _finite(value) for steps, value in values.items()}
            for dtype, values in one.differences.items()
        },
        "search_ended_early": one.ended,
    }


def _finite(value: float) -> float | None:
    """Return a number that JSON has; None is infinite."""
    return value if abs(value) < float("inf") else None


def _head(numbers: Mapping[str, float], falls: bool) -> Iterator[str]:
    given = [f"{name}={format_value(value)}" for name, value in numbers.items()]
    yield f"all with {', '.join(given)} where they have it, unless typed otherwise"
    if falls:
        yield f"after {FALLS} steps the learning rate falls to a tenth"
    else:
        yield "the learning rate stays, since not all have one that may fall"


def _table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    first, *rest = verdicts
    yield f"largest difference from {first.title}, relative to the way gone, after so many steps"
    width = max(len(one.title) for one in rest)
    cells = [[f"{dtype}, {AFTER[0]}", *map(str, AFTER[1:])] for dtype in PRECISIONS]
    yield " " * width + "".join(f"  {cell:>10}" for part in cells for cell in part) + "  most in"
    for one in rest:
        values = [one.differences[dtype][steps] for dtype in PRECISIONS for steps in AFTER]
        cells_of = "".join(f"  {value:>10.1g}" for value in values)
        yield f"{one.title:<{width}}{cells_of}  {one.largest_in if max(values) else ''}".rstrip()


def _verdicts(verdicts: Sequence[Verdict]) -> Iterator[str]:
    first, *rest = verdicts
    for one in verdicts:
        if one is first and all(other.equal for other in rest) and not one.explained:
            continue
        if not (one is first and one.notation == one.title):
            yield from _verdict(one, first)


def _verdict(one: Verdict, first: Verdict) -> Iterator[str]:
    if one is not first and one.equal:
        yield f"{one.title} = {first.title} ({one.differences['float64'][AFTER[-1]]:.1g} at most)"
        if one.defaults:
            yield f"  with other defaults: {'; '.join(one.defaults)}"
    elif one.notation == one.title and one.own is None:
        what = f"it has {', '.join(one.changes)}" if one.changes else "it is a built-in of its own"
        yield f"{one.title} differs from {first.title}: {what}"
    elif one.notation is not None:
        why = "; the library keeps constants in float32" if one.constants else ""
        yield f"{one.title} = {one.notation} ({one.difference:.1g} at most{why})"
        if one.own != one.notation:
            yield f"  with its own defaults: {one.own}"
    else:
        yield f"{one.title}: no convention explains it ({one.tried} were tried)"
        if one.nearest is not None:
            yield f"  nearest: {one.nearest[0]}, {one.nearest[1]:.1g} apart"
        if one.place is not None:
            yield (
                f"  they part in the sequence {one.place.sequence!r} at step {one.place.step}, "
                f"block {one.place.block!r}"
            )
    for other, by in one.others:
        yield f"  or {other}: {by} would tell them apart"
    if one.float32_apart is not None:
        yield f"  but in float32 they are {one.float32_apart:.1g} apart"
    if one.ended:
        yield "  the search was stopped by its time (--seconds)"
