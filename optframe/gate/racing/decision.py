"""Decides a race: exact tests of a median ratio, at fixed looks, for all trials together.

A heat gives one ratio r for each trial: head's seconds divided by base's. θ is the median of r, and
t is the threshold. Three claims are possible for each trial:

    slower      θ > 1 + t          the trial is a regression
    cleared     θ < 1 + t          it is not a regression: the trial passes
    faster      θ < 1/(1 + t)      it is also an improvement

**One claim, one look.** If θ ≤ 1 + t, a ratio is above 1 + t with probability at most ½. Let S be
the number above it, of n independent ratios. S is stochastically at most B, binomial (n, ½). So
p = P(B ≥ S) is a p-value without any assumption on the noise. p ≤ a holds exactly if the k-th
smallest ratio is above 1 + t, where k is the largest with P(B < k) ≤ a. So that ratio is the lower
end of an interval, and the k-th largest is the upper end. Each end is wrong with probability at
most a, and the claims follow from the interval. (Heats need not be equally noisy. If the
probabilities vary around a mean of at most ½, S exceeds the critical value even less often;
Hoeffding 1956.)

**Several looks.** α is spent in proportion to the heats that have run: the look after n_l of
n_L heats has the level α_l = α (n_l − n_{l−1})/n_L, and these add up to α. This is the spending
function α(τ) = α τ of Lan and DeMets (1983), the member ρ = 1 of Kim and DeMets' (1987) family. A
function like O'Brien and Fleming's saves nearly all of α for the last look. Here most trials have
either no change or a large one, and should be decided at the first look. An exact test of 20 signs
needs a level above 2⁻²⁰ to decide anything.

**Several trials.** Holm's step-down procedure (1979) applies to each of the three families of m
claims: after r claims, in this look or before, the next one needs p ≤ α_l/(m − r). The probability
of any wrong claim in a family, over all looks and trials, is at most α. Proof: let T be the trials
whose claim would be wrong, and consider the first wrong claim. All claims before it were right, so
m − r ≥ |T|, so a trial in T had p ≤ α_l/|T| at some look l. That happens with probability at most
Σ_T Σ_l α_l/|T| = α. This holds for any dependence between trials and looks, and also if some looks
are not taken, because the budget is spent or the trial is decided.

References: S. Holm, Scandinavian Journal of Statistics 6 (1979); K. K. G. Lan and D. L. DeMets,
Biometrika 70 (1983); K. Kim and D. L. DeMets, Biometrika 74 (1987); W. Hoeffding, Annals of
Mathematical Statistics 27 (1956).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from optframe.gate.verdicts import Verdict

__all__ = ["Decisions", "Finding", "Rule", "ends", "rank"]


@dataclass(frozen=True)
class Rule:
    """The threshold t, the error rate α of each family, and the numbers of heats at the looks."""

    threshold: float = 0.02
    alpha: float = 0.01
    looks: tuple[int, ...] = (20, 40, 80)

    def __post_init__(self) -> None:
        if not 0 < self.threshold < math.inf:
            raise ValueError(f"threshold: found {self.threshold:g}, expected more than 0")
        if not 0 < self.alpha < 0.5:
            raise ValueError(f"alpha: found {self.alpha:g}, expected between 0 and 0.5")
        if not self.looks or list(self.looks) != sorted({*self.looks}) or self.looks[0] < 1:
            raise ValueError(f"looks: found {self.looks}, expected ascending numbers of heats")

    def spent(self, look: int) -> float:
        """Return α_l of a look; the first look is number 0."""
        before = self.looks[look - 1] if look else 0
        return self.alpha * (self.looks[look] - before) / self.looks[-1]


@dataclass(frozen=True)
class Finding:
    """The result of a look at a trial: the interval of θ, and the verdict or None."""

    low: float
    high: float
    heats: int
    verdict: Verdict | None = None


@lru_cache(maxsize=1024)
def rank(n: int, level: float) -> int:
    """Return the largest k with P(B < k) ≤ level, B binomial (n, ½); 0 if there is none."""
    below, k = 1, 0  # below = Σ_{i ≤ k} C(n, i), so that P(B < k + 1) = below/2ⁿ
    while k < n and below / 2**n <= level:
        k += 1
        below += math.comb(n, k)
    return k


def ends(ratios: Sequence[float], lower: float, upper: float) -> tuple[float, float]:
    """Return the interval of the median, each end exact at its level; 0 or ∞ if it is unbounded."""
    ordered = sorted(ratios)
    below, above = rank(len(ordered), lower), rank(len(ordered), upper)
    return ordered[below - 1] if below else 0.0, ordered[-above] if above else math.inf


@dataclass
class Decisions:
    """The claims of a race so far; ``trials`` is the number of its trials, m."""

    rule: Rule
    trials: int
    findings: dict[Hashable, Finding] = field(default_factory=dict)
    slower: set[Hashable] = field(default_factory=set)
    cleared: set[Hashable] = field(default_factory=set)
    faster: set[Hashable] = field(default_factory=set)

    def look(self, look: int, ratios: Mapping[Hashable, Sequence[float]]) -> None:
        """Test trials that are not decided; each needs one ratio for each heat before this look."""
        heats, limit = self.rule.looks[look], 1 + self.rule.threshold
        for trial, found in ratios.items():
            if len(found) != heats or self.decided(trial):
                raise ValueError(
                    f"{trial}: found {len(found)} heats at the look after {heats}, expected "
                    f"{heats} of an undecided trial"
                )

        def lower(trial: Hashable, level: float) -> float:
            return ends(ratios[trial], level, 0)[0]

        def upper(trial: Hashable, level: float) -> float:
            return ends(ratios[trial], 0, level)[1]

        self._claim(self.slower, look, ratios, lambda one, level: lower(one, level) > limit)
        self._claim(self.cleared, look, ratios, lambda one, level: upper(one, level) < limit)
        now = [trial for trial in ratios if trial in self.cleared]
        self._claim(self.faster, look, now, lambda one, level: upper(one, level) < 1 / limit)
        for trial, found in ratios.items():
            above = self.faster if trial in self.faster else self.cleared
            levels = (self._level(family, look, trial) for family in (self.slower, above))
            self.findings[trial] = Finding(*ends(found, *levels), heats, self._verdict(trial))

    def _verdict(self, trial: Hashable) -> Verdict | None:
        if trial in self.slower:
            return Verdict.REGRESSION
        if trial in self.faster:
            return Verdict.IMPROVEMENT
        return Verdict.PASS if trial in self.cleared else None

    def decided(self, trial: Hashable) -> bool:
        """Whether there is a verdict."""
        return trial in self.slower or trial in self.cleared

    def _level(self, family: set[Hashable], look: int, trial: Hashable) -> float:
        """Return the level at which a claim of this family is or was made."""
        others = len(family - {trial})
        return self.rule.spent(look) / max(1, self.trials - others)

    def _claim(
        self,
        family: set[Hashable],
        look: int,
        trials: Iterable[Hashable],
        claims: Callable[[Hashable, float], bool],
    ) -> None:
        """Make the claims of a family at a look; each claim raises the level of the others."""
        open_ = [trial for trial in trials if trial not in family]
        while made := [t for t in open_ if claims(t, self._level(family, look, t))]:
            family.update(made)
            open_ = [trial for trial in open_ if trial not in family]
