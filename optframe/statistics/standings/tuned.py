"""Says what tuning means for a judgement: who was tuned, in which studies, and who was lost.

A tuned contender has one setting for each problem, sampler and study of the protocol: its *winner*.
It was chosen on other seeds, so it is not chosen on the runs that judge it. Where a problem has two
studies or more, the study is the *unit* of tests: its winner's runs are added up. Fresh seeds of
one study test its winner alone, since another search might choose another.

A contender all of whose settings broke down in a search is *lost* there. It has no final runs; in
their places stand runs that broke down, so that it is ranked last and not left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.components.notation import format_value
from optframe.statistics.grouped import Flags

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LEAST_STUDIES",
    "LOST",
    "SEARCH",
    "searches",
    "studied",
    "with_lost",
    "with_tuners",
    "with_units",
]

LOST = "lost_in_tuning"
"""The column that marks the rows which stand for the final runs of a lost contender."""

LEAST_STUDIES = {1: 4, 2: 3}
"""The fewest studies that can reach p ≤ 0.05 on so many problems: 2/C(8, 4) = 0.03, while 2/C(6, 3)
= 0.1; on two problems 2/20² = 0.005, while 2/6² = 0.06. On three or more, two: 2/6³ = 0.01."""

SEARCH = ("contender", "problem", "sampler", "study")
"""What tells one search from another."""

_DEFAULTS: dict[str, Any] = {
    "sampler": "none",
    "study": 0,
    "number": 0.0,
    "work": math.nan,
    "runs": 0,
    "tried": 0,
    "setting": None,
    "space": None,
    "tuner": None,
    "reason": "",
    "closed": True,
}


def searches(tuning: pd.DataFrame | None, trials: pd.DataFrame) -> pd.DataFrame:
    """Return a row per search (contender × problem × sampler × study), with all columns.

    Besides those of ``tuning``, ``lost`` tells whether every setting broke down, ``open`` whether
    nothing was chosen yet, and ``choice`` what was chosen, as text.
    """
    import pandas as pd

    if tuning is None or not len(tuning):
        columns = ["contender", "problem", *_DEFAULTS, "lost", "open", "choice"]
        return pd.DataFrame(columns=columns).astype({"lost": bool, "open": bool})
    missing = {name: value for name, value in _DEFAULTS.items() if name not in tuning}
    found = tuning.reset_index(drop=True)
    found = found.assign(**{n: pd.Series([v] * len(found)) for n, v in missing.items()})
    chosen = found["number"].notna()
    closed = np.array([bool(value) for value in found["closed"]])
    told = np.array([isinstance(text, str) and bool(text) for text in found["reason"]])
    made = found.assign(
        contender=found["contender"].astype(str),
        problem=found["problem"].astype(str),
        sampler=found["sampler"].fillna("none").astype(str),
        study=found["study"].fillna(0).astype(int),
        work=pd.to_numeric(found["work"]).astype(float),
        **{name: pd.to_numeric(found[name]).fillna(0).astype(int) for name in ("runs", "tried")},
        lost=~chosen & closed & told,
        open=~chosen & ~(closed & told),
    )
    return made.assign(choice=[_choice(row) for row in made.to_dict("records")])


def _choice(row: dict[Any, Any]) -> str:
    """Return what a search chose: ``lr=0.0123``, or why it chose nothing."""
    if row["lost"]:
        return f"none: {row['reason']}"
    if row["open"]:
        return "nothing yet"
    if isinstance(row["setting"], Mapping):
        return ", ".join(f"{name}={format_value(value)}" for name, value in row["setting"].items())
    return str(row["optimizer"]) if row.get("optimizer") else "–"


def with_tuners(winners: pd.DataFrame, tunings: pd.DataFrame) -> pd.DataFrame:
    """Return a store's winners with the space and the tuner of each, as standings take them.

    Both frames have a row per search, in one order: `Results.winners` and `Results.tunings`.
    """
    return winners.assign(**{name: list(tunings[name]) for name in ("space", "tuner", "closed")})


def with_lost(trials: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return the trials, and a run that broke down for each that a lost contender has not.

    They have the seeds of the study that other contenders have on the problem.
    """
    import pandas as pd

    lost = found[found["lost"]] if len(found) else found
    made = trials.assign(**{LOST: False})
    if not len(trials) or not len(lost):
        return made
    rows = [_broken(trials, row) for row in lost.to_dict("records")]
    return pd.concat([made, *rows], ignore_index=True)


