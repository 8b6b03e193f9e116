"""Parses the sentences of standings and holds what each says against the judge's verdict.

A sentence that no pattern matches is an error, and so is one that is not true.
"""

import math
import re

from .judge import BROKEN, UNRUN, judge, mode_of, scanned
from .tuning_sentences import TUNING_PATTERNS

__all__ = ["false_sentences"]

NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"
METRICS = {"f − f*": "gap", "validation loss": "validation_loss"}
WORDS = {"timed out": "timeout"}
COSTS = ("work", "steps", "gradients", "seconds")


class Context:
    """A study, its standings and its verdict, with the names that sentences may have."""

    def __init__(self, study, found, verdict):
        self.study, self.found, self.verdict = study, found, verdict
        self.rows = [r for r in study.trials.to_dict("records") if r["stage"] != "tune"]
        self.ran = [r for r in self.rows if r["status"] not in UNRUN]
        names = {*verdict.contenders, *verdict.problems}
        names |= {row[part] for row in study.rows for part in ("optimizer", "sampler")}
        names |= {row[part] for row in study.searches for part in ("contender", "problem")}
        longest = sorted(names, key=len, reverse=True)
        self.name = "(?:" + "|".join(map(re.escape, longest)) + ")"
        self.leader = verdict.order[0] if verdict.order else None
        self.next = verdict.order[1] if len(verdict.order) > 1 else None

    def kind(self, kind):
        """Return the judged problems of a kind."""
        return [p for p in self.verdict.judged if self.verdict.problems[p]["kind"] == kind]

    def names(self, text):
        """Return the names of a list such as ``a, b and c``."""
        return re.findall(self.name, text)

    def smallest(self, other):
        """Return the least p that dealing out the units of the leader and another can give."""
        deals, mirrored = 1, True
        for problem in self.verdict.judged:
            n, m = (len(self.verdict.cells[x, problem].units) for x in (self.leader, other))
            deals *= math.comb(n + m, n)
            mirrored &= n == m
        return min(1.0, (2 if mirrored else 1) / deals)

    def first_on(self, name):
        return sum(self.verdict.ratios[name, p] <= 1 + 1e-9 for p in self.verdict.judged)

    def within(self, name):
        return sum(self.verdict.ratios[name, p] <= 2 + 1e-9 for p in self.verdict.judged)


def _number(text):
    return float(text.replace(",", ""))


def _near(text, value, digits):
    """Whether a printed number is this value in so many digits."""
    if value == 0 or math.isinf(value) or math.isnan(value):
        return _number(text) == value
    return abs(_number(text) - value) <= 0.51 * 10 ** (
        math.floor(math.log10(abs(value))) + 1 - digits
    )


def _is_p(text, p):
    if p is None:
        return True  # Not all relabellings can be tried.
    return p < 1e-4 if text == "p < 0.0001" else _near(text.removeprefix("p = "), p, 2)


def _where(c, match):
    judged = c.verdict.judged
    if match["on"]:
        yield "problem", [match["on"]] == judged
    else:
        yield "problems", int(match["many"]) == len(judged) > 1


def _firsts(c, match):
    if match["first"] is None:
        return
    yield "first on", int(match["first"]) == c.first_on(c.leader)
    yield "within", int(match["within"]) == c.within(c.leader)
    others = {n: c.first_on(n) for n in c.verdict.order[1:] if c.first_on(n)}
    more = re.search(r"(\d+) others on some", match["beside"] or "")
    said = re.findall(rf"({c.name}) on (\d+)", match["beside"] or "")
    yield "others", all(others.get(name) == int(number) for name, number in said)
    yield "all others", len(others) == len(said) + (int(more[1]) if more else 0)


def _claimed(c, claims):
    yield f"claim {c.verdict.claim}", (c.verdict.claim or c.found.claim) in claims


def _best(c, m):
    yield from _claimed(c, ("best", "fixed"))
    yield from _where(c, m)
    yield from _firsts(c, m)
    yield "leader", m["who"] == c.leader
    yield "rival", m["rival"] is None or [m["rival"]] == c.verdict.order[1:]
    yield "of more than two", m["rival"] is not None or len(c.verdict.order) > 2
    everywhere = c.first_on(c.leader) == len(c.verdict.judged)
    yield "first on each", everywhere or not m["each"]
    if c.verdict.claim == "fixed":
        yield "first everywhere", everywhere


