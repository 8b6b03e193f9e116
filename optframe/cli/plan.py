"""Prints what a study is going to run: the number of trials, what is tuned, and about how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optframe.contracts.space import Space
from optframe.execution.preview import Preview
from optframe.tuning.extent import Extent

__all__ = ["lines_of"]

MOST = 12
"""The most contenders that are listed."""

NOTHING = "nothing to tune: it runs with its one setting"


def lines_of(preview: Preview, *, untuned: bool = True) -> list[str]:
    """Return the lines that say what a study will run, and with ``untuned`` what it will not tune.

    A study that runs says the latter itself.
    """
    extent = preview.extent
    if not extent.tuning:
        counted = _product(extent, _range(sorted(_shares(extent)), "seed"))
        counted = f"{counted}: {_count(extent.trials, 'trial')}"
    else:
        factors = [
            _range(sorted(set(extent.settings)), "setting"),
            _range(sorted(set(extent.seeds)), "tuning seed"),
        ]
        counted = f"{_product(extent, *factors)}: {_count(extent.searching, 'trial')}"
        if extent.confirming:
            counted += f", at most {extent.confirming} that confirm the best"
        studies = f", in {extent.studies} studies" if extent.studies > 1 else ""
        counted += f"{studies}, then {_count(extent.final, 'final run')}, "
        counted += f"{_count(extent.trials, 'trial')} in all"
    lines = [f"{preview.name}: {counted}"]
    if extent.tuning:
        lines += [f"tuned by {' and '.join(extent.tuners)}:", *_spaces(extent, untuned)]
    if preview.missing:
        lines.append(_time(preview))
    return lines


def _product(extent: Extent, *factors: str) -> str:
    """Return the factors of the number of trials; combinations where not all are paired."""
    own = [_count(extent.contenders, "optimizer"), _count(extent.problems, "problem")]
    if extent.contenders * extent.cells != extent.pairs:
        own = [f"{_count(extent.pairs, 'pair')} of {' and '.join(own)}"]
    elif extent.cells != extent.problems:
        own[1] = f"{extent.cells} pairs of problem and sampler"
    if extent.tuning and len(extent.settings) != extent.pairs:
        own = [f"{len(extent.settings)} of {extent.pairs} pairs ({' × '.join(own)})"]
    return " × ".join([*own, *factors])


def _shares(extent: Extent) -> set[int]:
    each, rest = divmod(extent.final, extent.pairs)
    return {each, each + bool(rest)}


def _range(numbers: Sequence[int], what: str) -> str:
    first, last = numbers[0], numbers[-1]
    return _count(first, what) if first == last else f"{first} to {last} {what}s"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def _spaces(extent: Extent, untuned: bool) -> list[str]:
    spaces: Mapping[str, Mapping[str, Space]] = extent.spaces or {}
    shown = [(name, _fields(own)) for name, own in spaces.items()]
    if untuned:
        shown += [
            (name, "nothing to tune: it runs with its one setting") for name in extent.untuned
        ]
    width = min(max(len(name) for name, _ in shown), 40)
    lines = [f"  {name:<{width}}  {what}" for name, what in shown[:MOST]]
    return lines + ([f"  and {len(shown) - MOST} more"] if len(shown) > MOST else [])


def _fields(spaces: Mapping[str, Space]) -> str:
    return "; ".join(f"{field} {space}" for field, space in spaces.items())


def _time(preview: Preview) -> str:
    what = "it takes" if preview.missing == preview.extent.trials else "what is left takes"
    if preview.seconds is None:
        return "how long it takes is not known: no trial could be tried"
    if preview.jobs is None:
        where = " of one worker's time"
    else:
        where = f" with {preview.jobs} at a time" if preview.jobs > 1 else ""
    return (
        f"{what} about {_duration(preview.seconds)}{where}, estimated from a few steps of each; "
        "runs that end early take less"
    )


def _duration(seconds: float) -> str:
    for most, unit, factor in ((100, "s", 1), (6000, "min", 60), (172_800, "h", 3600)):
        if seconds < most:
            return f"{max(float(f'{seconds / factor:.2g}'), 1):g} {unit}"
    return f"{seconds / 86400:.2g} days"
