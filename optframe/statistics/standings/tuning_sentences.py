"""Writes the sentences about tuning: how it was done, what it cost, and what it does not show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from optframe.statistics.standings.relabelling import LEVEL
from optframe.statistics.standings.tables import Tables
from optframe.statistics.standings.tuned import LEAST_STUDIES
from optframe.statistics.wording import joined, plural, times

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["about_settings", "how_tuned", "least_studies", "more_studies", "tuning_caveats"]

STUDIES = 5
"""The number of studies that a page advises: 3 to 8 % of such tests claim a difference that is
none, and they find more than four do."""


def least_studies(problems: int) -> int:
    """Return the fewest studies that can reach p ≤ 0.05 on so many problems."""
    return LEAST_STUDIES.get(problems, 2)


def about_settings(found: Tables) -> str:
    """Return what fresh seeds of one study do not show; empty where tests are over studies."""
    if found.compares != "settings":
        return ""
    grids = _grids(found)
    if found.claim == "fixed" and grids and all(grids):
        return ""
    first = (
        "" if found.claim == "fixed" else f"Fresh seeds test these settings, not the {found.kind}"
    )
    other = "another search might choose others"
    text = f"{first}: {other}." if first else f"{other.capitalize()}."
    if found.p_beyond == found.p_beyond:
        text += " The test over problems includes that, since each problem has its own search."
    drawn = ", with a tuner that draws its settings," if any(grids) else ""
    return f"{text} `studies = {STUDIES}`{drawn} would compare the {found.kind}."


def _grids(found: Tables) -> list[bool]:
    """Return of each search whether it proposes the same settings in every study: grids do."""
    tuners = [_tuner(row) for row in found.searches.to_dict("records")]
    return [tuner.split(" ")[0].partition(":")[0] == "grid" for tuner in tuners]


def more_studies(found: Tables) -> str:
    """Return how many studies would tell, where those there are cannot; empty if they can."""
    first, rivals = found.contenders[0], found.contenders[1:]
    index = {name: place for place, name in enumerate(found.names)}
    ranked = [name for name in rivals if index[name] in set(found.judgement.order.sequence)]
    least = [found.judgement.pair(index[first], index[name]).smallest_p() for name in ranked]
    if not least or max(least) <= LEVEL:
        return ""
    problems = len(found.judgement.numbers)
    where = "one problem" if problems == 1 else f"{problems} problems"
    return (
        f"More studies would tell: `studies = {least_studies(problems)}` is the least for a sharp "
        f"test on {where}"
    )


def how_tuned(found: Tables) -> list[str]:
    """Return how contenders were tuned, a sentence for each way, and who was not."""
    rows = found.searches
    if not len(rows):
        return []
    ways: dict[str, list[str]] = {}
    for contender, own in rows.groupby("contender", sort=False):
        ways.setdefault(_way(own), []).append(str(contender))
    said = [
        f"{joined(names)} {_were(names)} tuned{' alike' if len(names) > 1 else ''}: {way}."
        for way, names in ways.items()
    ]
    tuned = set(rows["contender"])
    others = [name for name in found.names if name not in tuned]
    if others and found.kind == "optimizers":
        said.append(f"{joined(others)} {_were(others)} not tuned.")
    return said


def _way(own: pd.DataFrame) -> str:
    """Return how a contender was tuned: ``20 settings of lr on each problem, 1 seed each``."""
    records = own.to_dict("records")
    settings = _range([int(row["tried"]) for row in records])
    noun = "setting" if settings == "1" else "settings"
    fields = list(dict.fromkeys(name for row in records for name in _fields(row)))
    of = f" of {joined(fields)}" if fields else ""
    tuners = list(dict.fromkeys(filter(None, map(_tuner, records))))
    by = f" from the tuner{'' if len(tuners) == 1 else 's'} {joined(tuners)}" if tuners else ""
    studies = own.groupby(["problem", "sampler"])["study"].nunique()
    several = f" in each of {_range(list(studies))} studies" if studies.max() > 1 else ""
    seeds = sorted({seeds for row in records if (seeds := _seeds(row))})
    each = f", {_range(seeds)} {'seed' if seeds == [1] else 'seeds'} each" if seeds else ""
    confirmed = sorted({_told(row, "confirm") for row in records} - {0})
    more = f", the best {_range(confirmed)} of them on more seeds" if confirmed else ""
    return f"{settings} {noun}{of}{by} on each problem{several}{each}{more}"


def _range(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _were(names: list[str]) -> str:
    return "was" if len(names) == 1 else "were"


def _fields(row: Mapping[Any, Any]) -> list[str]:
    """Return the fields that a search tuned."""
    for name in ("space", "setting"):
        if isinstance(row[name], Mapping) and row[name]:
            return [str(field) for field in row[name]]
    return []


def _tuner(row: Mapping[Any, Any]) -> str:
    """Return the tuner in the short notation; empty if it is not known."""
    told = row["tuner"]
    if not isinstance(told, Mapping):
        return told if isinstance(told, str) else ""
    name, protocol = told.get("tuner") or told.get("name") or "", told.get("protocol")
    return f"{name} (protocol {protocol})" if protocol and protocol != name else str(name)


def _told(row: Mapping[Any, Any], name: str) -> int:
    """Return a number of what was asked of the tuner; 0 if it is not known."""
    told = row["tuner"]
    number = told.get(name) if isinstance(told, Mapping) else None
    return number if isinstance(number, int) else 0


def _seeds(row: Mapping[Any, Any]) -> int:
    """Return the tuning seeds of each setting; 0 if it is not known."""
    tried, runs = int(row["tried"]), int(row["runs"])
    if known := _told(row, "seeds"):
        return known
    return runs // tried if tried and runs % tried == 0 else 0


def tuning_caveats(found: Tables) -> Iterator[str]:
    """Return what limits conclusions that rest on a tuning."""
    rows = found.searches
    if not len(rows):
        return
    if waiting := int(rows["open"].sum()):
        yield f"Tuning is not finished: {waiting} of {len(rows)} searches have chosen no setting."
    yield from how_tuned(found)
    yield from _budgets(rows)
    yield from _lost(rows)
    yield from _charged(found)
    yield from found.warnings


def _budgets(rows: pd.DataFrame) -> Iterator[str]:
    """Say where contenders tried different numbers of settings on a problem."""
    tried = rows.groupby(["contender", "problem", "sampler"], sort=False)["tried"].sum()
    on = tried.groupby(["problem", "sampler"]).nunique()
    if (on <= 1).all():
        return
    own = tried.groupby("contender", sort=False).agg(list)
    texts = [f"{name} {_range([int(n) for n in numbers])}" for name, numbers in own.items()]
    yield (
        f"Budgets of tuning differ: {joined(texts)} settings on a problem. Who tries more finds "
        "better ones."
    )


def _lost(rows: pd.DataFrame) -> Iterator[str]:
    """Name who was lost, and where."""
    lost = rows[rows["lost"]]
    for contender, own in lost.groupby("contender", sort=False):
        places = []
        for problem, here in own.groupby("problem", sort=False):
            every = rows[(rows["contender"] == contender) & (rows["problem"] == problem)]
            some = f" in {len(here)} of {len(every)} searches"
            places.append(f"{problem}{some if len(here) < len(every) else ''}")
        yield (
            f"{contender} was lost in tuning on {joined(places)}: every setting broke down. It "
            "counts there as if its final runs had."
        )


def _charged(found: Tables) -> Iterator[str]:
    """Say how many runs chose the settings, and what the leader's search cost."""
    rows = found.searches
    runs = int(rows["runs"].sum())
    text = f"Settings were chosen in {plural(runs, 'other run')}, on other seeds"
    if found.comparable and len(found.leaders) == 1:
        leader = found.leaders[0]
        name = "sampler" if found.kind == "samplers" else "contender"
        judged = set(found.problems.loc[found.problems["judged"], "problem"])
        own = rows[(rows[name] == leader) & rows["problem"].isin(judged)]
        search = float(own["work"].sum())
        final = _final_work(found, leader, judged)
        if len(own) and search > 0 and final > 0:
            text += (
                f"; finding {leader}'s took {times(search / final)} times the work of its judged "
                "runs, which is not counted above"
            )
    yield f"{text}."


def _final_work(found: Tables, contender: str, judged: set[str]) -> float:
    """Return the work of a contender's judged runs."""
    own = found.runs[(found.runs["contender"] == contender) & found.runs["problem"].isin(judged)]
    if "work" not in found.trials:
        return 0.0
    work = found.trials.loc[found.trials["key"].isin(own["key"]), "work"]
    return float(work.astype(float).sum())
