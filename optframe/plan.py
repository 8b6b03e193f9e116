"""From a study to its trials: grids, pairings, requirements and every mistake at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from optframe.binding import Binder, resolve_backend
from optframe.choices import Choice, Choices
from optframe.contracts import Problem, Sampler, StochasticProblem, Wrapper
from optframe.errors import OptframeError, UsageError, nearest
from optframe.notation import Component
from optframe.oracle import offers
from optframe.parameters import build, parameters
from optframe.record import MEASURES
from optframe.registry import Registry
from optframe.seeds import Seeds
from optframe.study import NO_SAMPLER, Budget, Checkpoints, Study, Trial
from optframe.study_tables import mistakes_of
from optframe.version import __version__

__all__ = ["parts_of", "plan"]


def plan(study: Study, registry: Registry, binder: Binder | None = None) -> list[Trial]:
    """Return the study's trials: problems, then samplers, then optimizers, then seeds."""
    planner = _Planner(study, registry, binder or Binder(registry))
    trials = planner.trials()
    if planner.mistakes:
        raise UsageError(*dict.fromkeys(planner.mistakes))
    if not trials:
        raise UsageError(f"{study.where or study.name}: the pairings leave no trial to run")
    return trials


class _Planner:
    """Collects mistakes while it expands one study."""

    def __init__(self, study: Study, registry: Registry, binder: Binder) -> None:
        self.study = study
        self.registry = registry
        self.binder = binder
        self.mistakes: list[str] = []
        self._codes: dict[tuple[str, str], str] = {}
        self.prefix = f"{study.where}: " if study.where else ""

    def trials(self) -> list[Trial]:
        """Return the trials, or none where there are mistakes."""
        wrong = mistakes_of(self.study)
        self.mistakes += wrong
        backend = self._check_run()
        chosen = Choices(self.registry, self.prefix)
        optimizers = chosen.of("optimizers", self.study.optimizers)
        problems = chosen.of("problems", self.study.problems)
        samplers = chosen.of("samplers", self.study.samplers)
        self.mistakes += chosen.mistakes
        for kind, choices in (("problems", problems), ("optimizers", optimizers)):
            known = chosen.names[kind].union(*(choice.names for choice in choices))
            for others in (optimizers, problems, samplers):
                self._check_partners(others, kind, known)
        if wrong or not backend:
            return []
        trials: list[Trial] = []
        for problem in problems:
            bound = self._bind(problem, backend)
            if bound is None:
                continue
            for sampler in self._samplers_of(problem, bound, samplers):
                for optimizer in optimizers:
                    if (
                        optimizer.pairs_with("problems", problem)
                        and problem.pairs_with("optimizers", optimizer)
                        and (sampler is None or sampler.pairs_with("optimizers", optimizer))
                    ):
                        trials += self._seeds(optimizer, problem, bound, sampler, backend)
        self._check_labels(trials)
        return trials

    def _check_run(self) -> str:
        """Check the names in [run] and return the backend's."""
        settings = self.study.run
        try:
            name, where = settings.runs_by, f"{self.prefix}[run]"
            fields = parameters(self.registry.load("executors", name, f"{where} executor"))
            asked = {"timeout": settings.timeout, "retries": settings.retries}
            asked["jobs"] = None if settings.jobs == 1 else settings.jobs
            wrong = [word for word in asked if asked[word] is not None and word not in fields]
            self.mistakes += [
                f"{where} {word}: executor {name!r} runs one trial at a time, in this process, "
                f"found {asked[word]}; leave {word} out, or name another executor (processes)"
                for word in wrong
            ]
            if settings.scheduler is not None and "scheduler" not in fields:
                self.mistakes.append(
                    f"{where} scheduler: executor {name!r} uses none, found "
                    f"{settings.scheduler!r}; leave it out, or name another executor (dask)"
                )
        except UsageError as error:
            self.mistakes += error.mistakes
        try:
            return resolve_backend(self.registry, settings.backend, f"{self.prefix}[run] backend")
        except UsageError as error:
            self.mistakes += error.mistakes
            return ""

    def _seeds(
        self,
        optimizer: Choice,
        problem: Choice,
        bound: Problem,
        sampler: Choice | None,
        backend: str,
    ) -> Iterator[Trial]:
        budget = self._budget(optimizer, problem, bound)
        if budget is None:
            return
        scheme: Sampler | None = sampler.made if sampler else None
        missing = optimizer.made.requires() - offers(bound, scheme)
        start = str(problem.table.get("start", self.study.start))
        once = start == "standard" and _is_deterministic(optimizer.made, bound, scheme)
        chosen = sampler.component if sampler else NO_SAMPLER
        names = parts_of(self.registry, optimizer.component, problem.component, chosen, backend)
        datasets = self.binder.datasets_of(problem.component)
        names += [("datasets", name) for name in datasets]
        code = [__version__, *(self._code(kind, name) for kind, name in names), *datasets.values()]
        for seed in range(1 if once else self.study.seeds):
            yield Trial(
                optimizer=optimizer.component,
                problem=problem.component,
                sampler=chosen,
                seed=seed,
                study_seed=self.study.seed,
                budget=budget,
                checkpoints=self._checkpoints(),
                start=start,
                backend=backend,
                dtype=self.study.dtype or bound.dtype,
                threads=self.study.run.threads,
                code=" ".join(dict.fromkeys(code)),
                skip=_reason(optimizer, problem, missing) if missing else None,
                measure=tuple(name for name in MEASURES if name in self.study.run.measure),
                profile=self.study.run.profile,
            )

    def _code(self, kind: str, name: str) -> str:
        """Return the hash of a component's code, its files read once per plan."""
        if (kind, name) not in self._codes:
            self._codes[kind, name] = self.registry.code(kind, name)
        return self._codes[kind, name]

    def _checkpoints(self) -> Checkpoints:
        given = self.study.run.checkpoints
        return Checkpoints(count=given) if isinstance(given, int) else Checkpoints(**given)  # type: ignore[arg-type]

    def _budget(self, optimizer: Choice, problem: Choice, bound: Problem) -> Budget | None:
        """Return the optimizer's budget, else the problem's, else the study's."""
        given, where = self.study.budget, f"{self.prefix}[study] budget"
        for choice in (problem, optimizer):
            if "budget" in choice.table:
                given, where = choice.table["budget"], f"{choice.where}: budget"
        made = self._made_budget(given, where)
        records = bound.records if isinstance(bound, StochasticProblem) else None
        if made is not None and made.epochs is not None and records is None:
            self.mistakes.append(
                f"{where}: {problem.component.name} has no data, so epochs mean nothing to it; "
                "give it a budget of steps, gradients or seconds"
            )
            return None
        return made

    def _made_budget(self, given: Any, where: str) -> Budget | None:
        if not isinstance(given, (Budget, Mapping)):
            found = "nothing" if given is None else repr(given)
            self.mistakes.append(
                f"{where}: expected a table such as {{ steps = 1000 }}, found {found}"
            )
            return None
        try:
            table = given.table if isinstance(given, Budget) else given
            made: Budget = build(Budget, table, where)
        except UsageError as error:
            self.mistakes += error.mistakes
            return None
        return made

    def _bind(self, problem: Choice, backend: str) -> Problem | None:
        try:
            dtype = self.study.dtype or problem.made.dtype
            seeds = Seeds(self.study.seed, 0)
            bound = self.binder.problem(problem.component, backend, dtype, seeds)
            _ = bound.size, getattr(bound, "records", None)  # what it is made of may be wrong, too
            return bound
        except UsageError as error:
            self.mistakes += [f"{problem.where}: {mistake}" for mistake in error.mistakes]
        except (OptframeError, OSError):
            raise
        except (ValueError, TypeError) as error:
            self.mistakes.append(f"{problem.where}: {error}")
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
                f"{problem.where}: no [[sampler]] is for it; every one names other problems"
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

    def _check_labels(self, trials: list[Trial]) -> None:
        """Refuse two trials of one name: tables and figures would take them for one."""
        keys: dict[tuple[str, str, str, int], str] = {}
        for trial in trials:
            labels = trial.optimizer.label, trial.problem.label, trial.sampler.label
            if keys.setdefault((*labels, trial.seed), trial.key) != trial.key:
                self.mistakes.append(
                    f"{self.prefix}two different runs are called {labels[0]!r} on {labels[1]!r}; "
                    "give their tables a label each"
                )

    def _check_partners(self, choices: list[Choice], others: str, names: set[str]) -> None:
        for choice in choices:
            for name in choice.table.get(others) or ():
                if name not in names:
                    self.mistakes.append(
                        f"{choice.where}: {others} names {name!r}, which is not in this study; "
                        f"{nearest(str(name), names)}"
                    )


