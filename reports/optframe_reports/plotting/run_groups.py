"""The groups that a figure compares: the runs of one optimizer with one sampler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from optframe import Frames
from optframe.drawing.palette import color_of_each
from optframe.statistics import CENSORED, UNRUN
from optframe_reports.plotting.best_groups import Chosen, best_of_each, median_finals
from optframe_reports.plotting.group_styles import Looks, colors_of_samplers
from optframe_reports.quantities import count

__all__ = ["LIMIT", "By", "Group", "groups", "number_of_runs", "seeds"]

LIMIT = 12
"""As many groups as a picture holds, and as there are colours that can be told apart."""

By = Literal["auto", "optimizer", "sampler"]
"""What the colour tells; ``auto``: the optimizer, unless there is one only, with many samplers."""

_SAID = {"diverged": "diverged", "failed": "failed", "timeout": "timed out", "crashed": "crashed"}


@dataclass(frozen=True)
class Group:
    """Runs that differ by seed alone, with their name and how they are drawn.

    It may be the best of several ``settings`` of its optimizer; ``left_out`` is how many worse
    groups the picture has no room for.
    """

    name: str
    color: Any
    marker: str
    line_style: Any
    trials: pd.DataFrame
    settings: int = 1
    left_out: int = 0

    @property
    def label(self) -> str:
        """The name, and what it is the best of: ``adam:lr=0.1 (best of 50 settings)``."""
        return _noted(self.name, self._best)

    @property
    def legend(self) -> str:
        """The label, with how many runs were lost: ``adam (2 of 5 diverged)``."""
        counts, size = self.trials["status"].value_counts(), count(len(self.trials))
        lost = [f"{count(counts[s])} of {size} {_SAID[s]}" for s in CENSORED if s in counts]
        return _noted(self.name, self._best, *lost)

    @property
    def _best(self) -> str:
        return f"best of {count(self.settings)} settings" if self.settings > 1 else ""


def groups(
    frames: Frames, limit: int = LIMIT, *, by: By = "auto", metric: str = "loss"
) -> list[Group]:
    """Return the groups with runs, in the order of the report's optimizers and of the samplers.

    Where there are more than ``limit``, each optimizer (column ``optimizer_name``) is shown with
    each sampler by the setting whose median final ``metric`` is best, lost runs counting as worst;
    and of these the best ``limit``. Where all are settings of one optimizer, its best are shown.
    An optimizer has then the colour of its name.
    """
    trials = frames.trials
    optimizers = list(dict.fromkeys([*frames.colors, *trials["optimizer"]]))
    samplers = list(dict.fromkeys(trials["sampler"]))
    ran = trials[~trials["status"].isin(UNRUN)]
    if ran.empty:
        return []
    pairs, parts = _parts(ran, optimizers, samplers)
    names = _names(trials)
    families = [(names[optimizer], sampler) for optimizer, sampler in pairs]
    chosen = [Chosen(index) for index in range(len(pairs))]
    if len(pairs) > limit:
        chosen = best_of_each(families, median_finals(ran, parts, metric), limit)
    shown = [pairs[one.index] for one in chosen]

    heads, colors = dict(zip(optimizers, optimizers, strict=True)), color_of_each(optimizers)
    colors |= frames.colors
    if len(shown) < len(pairs) and len(set(families)) > 1:
        heads, colors = names, color_of_each(names.values())
    alone = len({heads[optimizer] for optimizer, _ in shown}) == 1
    by_sampler = by == "sampler" or (by == "auto" and alone and len(samplers) > 1)
    looks = Looks(colors, samplers)
    if by_sampler:
        looks = Looks(colors_of_samplers(trials), list(dict.fromkeys(heads[o] for o, _ in shown)))
    return [
        Group(
            optimizer if len(samplers) == 1 else f"{optimizer} · {sampler}",
            *looks.of(*((sampler, head) if by_sampler else (head, sampler))),
            trials=ran.iloc[parts[one.index]],
            settings=one.settings,
            left_out=one.left_out,
        )
        for one, (optimizer, sampler) in zip(chosen, shown, strict=True)
        for head in [heads[optimizer]]
    ]


def seeds(compared: Sequence[Group]) -> str:
    """Say how many seeds there are: ``5 seeds``, ``1 to 5 seeds``, ``one seed``."""
    sizes = sorted({len(group.trials) for group in compared})
    if sizes == [1]:
        return "one seed"
    few, many = count(sizes[0]), count(sizes[-1])
    return f"{few} to {many} seeds" if len(sizes) > 1 else f"{few} seeds"


def number_of_runs(compared: Sequence[Group]) -> str:
    """Say how many seeds there are, and what is not shown: ``5 seeds, best settings only``."""
    left_out = max((group.left_out for group in compared), default=0)
    said = [seeds(compared)]
    if any(group.settings > 1 for group in compared):
        said.append("best settings only")
    if left_out:
        said.append(f"the best {len(compared)} of {count(len(compared) + left_out)}")
    return ", ".join(said)


def _parts(
    ran: pd.DataFrame, optimizers: list[str], samplers: list[str]
) -> tuple[list[tuple[str, str]], list[Any]]:
    """Return the pairs of optimizer and sampler that ran, in order, and where each one's runs are.

    One sort does it: to look for each pair takes as long as there are pairs times runs.
    """
    codes = pd.Index(optimizers).get_indexer(pd.Index(ran["optimizer"])) * len(samplers)
    codes += pd.Index(samplers).get_indexer(pd.Index(ran["sampler"]))
    order = np.argsort(codes, kind="stable")
    begins = np.flatnonzero(np.diff(codes[order], prepend=-1))
    found = [divmod(int(code), len(samplers)) for code in codes[order[begins]]]
    return [(optimizers[o], samplers[s]) for o, s in found], np.split(order, begins[1:])


def _names(trials: pd.DataFrame) -> dict[str, str]:
    """Return each label's optimizer; frames made by hand need not tell it."""
    column = "optimizer_name" if "optimizer_name" in trials else "optimizer"
    return dict(zip(trials["optimizer"], trials[column], strict=True))


def _noted(name: str, *notes: str) -> str:
    said = ", ".join(note for note in notes if note)
    return f"{name} ({said})" if said else name
