"""How a race decides: against exact sums, against Holm's own correction, and in simulated races."""

import math
from fractions import Fraction

import numpy as np
import pytest

from optframe.gate import Verdict
from optframe.gate.racing.decision import Decisions, Rule, ends, rank
from optframe.statistics import holm


def below(n, k):
    """P(B < k), B binomial (n, ½)."""
    return Fraction(sum(math.comb(n, i) for i in range(k)), 2**n)


def ever_claims(rule, q, trials=1):
    """The probability that a claim is made at some look, each ratio beyond its limit with q."""
    counts, claimed, heats = {0: 1.0}, 0.0, 0
    for look, n in enumerate(rule.looks):
        for _ in range(n - heats):
            new = dict.fromkeys(range(max(counts) + 2), 0.0)
            for count, probability in counts.items():
                new[count] += probability * (1 - q)
                new[count + 1] += probability * q
            counts = new
        heats = n
        k = rank(n, rule.spent(look) / trials)
        claimed += sum(counts[c] for c in counts if k and c >= n - k + 1)
        counts = {c: p for c, p in counts.items() if not (k and c >= n - k + 1)}
    return claimed


def test_the_rank_is_the_largest_whose_tail_fits(random):
    for n in random.integers(1, 300, size=40).tolist():
        level = float(10 ** random.uniform(-8, -0.31))
        k = rank(n, level)
        assert below(n, k) <= level
        assert k == n or below(n, k + 1) > level


def test_an_interval_s_ends_are_these_ratios(random):
    ratios = random.lognormal(size=20)
    ordered = np.sort(ratios)
    # P(B < 5) = 6196/2²⁰ = 0.0059, P(B < 6) = 21700/2²⁰ = 0.0207; P(B < 1) = 2⁻²⁰
    assert ends(ratios.tolist(), 0.02, 1e-6) == (ordered[4], ordered[-1])
    assert ends(ratios.tolist(), 0.021, 0.006) == (ordered[5], ordered[-5])
    assert ends(ratios.tolist(), 0.9e-6, 0) == (0, math.inf)


def test_what_is_spent_adds_up():
    rule = Rule(alpha=0.08, looks=(20, 40, 80))
    assert [rule.spent(look) for look in range(3)] == [0.02, 0.02, 0.04]


@pytest.mark.parametrize("trials", [1, 4, 20])
def test_at_its_limit_a_trial_is_claimed_no_more_often_than_allowed(trials):
    rule = Rule()
    wrong = ever_claims(rule, 0.5, trials)
    assert rule.alpha / trials / 10 < wrong <= rule.alpha / trials


def test_five_per_cent_are_found():
    """Log ratios around log 1.05 with a deviation of 2 % lie above log 1.02 with 92.7 %."""
    q = 0.5 * (1 + math.erf(math.log(1.05 / 1.02) / 0.02 / math.sqrt(2)))
    assert 0.92 < q < 0.93
    assert ever_claims(Rule(), q, trials=1) > 1 - 1e-5
    assert ever_claims(Rule(), q, trials=20) > 0.999


def test_one_look_is_holm_s_correction_of_exact_tests_of_signs(random):
    claimed = 0
    for _ in range(30):
        n, trials = int(random.integers(10, 40)), int(random.integers(1, 12))
        rule = Rule(alpha=0.1, looks=(n,))
        shift = random.uniform(0, 0.08, size=(trials, 1))
        ratios = np.exp(shift + 0.04 * random.standard_normal((trials, n)))
        for family, beyond in (("slower", ratios > 1.02), ("cleared", ratios < 1.02)):
            p = [float(1 - below(n, int(count))) for count in beyond.sum(axis=1)]
            decisions = Decisions(rule, trials)
            decisions.look(0, dict(enumerate(ratios.tolist())))
            expected = {i for i, corrected in enumerate(holm(p)) if corrected <= rule.alpha}
            assert getattr(decisions, family) == expected
            claimed += len(expected)
    assert claimed > 30