def _average(c, m):
    yield from _claimed(c, ("fixed",))
    yield from _where(c, m)
    yield from _firsts(c, m)
    yield "leader", m["who"] == c.leader
    yield "not everywhere", c.first_on(c.leader) < len(c.verdict.judged)


def _leads(c, m):
    yield from _claimed(c, ("leads",))
    yield from _where(c, m)
    yield from _firsts(c, m)
    yield "leader", m["who"] == c.leader
    yield "rival", m["rival"] is None or [m["rival"]] == c.verdict.order[1:]


def _equal(c, m):
    yield from _claimed(c, ("equal",))
    yield from _where(c, m)
    yield "leaders", c.names(m["names"]) == [n for n in c.verdict.order if c.verdict.place[n] == 1]


def _same(c, m):
    yield from _claimed(c, ("equal",))


def _reached(c, m):
    cells = [c.verdict.cells[c.leader, p] for p in c.kind("cost")]
    yield "won", int(m["won"]) == sum(cell.won for cell in cells)
    yield "runs", int(m["runs"]) == sum(len(cell.runs) for cell in cells)


def _called(c, problem):
    """Return what the values of a problem are called."""
    metric = c.verdict.problems[problem]["metric"]
    words = {"gap": "f − f*"}.get(metric, metric.replace("_", " "))
    if metric.endswith("accuracy"):
        return f"error (1 − {words})"
    runs = [run for (_, of), cell in c.verdict.cells.items() if of == problem for run in cell.runs]
    return words + (" − the best seen" if any(run["shifted"] for run in runs) else "")


def _how_much(c, m):
    yield "next", m["rival"] == c.next
    yield "together", bool(m["together"]) == (len(c.verdict.judged) > 1)
    cells = [c.verdict.cells[c.next, p] for p in c.kind("cost")]
    yield "cost is said", bool(cells) == bool(m["cost"] or m["never"] or m["gone"])
    yield "value is said", bool(c.kind("value")) == bool(m["value"])
    if m["never"]:
        yield "never", not any(cell.won for cell in cells)
        yield "runs", int(m["runs"]) == sum(len(cell.runs) for cell in cells)
        yield "never on", [m["never_on"]] == c.kind("cost") or not m["never_on"]
        yield "it ran", any(cell.runs for cell in cells)
    if m["gone"]:
        yield "no run", not any(cell.runs for cell in cells) and all(x.absent for x in cells)
        yield "gone on", [m["gone_on"]] == c.kind("cost") or not m["gone_on"]
    if m["cost"]:
        yield "unit", m["unit"] == c.verdict.cost
        yield "of", m["cost_of"] == c.leader
        yield "somebody won", any(cell.won for cell in cells)
        yield from _times(c, m["cost"], "cost")
    if m["value"]:
        yield "of", m["value_of"] == c.leader
        names = {_called(c, problem) for problem in c.kind("value")}
        yield "metric", names == {m["what"]} if m["what"] != "final value" else len(names) > 1
        yield "value on", not m["value_on"] or c.names(m["value_on"]) == c.kind("value")
        yield from _times(c, m["value"], "value")


def _times(c, text, kind):
    """Hold a ratio with its interval against T, which vanishes there."""
    found = re.fullmatch(
        rf"(?P<bound>at least |at most |roughly )?(?P<ratio>{NUMBER}) times"
        rf"(?: \((?:95 %: (?:at least (?P<from>{NUMBER})|at most (?P<to>{NUMBER})"
        rf"|(?P<low>{NUMBER}) to (?P<high>{NUMBER}))"
        r"|(?P<few>too few (?:runs|studies) for a 95 % interval))\))?",
        text,
    )
    yield "times", found is not None
    one, other, verdict = c.leader, c.next, c.verdict
    on = c.kind(kind)
    cells = [(verdict.cells[other, p], verdict.cells[one, p], kind == "cost") for p in on]
    mode, _ = mode_of([(x, y) for x, y, _ in cells])
    ratio = _number(found["ratio"])
    told = [x for x in cells if x[0].won or x[1].won]
    lacking = [i for i in (0, 1) if kind == "cost" and any(not x[i].won for x in told)]
    bound = (found["bound"] or "").strip()
    yield "bound", lacking == {"": [], "at least": [0], "at most": [1], "roughly": [0, 1]}[bound]
    if verdict.claim == "fixed":
        yield "no interval", not (found["few"] or found["low"] or found["from"] or found["to"])
    if scanned(cells, mode, 1.0)[0] is None:
        return
    above, below = (scanned(cells, mode, ratio * r)[0] for r in (0.994, 1.006))
    yield "ratio", below < 0 < above
    low = _number(found["low"] or found["from"] or "0")
    high = _number(found["high"] or found["to"] or "inf")
    yield "inside", low * 0.99 <= ratio <= high * 1.01
    for end, step in ((low, 0.98), (high, 1.02)):
        if 0 < end < math.inf and verdict.pairs[one, other].relabellings <= 3000:
            # Too near to an end of the interval for the digits that are printed: nothing to tell.
            yield f"outside of {end:g}", scanned(cells, mode, end * step)[1] <= 0.05
    if found["few"] and verdict.pairs[one, other].relabellings <= 3000:
        yield "too few runs", all(scanned(cells, mode, r)[1] > 0.05 for r in (1e-12, 1e12))


