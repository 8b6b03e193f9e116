"""The trials of a race: those that both sides have, and their measured times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from optframe.gate.verdicts import Row, Subject, Verdict

__all__ = ["Entrants", "RacedTrial", "entrants"]

Labels = tuple[str, str, str, int]

Planned = Mapping[Labels, tuple[int, Mapping[str, Any]]]
"""A side's trials by their labels, each with its index in the worker's list."""


@dataclass
class RacedTrial:
    """A trial that both sides run. In each pair of values, base's is the first.

    ``numbers`` are its indices in the workers' lists. ``redefined`` is true if the sides have
    different specifications under its name. ``steps`` and ``runs`` are those of a turn. ``taken``
    are the steps that a run took. ``seconds`` has the seconds per step of each heat. ``failures``
    are the reasons why a side cannot run it, or empty.
    """

    subject: Subject
    numbers: tuple[int, int]
    redefined: bool
    backend: str
    steps: int = 0
    runs: int = 0
    taken: list[int] = field(default_factory=lambda: [0, 0])
    seconds: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    failures: list[str] = field(default_factory=lambda: ["", ""])

    @property
    def ratios(self) -> list[float]:
        """Head's seconds divided by base's, for each heat."""
        return [head / base for base, head in zip(*self.seconds, strict=True)]


@dataclass(frozen=True)
class Entrants:
    """The trials to race, the rows of those that one side lacks, and the number both skip."""

    trials: list[RacedTrial]
    alone: list[Row]
    skipped: int


def entrants(base: Mapping[str, Any], head: Mapping[str, Any], only: str) -> Entrants:
    """Match the trials that the workers of both sides have planned, by their labels.

    Of several seeds only the first is raced, since a step of the others does the same work.
    """
    ours, theirs = _planned(base, only), _planned(head, only)
    trials, alone, skipped = [], [], 0
    for labels in dict.fromkeys([*ours, *theirs]):
        (i, before), (j, after) = (side.get(labels, (-1, _ABSENT)) for side in (ours, theirs))
        subject = Subject((before or after)["cell"], *labels)
        reasons = before["skip"], after["skip"]
        if reasons == (None, None):
            redefined = before["cell"] != after["cell"]
            trials.append(RacedTrial(subject, (i, j), redefined, before["backend"]))
        elif None in reasons:
            verdict = Verdict.NEW if after["skip"] is None else Verdict.MISSING
            here, there = (None if reason else "there" for reason in reasons)
            reason = before["skip"] or after["skip"]
            alone.append(Row(subject, "trial", verdict, here, there, reason=reason))
        else:
            skipped += 1
    return Entrants(trials, alone, skipped)


_ABSENT = {"cell": "", "backend": "", "skip": "this side has no such trial"}


def _planned(answer: Mapping[str, Any], only: str) -> Planned:
    found: dict[Labels, tuple[int, Mapping[str, Any]]] = {}
    for number, trial in enumerate(answer["trials"]):
        labels: Labels = (*trial["labels"][:3], 0)
        if fnmatchcase(str(Subject("", *labels)), only):
            found.setdefault(labels, (number, trial))
    return found