def _broken(trials: pd.DataFrame, search: dict[Any, Any]) -> pd.DataFrame:
    here = trials[(trials["problem"] == search["problem"]).to_numpy()]
    seeds = _seeds(here, int(search["study"]))
    like = (here if len(here) else trials).iloc[[0] * len(seeds)].reset_index(drop=True)
    kept = ("minimum", "target", "seed", "study_seed")
    gone = [c for c in like if like[c].dtype.kind == "f" and c not in kept]
    names: dict[str, Any] = {name: search[name] for name in SEARCH}
    keys = [f"lost {' '.join(map(str, names.values()))} {seed}" for seed in seeds]
    unknown: dict[str, Any] = {str(column): math.nan for column in gone}
    unknown |= names | {LOST: True, "key": keys, "seed": seeds}
    unknown |= {"status": "diverged", "reason": search["reason"]}
    return like.assign(**unknown, optimizer=search["contender"], optimizer_name=search["contender"])


def _seeds(here: pd.DataFrame, study: int) -> list[int]:
    """Return the seeds that others have in a study of the problem; its own number without any."""
    own = _studies(here)
    tuned = ~np.isnan(own)
    rows = here[own == study] if tuned.any() or study else here
    return sorted({int(seed) for seed in rows["seed"]}) or [study]


def _studies(trials: pd.DataFrame) -> Any:
    """Return each trial's study, NaN of one that was not tuned."""
    import pandas as pd

    if "study" not in trials:
        return np.full(len(trials), np.nan)
    return pd.to_numeric(trials["study"]).to_numpy(np.float64, na_value=np.nan)


def with_units(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials with the columns ``unit`` and ``setting``.

    The unit is the study where the problem has two or more, else the seed. Runs that were not tuned
    belong to the study that has their seed. The setting is the label; all winners of a tuned
    contender are one, its own name, since nothing is left to be chosen.
    """
    studies = _studies(trials)
    tuned = ~np.isnan(studies)
    seeds = trials["seed"].to_numpy(np.int64)
    unit = seeds.copy()
    problems = trials["problem"].astype(str).to_numpy(dtype=object)
    for problem in studied(trials):
        here = problems == problem
        unit[here & tuned] = studies[here & tuned]
        of_seed = dict(zip(seeds[here & tuned], unit[here & tuned], strict=True))
        beyond = int(unit[here & tuned].max()) + 1
        for row in np.flatnonzero(here & ~tuned):
            unit[row] = of_seed.get(seeds[row], beyond + seeds[row])
    labels = trials["optimizer"].astype(str)
    if tuned.any() and "contender" in trials:
        own = trials["contender"].where(tuned & trials["contender"].notna(), labels)
        labels = own.astype(str)
    return trials.assign(unit=unit, setting=labels)


def studied(trials: pd.DataFrame) -> list[str]:
    """Return the problems with two studies or more."""
    studies = _studies(trials)
    tuned: Flags = ~np.isnan(studies)
    problems = trials["problem"].astype(str)[tuned]
    pairs: Sequence[tuple[str, float]] = [*zip(problems, studies[tuned], strict=True)]
    counts: dict[str, set[float]] = {}
    for problem, study in pairs:
        counts.setdefault(problem, set()).add(study)
    return [problem for problem, own in counts.items() if len(own) > 1]