def _sure(c, m):
    yield from _claimed(c, ("best",))
    yield "p", _is_p(m["p"], c.verdict.p_best)
    yield "searches", bool(m["searches"]) == (c.verdict.compares == "optimizers")
    yield "over studies", bool(m["over"]) == (c.verdict.compares == "optimizers")


def _chance(c, m):
    yield from _claimed(c, ("leads",))
    tests = {other: c.verdict.pairs[c.leader, other] for other in c.verdict.order[1:]}
    if m["against"] or m["ahead"]:
        yield "over studies", bool(m["over"]) == (c.verdict.compares == "optimizers")
    if m["against"]:
        yield "p", _is_p(m["p"], tests[m["against"]].p)
        yield "ahead", all(test.statistic > 0 for test in tests.values())
        if c.verdict.exact:
            yield "chance", tests[m["against"]].p > 0.05
            yield "closest", tests[m["against"]].p >= max(t.p for t in tests.values()) - 1e-12
    elif m["ahead"]:
        yield "p", _is_p(m["p"], tests[m["ahead"]].p)
        yield "does as well", tests[m["ahead"]].statistic <= 1e-12
    elif m["tried"]:
        most = max(c.verdict.cells[c.leader, p].settings for p in c.verdict.judged)
        yield "settings", int(m["tried"]) == most
        yield "otherwise shown", c.verdict.p_best is None or c.verdict.p_best <= 0.05
    else:
        cells = [c.verdict.cells[n, p] for n in c.verdict.ranked for p in c.verdict.judged]
        yield "one run of each", all(len(cell.units) == 1 for cell in cells)
        yield "unit", (m["unit"] == "study") == (c.verdict.compares == "optimizers")
    behind = c.names(m["behind"] or "")
    if c.verdict.exact:
        holm = c.verdict.holm
        yield "behind", behind == [n for n in tests if holm[c.leader, n] <= 0.05]
    if m["pairs"]:
        yield "pairs", int(m["pairs"]) == len(c.verdict.pairs)


def _seeds(c, m):
    most = max(about["blocks"] for about in c.verdict.problems.values())
    yield "fewer than six", int(m["seeds"]) == 6 and most < 6


def _studies(c, m):
    """Hold the least number of studies against all ways of dealing out as many units."""
    yield "over studies", c.verdict.compares == "optimizers"
    many = len(c.verdict.judged)
    yield "problems", bool(m["one"]) == (many == 1) and int(m["many"] or 1) == many
    told = int(m["studies"])
    least = [2 / math.comb(2 * number, number) ** many for number in (told - 1, told)]
    yield "least", least[1] <= 0.05 < least[0]
    tests = [t for pair, t in c.verdict.pairs.items() if c.leader in pair]
    yield "cannot", any(c.smallest(other) > 0.05 for other in c.verdict.order[1:]) and bool(tests)


def _fixed(c, m):
    yield from _claimed(c, ("fixed",))


def _scope(c, m):
    yield "problems", int(m["many"]) == len(c.verdict.judged) > 1
    p = c.verdict.p_beyond
    few = len(c.verdict.judged) < 6
    yield "six", bool(m["few"]) == few
    if m["p"]:
        yield "p", _is_p(m["p"], p)
        yield "too", (p <= 0.05) == bool(m["too"])


