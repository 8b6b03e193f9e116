"""Compares optimizers on the same gradients, and names the conventions in which they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from optframe.components.registry import Registry
from optframe.contracts import Layout, Optimizer
from optframe.errors import UsageError
from optframe.gate.parity.candidates import Candidate, bases
from optframe.gate.parity.contender import Contender, contender
from optframe.gate.parity.names import ALIGNED, SWITCHES
from optframe.gate.parity.search import CONSTANTS, Found, Search
from optframe.gate.parity.sequences import STEPS, Sequences, gradient_sequences
from optframe.gate.parity.text import as_data, written
from optframe.gate.parity.verdict import AFTER, PRECISIONS, Verdict
from optframe.gate.parity.walking import EXACT, LAYOUTS, Falling, apart, first_apart, way

__all__ = ["SECONDS", "Comparison", "compare"]

PROBES = {"lr": 0.05, "eps": 1e-3}
"""Numbers that are not typed get these values, with which conventions show."""

IN_FLOAT32 = 1e-3
"""Ways that are apart by less than this in float32 are equal."""

SECONDS = 20.0
"""A search ends after this time."""

Ways = dict[tuple[str, str], NDArray[Any]]
"""A contender's ways, by precision and sequence."""


@dataclass(frozen=True)
class Comparison:
    """The verdicts on all contenders, the first one first; ``print`` shows them.

    ``numbers`` are those that all got alike, and ``falls`` says whether the learning rate fell.
    """

    verdicts: tuple[Verdict, ...]
    numbers: Mapping[str, float]
    falls: bool
    blocks: tuple[str, ...] = field(default=())

    @property
    def explained(self) -> bool:
        """Whether all agree with the first, or with a built-in."""
        first, *rest = self.verdicts
        return all(one.explained for one in rest) and (
            first.explained or all(one.equal for one in rest)
        )

    def __str__(self) -> str:
        """Return the table of differences and the verdicts as text."""
        return written(self.verdicts, self.numbers, self.falls)

    def data(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        return {
            "numbers": dict(self.numbers),
            "falls": self.falls,
            "blocks": list(self.blocks),
            "explained": self.explained,
            "contenders": [as_data(one) for one in self.verdicts],
        }


@dataclass(frozen=True)
class _Run:
    """A contender with the numbers that it got, and its ways."""

    contender: Contender
    numbers: Mapping[str, float]
    optimizer: Optimizer
    ways: Ways


def compare(
    given: Sequence[str | Optimizer],
    registry: Registry,
    seconds: float = SECONDS,
    progress: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Compare optimizers, each with the first.

    Parameters
    ----------
    given
        At least two: notations, or objects.
    registry
        The registry that has the built-in ones.
    seconds
        The time of the search for one contender.
    progress
        Called often, with what is being done.

    Raises
    ------
    UsageError
        If there are fewer than two, a name or parameter is wrong, or one cannot be compared.
    """
    if len(given) < 2:
        raise UsageError(f"parity: found {len(given)} optimizers, expected at least two")
    contenders = [contender(one, registry) for one in given]
    common = _common(contenders)
    numbers = [_numbers(one, common) for one in contenders]
    made, falls = _made(contenders, numbers)
    layout = _layout(contenders, made)
    sequences = gradient_sequences(layout.size)
    runs = []
    for one, own, optimizer in zip(contenders, numbers, made, strict=True):
        progress(f"the steps of {one.title}")
        ways = {
            (dtype, name): way(optimizer, sequence, layout, dtype)
            for dtype in PRECISIONS
            for name, sequence in sequences.items()
        }
        runs.append(_Run(one, own, optimizer, ways))
    judge = _Judge(runs[0], sequences, layout, falls, seconds, registry, progress)
    verdicts = tuple(judge.verdict(run) for run in runs)
    return Comparison(verdicts, common, falls, tuple(block.name for block in layout))


def _common(contenders: Sequence[Contender]) -> dict[str, float]:
    """Return the numbers that all get which do not say otherwise."""
    common: dict[str, float] = {}
    for name in ALIGNED:
        typed = [one.number(name) for one in contenders if one.types(name)]
        values = [PROBES.get(name), contenders[0].number(name)]
        having = all(one.spelled(name) is not None for one in contenders)
        if name == "lr" and not having:
            values = values[1:]
        chosen = next((value for value in [*typed, *values] if value is not None), None)
        if chosen and any(one.spelled(name) is not None for one in contenders):
            common[name] = chosen
    return common


def _numbers(one: Contender, common: Mapping[str, float]) -> dict[str, float]:
    """Return the numbers that a contender gets, by our names."""
    numbers: dict[str, float] = {}
    for name in ALIGNED:
        own = one.number(name)
        off = name in (*SWITCHES, "eps") and not own
        if own is not None and (off or one.types(name) or name not in common):
            numbers[name] = own
        elif name in common and one.spelled(name) is not None and not off:
            numbers[name] = common[name]
    return numbers


def _made(
    contenders: Sequence[Contender], numbers: Sequence[Mapping[str, float]]
) -> tuple[list[Optimizer], bool]:
    """Return the optimizers, and whether their learning rates fall: all of them, or none."""
    pairs = list(zip(contenders, numbers, strict=True))
    constant = [one.made(own) for one, own in pairs]
    if not all("lr" in own for own in numbers):
        return constant, False
    try:
        return [one.made({**own, "lr": Falling(own["lr"])}) for one, own in pairs], True
    except UsageError:
        return constant, False


def _layout(contenders: Sequence[Contender], made: Sequence[Optimizer]) -> Layout:
    """Return the blocks that all can have; raise `UsageError` if there are none."""
    for last, layout in zip((False, True), LAYOUTS, strict=True):
        pairs = zip(contenders, made, strict=True)
        reasons = [(one.title, one.refusal(optimizer, layout)) for one, optimizer in pairs]
        lines = [f"{title}: {reason}" for title, reason in reasons if reason is not None]
        if not lines:
            return layout
        if last:
            raise UsageError(*lines)
    raise AssertionError


@dataclass(frozen=True)
class _Judge:
    """Finds the verdicts of a comparison with the first contender."""

    first: _Run
    sequences: Sequences
    layout: Layout
    falls: bool
    seconds: float
    registry: Registry
    progress: Callable[[str], None]

    def verdict(self, run: _Run) -> Verdict:
        """Return the verdict on one contender."""
        differences = {
            dtype: dict(zip(AFTER, self._differences(run, dtype), strict=True))
            for dtype in PRECISIONS
        }
        title, contender = run.contender.title, run.contender
        equal = differences["float64"][STEPS] <= EXACT
        in32 = differences["float32"][STEPS]
        verdict: dict[str, Any] = {
            "title": title,
            "differences": differences,
            "largest_in": max(self.sequences, key=lambda name: self._after(run, name)),
            "equal": equal,
        }
        if equal and run is not self.first:
            defaults = contender.other_defaults(self.first.contender)
            off = in32 if in32 > IN_FLOAT32 else None
            return Verdict(**verdict, defaults=defaults, float32_apart=off)
        if contender.registered:
            changes = contender.changes_from(self.first.contender)
            return Verdict(**verdict, notation=title, difference=0.0, changes=changes)
        found = self._search(run)
        verdict |= {"tried": found.tried, "ended": found.ended}
        if not found.fits:
            return Verdict(**verdict, **self._parting(run, found))
        best, difference = found.fits[0]
        own = {k: v for k in ALIGNED if (v := contender.number(k)) is not None}
        own |= contender.eps_under_root()
        typed = {k: v for k, v in own.items() if contender.types(k) or k in SWITCHES}
        return Verdict(
            **verdict,
            notation=best.notation(typed),
            own=best.notation(own),
            difference=difference,
            others=self._others(run, found, typed),
            float32_apart=self._in_float32(run, best),
        )

    def _differences(self, run: _Run, dtype: str) -> list[float]:
        pairs = [(self.first.ways[dtype, name], run.ways[dtype, name]) for name in self.sequences]
        ways = [apart(one, other, dtype) for one, other in pairs]
        return [max(float(way[steps - 1]) for way in ways) for steps in AFTER]

    def _after(self, run: _Run, name: str) -> float:
        """Return the largest difference in a sequence, in float64."""
        pair = self.first.ways["float64", name], run.ways["float64", name]
        return float(apart(*pair)[-1])

    def _searching(self, run: _Run) -> Search:
        target = {name: run.ways["float64", name] for name in self.sequences}
        said = f"what explains {run.contender.title}"
        return Search(
            self.sequences,
            self.layout,
            target,
            self.falls,
            self.seconds,
            lambda: self.progress(said),
        )

    def _search(self, run: _Run) -> Found:
        numbers = {**run.numbers, **run.contender.eps_under_root()}
        begin = bases(run.contender, numbers, self.first.contender, self.registry)
        return self._searching(run).run(begin)

    def _others(
        self, run: _Run, found: Found, typed: Mapping[str, float]
    ) -> tuple[tuple[str, str], ...]:
        """Return what fits, too, and what would tell it from the best."""
        search, (best, _) = self._searching(run), found.fits[0]
        told = [(one, search.told_apart_by(best, one)) for one, _ in found.fits[1:]]
        return tuple((one.notation(typed), by) for one, by in told if by is not None)

    def _parting(self, run: _Run, found: Found) -> dict[str, Any]:
        """Return the nearest candidate, and where the contender's way leaves it."""
        if found.nearest is None:
            return {}
        search, (nearest, difference) = self._searching(run), found.nearest
        made = nearest.made(**search.rate(nearest))
        ways = {
            name: (way(made, sequence, self.layout), run.ways["float64", name])
            for name, sequence in self.sequences.items()
        }
        begin = float(apart(*next(iter(ways.values())))[0])
        place = first_apart(ways, self.layout, EXACT if begin <= EXACT else CONSTANTS)
        typed = {k: v for k, v in run.numbers.items() if run.contender.types(k) or k in SWITCHES}
        return {"nearest": (nearest.notation(typed), difference), "place": place}

    def _in_float32(self, run: _Run, best: Candidate) -> float | None:
        """Return how far the explanation is off in float32, if that is too far."""
        made = best.made(**self._searching(run).rate(best))
        largest = 0.0
        for name, sequence in self.sequences.items():
            other = way(made, sequence, self.layout, "float32")
            parting = apart(run.ways["float32", name], other, "float32")
            largest = max(largest, float(parting[-1]))
        return largest if largest > IN_FLOAT32 else None
