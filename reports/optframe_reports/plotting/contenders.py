"""The contenders of a study, as its standings judge them, for figures that compare them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from optframe import Frames
from optframe.drawing.palette import color_of_each
from optframe.statistics import Standings, standings
from optframe_reports.plotting.palette import LIMIT
from optframe_reports.quantities import count

__all__ = ["at_contenders", "colors_of", "standings_of"]


def standings_of(
    frames: Frames, cost: str | None = None, metric: str | None = None, *, final: bool = False
) -> Standings:
    """Return the standings of these frames, by another cost or metric if they are given.

    With ``final``, targets do not count: runs are judged by what they ended with.
    """
    cost, metric = cost or frames.cost, metric or frames.metric
    found: Standings | None = frames.standings
    if found is not None and not final and (found.asked, found.metric) == (cost, metric):
        return found
    trials = frames.trials
    if final:
        trials = trials.assign(target=float("nan"), target_metric=None)
    return standings(trials, frames.curves, cost, metric)


def at_contenders(
    frames: Frames, found: Standings | None = None, most: int = LIMIT
) -> tuple[Frames, str]:
    """Return the frames with the contenders as optimizers, and a note on them.

    Of more than ``most`` contenders, the first of the standings are kept.

    Of a contender with several settings (a grid), the runs of the one that the standings chose on
    each problem are kept. Samplers are no further problems: the runs of all samplers of an
    optimizer are its runs. If the contenders are samplers, they take the place of optimizers.
    """
    found, trials = found or standings_of(frames), frames.trials
    first = [name for name in found.contenders if name in set(found.cells["contender"])][:most]
    groups = pd.concat([found.groups, found.pooled], ignore_index=True)
    groups = groups[groups["chosen"] & groups["contender"].isin(first)]
    groups = groups.drop_duplicates(["problem", "optimizer", "sampler"])
    same = ["problem", "optimizer", "sampler"]
    whose = trials[same].astype(str).merge(groups[[*same, "contender"]], on=same, how="left")
    kept = whose["contender"].notna().to_numpy()
    trials = trials[kept].assign(
        settings=trials["optimizer"][kept],
        optimizer=whose["contender"][kept].to_numpy(),
        sampler="none",
    )
    curves = frames.curves
    if len(curves):
        curves = curves[curves["key"].isin(trials["key"])]
    lost = [name for name in found.absent if name in first]
    colors = colors_of(frames, list(dict.fromkeys([*trials["optimizer"], *lost])))
    tried = int(found.cells["settings"].max()) if len(found.cells) else 1
    notes = []
    if tried > 1:
        notes.append(
            f"Each at its best of up to {tried} settings on each problem, chosen on the same runs."
        )
    if len(first) < (total := found.cells["contender"].nunique()):
        notes.append(f"Compared: the first {most} of {count(total)} in the standings.")
    kept_frames = dataclasses.replace(frames, trials=trials, curves=curves, colors=colors)
    return kept_frames, " ".join(notes)


def colors_of(frames: Frames, names: Sequence[str]) -> dict[str, str]:
    """Return the colours of contenders, in the study's order: those of the labels that they are.

    If one of them is no label (a grid, a sampler), all have colours of their own.
    """
    colors = {name: frames.colors[name] for name in names if name in frames.colors}
    return colors if len(colors) == len(names) else color_of_each(names)