def _holds(c, m):
    """Hold the conclusions that survive, and those that do not, against new judgements."""
    claim = c.verdict.claim or c.found.claim
    word = "best" if claim == "best" else "first"
    yield "word", m["word"] == word
    yield "leader", m["who"] == c.leader
    table = c.found.variations
    failed = dict(
        re.findall(
            r"((?:without any|without|counting|with|when)\b(?:(?!\().)*?) "
            r"\(((?:[^()]|\([^)]*\))*)\)(?:, |$)",
            m["no"] or "",
        )
    )
    expected = {row["variation"] for row in table.to_dict("records") if not row["holds"]}
    yield f"{failed} are not {expected}", {*failed} == expected
    yes = m["yes"] or ""
    for row in table.to_dict("records"):
        if row["kind"] != "problem" and row["holds"]:
            yield f"{row['variation']} holds", row["variation"] in yes
    holds = [row["holds"] for row in table.to_dict("records") if row["kind"] == "problem"]
    yield "any one problem", ("without any one problem" in yes) == (bool(holds) and all(holds))
    some = any(holds) and not all(holds)
    yield "any other problem", ("without any other one problem" in yes) == some
    for row in table.to_dict("records"):
        yield from _varied(c, row, failed.get(row["variation"]))


def _varied(c, row, said):
    """Judge anew without a problem, or by another cost, and compare what the variation says."""
    trials, cost = c.study.trials, c.verdict.cost
    if row["kind"] == "problem":
        trials = trials[trials["problem"] != row["what"]]
    elif row["kind"] == "cost":
        cost = row["what"]
    else:
        return
    searches = [row for row in c.study.searches if row["problem"] in {*trials["problem"]}]
    again = judge(trials, c.study.curves, cost, c.study.metric, searches=searches)
    several = any(cell.settings > 1 for cell in c.verdict.cells.values())
    if {*again.ranked} != {*c.verdict.ranked} or again.kind != c.verdict.kind or several:
        return  # A variation keeps the contenders, and their settings.
    first = [name for name in again.order if again.place[name] == 1]
    yield f"{row['variation']}: {first} first", c.names(row["first"]) == first
    against = [pair for pair in again.pairs if c.leader in pair]
    claim = c.verdict.claim or c.found.claim
    if claim == "best" and first == [c.leader] and again.exact:
        ps = [again.pairs[pair].p if again.pairs[pair].statistic > 0 else 1.0 for pair in against]
        yield f"{row['variation']}: p", row["holds"] == (max(ps) <= 0.05)
        if said:
            yield f"{row['variation']}: p of {said}", _is_p(said, max(ps))
    elif claim != "best":
        yield f"{row['variation']} holds", row["holds"] == (first == [c.leader])


def _count(c, m, statuses, total):
    yield "number", int(m["some"]) == sum(row["status"] in statuses for row in c.rows)
    yield "of all", int(m["all"]) == total


def _planned(c, m):
    yield from _count(c, m, ("planned", "recording"), len(c.rows))


def _skipped(c, m):
    yield from _count(c, m, ("skipped",), len(c.rows))


def _broke(c, m):
    yield from _kinds(c, m["kinds"])
    if m["some"]:
        yield from _count(c, m, BROKEN, len(c.ran))
    else:
        reasons = {about["reason"] for about in c.verdict.problems.values()} - {"no run"}
        yield "all broke down", reasons == {"every run broke down"}


def _kinds(c, text):
    said = {WORDS.get(kind, kind): int(n) for n, kind in re.findall(r"(\d+) ([a-z ]+)", text)}
    found = {s: sum(row["status"] == s for row in c.rows) for s in BROKEN}
    yield "kinds", said == {status: number for status, number in found.items() if number}


def _unranked(c, m):
    unranked = [n for n in c.verdict.contenders if n not in c.verdict.ranked]
    yield "names", c.names(m["names"]) == unranked
    possible = {p for _, p in c.verdict.cells}
    for name in c.names(m["names"]):
        yield name, any((name, p) not in c.verdict.cells for p in possible)


def _left_out(c, m):
    own = [p for p, about in c.verdict.problems.items() if about["reason"] == m["reason"]]
    yield "problems", c.names(m["names"]) == own


