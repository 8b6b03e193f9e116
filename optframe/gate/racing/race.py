"""Tier 3: compares wall time of base and head, measured alternately, until a test decides.

A race has heats. In each heat both sides start a new worker process on the same core. Every trial
that is not decided is timed several times on both, in random order. A side's time in a heat is its
fastest run. Head's time divided by base's is one ratio. `optframe.gate.racing.decision` tests these
ratios.

Two processes of the same code differ as long as they run, by about 1 % on one core (the memory
layout) and more on two. So timings of one pair of processes are not independent samples. Therefore
each heat starts new processes: twenty heats are twenty independent pairs.
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


class Race:
    """A race of two sides over the trials of a study.

    ``seed`` is that of the random orders. A worker has failed after ``patience`` seconds without an
    answer.
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

    def run(self, budget: float, tell: Callable[[str], None] = lambda line: None) -> None:
        """Run heats until each trial is decided, the last look is taken or the budget (s) is spent.

        After an exception, Ctrl-C included, `comparison` returns what was measured before it. The
        first heat runs whatever the budget is.

        Raises
        ------
        WorkerError
            If a worker dies, hangs, or cannot use its side's optframe.
        UsageError
            If there is no trial to race.
        """
        began = monotonic()
        for look, heats in enumerate(self.rule.looks):
            while self.heats < heats:
                # A heat is not begun if it would exceed the budget, taking as long as the average.
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
        """Return the comparison of all trials after the heats so far."""
        findings = self._decisions.findings
        where = "any core" if self._core is None else f"core {self._core}"
        return self.field.comparison(
            lambda one, elsewhere: row(one, findings.get(one.subject), self.rule, elsewhere),
            f"{counted(self.heats)} in {self.seconds:.0f} s on {platform.node()}, in turns on "
            f"{where} with 1 thread; at most {100 * self.rule.alpha:g} % of races report a false "
            "regression",
        )
