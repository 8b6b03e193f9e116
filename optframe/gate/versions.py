"""Judges two versions of the same trials: the base and the head are the contenders.

Each pair of an optimizer and a problem (and a sampler) is a problem of these standings, and runs of
the same seed are a pair, those of tuned settings, too. The verdict of a comparison does not depend
on it: limits judge each number, and these lines say what all of them amount to.
"""

from __future__ import annotations

from collections.abc import Sequence

from optframe.contracts.trial import trial_name
from optframe.statistics import Standings, standings
from optframe.store.results import Results

__all__ = ["of_versions", "sentences_of_versions"]

SIDES = ("base", "head")


def of_versions(base: Results, head: Results) -> Standings:
    """Return the standings of two stores over the trials that both ran, by the base's cost."""
    import pandas as pd

    cells = [set(one.trials.loc[one.trials["steps"].notna(), "cell"]) for one in (base, head)]
    trials, curves = [], []
    for side, one in zip(SIDES, (base, head), strict=True):
        own = one.trials[one.trials["cell"].isin(cells[0] & cells[1])]
        labels = zip(own["optimizer"], own["problem"], own["sampler"], strict=True)
        names = [trial_name(str(o), str(p), str(s)) for o, p, s in labels]
        keys = side + own["key"]
        same = {"optimizer": side, "optimizer_name": side, "contender": None, "sampler": "none"}
        same["study"] = None  # both versions run what one of them chose: seeds pair their runs
        trials.append(own.assign(key=keys, problem=names, problem_name=names, **same))
        curves.append(one.curves.assign(key=side + one.curves["key"]))
    joined = [pd.concat(frames, ignore_index=True) for frames in (trials, curves)]
    return standings(joined[0], joined[1], base.cost, base.metric)


def sentences_of_versions(base: Results, head: Results) -> Sequence[str]:
    """Return what a comparison says of two stores: who is better, by how much, how sure it is."""
    found = of_versions(base, head)
    if not found.comparable:
        return ()
    pairs = int(found.problems["judged"].sum())
    first = f"Together, over {pairs} pairs of an optimizer and a problem:"
    if pairs == 1:
        first = f"Over the seeds of {found.problems['problem'].iloc[0]}:"
    return (first, *found.headline)