def _begun(c, m):
    runs = [row for row in c.ran if row["problem"] == m["problem"]]
    begun = {r["seed"] for r in runs if r["window"] == 0}
    yield "begun", int(m["some"]) == len(begun)
    yield "seeds", int(m["all"]) == len({row["seed"] for row in runs})


def _missed(c, m):
    metric = METRICS.get(m["metric"], m["metric"].replace(" ", "_"))
    own = [
        problem
        for problem, about in c.verdict.problems.items()
        if about["target"] and about["kind"] == "value" and about["metric"] == metric
    ]
    yield "problems", c.names(m["names"]) == own
    for problem in own:
        won = [r for r in c.ran if r["problem"] == problem and r["window"] >= 1]
        yield f"nobody on {problem}", not won


def _tried(c, m):
    yield "settings", int(m["most"]) == max(cell.settings for cell in c.verdict.cells.values())


def _alone(c, m):
    yield "one", {row["of"] for row in _of(c)} == {m["who"]}
    if m["runs"]:
        begun = {(row["problem"], row["seed"]) for row in c.ran if row["window"] == 0}
        aimed = [row for row in c.ran if not math.isnan(row["target"])]
        aimed = [row for row in aimed if (row["problem"], row["seed"]) not in begun]
        yield "won", int(m["won"]) == sum(row["window"] >= 1 for row in aimed)
        yield "runs that had a target", int(m["runs"]) == len(aimed)


def _of(c):
    """Return the runs with the names of their contenders."""
    filled = [row | {"of": row["contender"]} for row in c.ran if isinstance(row["contender"], str)]
    return filled + [
        row | {"of": row["optimizer"]} for row in c.ran if not isinstance(row["contender"], str)
    ]


def _nothing_ran(c, m):
    yield "nothing ran", not c.ran
    yield "final", bool(m["final"]) == bool(c.study.searches)


def _began(c, m):
    reasons = {about["reason"] for about in c.verdict.problems.values()} - {"no run"}
    yield "all at start", reasons == {"every run was at the target when it started"}


def _unshared(c, m):
    part = {"optimizers": "of", "samplers": "sampler", "settings": "optimizer"}[c.verdict.kind]
    pairs = {(row[part], row["problem"]) for row in _of(c)}
    problems = [problem for _, problem in pairs]
    yield "no two", len({*problems}) == len(problems)


def _unleft(c, m):
    met = {}
    for who, problem in c.verdict.cells:
        met.setdefault(problem, set()).add(who)
    yield "no two are left", all(len(names) < 2 for names in met.values())


def _unjudged(c, m):
    yield "no problem", not c.verdict.cells


def _together(c, m):
    shared = [row for row in c.ran if row["together"] > 1]
    yield "batches", (int(m["some"]), int(m["all"])) == (len(shared), len(c.ran))


def _lacking(c, m):
    counted = [row for row in c.ran if row["steps"] >= 0]
    lacking = [row for row in counted if math.isnan(row[m["cost"]])]
    yield "runs", (int(m["some"]), int(m["all"])) == (len(lacking), len(counted))
    yield "cost", m["other"] == c.verdict.cost


def _times_of(c, m):
    """Doubts about seconds are of `optframe.statistics.drift`, which has its own tests."""
    yield "problem", m["problem"] in c.verdict.problems


def _true(c, m):
    yield "", True


