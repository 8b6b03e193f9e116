"""The figure tuning-landscape: the settings that a tuning tried, and how good they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from optframe import Figure, Frames
from optframe.errors import nearest
from optframe_reports.plotting.compared_optimizers import add_notes, notes_height
from optframe_reports.plotting.labelling import WIDTH, add_title
from optframe_reports.plotting.parallel_settings import ROW, draw_parallel
from optframe_reports.plotting.setting_pairs import ACROSS, CELL, Pair, draw_pairs, pairs_of
from optframe_reports.plotting.tuned_searches import Tuned, no_searches, tuned_of
from optframe_reports.quantities import count

__all__ = ["TuningLandscape"]

_MOST = 28
"""The most heat maps in a picture."""


@dataclass(frozen=True)
class TuningLandscape(Figure):
    """The settings that were tried, by their values: which fields matter, and where they are good.

    With ``kind=parallel`` there is a row for each contender. Each vertical axis is a field over its
    space, on the scale in which it was drawn, and the last one is the value, with the best at the
    top. Each line is a setting: dark is good, light is bad. Points mark the best one. Settings that
    broke down are grey and end at ×. Where dark lines meet, a field matters; where they spread, it
    does not. Dark lines at the end of an axis say that the space should reach farther.

    With ``kind=pairs`` there is a heat map for each pair of a contender's fields. A cell has the
    colour of the best setting in it. It is white where none was tried, and grey where all broke
    down. A ring marks the best setting.

    Parameters
    ----------
    kind
        ``parallel`` or ``pairs``.
    contender
        The contender to draw; by default all.
    """

    of_tuning = True

    kind: Literal["parallel", "pairs"] = "parallel"
    contender: str | None = None

    def title(self) -> str:
        """Return the picture's title."""
        return "Settings that were tried in tuning, by their values"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if nothing was tuned, or no contender has such fields, else None."""
        reason = no_searches(frames)
        if reason is not None:
            return reason
        tuned = tuned_of(frames)[0]
        if self.contender is not None and not self._chosen(tuned):
            names = dict.fromkeys(one.first.contender for one in tuned)
            return f"{self.contender!r} was not tuned; {nearest(self.contender, names)}"
        if self.kind == "pairs" and not pairs_of(self._chosen(tuned)):
            return "no contender was tuned in two fields or more; expected kind=parallel"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with a row for each contender, or a cell for each pair."""
        tuned, notes = self._drawn(frames)
        below = 0.35 + notes_height(notes)
        if self.kind == "parallel":
            return WIDTH, ROW * len(tuned) + below
        return WIDTH, CELL * -(-len(self._pairs(tuned)) // ACROSS) + below

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return each setting: name, study, number, value, broken, and a column for each field."""
        parts = []
        for one in self._drawn(frames)[0]:
            table = one.settings[["study", "number", "value", "broken"]]
            fields = {
                name: [
                    search.value_of(name, int(n))
                    for search in one.searches
                    for n in search.searched["number"]
                ]
                for name in one.first.space
            }
            parts.append(table.assign(name=one.name, **fields))
        found = pd.concat(parts, ignore_index=True)
        return found[["name", *(column for column in found if column != "name")]]

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the rows or the heat maps, and what the colours mean."""
        tuned, notes = self._drawn(frames)
        measures = dict.fromkeys(one.first.measure for one in tuned)
        measure = " or ".join(measures)
        if self.kind == "parallel":
            draw_parallel(axes, tuned, measure)
        else:
            draw_pairs(axes, self._pairs(tuned))
        add_title(axes, f"{frames.tunings['problem'].iloc[0]}: settings by {measure}")
        add_notes(axes, notes, axes)

    def _chosen(self, tuned: list[Tuned]) -> list[Tuned]:
        return [one for one in tuned if self.contender in (None, one.first.contender, one.name)]

    def _pairs(self, tuned: list[Tuned]) -> list[Pair]:
        return pairs_of(tuned)[:_MOST]

    def _drawn(self, frames: Frames) -> tuple[list[Tuned], list[str]]:
        """Return the contenders that are drawn, and the notes."""
        tuned, left_out = tuned_of(frames)
        tuned = self._chosen(tuned)
        notes = [f"Shown: {left_out}." if left_out else ""]
        broken = any(np.isinf(one.values).any() for one in tuned)
        if self.kind == "parallel":
            notes.append("Dark: the best settings; light: the worst.")
            notes.append("Grey, ending at ×: broke down." if broken else "")
        else:
            total = len(pairs_of(tuned))
            notes.append(
                "A cell has the colour of its best setting; dark is the best of all, in the ring."
            )
            notes.append("White: none was tried." + (" Grey: all broke down." if broken else ""))
            if total > _MOST:
                notes.append(f"Shown: {_MOST} of {count(total)} pairs; contender=NAME has its own.")
        return tuned, [" ".join(note for note in notes if note)]
