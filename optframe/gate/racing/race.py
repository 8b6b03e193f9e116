"""Tier 3: wall time, measured of base and head in one go, in turns, until it is decided.

A race has heats. In each heat both sides start a new worker process, on the same core, and every
trial that is not decided is timed on both, in random order, several times. A side's time in a heat
is its fastest run; head's over base's is one ratio, and `optframe.gate.racing.decision` says what
may be concluded from them.

Two processes of the same code differ for as long as they live, by about 1 % on one core (by where
their memory happens to lie) and more on two, and timings of one pair of processes are no
independent samples of anything. So it is processes that are sampled: twenty heats are twenty
independent pairs, and pairs within one would not be.
"""

from __future__ import annotations

import platform
import random
from collections.abc import Callable
from time import monotonic

from optframe.gate.racing.decision import Decisions, Rule
from optframe.gate.racing.field import Field, opened
from optframe.gate.racing.heat import time_trials
from optframe.gate.racing.rows import counted, row
from optframe.gate.racing.sides import Side, open_side
from optframe.gate.racing.trials import RacedTrial
from optframe.gate.racing.workers import WorkerError, core, worker
from optframe.gate.verdicts import Comparison

__all__ = ["Field", "Race", "Rule", "Side", "WorkerError", "open_side"]

Tell = Callable[[str], None]


class Race:
    """A race of two sides over the trials of a study.

    Parameters
    ----------
    field
        The sides and the study.
    rule
        What is claimed, how surely, and when.
    seed
        Of the random orders.
    patience
        After how many seconds without an answer a worker is given up.
    """

    def __init__(
        self, field: Field, rule: Rule | None = None, *, seed: int = 0, patience: float = 600.0
    ) -> None:
        self.field = field
        self.rule = rule or Rule()
        self.heats = 0
        self.seconds = 0.0
        self._patience = patience
        self._random = random.Random(seed)
        self._core = core()
        self._decisions = Decisions(self.rule, 0)

    def run(self, budget: float, tell: Tell = lambda line: None) -> None:
        """Run heats until every trial is decided, the last look is taken or the budget is spent.

        Where an exception ends it, Ctrl-C included, `comparison` has what was measured until then.
        The first heat takes place whatever the budget.

        Raises
        ------
        WorkerError
            Where a worker dies, hangs, or cannot use its side's optframe.
        UsageError
            Where no trial is left to race.
        """
        began = monotonic()
        for look, heats in enumerate(self.rule.looks):
            while self.heats < heats:
                usual = self.seconds / max(1, self.heats)
                if self.heats and monotonic() - began + usual > budget:
                    tell(f"the budget of {budget:g} s ends after {counted(self.heats)}")
                    return
                self._heat()
                self.seconds = monotonic() - began
                if not self._undecided():
                    return
            self._decisions.look(look, {one.subject: one.ratios for one in self._undecided()})
            left = len(self._undecided())
            tell(f"look {look + 1}, after {heats} heats and {self.seconds:.0f} s: {left} undecided")
            if not left:
                return

    def _undecided(self) -> list[RacedTrial]:
        decided = self._decisions.decided
        trials = self.field.entrants.trials
        return [one for one in trials if not any(one.failures) and not decided(one.subject)]

    def _heat(self) -> None:
        base, head = self.field.sides
        with worker(base, self._patience) as ours, worker(head, self._patience) as theirs:
            workers = ours, theirs
            planned = opened(workers, self.field.study, self._core)
            if not self.heats:
                self.field.enter(planned, workers)
                self._decisions.trials = len(self.field.entrants.trials)
            time_trials(self._undecided(), workers, self._random)
        self.heats += 1

    def comparison(self) -> Comparison:
        """Return what is known so far."""
        findings = self._decisions.findings
        where = "whichever core is free" if self._core is None else f"core {self._core}"
        return self.field.comparison(
            lambda one, elsewhere: row(one, findings.get(one.subject), self.rule, elsewhere),
            f"{counted(self.heats)} in {self.seconds:.0f} s on {platform.node()}, in turns on "
            f"{where} with 1 thread; at most {100 * self.rule.alpha:g} % of races claim a false "
            "regression",
        )