_WHERE = r"(?:on (?P<on>{N})|over these (?P<many>\d+) problems)"
_FIRSTS = (
    r"(?:: first on (?P<first>\d+)(?: \((?P<beside>(?:{N} on \d+|\d+ others on some|, )+)\))?,"
    r" within twice the best on (?P<within>\d+))?"
)
_TIMES = rf"(?:at least |at most |roughly )?{NUMBER} times(?: \((?:95 %|too few)[^)]*\))?"
_P = rf"p (?:= {NUMBER}|< 0\.0001)"
_LIST = r"{N}(?:(?:, {N})* and {N})?"
PATTERNS = (
    *TUNING_PATTERNS,
    (
        rf"(?P<who>{{N}}) (?:is best|is better than (?P<rival>{{N}})) {_WHERE}(?: taken together)?"
        rf"(?P<each>, and came first on each)?{_FIRSTS}\.",
        _best,
    ),
    (
        rf"(?P<who>{{N}}) does best on average {_WHERE}, and who is best depends on the problem"
        rf"{_FIRSTS}\.",
        _average,
    ),
    (
        rf"(?P<who>{{N}}) leads {_WHERE}, but is not shown to be "
        rf"(?:best|better than (?P<rival>{{N}})){_FIRSTS}\.",
        _leads,
    ),
    (rf"(?P<names>{_LIST}) are equal {_WHERE}\.", _equal),
    (r"There is no difference to be sure of\.", _same),
    (r"It reached the target in (?P<won>\d+) of (?P<runs>\d+) runs\.", _reached),
    (
        r"By how much: (?P<rival>{N}), the next, "
        r"(?:(?P<never>never reached the target)(?: on (?P<never_on>{N}))? \((?P<runs>\d+) runs?\)"
        r"|(?P<gone>was lost in tuning)(?: on (?P<gone_on>{N}))?"
        rf"|needs (?P<cost>{_TIMES}) the (?P<unit>\w+) of (?P<cost_of>{{N}}) to reach the target)?"
        rf"(?: and )?(?:ends with (?P<value>{_TIMES}) the (?P<what>.+?) of (?P<value_of>{{N}})"
        rf"(?: on (?P<value_on>{_LIST}))?)?(?P<together> over these problems together)?\.",
        _how_much,
    ),
    (
        r"How sure: other (?P<searches>searches and )?seeds would hardly change who is best "
        rf"\((?P<p>{_P})(?P<over> over studies)?\)\.",
        _sure,
    ),
    (
        rf"How sure: (?:that could be chance \(against (?P<against>{{N}}) (?P<p>{_P})"
        r"(?P<over> over studies)?\)"
        rf"|compared directly, (?P<ahead>{{N}}) does as well or better \((?P<p_>{_P})"
        r"(?P<over_> over studies)?\)"
        r"|its setting was chosen from (?P<tried>\d+) on these same runs, which makes it look "
        r"better than it is; new seeds for the chosen setting would tell"
        r"|unknown, since one (?P<unit>run|study) of each does not show what another "
        r"(?:seed would give|would choose))"
        rf"(?:; (?P<behind>{_LIST}) (?:is|are) behind (?P<whom>{{N}}) beyond chance"
        r"(?:, corrected for all (?P<pairs>\d+) pairs)?)?\.",
        _chance,
    ),
    (
        r"More studies would tell: `studies = (?P<studies>\d+)` is the least for a sharp test on "
        r"(?:(?P<one>one problem)|(?P<many>\d+) problems)\.",
        _studies,
    ),
    (r"More seeds would tell: `--seeds (?P<seeds>\d+)` is the least for a sharp test\.", _seeds),
    (r"Nothing here depends on a seed: another seed would change nothing\.", _fixed),
    (
        r"This speaks for these (?P<many>\d+) problems(?:(?P<few>, not for others: that takes 6)"
        rf"|; (?:(?P<too>for problems like them too)|not for others) \((?P<p>{_P})\))?\.",
        _scope,
    ),
    (
        r"Does it hold: (?P<who>{N}) (?:does not stay (?P<word_>best|first) (?P<no_>[^;]+)"
        r"|stays (?P<word>best|first) (?P<yes>[^;]+?)(?:; not (?P<no>.+?))?)\.(?= |$)",
        _holds,
    ),
    (r"The study is not finished: (?P<some>\d+) of (?P<all>\d+) trials have not run\.", _planned),
    (r"(?P<some>\d+) of (?P<all>\d+) trials were skipped\.", _skipped),
    (
        r"(?P<some>\d+) of (?P<all>\d+) runs broke down \((?P<kinds>[^)]+)\): each is charged the "
        r"whole budget, or counts as the worst value of its problem\.",
        _broke,
    ),
    (
        r"Every run broke down \((?P<kinds>[^)]+)\): there is nothing to compare\.(?P<some>)",
        _broke,
    ),
    (rf"Not ranked, for they did not run everywhere: (?P<names>{_LIST})\.", _unranked),
    (rf"Left out, because (?P<reason>[^:]+): (?P<names>{_LIST})\.", _left_out),
    (
        r"On (?P<problem>{N}), (?P<some>\d+) of (?P<all>\d+) seeds began at the target, and are "
        r"left out for all\.",
        _begun,
    ),
    (
        rf"Nobody reached the target on (?P<names>{_LIST}): judged there by the final "
        r"(?P<metric>[^.]+)\.",
        _missed,
    ),
    (
        r"Up to (?P<most>\d+) settings of a contender were tried, and the best of them was chosen "
        r"on the same runs, problem by problem: it looks better than it is\. New seeds would show "
        r"its true results\.",
        _tried,
    ),
    (
        r"Only (?P<who>{N}) ran: there is nothing to compare\."
        r"(?: (?P<won>\d+) of (?P<runs>\d+) runs reached the target\.)?",
        _alone,
    ),
    (r"No (?P<final>final )?trial has run yet: there is nothing to judge\.", _nothing_ran),
    (r"Every run was at the target when it started: there is nothing to judge\.", _began),
    (
        r"No problem is left on which two (?:optimizers|samplers|settings) can be compared\.",
        _unleft,
    ),
    (
        r"No two (?:optimizers|samplers|settings|contenders) ran on the same problem: "
        r"nothing can be compared\.",
        _unshared,
    ),
    (r"No problem can be judged: there is nothing to compare\.", _unjudged),
    (
        r"(?P<some>\d+) of (?P<all>\d+) runs ran in batches: they have no times of their own, and "
        r"are in no statistic of time\.",
        _together,
    ),
    (
        r"(?P<some>\d+) of (?P<all>\d+) runs have no (?P<cost>\w+), which earlier stores did not "
        r"count: all are compared by (?P<other>\w+)\.",
        _lacking,
    ),
    (
        rf"On (?P<problem>{{N}}), (?:the machine's speed drifted by {NUMBER} times during the "
        r"study; seconds are not comparable|all runs of .+? began before those of .+?: a change of "
        r"the machine's speed would look like a difference of their times|.*?seconds.*?)\.",
        _times_of,
    ),
    (r"So it is on \d+ more problems?\.", _true),
)


