"""Writes the sentences of a report about its contenders.

"Best", "behind beyond chance" and "told apart" are said where the tests of `Standings` say it, and
nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from optframe.statistics.medians import UNRUN
from optframe.statistics.standings.caveat_sentences import broken
from optframe.statistics.standings.claims import names_of_problems
from optframe.statistics.standings.relabelling import BLOCKS, Ratio
from optframe.statistics.standings.tables import Tables
from optframe.statistics.standings.tuning_sentences import (
    about_settings,
    more_studies,
)
from optframe.statistics.wording import joined, p_value, plural, times

__all__ = ["headline"]

_MOST = 8
"""The most problems that a headline names one by one."""


def headline(found: Tables) -> list[str]:
    """Return `Standings.headline`: who, by how much, how sure; or why nothing can be said."""
    if found.apart_on:
        return list(_apart(found))
    if not found.comparable:
        return [_nothing(found)]
    if found.claim == "equal":
        text = f"{_as_tuned(found)}{joined(found.leaders)} are equal {_where(found)}."
        return [f"{text} There is no difference to be sure of.", *_scope(found)]
    limits = filter(None, [about_settings(found)])
    sure = " ".join([_sure(found), *limits, *_scope(found), *_holds(found)])
    return [_who(found), _how_much(found), sure]


def _nothing(found: Tables) -> str:
    if found.doubt:
        return f"Seconds rank nothing here: {found.doubt}"
    status = found.trials["status"] if len(found.trials) else None
    if status is None or status.isin((*UNRUN, "recording")).all():
        if len(found.searches) and found.searches["lost"].all():
            return "Everybody was lost in tuning: there is nothing to judge."
        final = "final " if len(found.searches) else ""
        return f"No {final}trial has run yet: there is nothing to judge."
    if found.claim == "alone":
        return f"Only {found.that_ran[0]} ran: there is nothing to compare.{_alone(found)}"
    kinds = set(found.problems["reason"]) - {"no run"}
    if kinds == {"every run was at the target when it started"}:
        return "Every run was at the target when it started: there is nothing to judge."
    if kinds == {"every run broke down"}:
        return f"Every run broke down ({broken(found)}): there is nothing to compare."
    if not kinds & {"", "not all ran there"}:
        return "No problem can be judged: there is nothing to compare."
    if found.met:
        return f"No problem is left on which two {found.kind} can be compared."
    return f"No two {found.kind or 'contenders'} ran on the same problem: nothing can be compared."


def _apart(found: Tables) -> Iterator[str]:
    """Say of each problem on its own who is best there, as no problem was run by all."""
    count = len(found.apart_on)
    level = f", at the level 0.05/{count}" if count > 1 else ""
    yield f"No problem was run by all of these {found.kind}, so each is judged on its own{level}."
    for problem in found.apart_on[:_MOST]:
        own = found.of_problem(problem)
        sure = f" ({p_value(own.p_best)})" if own.claim == "best" else ""
        yield (
            f"{joined(own.leaders)} are equal {_where(own)}."
            if own.claim == "equal"
            else f"{_claim(own)}{sure}."
            if own.comparable
            else f"On {problem}: {_nothing(own)}"
        )
    if count > _MOST:
        yield f"And so on for {count - _MOST} more problems: see their tables."


def _alone(found: Tables) -> str:
    aimed = found.trials.loc[found.trials["target"].notna(), "key"]
    own = found.runs[found.runs["key"].isin(aimed)]
    return f" {own['won'].sum()} of {len(own)} runs reached the target." if len(own) else ""


def _where(found: Tables) -> str:
    judged = found.problems.loc[found.problems["judged"], "problem"]
    return f"on {judged.iloc[0]}" if len(judged) == 1 else f"over these {len(judged)} problems"


def _who(found: Tables) -> str:
    return f"{_as_tuned(found)}{_claim(found)}.{_reached(found, found.contenders[0])}"


def _as_tuned(found: Tables) -> str:
    """Return the limit of what is said of contenders whose settings one search chose."""
    return "As tuned here, " if found.compares == "settings" else ""


def _claim(found: Tables) -> str:
    leader = found.table.iloc[0]
    name, count = leader["contender"], int(leader["problems"])
    where, several = _where(found), count > 1
    others = found.table["place"].notna().sum() - 1
    verb = f"is better than {found.contenders[1]}" if others == 1 else "is best"
    everywhere = leader["first_on"] == count
    firsts = _firsts(found)
    if found.claim == "best":
        text = f"{name} {verb} {where}"
        if several:
            text += " taken together" + (", and came first on each" if everywhere else firsts)
    elif found.claim == "fixed" and everywhere:
        text = f"{name} {verb} {where}" + (", and came first on each" if several else "")
    elif found.claim == "fixed":
        text = (
            f"{name} does best on average {where}, and who is best depends on the problem{firsts}"
        )
    else:
        shown = f"better than {found.contenders[1]}" if others == 1 else "best"
        text = f"{name} leads {where}, but is not shown to be {shown}"
        text += firsts if several else ""
    return text


def _firsts(found: Tables) -> str:
    leader = found.table.iloc[0]
    ranked = found.table[found.table["place"].notna()]
    others = [
        f"{row['contender']} on {row['first_on']}"
        for _, row in ranked.iloc[1:].iterrows()
        if row["first_on"]
    ]
    if len(others) > 3:
        others = [*others[:2], f"{len(others) - 2} others on some"]
    beside = f" ({', '.join(others)})" if others else ""
    return f": first on {leader['first_on']}{beside}, within twice the best on {leader['within_2']}"


def _reached(found: Tables, name: str) -> str:
    judged = found.problems.loc[found.problems["judged"], "problem"]
    own = found.cells[(found.cells["contender"] == name) & found.cells["problem"].isin(judged)]
    own = own[own["kind"] == "cost"]
    if own.empty:
        return ""
    return f" It reached the target in {own['won'].sum()} of {own['runs'].sum()} runs."


def _how_much(found: Tables) -> str:
    first, second = found.contenders[:2]
    judged = found.problems[found.problems["judged"]]
    cells = found.cells[found.cells["problem"].isin(judged["problem"])]
    rival = cells[(cells["contender"] == second) & (cells["kind"] == "cost")]
    parts = []
    if len(rival) and not rival["runs"].any():
        on = f" on {rival['problem'].iloc[0]}" if len(rival) == 1 else ""
        parts.append(f"was lost in tuning{on}")
    elif len(rival) and not rival["won"].any():
        runs = plural(int(rival["runs"].sum()), "run")
        on = f" on {rival['problem'].iloc[0]}" if len(rival) == 1 else ""
        parts.append(f"never reached the target{on} ({runs})")
    elif len(rival):
        ratio = _ratio_words(found.ratio(first, second, kind="cost"), found)
        parts.append(f"needs {ratio} {found.cost} of {first} to reach the target")
    values = judged[judged["kind"] == "value"]
    if len(values):
        ratio = _ratio_words(found.ratio(first, second, kind="value"), found)
        on = f" on {joined(list(values['problem']))}" if len(rival) and len(values) <= 3 else ""
        parts.append(f"ends with {ratio} {found.measure} of {first}{on}")
    together = " over these problems together" if len(judged) > 1 else ""
    return f"By how much: {second}, the next, {joined(parts)}{together}."


def _ratio_words(made: Ratio, found: Tables) -> str:
    """Return a ratio with its interval: ``1.4 times (95 %: 1.04 to 1.8) the``."""
    ratio, low, high, bound = made
    text = f"{bound} {times(ratio)} times".strip()
    if found.claim == "fixed":
        return f"{text} the"
    if low == 0 and math.isinf(high):
        units = "studies" if found.compares == "optimizers" else "runs"
        return f"{text} (too few {units} for a 95 % interval) the"
    if math.isinf(high):
        return f"{text} (95 %: at least {times(low)}) the"
    if low == 0:
        return f"{text} (95 %: at most {times(high)}) the"
    return f"{text} (95 %: {times(low)} to {times(high)}) the"


def _sure(found: Tables) -> str:
    over_studies = found.compares == "optimizers"
    over = " over studies" if over_studies else ""
    if found.claim == "best":
        others = "other searches and seeds" if over_studies else "other seeds"
        return (
            f"How sure: {others} would hardly change who is best ({p_value(found.p_best)}{over})."
        )
    if found.claim == "fixed":
        return "Nothing here depends on a seed: another seed would change nothing."
    first, own = found.contenders[0], found.tests[found.tests["contender"] == found.contenders[0]]
    ahead = own[own["statistic"] <= 0]
    closest = own.iloc[int(own["p"].to_numpy().argmax())]
    settings = int(found.table.iloc[0]["settings"])
    behind = [str(name) for name in own.loc[own["apart"], "rival"]]
    if settings > 1 and found.p_best <= 0.05:
        text = (
            f"How sure: its setting was chosen from {settings} on these same runs, which makes it "
            "look better than it is; new seeds for the chosen setting would tell"
        )
    elif len(ahead):
        rival = ahead.iloc[0]
        text = (
            f"How sure: compared directly, {rival['rival']} does as well or better "
            f"({p_value(rival['p'])}{over})"
        )
    elif found.most_seeds < 2 and over_studies:
        text = "How sure: unknown, since one study of each does not show what another would choose"
    elif found.most_seeds < 2:
        text = "How sure: unknown, since one run of each does not show what another seed would give"
    else:
        by = f"{p_value(closest['p'])}{over}"
        text = f"How sure: that could be chance (against {closest['rival']} {by})"
    if behind:
        verb = "is" if len(behind) == 1 else "are"
        text += f"; {joined(behind)} {verb} behind {first} beyond chance"
        pairs = len(found.tests)
        text += f", corrected for all {pairs} pairs" if pairs > 1 else ""
    if over_studies:
        text += f". {more}" if (more := more_studies(found)) else ""
    elif found.most_seeds < BLOCKS and (own["blocks"].min() < BLOCKS or found.most_seeds < 2):
        text += f". More seeds would tell: `--seeds {BLOCKS}` is the least for a sharp test"
    return text + "."


def _scope(found: Tables) -> Iterator[str]:
    judged = list(found.problems.loc[found.problems["judged"], "problem"])
    names = names_of_problems(found.trials)
    kinds = len({names[problem] for problem in judged})
    if len(judged) < 2:
        return
    these = f"This speaks for these {len(judged)} problems"
    if kinds < BLOCKS:
        yield f"{these}, not for others: that takes {BLOCKS}."
    elif not math.isnan(found.p_beyond):
        p = p_value(found.p_beyond)
        like = f"for problems like them too ({p})"
        yield f"{these}; {like if found.p_beyond <= 0.05 else f'not for others ({p})'}."
    else:
        yield f"{these}."


def _holds(found: Tables) -> Iterator[str]:
    table = found.variations
    if table.empty:
        return
    name = found.contenders[0]
    word = "best" if found.claim == "best" else "first"
    problems, others = table[table["kind"] == "problem"], table[table["kind"] != "problem"]
    yes, no = [], []
    if len(problems):
        if problems["holds"].all():
            yes.append("without any one problem")
        elif problems["holds"].any():
            yes.append("without any other one problem")
    yes += list(others.loc[others["holds"], "variation"])
    for _, row in table[~table["holds"]].iterrows():
        why = f"{row['first']} first" if row["first"] != name else p_value(row["p"])
        no.append(f"{row['variation']} ({why})")
    if not yes:
        yield f"Does it hold: {name} does not stay {word} {', '.join(no)}."
    else:
        end = f"; not {', '.join(no)}" if no else ""
        yield f"Does it hold: {name} stays {word} {', '.join(yes)}{end}."
