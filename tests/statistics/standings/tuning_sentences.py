"""The sentences on tuning, and what each says, counted by loops over the rows of the searches."""

import math
import re

__all__ = ["TUNING_PATTERNS"]

NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"
_LIST = r"{N}(?:(?:, {N})* and {N})?"


def _of(c, name):
    return [row for row in c.study.searches if row["contender"] == name]


def _lost(row):
    return math.isnan(row["number"]) and bool(row["reason"])


def _range(text, numbers):
    """Whether ``5`` or ``5 to 10`` are the least and the most of the numbers."""
    ends = [int(end.replace(",", "")) for end in text.split(" to ")]
    return (ends[0], ends[-1]) == (min(numbers), max(numbers))


def _as_tuned(c, m):
    yield "settings are compared", c.verdict.compares == "settings"


def _settings(c, m):
    """Fresh seeds test settings where a judged problem with a tuned contender has one study."""
    yield "settings are compared", c.verdict.compares == "settings"
    if m["over"]:
        yield "a test over problems", len(c.verdict.judged) >= 6
    tuners = [(row["tuner"] or {}).get("tuner", "") for row in c.study.searches]
    grids = any(tuner.startswith("grid") for tuner in tuners)
    yield "studies can be drawn", bool(m["drawn"]) == grids
    claim = c.verdict.claim or c.found.claim
    yield "seeds", bool(m["seeds"]) == (claim != "fixed")


def _tuned(c, m):
    for name in c.names(m["names"]):
        own = _of(c, name)
        yield "tuned", bool(own)
        yield "tried", _range(m["tried"], [row["tried"] for row in own])
        yield "fields", m["fields"] == "lr"
        per = {}
        for row in own:
            per.setdefault(row["problem"], set()).add(row["study"])
        most = max(map(len, per.values()))
        yield "studies", (most > 1) == bool(m["studies"])
        if m["studies"]:
            yield "number of studies", _range(m["studies"], [*map(len, per.values())])
        tuners = {row["tuner"]["tuner"] for row in own if row["tuner"]}
        yield "tuner", ({m["by"]} if m["by"] else set()) == tuners
        if m["each"]:
            yield "seeds", _range(m["each"], [row["runs"] // row["tried"] for row in own])
    yield "alike", bool(m["alike"]) == (len(c.names(m["names"])) > 1)


def _untuned(c, m):
    yield "none", not any(_of(c, name) for name in c.names(m["names"]))
    have = {row["contender"] for row in c.study.searches}
    yield "all", c.names(m["names"]) == [n for n in c.verdict.contenders if n not in have]


def _waiting(c, m):
    open_ones = [r for r in c.study.searches if math.isnan(r["number"]) and not r["reason"]]
    found = (int(m["some"]), int(m["all"]))
    yield "open", found == (len(open_ones), len(c.study.searches))


def _budgets(c, m):
    said = dict(re.findall(rf"({c.name}) (\d+(?: to \d+)?)", m["list"]))
    sums = {}
    for row in c.study.searches:
        place = sums.setdefault(row["contender"], {})
        place[row["problem"]] = place.get(row["problem"], 0) + row["tried"]
    yield "names", {*said} == {*sums}
    for name, text in said.items():
        yield name, _range(text, [*sums[name].values()])
    where = {problem for own in sums.values() for problem in own}
    differing = [len({own[p] for own in sums.values() if p in own}) > 1 for p in where]
    yield "they differ", any(differing)


def _gone(c, m):
    own = _of(c, m["who"])
    places = re.findall(rf"({c.name})(?: in (\d+) of (\d+) searches)?", m["places"])
    where = list(dict.fromkeys(row["problem"] for row in own if _lost(row)))
    yield "problems", [name for name, *_ in places] == where
    for name, some, total in places:
        here = [row for row in own if row["problem"] == name]
        count = sum(map(_lost, here))
        yield "count", (int(some or count), int(total or len(here))) == (count, len(here))
        yield "all", bool(some) == (count < len(here))


def _charged(c, m):
    yield "runs", int(m["runs"].replace(",", "")) == sum(r["runs"] for r in c.study.searches)
    firsts = [name for name in c.verdict.order if c.verdict.place[name] == 1]
    own = [r for r in _of(c, c.leader) if r["problem"] in c.verdict.judged] if firsts else []
    cells = [c.verdict.cells[c.leader, p] for p in c.verdict.judged] if c.leader else []
    final = sum(run["work"] for cell in cells for run in cell.runs if run["steps"] >= 0)
    said = bool(own) and len(firsts) == 1 and final > 0 and not c.found.doubt
    yield "times are said", bool(m["times"]) == said
    if m["times"]:
        ratio = sum(row["work"] for row in own) / final
        yield "who", m["who"] == c.leader
        yield "times", abs(float(m["times"].replace(",", "")) - ratio) <= 0.06 * ratio


def _everybody(c, m):
    yield "lost", all(map(_lost, c.study.searches)) and not c.ran


def _warning(c, m):
    yield "given", len(c.study.warnings) == 1


TUNING_PATTERNS = (
    (r"As tuned here,", _as_tuned),
    (
        r"(?:(?P<seeds>Fresh seeds test these settings, not the optimizers): another|Another) "
        r"search might choose others\.(?P<over> The test over problems includes that, since each "
        r"problem has its own search\.)? `studies = 5`"
        r"(?P<drawn>, with a tuner that draws its settings,)? would compare the optimizers\.",
        _settings,
    ),
    (
        rf"(?P<names>{_LIST}) (?:was|were) tuned(?P<alike> alike)?: "
        r"(?P<tried>[\d,]+(?: to [\d,]+)?) settings? of (?P<fields>\w+)(?: from the tuner "
        r"(?P<by>[\w:=]+))? on "
        r"each problem(?: in each of (?P<studies>\d+(?: to \d+)?) studies)?"
        r"(?:, (?P<each>\d+) seeds? each)?\.",
        _tuned,
    ),
    (rf"(?P<names>{_LIST}) (?:was|were) not tuned\.", _untuned),
    (
        r"Tuning is not finished: (?P<some>\d+) of (?P<all>\d+) searches have chosen no setting\.",
        _waiting,
    ),
    (
        r"Budgets of tuning differ: (?P<list>.+?) settings on a problem\. Who tries more finds "
        r"better ones\.",
        _budgets,
    ),
    (
        r"(?P<who>{N}) was lost in tuning on (?P<places>.+?): every setting broke down\. It counts "
        r"there as if its final runs had\.",
        _gone,
    ),
    (
        r"Settings were chosen in (?P<runs>[\d,]+) other runs?, on other seeds(?:; finding "
        rf"(?P<who>{{N}})'s took (?P<times>{NUMBER}) times the work of its judged runs, which is "
        r"not counted above)?\.",
        _charged,
    ),
    (r"Everybody was lost in tuning: there is nothing to judge\.", _everybody),
    (r"adam's best lr is at the edge of its space\.", _warning),
)