def _sentence(context, text):
    """Return the first sentence of a text: the pattern's match and its check."""
    for pattern, check in PATTERNS:
        if found := re.match(pattern.replace("{N}", context.name), text):
            return found, check
    return None, None


class _Groups(dict):
    """The groups of a match; of two that say the same, one has an underscore at its end."""

    def __missing__(self, name):
        return self.get(f"{name}_")


def _groups(found):
    groups = _Groups(found.groupdict())
    for name in list(groups):
        if name.endswith("_") and groups[name] is not None:
            groups[name.removesuffix("_")] = groups[name]
    return groups


def false_sentences(study, found, verdict):
    """Yield each sentence of the headline and the caveats that no pattern has, or that is false."""
    context = Context(study, found, verdict)
    headline = found.headline
    if each := re.fullmatch(_EACH, headline[0]):
        yield from _each_false(context, each)
        headline = []
    for line in [*headline, *found.caveats]:
        yield from _line_false(context, line)


def _line_false(context, line):
    rest = line
    while rest:
        match, check = _sentence(context, rest)
        if match is None:
            yield f"no pattern has {rest!r}"
            return
        for what, true in check(context, _groups(match)):
            if not true:
                yield f"{match[0]!r} is false: {what}"
        rest = rest[match.end() :].lstrip()


_EACH = (
    r"No problem was run by all of these (?P<kind>\w+), so each is judged on its own"
    r"(?:, at the level 0\.05/(?P<number>\d+))?\."
)


def _each_false(context, each):
    """Yield what is false where problems are judged on their own, a line for each."""
    study, verdict, lines = context.study, context.verdict, context.found.headline[1:]
    on = {p: [n for n, where in verdict.cells if where == p] for p in verdict.problems}
    judged = [problem for problem, names in on.items() if len(names) > 1]
    anywhere = {name for name, _ in verdict.cells}
    if (each["kind"], int(each["number"] or 1)) != (verdict.kind, len(judged)) or verdict.ranked:
        yield f"{each[0]!r} is false: {judged}"
    if any({*names} == anywhere for names in on.values()):
        yield f"{each[0]!r} is false: {on}"
    if len(lines) != len(judged):
        yield f"there are {len(lines)} lines, expected one for each of {judged}"
    trials = study.trials
    for line, problem in zip(lines, judged, strict=False):
        own = trials[trials["problem"] == problem]
        searches = [row for row in study.searches if row["problem"] == problem]
        level = 0.05 / len(judged)
        alone = judge(own, study.curves, verdict.cost, study.metric, level, searches)
        if alone.kind == verdict.kind:
            yield from _line_false(Context(study, context.found, alone), line)
