"""What may be said of a study's contenders: their order, and the claim about the first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from optframe.contracts.costs import DEFAULT
from optframe.statistics.caveats import doubts_of
from optframe.statistics.costs import known_cost
from optframe.statistics.drift import Unsteady, not_comparable, unsteady
from optframe.statistics.grouped import Flags
from optframe.statistics.medians import UNRUN
from optframe.statistics.standings.basis import Basis, basis_of
from optframe.statistics.standings.contenders import Contenders, contenders_of
from optframe.statistics.standings.judgement import Judgement
from optframe.statistics.standings.relabelling import BLOCKS, LEVEL, Ratio, p_over_problems
from optframe.statistics.standings.tuned import searches, studied, with_lost, with_units
from optframe.statistics.standings.units import Units

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Claims", "names_of_problems"]


@dataclass(frozen=True, eq=False)
class Claims:
    """Who is best in a study, by how much, how sure it is, and whether it holds.

    All is computed from ``trials`` and ``curves`` when it is first asked for. The frames must not
    be changed.
    """

    trials: pd.DataFrame = field(repr=False)
    """The trials but for those that searched for hyperparameters."""
    curves: pd.DataFrame | None = field(repr=False)
    cost: str
    """The cost that is counted: that which was asked for, or gradients if some run lacks it."""
    metric: str | None
    """The metric that was asked for; without one, each problem has its own (``problems``)."""
    seeds: int | None = None
    """The number of seeds that the study asked for, if it is known."""
    asked: str = DEFAULT
    """The cost that was asked for."""
    level: float = LEVEL
    """The level of the claims: of ``best``, and of pairs that are told apart."""
    tuning: pd.DataFrame | None = field(default=None, repr=False)
    """The searches for settings, a row each: see `optframe.statistics.standings`."""
    warnings: tuple[str, ...] = ()
    """What is doubtful of the tuning, one sentence each."""

    @cached_property
    def searches(self) -> pd.DataFrame:
        """The rows of ``tuning`` with all columns, ``lost`` and ``open``: see `tuned.searches`."""
        return searches(self.tuning, self.trials)

    @cached_property
    def _every(self) -> pd.DataFrame:
        """The trials, and runs that broke down for those that lost contenders have not."""
        return with_units(with_lost(self.trials, self.searches))

    @cached_property
    def pooled_trials(self) -> pd.DataFrame:
        """The trials, those of a tuned contender under its own name."""
        if "study" not in self.trials or self.trials["study"].isna().all():
            return self.trials
        return self.trials.assign(optimizer=self._every["setting"].iloc[: len(self.trials)].array)

    @property
    def absent(self) -> list[str]:
        """The contenders that have no trial at all, since every search of them was lost."""
        lost = set(self.searches.loc[self.searches["lost"], "contender"])
        here = set(self.pooled_trials["optimizer"]) if len(self.trials) else set()
        return [name for name in self.names if name in lost - here]

    @cached_property
    def compares(self) -> str:
        """What tests over runs compare: ``optimizers``, or ``settings`` that tuning chose.

        They compare optimizers where each judged problem with a tuned contender has two studies or
        more, and are empty where nothing was tuned.
        """
        judged = {str(name) for name in self.judgement.names}
        every = self._every
        if "study" not in every:
            return ""
        own = set(every.loc[every["study"].notna(), "problem"].astype(str)) & judged
        if not own:
            return ""
        return "optimizers" if own <= set(studied(every)) else "settings"

    @cached_property
    def _contenders(self) -> Contenders:
        return contenders_of(self._every)

    @cached_property
    def _ran(self) -> Flags:
        return np.asarray(~self._every["status"].isin((*UNRUN, "recording")).to_numpy())

    @cached_property
    def _basis(self) -> Basis:
        """The runs that are judged, and what they paid."""
        ran = self._ran
        of = self._contenders.codes[ran], len(self.names)
        return basis_of(self._every, ran, of, self.curves, self.chosen_by, self.metric)

    @property
    def judgement(self) -> Judgement:
        """The same as arrays, by ``chosen_by``, for contenders numbered as in ``names``."""
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
    def met(self) -> bool:
        """Whether two contenders ran on the same problem."""
        codes = self._contenders.codes[self._ran]
        problem = self._every["problem"][self._ran].to_numpy()
        return len(set(zip(problem, codes, strict=True))) > len(set(problem))

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
        return doubts_of(self.pooled_trials, self.asked)

    @cached_property
    def kind(self) -> str:
        """What is compared: ``optimizers``, ``samplers``, ``settings``, or nothing (empty)."""
        return self._contenders.kind

    @cached_property
    def contenders(self) -> tuple[str, ...]:
        """The contenders: those that are ranked, the first first; then the others."""
        names = self._contenders.names
        ranked = [] if self.doubt else [int(i) for i in self.judgement.order.sequence]
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
        return self._unfair if self._basis.sample.won.any() else ""

    @cached_property
    def _unfair(self) -> str:
        """Why runs cannot be compared by the cost; empty if they can."""
        if self.cost != "seconds":
            return ""
        if (self.trials["together"] > 1).any():
            return "not comparable: some runs ran in batches, and have no times of their own"
        return not_comparable(self.unsteady) or ""

    @cached_property
    def unsteady(self) -> list[Unsteady]:
        """The signs that the machine was not equally fast for all runs, problem by problem."""
        return unsteady(self.pooled_trials)

    @cached_property
    def chosen_by(self) -> str:
        """The cost that chooses settings: work where seconds cannot be compared."""
        return known_cost(self.trials, DEFAULT) if self._unfair else self.cost

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
        return "best" if self.p_best <= self.level and not chosen else "leads"

    @cached_property
    def _all_fixed(self) -> bool:
        judgement = self.judgement
        rows, columns = np.flatnonzero(judgement.ranked), judgement.numbers
        still = judgement.cells.fixed[np.ix_(rows, np.array(columns, dtype=np.intp))].copy()
        if self.seeds is not None and self.seeds > 1:
            # Where nothing is drawn, a study plans one seed of several, for each search.
            several = set(studied(self._every))
            for place, name in enumerate(judgement.names):
                if name in several:
                    continue
                own = (self._every["problem"] == name).to_numpy()
                seeds = self._every["seed"][own].groupby(self._contenders.codes[own]).nunique()
                still[:, place] |= seeds.reindex(rows).to_numpy() == 1
        return bool(still.all())

    def _chosen_from(self, contender: int) -> int:
        return int(self.judgement.cells.settings[contender].max(initial=0))

    @cached_property
    def p_best(self) -> float:
        """The largest p of the first against another; 1 if it is not ahead of all, NaN if alone."""
        if not self.comparable or len(self.leaders) > 1:
            return math.nan
        return self.judgement.p_best(self.judgement.p_values)

    @cached_property
    def p_beyond(self) -> float:
        """P of a swap test over problems, the first against the second; NaN with fewer than 6."""
        if not self.comparable or len(self.leaders) > 1:
            return math.nan
        names = names_of_problems(self._every)
        first, second = (int(i) for i in self.judgement.order.sequence[:2])
        found: dict[str, list[float]] = {}
        for number, name in zip(self.judgement.numbers, self.judgement.names, strict=True):
            d = self.judgement.over([number], [name]).pair(second, first).difference()
            found.setdefault(names[name], []).append(d)
        if len(found) < BLOCKS:
            return math.nan
        return p_over_problems([float(np.mean(d)) for d in found.values()])

    def ratio(self, contender: str, rival: str, *, kind: str) -> Ratio:
        """Return the rival's performance divided by the contender's, with its interval.

        ``kind`` is ``cost`` or ``value``: over the judged problems of that kind.
        """
        found = self._ratios.get((contender, rival, kind))
        if found is None:
            better, worse = self.names.index(contender), self.names.index(rival)
            found = _ratio_of(self.judgement, better, worse, kind)
            self._ratios[contender, rival, kind] = found
        return found

    @cached_property
    def _ratios(self) -> dict[tuple[str, str, str], Ratio]:
        return {}


_NO_RATIO = Ratio(math.nan, math.nan, math.nan, "")


def _ratio_of(judgement: Judgement, better: int, rival: int, kind: str) -> Ratio:
    """Return the rival's ratio to the contender on the problems of a kind; NaN without any."""
    units = judgement.cells.units
    numbers = [p for p in judgement.numbers if units[p].by_cost == (kind == "cost")]
    if not numbers:
        return _NO_RATIO
    if len(numbers) == len(judgement.numbers):
        return judgement.pair(better, rival).ratio()
    names = [judgement.names[judgement.numbers.index(p)] for p in numbers]
    return judgement.over(numbers, names).pair(rival, better).ratio()


def names_of_problems(trials: pd.DataFrame) -> dict[str, str]:
    """Return the name of each problem's label: settings of a problem are no further problems."""
    column = "problem_name" if "problem_name" in trials else "problem"
    return dict(zip(trials["problem"].astype(str), trials[column].astype(str), strict=True))
