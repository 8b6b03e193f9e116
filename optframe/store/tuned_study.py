"""Writes the settings that a study chose by tuning as a study that runs alone."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optframe.contracts.trial import NO_SAMPLER, Component, Trial
from optframe.contracts.whole_file import replacing
from optframe.errors import UsageError, visible
from optframe.given_files import expanded
from optframe.store.results import Results
from optframe.store.tasks import read_tasks
from optframe.store.toml_text import lines_of

__all__ = ["export_tuned", "tuned_study"]

RUN = ("backend", "threads", "profile")
"""What a trial has of the table [run] by the same name."""


def export_tuned(results: Results, path: str | Path) -> list[str]:
    """Write `tuned_study` to a new file; return what it cannot keep.

    Raises
    ------
    UsageError
        If the file exists, or there are no final trials of a study that tuned.
    """
    path = expanded(path)
    text, lost = tuned_study(results)
    if path.exists():
        raise UsageError(f"{path}: found an existing file, which is kept; choose another --tuned")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
    return lost


def tuned_study(results: Results) -> tuple[str, list[str]]:
    """Return a study file with the final settings of a store, and what it cannot keep of them.

    Its trials are those of the stage ``final``, with the same cells and results, where each
    contender was tuned once for each problem and sampler. All parameters are written, those with
    the default included, so that the file means the same if a default changes. Contenders whose
    setting differs between problems have a table for each, with one label.

    Raises
    ------
    UsageError
        If there are no final trials of a study that tuned, or they are of several study seeds.
    """
    tasks = read_tasks(results.path)
    trials = [tasks[key] for key in results.trials["key"] if key in tasks]
    where = results.path.parent
    if not len(results.tunings):
        raise UsageError(f"{where}: the study tuned nothing; its settings are in its study file")
    if not trials:
        raise UsageError(f"{where}: no search has ended; run the study again until they have")
    if len({trial.study_seed for trial in trials}) > 1:
        raise UsageError(
            f"{where}: found trials of several study seeds, expected one; export the stores apart"
        )
    lost: list[str] = []
    made = {t.name for t in trials if "object " in t.code}
    if made:
        lost.append(f"{len(made)} trials of objects made in Python, which a file cannot hold")
    kept = [trial for trial in trials if trial.name not in made]
    lost += _lost_contenders(results, kept)
    if not kept:
        raise UsageError(f"{where}: {'; '.join(lost)}; nothing is left to write")
    written = _Written(kept)
    lost = visible([*lost, *written.lost()])
    study = results.study
    tables = [("[study]", _study(study, kept, written)), ("[run]", _run(study, kept[0]))]
    tables += [("[[optimizer]]", table) for table in written.optimizers()]
    tables += [("[[problem]]", table) for table in written.problems()]
    tables += [("[[sampler]]", table) for table in written.samplers()]
    head = [
        f"# The settings that the study {study.get('name', 'study')!r} chose by tuning.",
        "# Its final trials, without the searches: what the searches cost is not in it.",
        *(f"# Not as it was: {line}." for line in lost),
    ]
    blocks = ["\n".join(head), *("\n".join([name, *lines_of(t)]) for name, t in tables)]
    return "\n\n".join(blocks) + "\n", lost


@dataclass
class _Setting:
    """A table [[optimizer]]: one setting of a contender, and where it runs."""

    who: str
    component: Component
    budget: Mapping[str, Any]
    labels: list[str] = field(default_factory=list)
    """Its labels in the store."""
    places: list[tuple[str, Component]] = field(default_factory=list)
    """The labels of the problems, and the samplers, that it runs with."""
    label: str = ""


class _Written:
    """The tables of components, and what of the trials they cannot say."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self.trials = trials
        self.settings: dict[Any, _Setting] = {}
        self._problems: dict[str, Trial] = {}
        self._samplers: dict[Component, None] = {}
        seeds: dict[Any, set[int]] = {}
        for trial in trials:
            one = trial.optimizer
            who = trial.contender or one.label
            budget = trial.budget.table
            key = who, one.name, one.parameters, json.dumps(budget)
            setting = self.settings.setdefault(key, _Setting(who, one, budget))
            place = trial.problem.label, trial.sampler
            if place not in setting.places:
                setting.places.append(place)
                setting.labels.append(one.label)
            self._problems.setdefault(trial.problem.label, trial)
            if trial.sampler != NO_SAMPLER:
                self._samplers[trial.sampler] = None
            seeds.setdefault((key, place, trial.study), set()).add(trial.seed)
        self.seeds = max(map(len, seeds.values()))
        plain = ({0}, {*range(self.seeds)})
        self._other_seeds = sum(found not in plain for found in seeds.values())
        self.budget = Counter(json.dumps(t.budget.table) for t in trials).most_common(1)[0][0]
        self.start = Counter(trial.start for trial in trials).most_common(1)[0][0]
        several = Counter(
            (one.who, problem)
            for one in self.settings.values()
            for problem in dict.fromkeys(problem for problem, _ in one.places)
        )
        apart = {who for (who, _), times in several.items() if times > 1}
        for setting in self.settings.values():
            setting.label = setting.labels[0] if setting.who in apart else setting.who
        self._apart = sorted(apart)

    def optimizers(self) -> Iterator[dict[str, Any]]:
        """Yield the tables of optimizers."""
        for one in self.settings.values():
            names = [*dict.fromkeys(problem for problem, _ in one.places)]
            named = [self._named(name) for name in names]
            budget = one.budget if json.dumps(one.budget) != self.budget else None
            yield {
                **_table(one.component, one.label),
                "problems": named if len(named) < len(self._problems) else None,
                "budget": budget,
            }

    def problems(self) -> Iterator[dict[str, Any]]:
        """Yield the tables of problems."""
        for label, trial in self._problems.items():
            start = trial.start if trial.start != self.start else None
            yield {**_table(trial.problem, self._named(label)), "start": start}

    def samplers(self) -> Iterator[dict[str, Any]]:
        """Yield the tables of samplers, with their partners where not all are."""
        own: dict[tuple[str, Component], list[str]] = {}
        every: dict[str, set[str]] = {}
        for one in self.settings.values():
            for problem, sampler in one.places:
                if sampler != NO_SAMPLER:
                    own.setdefault((problem, sampler), []).append(one.label)
                    every.setdefault(problem, set()).add(one.label)
        tables: dict[tuple[Component, tuple[str, ...]], list[str]] = {}
        for (problem, sampler), labels in own.items():
            tables.setdefault((sampler, tuple(dict.fromkeys(labels))), []).append(problem)
        for (sampler, optimizers), problems in tables.items():
            named = [self._named(problem) for problem in problems]
            some = any({*optimizers} != every[problem] for problem in problems)
            yield {
                **_table(sampler, self._sampler_label(sampler)),
                "problems": named if len(named) < len(every) else None,
                "optimizers": [*optimizers] if some else None,
            }

    def _sampler_label(self, sampler: Component) -> str:
        """Return a sampler's label, with its parameters where several samplers have it."""
        others = [one for one in self._samplers if one.label == sampler.label]
        if len(others) == 1:
            return sampler.label
        tables = [json.loads(one.parameters) for one in others]
        own = json.loads(sampler.parameters)
        varied = [name for name in own if len({json.dumps(t.get(name)) for t in tables}) > 1]
        return ",".join([sampler.label, *(f"{name}={own[name]}" for name in varied)])

    def lost(self) -> Iterator[str]:
        """Yield what the tables do not say as it was."""
        if self._other_seeds:
            yield (
                f"{self._other_seeds} settings ran on other seeds than the first {self.seeds}, "
                "which this study runs (the winner of each study of a protocol has its own)"
            )
        for who in self._apart:
            yield f"{who} has several settings on one problem, and a label for each"
        asked = {
            (problem, self._sampler_label(sampler), one.label)
            for one in self.settings.values()
            for problem, sampler in one.places
        }
        more = len({*self._paired()} - asked)
        if more:
            yield f"{more} pairs of optimizer, problem and sampler run that did not"
        for what in ("backend", "checkpoints", "measure"):
            found = dict.fromkeys(str(getattr(trial, what)) for trial in self.trials)
            if len(found) > 1:
                yield f"there were several {what}: {', '.join(found)}"
        dtypes = {(trial.problem.label, trial.dtype) for trial in self.trials}
        if len(dtypes) > len(self._problems):  # else each problem has its own
            yield "a problem was run in several dtypes"

    def _paired(self) -> Iterator[tuple[str, str, str]]:
        """Yield (problem, sampler, optimizer) for all that the tables pair, as a study reads it."""
        back = {self._named(label): label for label in self._problems}
        tables = [*self.optimizers()], [*self.problems()], [*self.samplers()]
        for optimizer in tables[0]:
            for problem in tables[1]:
                if not _pairs(optimizer, "problems", problem):
                    continue
                label = back[problem["label"]]
                drawn = self._problems[label].sampler != NO_SAMPLER
                for sampler in tables[2] if drawn else [{"label": NO_SAMPLER.label}]:
                    if _pairs(sampler, "problems", problem) and _pairs(
                        sampler, "optimizers", optimizer
                    ):
                        yield label, sampler["label"], optimizer["label"]

    def _named(self, label: str) -> str:
        """Return a problem's label; another one if it is also the name of other problems."""
        others = [t.problem.name for other, t in self._problems.items() if other != label]
        return f"{label} (default)" if label in others else label


