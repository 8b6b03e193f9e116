"""Writes what limits the conclusions of a report, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optframe.statistics.medians import CENSORED, UNRUN
from optframe.statistics.standings.tables import Tables
from optframe.statistics.standings.tuning_sentences import tuning_caveats
from optframe.statistics.wording import joined, metric_name

__all__ = ["broken", "caveats"]

_WORDS = {"timeout": "timed out"}


def caveats(found: Tables) -> list[str]:
    """Return `Standings.caveats`."""
    if not len(found.trials):
        return [*tuning_caveats(found)]
    return [
        *_unrun(found),
        *_failures(found),
        *_left_out(found),
        *_targets(found),
        *_settings(found),
        *tuning_caveats(found),
        *found.doubts,
    ]


def _unrun(found: Tables) -> Iterator[str]:
    status = found.trials["status"]
    total = len(status)
    if planned := int(status.isin(("planned", "recording")).sum()):
        yield f"The study is not finished: {planned} of {total} trials have not run."
    if skipped := int((status == "skipped").sum()):
        yield f"{skipped} of {total} trials were skipped."


def broken(found: Tables) -> str:
    """Return how many runs broke down in each way: ``3 diverged, 1 timed out``."""
    status = found.trials["status"]
    counts = [(s, int((status == s).sum())) for s in CENSORED]
    return ", ".join(f"{count} {_WORDS.get(s, s)}" for s, count in counts if count)


def _failures(found: Tables) -> Iterator[str]:
    status = found.trials["status"]
    lost, ran = int(status.isin(CENSORED).sum()), int((~status.isin((*UNRUN, "recording"))).sum())
    if lost:
        yield (
            f"{lost} of {ran} runs broke down ({broken(found)}): each is charged the whole "
            "budget, or counts as the worst value of its problem."
        )


def _left_out(found: Tables) -> Iterator[str]:
    table, problems = found.table, found.problems
    if found.comparable:
        unranked = list(table.loc[table["place"].isna(), "contender"])
        if unranked:
            yield f"Not ranked, for they did not run everywhere: {joined(unranked)}."
    for reason in dict.fromkeys(problems["reason"]):
        own = list(problems.loc[problems["reason"] == reason, "problem"])
        if reason and (found.comparable or reason != "not all ran there"):
            yield f"Left out, because {reason}: {joined(own)}."
    begun = found.begun
    for problem, count, total in begun:
        yield (
            f"On {problem}, {count} of {total} seeds began at the target, and are left out for all."
        )


def _targets(found: Tables) -> Iterator[str]:
    problems = found.problems
    missed = problems[problems["target"] & (problems["kind"] == "value")]
    for metric in dict.fromkeys(missed["metric"]):
        own = joined(list(missed.loc[missed["metric"] == metric, "problem"]))
        final = metric_name(metric)
        yield f"Nobody reached the target on {own}: judged there by the final {final}."


def _settings(found: Tables) -> Iterator[str]:
    tried = found.cells["settings"]
    if len(tried) and (most := int(np.max(tried))) > 1:
        by = f" by {found.chosen_by}" if found.doubt else ""
        yield (
            f"Up to {most} settings of a contender were tried, and the best of them was chosen{by} "
            "on the same runs, problem by problem: it looks better than it is. New seeds would "
            "show its true results."
        )
