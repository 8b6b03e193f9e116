"""The trials of a race: those that both sides have, and what was measured of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from optframe.gate.verdicts import Row, Subject, Verdict

__all__ = ["Entrants", "RacedTrial", "entrants"]

Labels = tuple[str, str, str, int]

Planned = Mapping[Labels, tuple[int, Mapping[str, Any]]]
"""A side's trials, and the place of each in its list."""


@dataclass
class RacedTrial:
    """A trial that both sides run. Of two things the first is always base's.

    ``numbers`` are its places in the sides' lists; ``redefined`` says that the sides understand its
    name differently. ``steps`` and ``runs`` are those of a turn; ``taken`` the steps that a run
    really took; ``seconds`` has the seconds per step of each heat; ``failures`` say why a side
    cannot run it.
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
        """Head's seconds over base's, of each heat."""
        return [head / base for base, head in zip(*self.seconds, strict=True)]


@dataclass(frozen=True)
class Entrants:
    """The trials to race, the rows of those that one side lacks, and how many both skip."""

    trials: list[RacedTrial]
    alone: list[Row]
    skipped: int


def entrants(base: Mapping[str, Any], head: Mapping[str, Any], only: str) -> Entrants:
    """Join what the workers of both sides have planned, by the names that people read.

    Of several seeds the first is raced: the others take the same steps.
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


_ABSENT = {"cell": "", "backend": "", "skip": "the study has no such trial there"}


def _planned(answer: Mapping[str, Any], only: str) -> Planned:
    found: dict[Labels, tuple[int, Mapping[str, Any]]] = {}
    for number, trial in enumerate(answer["trials"]):
        labels: Labels = (*trial["labels"][:3], 0)
        if fnmatchcase(str(Subject("", *labels)), only):
            found.setdefault(labels, (number, trial))
    return found