def _pairs(table: Mapping[str, Any], others: str, other: Mapping[str, Any]) -> bool:
    """Whether a table is paired with another one: see `optframe.study.grids.Choice`."""
    allowed = table.get(others)
    return allowed is None or bool({other["name"], other["label"]} & {*allowed})


def _table(component: Component, label: str) -> dict[str, Any]:
    """Return the table of a component with all of its parameters."""
    given: dict[str, Any] = json.loads(component.parameters)
    return {
        "name": component.name,
        "label": label,
        **{name: _single(component.name, value) for name, value in given.items()},
    }


def _single(component: str, value: Any) -> Any:
    """Return a parameter's value as a study file has it, where a list can be a grid."""
    if not isinstance(value, list) or not value:
        return value
    of_lists = all(isinstance(one, list) for one in value)
    return [value] if of_lists or "." in component else value


def _study(study: Mapping[str, Any], trials: Sequence[Trial], written: _Written) -> dict[str, Any]:
    dtypes = {trial.dtype for trial in trials}
    return {
        "name": f"{study.get('name', 'study')}, tuned",
        "seed": trials[0].study_seed,
        "seeds": written.seeds,
        "start": written.start,
        "budget": json.loads(written.budget),
        "dtype": trials[0].dtype if len(dtypes) == 1 else None,
        "cost": study.get("cost"),
        "metric": study.get("metric"),
    }


def _run(study: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
    marks = {k: v for k, v in dataclasses.asdict(trial.checkpoints).items() if v is not None}
    run = study.get("run")
    together = isinstance(run, dict) and run.get("together") is True
    return {
        **{name: getattr(trial, name) for name in RUN},
        "checkpoints": marks["count"] if [*marks] == ["count"] else marks,
        "together": together or None,
        "measure": list(trial.measure) or None,
    }


def _lost_contenders(results: Results, trials: Sequence[Trial]) -> list[str]:
    """Name the contenders without final trials."""
    names = [[trial.contender, trial.problem.label, trial.sampler.label] for trial in trials]
    final = {*map(tuple, visible(names))}  # as the frame has them
    lost = []
    for one in results.tunings.to_dict("records"):
        if (one["contender"], one["problem"], one["sampler"]) not in final:
            why = one["reason"] or "its search has not ended"
            if one["winner"] is not None:
                why = "its runs are not there, or are those of another contender"
            lost.append(f"{one['contender']} on {one['problem']} has no setting ({why})")
    return list(dict.fromkeys(lost))