def alternating(low, high, n=20):
    return [low, high] * (n // 2)


def test_each_verdict_has_its_place():
    decisions = Decisions(Rule(), 5)
    decisions.look(
        0,
        {
            "slow": alternating(1.03, 1.05),
            "same": alternating(0.99, 1.01),
            "fast": alternating(0.95, 0.97),
            "almost": alternating(0.975, 1.01),
            "unclear": alternating(1.0, 1.04),
        },
    )
    verdicts = {name: found.verdict for name, found in decisions.findings.items()}
    assert verdicts == {
        "slow": Verdict.REGRESSION,
        "same": Verdict.PASS,
        "fast": Verdict.IMPROVEMENT,
        "almost": Verdict.PASS,
        "unclear": None,
    }
    slow = decisions.findings["slow"]
    assert (slow.low, slow.high, slow.heats) == (1.03, 1.05, 20)
    assert [decisions.decided(name) for name in ("slow", "fast", "unclear")] == [True, True, False]


def test_a_claim_leaves_the_others_a_higher_level():
    """18 of 20 have p = 211/2²⁰ = 2.01e-4: too much for α₁/20 = 1.25e-4, enough for α₁/12."""
    close = [1.0, 1.0, *[1.03] * 18]
    plain = [1.5] * 20
    alone = Decisions(Rule(), 20)
    alone.look(0, {"close": close})
    assert not alone.decided("close")
    for others, decided in ((7, False), (8, True)):
        decisions = Decisions(Rule(), 20)
        decisions.look(0, {"close": close} | {str(i): plain for i in range(others)})
        assert decisions.decided("close") is decided


def test_claims_of_an_earlier_look_count_and_of_another_family_do_not():
    decisions = Decisions(Rule(looks=(20, 40)), 3)
    decisions.look(0, {"slow": [1.5] * 20, "same": [1.0] * 20, "unclear": alternating(1, 1.04)})
    assert decisions._level(decisions.slower, 1, "unclear") == pytest.approx(0.005 / 2)
    assert decisions._level(decisions.cleared, 1, "unclear") == pytest.approx(0.005 / 2)
    assert decisions._level(decisions.faster, 1, "unclear") == pytest.approx(0.005 / 3)


def test_a_look_is_taken_after_its_heats_only():
    decisions = Decisions(Rule(), 1)
    with pytest.raises(ValueError, match="19 heats at the look after 20"):
        decisions.look(0, {"one": [1.0] * 19})


@pytest.mark.parametrize(
    "words", [{"threshold": 0}, {"alpha": 0.5}, {"looks": ()}, {"looks": (20, 20)}]
)
def test_what_is_no_rule_is_refused(words):
    with pytest.raises(ValueError, match=next(iter(words))):
        Rule(**words)


def simulate(draws, medians, deviation, rule, tails=3):
    """A race over trials with these true median ratios; a process's bias and noise together."""
    decisions = Decisions(rule, len(medians))
    names = range(len(medians))
    logs = np.log(medians)[:, None] + deviation * draws.standard_t(tails, (len(medians), 80))
    ratios = np.exp(logs).tolist()
    for look, n in enumerate(rule.looks):
        decisions.look(look, {i: ratios[i][:n] for i in names if not decisions.decided(i)})
    return decisions


def test_all_trials_at_the_limit_are_red_no_more_often_than_allowed():
    """The hardest case there is: every ratio is as likely above the threshold as below it."""
    draws, rule = np.random.default_rng(2), Rule(alpha=0.05)
    races = [simulate(draws, [1.5, 1.5, 1.02, 1.02, 1.02], 0.012, rule) for _ in range(2000)]
    wrong = sum(bool(race.slower - {0, 1}) for race in races)
    assert all({0, 1} <= race.slower for race in races)
    assert 0.005 * 2000 < wrong <= rule.alpha * 2000
    acquitted = sum(bool(race.cleared) for race in races)
    assert 0.005 * 2000 < acquitted <= rule.alpha * 2000


def test_five_per_cent_are_found_among_others():
    draws, rule = np.random.default_rng(3), Rule()
    races = [simulate(draws, [1.05, 1.0, 1.0, 1.0, 1.0], 0.012, rule) for _ in range(2000)]
    assert sum(0 in race.slower for race in races) >= 0.95 * 2000
    assert sum(bool(race.slower - {0}) for race in races) <= rule.alpha * 2000
