"""Selects which settings of an optimizer are compared: all, or the best if there are too many."""

from __future__ import annotations

import dataclasses

from optframe import Frames
from optframe.drawing.palette import color_of_each
from optframe.statistics import UNRUN, at_tuned, tuned
from optframe_reports.plotting.compared_optimizers import have_met
from optframe_reports.plotting.run_groups import LIMIT

__all__ = ["at_best_settings"]


def at_best_settings(
    frames: Frames, by: str | None = None, metric: str | None = None
) -> tuple[Frames, str]:
    """Return the frames of the optimizers to compare, and a note on their settings.

    If there are at most `LIMIT`, and problems that all of them ran on, they are the study's, each
    with its own settings. Otherwise each optimizer (column ``optimizer_name``) has its best
    settings on each problem: those that reach the study's target at the least median cost ``by``,
    or without ``by`` those with the best median final ``metric``, by default the one that judges.
    Settings that were chosen on the
    same runs look better than they are.
    """
    trials = frames.trials
    ran = trials[~trials["status"].isin(UNRUN)]
    if "optimizer_name" not in ran or (ran["optimizer"].nunique() <= LIMIT and have_met(ran)):
        return frames, ""
    names = list(dict.fromkeys(ran["optimizer_name"]))
    chosen = tuned(ran, metric or frames.metric, by)
    if len(names) == ran["optimizer"].nunique() or chosen.empty:
        return frames, ""
    kept, curves = at_tuned(ran, chosen), frames.curves
    if len(curves):
        curves = curves[curves["key"].isin(kept["key"])]
    colors = {name: frames.colors[name] for name in names if name in frames.colors}
    colors = colors if len(colors) == len(names) else color_of_each(names)
    tried = int(chosen["settings_tried"].max())
    note = "Each with the settings that it has on each problem."
    if tried > 1:
        note = (
            f"Each at its best of up to {tried} settings on each problem, by the "
            f"{chosen['selected_by'].iloc[0]} on the same runs."
        )
    return dataclasses.replace(frames, trials=kept, curves=curves, colors=colors), note