def parts_of(
    registry: Registry, optimizer: Component, problem: Component, sampler: Component, backend: str
) -> list[tuple[str, str]]:
    """Return the kinds and names of the components that a trial runs, its data sets aside."""
    parts = [("backends", backend), ("problems", problem.name)]
    parts += [("transforms", transform["name"]) for transform in problem.values.get("wrap", [])]
    parts += [("samplers", sampler.name)] if sampler != NO_SAMPLER else []
    wrappers = optimizer.values.get("wrap", [])
    parts += [("optimizers", optimizer.name)]
    parts += [("wrappers", wrapper["name"]) for wrapper in wrappers]
    for value in [*optimizer.values.values(), *(v for w in wrappers for v in w.values())]:
        inside = [value]
        if isinstance(value, dict) and value.get("name") in registry.names("searches"):
            parts.append(("searches", value["name"]))
            inside = [*value.values()]
        for part in inside:
            if isinstance(part, dict) and "schedule" in part:
                parts.append(("schedules", part["schedule"]))
    return parts


def _is_deterministic(optimizer: Any, problem: Problem, sampler: Sampler | None) -> bool:
    """Whether all seeds would do the same from a fixed start, so that one is enough."""
    if problem.draws_start or problem.draws_instance or _draws(optimizer):
        return False
    if not (isinstance(problem, StochasticProblem) and problem.draws_batch):
        return True
    return problem.deterministic and sampler is not None and sampler.deterministic


def _draws(optimizer: Any) -> bool:
    """Whether an optimizer, or one inside of it, draws numbers of its own."""
    inside = isinstance(optimizer, Wrapper) and _draws(optimizer.optimizer)
    return bool(optimizer.random or inside)


def _reason(optimizer: Choice, problem: Choice, missing: frozenset[str]) -> str:
    """Say why a trial is skipped."""
    around = problem.component.values.get("wrap", [])
    offering = "+".join([problem.component.name, *(transform["name"] for transform in around)])
    reason = (
        f"{optimizer.component.name} needs {', '.join(sorted(missing))}, which "
        f"{offering} does not offer"
    )
    if "deterministic" in missing:
        reason += " under this sampler (with data, try the sampler full)"
    return reason
