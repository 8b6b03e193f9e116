"""A study: optimizers × problems × samplers × seeds with a budget, and the plan of its trials."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from optframe.components.binder import Binder
from optframe.components.code import identity_of
from optframe.components.importing import TYPED, Imports
from optframe.components.parameters import mistakes_in
from optframe.components.registry import Registry
from optframe.contracts import Problem, Sampler, StochasticProblem
from optframe.contracts.columns import MEASURES
from optframe.contracts.costs import OFFERED
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import (
    MOST_TRIALS,
    NO_SAMPLER,
    Budget,
    Checkpoints,
    SeedCount,
    StudySeed,
    Trial,
)
from optframe.errors import OptframeError, UsageError, described, nearest, one_line
from optframe.given_files import content_of, expanded, parsed_toml
from optframe.study.budgets import Budgets
from optframe.study.grids import Choice, Choices
from optframe.study.pairing import (
    is_deterministic,
    namesakes,
    parts_of,
    reason_to_skip,
    unknown_partners,
)
from optframe.study.schedules import mistakes_of_schedules
from optframe.study.settings import RunSettings, check_names
from optframe.study.tables import StudyTable, read
from optframe.version import __version__

__all__ = ["Study", "mistakes_of", "plan"]

LARGEST_FILE = 2**24
"""The most bytes of a study file."""


@dataclass(frozen=True)
class Study:
    """Optimizers, problems, samplers and seeds, all combinations of which are run with a budget.

    `Study.from_file` reads one from a study file. ``optimizers``, ``problems`` and ``samplers`` are
    names in the short notation, tables as in a study file, or objects; a list of values is a grid.
    ``budget`` is a `Budget` or a table. ``seed`` is the study seed, and ``seeds`` the number of
    runs of each combination (one if nothing is random). Reports compare by ``cost``, by default
    work, and judge by ``metric``, by default the validation loss where there is one, else f − f* or
    the loss. ``where`` begins each message.

    Examples
    --------
    >>> import optframe
    >>> study = optframe.Study("demo", {"steps": 9}, ["adam:lr=[0.01,0.1]"], ["rosenbrock"])
    >>> len(study.trials(optframe.load_plugins()))
    2
    """

    name: str
    budget: Any
    optimizers: Iterable[Any]
    problems: Iterable[Any]
    samplers: Iterable[Any] = ("shuffled",)
    seed: StudySeed = 0
    seeds: SeedCount = 1
    start: Literal["standard", "random"] = "standard"
    dtype: Literal["float32", "float64"] | None = None
    cost: str | None = None
    metric: str | None = None
    run: RunSettings = field(default_factory=RunSettings)
    where: str = ""
    mistakes: tuple[str, ...] = ()

    @classmethod
    def from_file(cls, path: str | Path, settings: Mapping[str, Any] | None = None) -> Study:
        """Read a study file; ``settings`` overrides entries of its table ``[run]``.

        Raises
        ------
        UsageError
            If the file cannot be read or is not TOML. Other mistakes are reported when the study
            is planned.
        """
        path = expanded(path)
        try:
            tables = parsed_toml(content_of(path, LARGEST_FILE).decode("utf-8-sig"))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}") from error
        except ValueError as error:
            raise UsageError(f"{path}: not a TOML file: {error}") from error
        run = tables.get("run", {})
        if settings and isinstance(run, dict):
            tables["run"] = {**run, **settings}
        return cls.from_tables(tables, str(path))

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], where: str) -> Study:
        """Make a study from the tables of a file; ``where`` begins each message about it.

        Mistakes are stored in ``mistakes``. They are reported when the study is planned, together
        with those in the components.
        """
        return cls(**read(tables, where))

    @property
    def imports(self) -> Imports:
        """Where the modules that it names may lie: anywhere, unless it was read from a file."""
        if not Path(self.where).is_file():
            return TYPED
        return Imports(not_from=(str(Path(self.where).resolve().parent), os.getcwd()))

    @property
    def folder(self) -> Path:
        """The results folder, unless another one is given: ``results/<name>``."""
        return Path("results") / (re.sub(r"[^\w-]+", "-", self.name).strip("-") or "study")

    def trials(self, registry: Registry) -> list[Trial]:
        """Return the planned trials, in a fixed order.

        Raises
        ------
        UsageError
            If the study has mistakes; the message has one line for each.
        UnavailableError
            If its backend cannot run on this machine.
        """
        return plan(self, registry)


def mistakes_of(study: Study) -> list[str]:
    """Return the mistakes in a study, apart from those in its components."""
    prefix = f"{study.where}: " if study.where else ""
    names = [field.name for field in dataclasses.fields(StudyTable) if field.name != "budget"]
    given = {name: getattr(study, name) for name in names}
    mistakes = mistakes_in(StudyTable, given, f"{prefix}[study]")
    if not isinstance(study.run, RunSettings):
        raise UsageError(f"{prefix}run: expected study.settings.RunSettings, found {study.run!r}")
    wrong = mistakes_in(RunSettings, dataclasses.asdict(study.run), f"{prefix}[run]")
    if isinstance(study.cost, str) and study.cost not in OFFERED:
        hint = nearest(study.cost, OFFERED)
        wrong.append(f"{prefix}[study] cost: unknown cost {study.cost!r}; {hint}")
    if isinstance(study.budget, Mapping):
        wrong += mistakes_in(Budget, study.budget, f"{prefix}[study] budget")
    marks = study.run.checkpoints
    if isinstance(marks, Mapping):
        wrong += mistakes_in(Checkpoints, marks, f"{prefix}[run] checkpoints")
    return [*study.mistakes, *mistakes, *wrong]


def plan(
    study: Study, registry: Registry, binder: Binder | None = None, *, keyed: bool = True
) -> list[Trial]:
    """Return the study's trials: problems, then samplers, then optimizers, then seeds.

    Without ``keyed`` the components' code is not hashed, which is most of the work for one trial:
    the trials can be run, but their keys cannot be used in a store.
    The `UsageError` is raised from the exception of a problem, where one raised it.
    """
    with registry.importing(study.imports):
        planner = _Planner(study, registry, binder or Binder(registry), keyed)
        trials = planner.trials()
    if planner.mistakes:
        raise UsageError(*dict.fromkeys(planner.mistakes)) from planner.raised
    if not trials:
        raise UsageError(
            f"{study.where or study.name}: found no optimizer and problem that are paired; check "
            "the lists of partners (`problems = [...]`, `optimizers = [...]`)"
        )
    return trials


class _Planner:
    """Plans the trials of one study, and collects all mistakes on the way."""

    def __init__(self, study: Study, registry: Registry, binder: Binder, keyed: bool) -> None:
        self.study = study
        self.registry = registry
        self.binder = binder
        self.keyed = keyed
        self.mistakes: list[str] = []
        self.raised: Exception | None = None
        """What the first problem raised that cannot be bound."""
        self._code = cache(registry.code)  # files are read once per plan
        self._identity = cache(partial(identity_of, follow=False))
        self.prefix = f"{study.where}: " if study.where else ""
        self.budgets = Budgets(study.budget, study.seed, self.prefix, self.mistakes)

    def trials(self) -> list[Trial]:
        """Return the trials; an empty list if [study] or [run] has mistakes."""
        wrong = mistakes_of(self.study)
        self.mistakes += wrong
        backend, wrong_run = check_names(self.study.run, self.registry, f"{self.prefix}[run]")
        self.mistakes += wrong_run
        chosen = Choices(self.registry, self.prefix)
        optimizers = chosen.of("optimizers", self.study.optimizers)
        problems = chosen.of("problems", self.study.problems)
        samplers = chosen.of("samplers", self.study.samplers)
        self.mistakes += chosen.mistakes
        for kind, choices in (("problems", problems), ("optimizers", optimizers)):
            known = chosen.names[kind].union(*(choice.names for choice in choices))
            for others in (optimizers, problems, samplers):
                self.mistakes += unknown_partners(others, kind, known)
        # Mistakes in components do not stop here: one call reports all mistakes. But no data set is
        # loaded for it, which takes seconds, or a download.
        self.binder.loads = not self.mistakes
        if wrong or not backend:
            return []
        parts: list[tuple[Choice, Choice, Problem, Choice | None, int]] = []
        for problem in problems:
            bound = self._bind(problem, backend)
            if bound is None:
                continue
            self.budgets.check_metric(self.study.metric, problem, bound, self.study.run.measure)
            for sampler in self._samplers_of(problem, bound, samplers):
                for optimizer in optimizers:
                    if (
                        optimizer.pairs_with("problems", problem)
                        and problem.pairs_with("optimizers", optimizer)
                        and (sampler is None or sampler.pairs_with("optimizers", optimizer))
                    ):
                        seeds = self._seeds(optimizer, problem, bound, sampler)
                        parts.append((optimizer, problem, bound, sampler, seeds))
        planned = sum(seeds for *_, seeds in parts)
        if planned > MOST_TRIALS:
            self.mistakes.append(
                f"{self.prefix}found {planned:,} trials (optimizers × problems × samplers × "
                f"seeds), expected at most {MOST_TRIALS:,}; use several studies"
            )
            return []
        trials = [trial for part in parts for trial in self._trials_of(*part, backend)]
        if self.keyed:
            self.mistakes += [self.prefix + line for line in namesakes(trials)]
        return trials

    def _seeds(
        self, optimizer: Choice, problem: Choice, bound: Problem, sampler: Choice | None
    ) -> int:
        """Return the number of different runs: one if nothing is random."""
        scheme = sampler.made if sampler else None
        fixed = problem.table.get("start", self.study.start) == "standard"
        once = fixed and is_deterministic(optimizer.made, bound, scheme)
        return 1 if once else self.study.seeds

    def _trials_of(
        self,
        optimizer: Choice,
        problem: Choice,
        bound: Problem,
        sampler: Choice | None,
        seeds: int,
        backend: str,
    ) -> Iterator[Trial]:
        budget = self.budgets.of(optimizer, problem, bound)
        if budget is None:
            return
        scheme: Sampler | None = sampler.made if sampler else None
        skip = reason_to_skip(optimizer, problem, bound, scheme)
        if skip is None:
            found = mistakes_of_schedules(optimizer.made, budget, bound, scheme)
            self.mistakes += [f"{optimizer.where}: {mistake}" for mistake in found]
        chosen = sampler.component if sampler else NO_SAMPLER
        code = [__version__]
        if self.keyed:
            names = parts_of(self.registry, optimizer.component, problem.component, chosen, backend)
            datasets = self.binder.datasets_of(problem.component)
            names += [("datasets", name) for name in datasets]
            code += [*(self._code(kind, name) for kind, name in names), *datasets.values()]
            for kind, one in (("optimizers", optimizer), ("problems", problem)):
                made = self.registry.by_path.modules_of_result(kind, one.component.name, one.made)
                code.append(self._identity(made) or "")
        for seed in range(seeds):
            yield Trial(
                optimizer=optimizer.component,
                contender=optimizer.contender,
                problem=problem.component,
                sampler=chosen,
                seed=seed,
                study_seed=self.study.seed,
                budget=budget,
                checkpoints=self._checkpoints(),
                start=str(problem.table.get("start", self.study.start)),
                backend=backend,
                dtype=self.study.dtype or bound.dtype,
                threads=self.study.run.threads,
                code=" ".join(dict.fromkeys(filter(None, code))),
                skip=skip,
                measure=tuple(name for name in MEASURES if name in self.study.run.measure),
                profile=self.study.run.profile,
            )

    def _checkpoints(self) -> Checkpoints:
        given = self.study.run.checkpoints
        return Checkpoints(count=given) if isinstance(given, int) else Checkpoints(**given)  # type: ignore[arg-type]

    def _bind(self, problem: Choice, backend: str) -> Problem | None:
        try:
            dtype = self.study.dtype or problem.made.dtype
            seeds = Seeds(self.study.seed, 0)
            bound = self.binder.problem(problem.component, backend, dtype, seeds)
            # these load its data, which may fail
            _ = bound.size, getattr(bound, "records", None), bound.layout()
            return bound
        except UsageError as error:
            self.mistakes += [f"{problem.where}: {mistake}" for mistake in error.mistakes]
        except (OptframeError, OSError):
            raise
        except Exception as error:  # of a plugin
            self.raised = self.raised or error
            told = isinstance(error, (ValueError, TypeError))
            what = one_line(error) if told else described(error)
            self.mistakes.append(f"{problem.where}: {what}")
        return None

    def _samplers_of(
        self, problem: Choice, bound: Problem, samplers: list[Choice]
    ) -> list[Choice | None]:
        if not isinstance(bound, StochasticProblem) or bound.records is None:
            return [None]
        records = bound.records
        chosen: list[Choice | None] = []
        partners = [sampler for sampler in samplers if sampler.pairs_with("problems", problem)]
        if samplers and not partners:
            self.mistakes.append(
                f"{problem.where}: found no [[sampler]] that is paired with it; add it to the "
                "list `problems` of one"
            )
        for sampler in partners:
            mistake = sampler.made.bind(bound.groups).mistake(records)
            if mistake:
                self.mistakes.append(
                    f"{sampler.where}: {problem.component.label} has {records} training records; "
                    f"{mistake}"
                )
            else:
                chosen.append(sampler)
        return chosen
