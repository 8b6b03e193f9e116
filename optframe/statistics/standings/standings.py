"""The standings of a study: the one judgement that everything a person reads is drawn from."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from optframe.contracts.costs import DEFAULT
from optframe.statistics.caveats import doubts_of
from optframe.statistics.costs import known_cost
from optframe.statistics.drift import no_ranking_by_seconds
from optframe.statistics.grouped import Flags
from optframe.statistics.medians import UNRUN
from optframe.statistics.standings import frames
from optframe.statistics.standings.basis import Basis, basis_of
from optframe.statistics.standings.contenders import Contenders, contenders_of
from optframe.statistics.standings.judgement import Judgement
from optframe.statistics.standings.relabelling import BLOCKS, Ratio, p_over_problems
from optframe.statistics.standings.sentences import caveats, headline
from optframe.statistics.standings.units import Units
from optframe.statistics.standings.variations import variations_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Standings", "standings"]


@dataclass(frozen=True, eq=False)
class Standings:
    """Who is best in a study, by how much, how sure it is, and whether it holds.

    All is computed from ``trials`` and ``curves`` when it is first asked for. The frames must not
    be changed.
    """

    trials: pd.DataFrame = field(repr=False)
    curves: pd.DataFrame | None = field(repr=False)
    cost: str
    """The cost that is counted: that which was asked for, or gradients if some run lacks it."""
    metric: str | None
    """The metric that was asked for; without one, each problem has its own (``problems``)."""
    seeds: int | None = None
    """The number of seeds that the study asked for, if it is known."""
    asked: str = DEFAULT
    """The cost that was asked for."""

    @cached_property
    def _contenders(self) -> Contenders:
        return contenders_of(self.trials)

    @cached_property
    def _ran(self) -> Flags:
        status = self.trials["status"]
        final = ~status.isin((*UNRUN, "recording")).to_numpy()
        if "stage" in self.trials:
            final &= (self.trials["stage"].fillna("final") == "final").to_numpy()
        return final

    @cached_property
    def _basis(self) -> Basis:
        """The runs that are judged, and what they paid."""
        ran = self._ran
        of = self._contenders.codes[ran], len(self.names)
        return basis_of(self.trials, ran, of, self.curves, self.cost, self.metric)

    @property
    def judgement(self) -> Judgement:
        """The same as arrays, for contenders numbered as in ``names``."""
        return self._basis.judged

    @property
    def names(self) -> tuple[str, ...]:
        """The contenders in the study's order."""
        return self._contenders.names

    @cached_property
    def that_ran(self) -> tuple[str, ...]:
        """The contenders with a run, in the study's order."""
        return tuple(self.names[i] for i in np.unique(self._contenders.codes[self._ran]))

    @cached_property
    def most_seeds(self) -> int:
        """The largest number of different results of a contender on a problem, over its seeds."""
        own = [unit.without(self.judgement.cells.fixed[:, p]) for p, unit in self._judged_units]
        return max((int(one.present.sum(axis=1).max(initial=0)) for one in own), default=0)

    @property
    def _judged_units(self) -> list[tuple[int, Units]]:
        return [(int(p), self.judgement.cells.units[p]) for p in self.judgement.numbers]

    @property
    def begun(self) -> list[tuple[str, int, int]]:
        """Problems of which some seeds, not all, began at the target: (problem, these, all)."""
        return self._basis.begun

    @cached_property
    def doubts(self) -> list[str]:
        """What is doubtful of costs and times, one sentence each."""
        return doubts_of(self.trials, self.asked)

    @cached_property
    def kind(self) -> str:
        """What is compared: ``optimizers``, ``samplers``, ``settings``, or nothing (empty)."""
        return self._contenders.kind

    @cached_property
    def contenders(self) -> tuple[str, ...]:
        """The contenders: those that are ranked, the first first; then the others."""
        names = self._contenders.names
        ranked = [int(i) for i in self.judgement.order.sequence]
        others = [i for i in range(len(names)) if i not in set(ranked)]
        return tuple(names[i] for i in [*ranked, *others])

    @cached_property
    def leaders(self) -> tuple[str, ...]:
        """The contenders on the first place; several if they are equal, none without an order."""
        first = self.judgement.order.first if self.comparable else []
        return tuple(self._contenders.names[i] for i in first)

    @property
    def comparable(self) -> bool:
        """Whether two contenders or more are ranked."""
        return len(self.judgement.order.sequence) > 1 and not self.doubt

    @cached_property
    def doubt(self) -> str:
        """Why the cost ranks nothing: seconds of a machine that drifted; empty if it does."""
        ran = self.trials[self._ran]
        if self.cost != "seconds" or not len(ran):
            return ""
        if (ran["together"] > 1).any():
            return "not comparable: some runs ran in batches, and have no times of their own"
        return no_ranking_by_seconds(self.trials, self.cost) or ""

    @cached_property
    def claim(self) -> str:
        """What may be said of the first contender.

        - ``best``: ahead of every other beyond chance, p ≤ 0.05 against each,
        - ``leads``: first, and not shown to be best,
        - ``equal``: several are first,
        - ``fixed``: first, and no result depends on a seed,
        - ``alone``: only one contender ran; ``nothing``: nothing can be judged.
        """
        ran = np.unique(self._contenders.codes[self._ran])
        if not self.comparable:
            return "alone" if len(ran) == 1 and not self.doubt else "nothing"
        if len(self.leaders) > 1:
            return "equal"
        if self._all_fixed:
            return "fixed"
        # The best of several settings, chosen on these runs, looks better than it is.
        chosen = self._chosen_from(self.judgement.order.first[0]) > 1
        return "best" if self.judgement.is_best and not chosen else "leads"

    @cached_property
    def _all_fixed(self) -> bool:
        judgement = self.judgement
        rows, columns = np.flatnonzero(judgement.ranked), judgement.numbers
        still = judgement.cells.fixed[np.ix_(rows, np.array(columns, dtype=np.intp))].copy()
        if self.seeds is not None and self.seeds > 1:
            # Where nothing is drawn, a study runs one seed of several.
            for place, number in enumerate(columns):
                present = judgement.cells.units[number].present[rows]
                still[:, place] |= present.sum(axis=1) == 1
            still &= not self._unfinished
        return bool(still.all())

    @property
    def _unfinished(self) -> bool:
        return bool((self.trials["status"] == "planned").any())

    def _chosen_from(self, contender: int) -> int:
        return int(self.judgement.cells.settings[contender].max(initial=0))

    @cached_property
    def p_best(self) -> float:
        """The largest p of the first against another; 1 if it is not ahead of all, NaN if alone."""
        if not self.comparable or len(self.leaders) > 1:
            return math.nan
        return self.judgement.p_best()

    @cached_property
    def p_beyond(self) -> float:
        """P of a swap test over problems, the first against the second; NaN with fewer than 6."""
        if not self.comparable or len(self.leaders) > 1:
            return math.nan
        names = frames.names_of_problems(self.trials)
        first, second = (int(i) for i in self.judgement.order.sequence[:2])
        found: dict[str, list[float]] = {}
        for number, name in zip(self.judgement.numbers, self.judgement.names, strict=True):
            d = self.judgement.over([number], [name]).pair(second, first).difference()
            found.setdefault(names[name], []).append(d)
        if len(found) < BLOCKS:
            return math.nan
        return p_over_problems([float(np.mean(d)) for d in found.values()])

    @cached_property
    def problems(self) -> pd.DataFrame:
        """A row per problem.

        Columns: ``problem``, ``kind`` (``cost``, ``value``), ``metric``, ``target`` (whether runs
        had one), ``judged`` (whether it counts in the order), ``reason`` (why not), ``blocks``
        (seeds).
        """
        return frames.problems_frame(self._basis, self.trials)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row per contender and problem, in the standings' order.

        Columns: ``contender``, ``problem``, ``setting`` and ``settings`` (the label of the chosen
        one, and of how many), ``runs``, ``won``, ``success`` with its 95 % Clopper–Pearson interval
        ``success_low``, ``success_high``, ``lost``, ``kind``, ``performance`` (the expected running
        time Σ paid/won, +inf without a success; or the geometric mean of the final values), its
        ``ratio`` to the problem's best, ``rank`` (ties share the mean), ``first``, ``fixed``
        (whether all seeds gave the same).
        """
        return frames.cells_frame(self._basis, self._contenders.names, self.contenders)

    @cached_property
    def groups(self) -> pd.DataFrame:
        """A row per problem, optimizer and sampler that was judged, in the order of the trials.

        Columns: ``problem``, ``optimizer``, ``sampler``, ``contender``, ``runs``, ``won``,
        ``kind``, ``performance`` (as of cells, of these runs alone), ``ratio`` (to the best such
        row of the problem), ``chosen`` (whether these settings are the contender's).
        """
        return frames.groups_frame(self._basis, self.names)

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per contender, the first first.

        Columns: ``contender``, ``place`` (NaN if not ranked), ``score`` (the geometric mean of the
        ratio to the best, no problem counting for more than 10), ``problems``, ``first_on``,
        ``within_2`` (of the best), ``solved`` of ``targets`` (problems of kind cost), ``won`` of
        ``runs``, ``lost``, ``settings`` (tried), and against the leader ``p``, ``p_holm``,
        ``apart`` (told apart from it).
        """
        return frames.table_frame(self)

    @cached_property
    def tests(self) -> pd.DataFrame:
        """The columns of ``pairs`` but for the ratios, which take longer."""
        return frames.tests_frame(self)

    def ratio(self, contender: str, rival: str, *, kind: str) -> Ratio:
        """Return the rival's performance divided by the contender's, with its interval.

        ``kind`` is ``cost`` or ``value``: over the judged problems of that kind.
        """
        found = self._ratios.get((contender, rival, kind))
        if found is None:
            better, worse = self.names.index(contender), self.names.index(rival)
            found = frames.ratio_of(self.judgement, better, worse, kind)
            self._ratios[contender, rival, kind] = found
        return found

    @cached_property
    def _ratios(self) -> dict[tuple[str, str, str], Ratio]:
        return {}

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """A row per pair of ranked contenders: see `optframe.statistics.standings.frames`."""
        return frames.pairs_frame(self)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row per judged run.

        Columns: ``key``, ``contender``, ``problem``, ``sampler``, ``seed``, ``won``, ``paid``,
        ``value`` (less is better), ``lost``.
        """
        return frames.runs_frame(self._basis, self._contenders.names)

    def performance(self, keys: Iterable[str]) -> float:
        """Return how some runs of one problem performed, as of a cell; +inf if none was judged."""
        own = self._of_runs.reindex(list(keys)).dropna()
        if own.empty:
            return math.inf
        upper, lower = own["upper"].sum(), own["lower"].sum()
        if own["by_cost"].iloc[0]:
            return float(upper / lower) if lower else math.inf
        return math.exp(upper / lower)

    @cached_property
    def _of_runs(self) -> pd.DataFrame:
        kinds = dict(zip(self.problems["problem"], self.problems["kind"], strict=True))
        kind = self.runs["problem"].map(kinds)
        own = self.runs[(kind != "").to_numpy()].set_index("key")
        by_cost = (own["problem"].map(kinds) == "cost").to_numpy()
        lower = np.where(by_cost, own["won"], 1.0)
        upper = np.where(by_cost, own["paid"], np.log(own["value"]))
        return own.assign(by_cost=by_cost, upper=upper, lower=lower)[["by_cost", "upper", "lower"]]

    @cached_property
    def variations(self) -> pd.DataFrame:
        """A row per other way to judge.

        Columns: ``variation``, ``kind``, ``what``, ``first`` (who is then first), ``p``, ``holds``
        (whether the claim of ``best``, or the first place of ``leads``, stays).
        """
        return frames.variations_frame(self, variations_of(self._basis, self.curves))

    def panels(self) -> pd.DataFrame:
        """Return each contender's ratio to the leader, over all problems and on each.

        Columns: ``panel``, ``contender``, ``ratio``, ``low``, ``high`` (the ratios that the test
        does not reject at 5 %; 0 and ∞ if there are too few runs), ``bound``, ``apart``.
        """
        return frames.panels_frame(self)

    @cached_property
    def headline(self) -> list[str]:
        """Who is best or leads, by how much, and how sure that is, a sentence or two each."""
        return headline(self)

    @cached_property
    def caveats(self) -> list[str]:
        """What else limits these conclusions, one sentence each."""
        return caveats(self)


def standings(
    trials: pd.DataFrame,
    curves: pd.DataFrame | None = None,
    cost: str = DEFAULT,
    metric: str | None = None,
    seeds: int | None = None,
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
    used = known_cost(trials, cost) if len(trials) else cost
    return Standings(trials, curves, used, metric, seeds, cost)
