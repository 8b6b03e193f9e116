"""The optimizers that a figure over all problems compares, with their legend and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optframe import Frames
from optframe.statistics import UNRUN, Standings
from optframe_reports.plotting.labelling import line_look, literal, room, stroke
from optframe_reports.plotting.palette import marker
from optframe_reports.plotting.run_groups import lost
from optframe_reports.quantities import noted, seeds

if TYPE_CHECKING:
    pass

__all__ = [
    "Solver",
    "add_notes",
    "lost_runs",
    "notes_height",
    "nothing_to_compare",
    "number_of_seeds",
    "solvers",
    "style",
]


@dataclass(frozen=True)
class Solver:
    """An optimizer with all its runs and its style."""

    name: str
    color: Any
    marker: str
    lost: str
    """The number of lost runs as text: ``2 of 60 diverged``; empty if none was lost."""

    def label(self, *notes: str) -> str:
        """Return the name with notes for a legend: ``adam (10 of 12; 1 of 60 failed)``."""
        return noted(self.name, *notes, self.lost, between="; ")


def solvers(frames: Frames, names: Sequence[str]) -> list[Solver]:
    """Return these optimizers in the order of the report."""
    order = list(frames.colors)
    return [
        Solver(
            name,
            frames.colors[name],
            marker(order.index(name)),
            lost(frames.trials[frames.trials["optimizer"] == name]["status"]),
        )
        for name in sorted(names, key=order.index)
    ]


def lost_runs(frames: Frames, names: Sequence[str]) -> str:
    """Return a note that counts the lost runs of these optimizers; empty if there are none."""
    text = lost(frames.trials[frames.trials["optimizer"].isin(names)]["status"])
    return f"Lost runs: {text}." if text else ""


def nothing_to_compare(frames: Frames, found: Standings) -> str | None:
    """Return a reason if fewer than two contenders were judged, else None."""
    if not len(frames.trials):
        return "the study has no trials"
    if frames.trials["status"].isin(UNRUN).all():
        return "no trial has run yet"
    if found.cells["contender"].nunique() < 2:
        if found.claim == "alone":
            return "only one optimizer has run; expected two or more to compare"
        reasons = set(found.problems["reason"]) - {"no run"}
        if len(reasons) == 1 and (reason := reasons.pop()).startswith("no run measured"):
            return str(reason)
        return found.headline[0].rstrip(".")
    ran = set(found.cells["contender"])
    met = found.cells.groupby("problem")["contender"].nunique()
    if not (met == len(ran)).any():
        return "there is no problem yet that all optimizers have run on"
    return None


def number_of_seeds(frames: Frames) -> str:
    """Return the number of runs of a cell as text: ``5 seeds``, ``1 to 5 seeds``, ``one seed``."""
    ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
    sizes = ran.groupby(["problem", "optimizer", "sampler"]).size()
    return seeds(map(int, sizes))


def style(solver: Solver) -> dict[str, Any]:
    """Return the style of an optimizer's line."""
    return line_look(solver.color, solver.marker)


def add_notes(axes: Any, notes: Sequence[str], above: Any, left: float = 0.0) -> None:
    """Put notes in small print below an artist, and ``left`` inches left of the axes' edge."""
    axes.annotate(
        _wrapped(notes, room(axes)),
        xy=(0, 0),
        xycoords=("axes fraction", above),
        xytext=(-72 * left * stroke(), -6),
        textcoords="offset points",
        va="top",
        fontsize="small",
        color="0.3",
    )


def notes_height(notes: Sequence[str], room: float = 1.0) -> float:
    """Return the height of notes in inches for this `axes.room`."""
    return 0.1 + 0.165 * (1 + _wrapped(notes, room).count("\n")) if notes else 0.0


def _wrapped(notes: Sequence[str], room: float) -> str:
    return "\n".join(literal(note, max(20, int(96 * room) - 14)) for note in notes)
