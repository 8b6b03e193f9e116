"""From a study to its trials: grids, pairings, requirements and every mistake at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from optframe import __version__
from optframe.binding import Binder, resolve_backend
from optframe.choices import Choice, Choices
from optframe.contracts import Problem, Sampler, StochasticProblem
from optframe.errors import OptframeError, UsageError, nearest
from optframe.oracle import offers
from optframe.parameters import build
from optframe.registry import Registry
from optframe.seeds import Seeds
from optframe.study import NO_SAMPLER, Budget, Checkpoints, Study, Trial

__all__ = ["plan"]


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
        self.prefix = f"{study.where}: " if study.where else ""

    def trials(self) -> list[Trial]:
        """Return the trials, or none where there are mistakes."""
        backend = self._check_run()
        chosen = Choices(self.registry, self.prefix)
        optimizers = chosen.of("optimizers", self.study.optimizers)
        problems = chosen.of("problems", self.study.problems)
        samplers = chosen.of("samplers", self.study.samplers)
        self.mistakes += chosen.mistakes
        self._check_partners(optimizers, "problems", problems)
        self._check_partners(problems, "optimizers", optimizers)
        self._check_partners(samplers, "problems", problems)
        self._check_partners(samplers, "optimizers", optimizers)
        if self.mistakes:
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
        return trials

    def _check_run(self) -> str:
        """Check the names in [run] and return the backend's."""
        settings = self.study.run
        try:
            self.registry.entry("executors", settings.executor, f"{self.prefix}[run] executor")
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
        names = [("problems", problem.component.name)]
        names += [("samplers", chosen.name)] if sampler else []
        names += self._parts(optimizer)
        code = [__version__, *(self.registry.code(kind, name) for kind, name in names)]
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
            )

    def _parts(self, optimizer: Choice) -> list[tuple[str, str]]:
        """The plugins' components that an optimizer is made of."""
        values = optimizer.component.values
        wrappers = values.get("wrap", [])
        parts = [("optimizers", optimizer.component.name)]
        parts += [("wrappers", wrapper["name"]) for wrapper in wrappers]
        for value in [*values.values(), *(v for w in wrappers for v in w.values())]:
            if isinstance(value, dict) and "schedule" in value:
                parts.append(("schedules", value["schedule"]))
        return parts

    def _checkpoints(self) -> Checkpoints:
        given = self.study.run.checkpoints
        if isinstance(given, int):
            return Checkpoints(count=given)
        made: Checkpoints = build(Checkpoints, given, f"{self.prefix}[run] checkpoints")
        return made

    def _budget(self, optimizer: Choice, problem: Choice, bound: Problem) -> Budget | None:
        for choice in (optimizer, problem):
            if "budget" in choice.table:
                given, where = choice.table["budget"], f"{choice.where}: budget"
                break
        else:
            given, where = self.study.budget, f"{self.prefix}[study] budget"
        if not isinstance(given, (Budget, Mapping)):
            found = "nothing" if given is None else repr(given)
            self.mistakes.append(
                f"{where}: expected a table such as {{ steps = 1000 }}, found {found}"
            )
            return None
        try:
            made: Budget = given if isinstance(given, Budget) else build(Budget, given, where)
        except UsageError as error:
            self.mistakes += error.mistakes
            return None
        records = bound.records if isinstance(bound, StochasticProblem) else None
        if made.epochs is not None and records is None:
            self.mistakes.append(
                f"{where}: {problem.component.name} has no data, so epochs mean nothing to it; "
                "give it a budget of steps, gradients or seconds"
            )
            return None
        return made

    def _bind(self, problem: Choice, backend: str) -> Problem | None:
        try:
            dtype = self.study.dtype or problem.made.dtype
            return self.binder.problem(problem.component, backend, dtype, Seeds(self.study.seed, 0))
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
        records = bound.records if isinstance(bound, StochasticProblem) else None
        if records is None:
            return [None]
        chosen: list[Choice | None] = []
        for sampler in samplers:
            if not sampler.pairs_with("problems", problem):
                continue
            mistake = sampler.made.mistake(records)
            if mistake:
                self.mistakes.append(
                    f"{sampler.where}: {problem.component.label} has {records} training records; "
                    f"{mistake}"
                )
            else:
                chosen.append(sampler)
        return chosen

    def _check_partners(self, choices: list[Choice], others: str, known: list[Choice]) -> None:
        names = {c.component.name for c in known} | {c.component.label for c in known}
        for choice in choices:
            for name in choice.table.get(others) or ():
                if name not in names:
                    self.mistakes.append(
                        f"{choice.where}: {others} names {name!r}, which is not in this study; "
                        f"{nearest(str(name), names)}"
                    )


def _is_deterministic(optimizer: Any, problem: Problem, sampler: Sampler | None) -> bool:
    """Whether all seeds would do the same from a fixed start, so that one is enough."""
    if problem.draws_start or problem.draws_instance or optimizer.random:
        return False
    if not isinstance(problem, StochasticProblem):
        return True
    return problem.deterministic and sampler is not None and sampler.deterministic


def _reason(optimizer: Choice, problem: Choice, missing: frozenset[str]) -> str:
    """Say why a trial is skipped."""
    reason = (
        f"{optimizer.component.name} needs {', '.join(sorted(missing))}, which "
        f"{problem.component.name} does not offer"
    )
    if "deterministic" in missing:
        reason += " under this sampler (with data, try the sampler full)"
    return reason
