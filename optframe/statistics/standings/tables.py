"""The frames of standings.

`Standings.pairs` has: ``contender`` (the better placed), ``rival``, ``wins`` and
``losses`` (problems on which the contender's performance is better and worse), ``statistic`` (T of
the rival against the contender, positive where the rival is worse), ``p``, ``p_holm`` (Holm's
correction for all pairs), ``apart`` (p_holm ≤ 0.05), ``mode`` and ``blocks`` of the test, and for
problems of kind cost and of kind value apart ``cost_ratio``, ``cost_low``, ``cost_high``,
``cost_bound`` and the same for ``value``: the rival's performance divided by the contender's, with
the ratios that the test does not reject at 5 %.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from optframe.statistics.standings import frames
from optframe.statistics.standings.claims import Claims
from optframe.statistics.standings.pairs import pairs_frame, panels_frame, tests_frame
from optframe.statistics.standings.search_costs import search_of_runs, search_work, winner_work
from optframe.statistics.standings.units import terms
from optframe.statistics.standings.variations import Variation, variations_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tables"]


class Tables(Claims):
    """A study's claims with the frames that they are read from."""

    @cached_property
    def problems(self) -> pd.DataFrame:
        """A row per problem.

        Columns: ``problem``, ``kind`` (``cost``, ``value``), ``metric``, ``measure`` (what its
        values are called, as of ``error (1 − accuracy)``), ``target`` (whether runs had one),
        ``judged`` (whether it counts in the order), ``reason`` (why not), ``blocks`` (seeds).
        """
        return frames.problems_frame(self._basis, self._every)

    @property
    def measure(self) -> str:
        """What the values of the judged problems of kind value are called; empty without any."""
        own = self.problems[self.problems["judged"] & (self.problems["kind"] == "value")]
        names = list(dict.fromkeys(own["measure"]))
        return names[0] if len(names) == 1 else "final value" if names else ""

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row per contender and problem, in the standings' order.

        Columns: ``contender``, ``problem``, ``setting`` and ``settings`` (the label of the chosen
        one, and of how many), ``runs``, ``won``, ``success`` with its 95 % Clopper–Pearson interval
        ``success_low``, ``success_high``, ``lost``, ``lost_in_tuning`` (runs that it has not, since
        its tuning found nothing: they count as lost), ``kind``, ``performance`` (the expected
        running time Σ paid/won, +inf without a success; or the geometric mean of the final values),
        its ``ratio`` to the problem's best, ``rank`` (ties share the mean), ``first``, ``fixed``
        (whether all seeds gave the same), ``work``, ``tuning_work`` and ``both_work``: what the
        setting costs, what finding it cost, and both (see `search_costs`).
        """
        made = frames.cells_frame(self._basis, self._contenders.names, self.contenders)
        made = made.assign(**_charges(self, made))
        return self._unranked(made, "performance", "ratio", "rank").assign(
            first=made["first"] & ~((made["kind"] == "cost") & bool(self.doubt))
        )

    @cached_property
    def groups(self) -> pd.DataFrame:
        """A row per problem, optimizer and sampler that was judged, in the order of the trials.

        Columns: ``problem``, ``optimizer``, ``sampler``, ``contender``, ``runs``, ``won``,
        ``kind``, ``performance`` (as of cells, of these runs alone), ``ratio`` (to the best such
        row of the problem), ``chosen`` (whether these settings are the contender's).
        """
        return self._unranked(frames.groups_frame(self._basis, self.names), "performance", "ratio")

    @cached_property
    def pooled(self) -> pd.DataFrame:
        """The same with one row for all winners of a tuned contender, under its own name.

        So are ``pooled_trials``. Without a tuning, both are ``groups`` and ``trials``.
        """
        made = frames.groups_frame(self._basis, self.names, "setting")
        return self._unranked(made, "performance", "ratio")

    def _unranked(self, made: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """Return a frame without what a cost that ranks nothing would say."""
        by_cost = (made["kind"] == "cost").to_numpy() & bool(self.doubt)
        return made.assign(**{name: made[name].mask(by_cost) for name in columns})

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per contender, the first first.

        Columns: ``contender``, ``place`` (NaN if not ranked), ``score`` (the geometric mean of the
        ratio to the best, no problem counting for more than 10), ``problems``, ``first_on``,
        ``within_2`` (of the best), ``solved`` of ``targets`` (problems of kind cost), ``won`` of
        ``runs``, ``lost``, ``settings`` (tried), ``tuning_work``, and against the leader ``p``,
        ``p_holm``, ``apart`` (told apart from it).
        """
        return _table(self)

    @cached_property
    def tests(self) -> pd.DataFrame:
        """The columns of ``pairs`` but for the ratios, which take longer."""
        return tests_frame(self)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """A row per pair of ranked contenders: see the top of this module."""
        return pairs_frame(self, self.tests)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row per judged run.

        Columns: ``key``, ``contender``, ``problem``, ``sampler``, ``seed``, ``won``, ``paid``,
        ``value`` (less is better), ``lost``.
        """
        made = frames.runs_frame(self._basis, self._contenders.names)
        return made.assign(paid=made["paid"].mask(np.full(len(made), bool(self.doubt))))

    def performance(self, keys: Iterable[str]) -> float:
        """Return how some runs of one problem performed, as of a cell; +inf if none was judged.

        It is for choosing among settings, and so by ``chosen_by``.
        """
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
        runs = frames.runs_frame(self._basis, self._contenders.names)
        kind = runs["problem"].map(kinds)
        own = runs[(kind != "").to_numpy()].set_index("key")
        by_cost = (own["problem"].map(kinds) == "cost").to_numpy()
        parts = (own[name].to_numpy() for name in ("paid", "won", "value"))
        upper, lower = terms(by_cost, *parts)
        return own.assign(by_cost=by_cost, upper=upper, lower=lower)[["by_cost", "upper", "lower"]]

    @cached_property
    def variations(self) -> pd.DataFrame:
        """A row per other way to judge.

        Columns: ``variation``, ``kind``, ``what``, ``first`` (who is then first), ``p``, ``holds``
        (whether the claim of ``best``, or the first place of ``leads``, stays).
        """
        searched = search_of_runs(self._basis, self.searches)
        return _variations(self, variations_of(self._basis, self.curves, searched))

    @cached_property
    def apart_on(self) -> list[str]:
        """Problems with two contenders, where no problem was run by all; else none."""
        if self.comparable or self.doubt:
            return []
        ran = self.cells.groupby("problem", sort=False)["contender"].nunique()
        return [str(problem) for problem, count in ran.items() if count > 1]

    def of_problem(self, problem: str) -> Self:
        """Return the standings of one of the problems ``apart_on``, at the level 0.05/their number.

        So a study in which all perform alike has a false claim in at most 5 %.
        """
        own = self.trials[self.trials["problem"] == problem]
        level = self.level / max(1, len(self.apart_on))
        tuning = self.searches[self.searches["problem"] == problem]
        return dataclasses.replace(self, trials=own, level=level, tuning=tuning, warnings=())

    def panels(self) -> pd.DataFrame:
        """Return each contender's ratio to the leader, over all problems and on each.

        Columns: ``panel``, ``contender``, ``ratio``, ``low``, ``high`` (the ratios that the test
        does not reject at 5 %; 0 and ∞ if there are too few runs), ``bound``, ``apart``.
        """
        return self._of_panels

    @cached_property
    def _of_panels(self) -> pd.DataFrame:
        return panels_frame(self, self.table)


def _charges(found: Tables, cells: pd.DataFrame) -> dict[str, list[float]]:
    """Return the columns of cells that say what a setting costs, and what finding it cost."""
    searched = search_work(found.searches, found.kind)
    winner = winner_work(found._basis, found.names)
    where = [*zip(cells["contender"], cells["problem"], strict=True)]
    work = [winner.get(at, math.nan) for at in where]
    search = [searched.get(at, 0.0) for at in where]
    both = [a + b for a, b in zip(work, search, strict=True)]
    return {"work": work, "tuning_work": search, "both_work": both}


def _table(found: Tables) -> pd.DataFrame:
    """Return `Standings.table`."""
    import pandas as pd

    judged = found.problems.loc[found.problems["judged"], "problem"]
    cells = found.cells[found.cells["problem"].isin(judged)]
    of = dict(iter(cells.groupby("contender")))
    order, names = found.judgement.order, found.names
    leader = found.leaders[0] if len(found.leaders) else None
    own_pairs = found.tests[found.tests["contender"] == leader]
    pairs = {row["rival"]: row for row in own_pairs.to_dict("records")}
    rows = []
    for name in found.contenders:
        own, i = of.get(name, cells.iloc[:0]), names.index(name)
        by_cost = own["kind"] == "cost"
        p = pairs.get(name)
        behind = p is not None and (bool(p["apart"]) or found.claim == "best")
        rows.append(
            {
                "contender": name,
                "place": math.nan if found.doubt else order.place[i],
                "score": math.nan if found.doubt else order.score[i],
                "problems": len(own),
                "first_on": int(own["first"].sum()),
                "within_2": int((own["ratio"] <= 2 * (1 + 1e-9)).sum()),
                "solved": int((by_cost & (own["won"] > 0)).sum()),
                "targets": int(by_cost.sum()),
                "won": int(own["won"].sum()),
                "runs": int(own["runs"].sum()),
                "lost": int(own["lost"].sum()),
                "settings": int(own["settings"].max()) if len(own) else 0,
                "tuning_work": float(own["tuning_work"].sum()),
                "p": math.nan if p is None else p["p"],
                "p_holm": math.nan if p is None else p["p_holm"],
                "apart": behind,
            }
        )
    return pd.DataFrame(rows)


def _variations(found: Tables, variations: Iterable[Variation]) -> pd.DataFrame:
    """Return `Standings.variations`."""
    import pandas as pd

    columns = ["variation", "kind", "what", "first", "p", "holds"]
    if found.claim not in ("best", "leads", "fixed"):
        return pd.DataFrame(columns=columns)
    leader = found.names.index(found.leaders[0])
    rows = []
    for one in variations:
        order = one.judgement.order
        if len(order.sequence) < 2:
            continue
        stays = order.first == [leader]
        p = one.judgement.p_best() if stays and found.claim == "best" else math.nan
        rows.append(
            {
                "variation": one.words,
                "kind": one.kind,
                "what": one.what,
                "first": " and ".join(found.names[i] for i in order.first),
                "p": p,
                "holds": bool(stays and not p > found.level),
            }
        )
    return pd.DataFrame(rows, columns=columns)
