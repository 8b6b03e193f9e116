"""The standings of a study: the one judgement that everything a person reads is drawn from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from optframe.contracts.costs import DEFAULT
from optframe.statistics.costs import known_cost
from optframe.statistics.standings.caveat_sentences import caveats
from optframe.statistics.standings.sentences import headline
from optframe.statistics.standings.tables import Tables
from optframe.statistics.standings.tuning_sentences import tuning_caveats

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Standings", "standings"]


class Standings(Tables):
    """Who is best in a study, by how much, how sure it is, and whether it holds.

    All is computed from ``trials`` and ``curves`` when it is first asked for. The frames must not
    be changed.
    """

    @cached_property
    def headline(self) -> list[str]:
        """Who is best or leads, by how much, and how sure that is, a sentence or two each."""
        return headline(self)

    @cached_property
    def caveats(self) -> list[str]:
        """What else limits these conclusions, one sentence each."""
        return caveats(self)

    @cached_property
    def tuning_notes(self) -> list[str]:
        """Those of the caveats that are about tuning: how it was done, its cost, its warnings."""
        return [*tuning_caveats(self)]


def standings(
    trials: pd.DataFrame,
    curves: pd.DataFrame | None = None,
    cost: str = DEFAULT,
    metric: str | None = None,
    seeds: int | None = None,
    tuning: pd.DataFrame | None = None,
    warnings: Sequence[str] = (),
) -> Standings:
    """Judge a study's contenders by the cost of their targets, else by the metric.

    Parameters
    ----------
    trials, curves
        Frames as those of `optframe.Results`. Without curves, values have no starts.
    cost
        One of `COSTS`; gradients are counted if some run lacks it.
    metric
        What is judged where no run reached a target. By default the validation loss where there is
        one, else f − f* where f* is known, else the loss.
    seeds
        The number of seeds that the study asked for.
    tuning
        A row per search for settings: ``contender``, ``problem``, ``sampler``, ``study``, ``work``,
        ``runs`` and ``tried`` (settings), as `optframe.Results.winners`; of its other columns,
        ``number`` (NaN if nothing was chosen), ``reason``, ``closed``, ``setting``, ``space`` and
        ``tuner`` are used where they are there.
    warnings
        What is doubtful of the tuning, one sentence each; they are the last caveats.

    Raises
    ------
    ValueError
        If there is no such cost.

    References
    ----------
    N. Hansen et al., COCO, Optimization Methods and Software 36 (2021), for the expected running
    time. E. S. Edgington, Randomization Tests (1995), for the test. J. Hung and W. Fithian, Rank
    verification for exponential families, Annals of Statistics 47 (2019), for why "best" needs no
    correction for the number of contenders.
    """
    if "stage" in trials:
        trials = trials[(trials["stage"].fillna("final") == "final").to_numpy()]
    used = known_cost(trials, cost) if len(trials) else cost
    made = Standings(trials, curves, used, metric, seeds, cost)
    return dataclasses.replace(made, tuning=tuning, warnings=tuple(warnings))
