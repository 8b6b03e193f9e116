"""From a study to its trials: grids, pairings, requirements and every mistake at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from optframe import __version__
from optframe.binding import Binder, given_parameters, resolve_backend, resolved, wrap
from optframe.contracts import Optimizer, Problem, Sampler, Schedule, Solver, StochasticProblem
from optframe.errors import OptframeError, UsageError, nearest
from optframe.notation import Component, canonical, parse, write
from optframe.oracle import offers
from optframe.parameters import build, is_sequence, parameters
from optframe.registry import Registry
from optframe.seeds import Seeds
from optframe.study import NO_SAMPLER, Budget, Checkpoints, Study, Trial

__all__ = ["plan"]

RESERVED = ("name", "label", "budget", "wrap", "optimizers", "problems")


@dataclass(frozen=True)
class _Choice:
    """One component of the study after its grid was expanded."""

    component: Component
    table: Mapping[str, Any]
    made: Any
    where: str

    def pairs_with(self, others: str, other: _Choice) -> bool:
        """Whether the table's list of partners (``problems = [...]``) allows the other one."""
        allowed = self.table.get(others)
        return allowed is None or bool({other.component.name, other.component.label} & {*allowed})


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
        backend = resolve_backend(self.registry, self.study.run.backend)
        self.registry.entry("executors", self.study.run.executor, f"{self.prefix}[run] executor")
        optimizers = self._choices("optimizers", self.study.optimizers)
        problems = self._choices("problems", self.study.problems)
        samplers = self._choices("samplers", self.study.samplers)
        self._check_partners(optimizers, "problems", problems)
        self._check_partners(problems, "optimizers", optimizers)
        if self.mistakes:
            return []
        trials: list[Trial] = []
        for problem in problems:
            bound = self._bind(problem, backend)
            if bound is None:
                continue
            for sampler in self._samplers_of(problem, bound, samplers):
                for optimizer in optimizers:
                    if optimizer.pairs_with("problems", problem) and problem.pairs_with(
                        "optimizers", optimizer
                    ):
                        trials += self._seeds(optimizer, problem, bound, sampler, backend)
        return trials

    def _seeds(
        self,
        optimizer: _Choice,
        problem: _Choice,
        bound: Problem,
        sampler: _Choice | None,
        backend: str,
    ) -> Iterator[Trial]:
        budget = self._budget(optimizer, problem, bound)
        if budget is None:
            return
        scheme: Sampler | None = sampler.made if sampler else None
        missing = optimizer.made.requires() - offers(bound, scheme)
        skip = None
        if missing:
            skip = f"{optimizer.component.name} needs {', '.join(sorted(missing))}, which "
            skip += f"{problem.component.name} does not offer"
            if "deterministic" in missing and isinstance(bound, StochasticProblem):
                skip += " under this sampler (try the sampler full)"
        once = self._is_deterministic(optimizer.made, bound, scheme)
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
                start=self.study.start,
                backend=backend,
                dtype=self.study.dtype or bound.dtype,
                threads=self.study.run.threads,
                code=" ".join(dict.fromkeys(code)),
                skip=skip,
            )

    def _parts(self, optimizer: _Choice) -> list[tuple[str, str]]:
        """The plugins' components that an optimizer is made of."""
        values = optimizer.component.values
        wrappers = values.get("wrap", [])
        parts = [("optimizers", optimizer.component.name)]
        parts += [("wrappers", wrapper["name"]) for wrapper in wrappers]
        for value in [*values.values(), *(v for w in wrappers for v in w.values())]:
            if isinstance(value, dict) and "schedule" in value:
                parts.append(("schedules", value["schedule"]))
        return parts

    def _is_deterministic(self, optimizer: Any, bound: Problem, sampler: Sampler | None) -> bool:
        """Whether all seeds would do the same, so that one is enough."""
        if self.study.start == "random" or bound.draws_start or bound.draws_instance:
            return False
        if isinstance(bound, StochasticProblem) and not (
            bound.deterministic and sampler is not None and sampler.deterministic
        ):
            return False
        return not optimizer.random

    def _checkpoints(self) -> Checkpoints:
        given = self.study.run.checkpoints
        if isinstance(given, int):
            return Checkpoints(count=given)
        made: Checkpoints = build(Checkpoints, given, f"{self.prefix}[run] checkpoints", _none)
        return made

    def _budget(self, optimizer: _Choice, problem: _Choice, bound: Problem) -> Budget | None:
        for choice in (optimizer, problem):
            if "budget" in choice.table:
                given, where = choice.table["budget"], f"{choice.where}: budget"
                break
        else:
            given, where = self.study.budget, f"{self.prefix}[study] budget"
        if not isinstance(given, (Budget, Mapping)):
            self.mistakes.append(
                f"{where}: expected a table such as {{ steps = 1000 }}, found {given!r}"
                if given is not None
                else f"{where} is missing; expected a table such as {{ steps = 1000 }}"
            )
            return None
        try:
            made: Budget = (
                given if isinstance(given, Budget) else build(Budget, given, where, _none)
            )
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

    def _bind(self, problem: _Choice, backend: str) -> Problem | None:
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
        self, problem: _Choice, bound: Problem, samplers: list[_Choice]
    ) -> list[_Choice | None]:
        records = bound.records if isinstance(bound, StochasticProblem) else None
        if records is None:
            return [None]
        chosen: list[_Choice | None] = []
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

    def _check_partners(self, choices: list[_Choice], others: str, known: list[_Choice]) -> None:
        names = {c.component.name for c in known} | {c.component.label for c in known}
        for choice in choices:
            for name in choice.table.get(others) or ():
                if name not in names:
                    self.mistakes.append(
                        f"{choice.where}: {others} names {name!r}, which is not in this study; "
                        f"{nearest(str(name), names)}"
                    )

    def _choices(self, kind: str, items: Any) -> list[_Choice]:
        choices: list[_Choice] = []
        for item in (items,) if isinstance(items, (str, Mapping)) else tuple(items):
            try:
                table = table_of(item, kind, self.registry)
                choices += self._expand(kind, table)
            except UsageError as error:
                self.mistakes += [
                    m if m.startswith(self.prefix) else self.prefix + m for m in error.mistakes
                ]
        return choices

    def _expand(self, kind: str, table: Mapping[str, Any]) -> list[_Choice]:
        """Expand the grids of one table; every point is made once, to find its mistakes."""
        singular = kind.removesuffix("s")
        name = table.get("name")
        if not isinstance(name, str):
            found = "is missing" if name is None else f"is {name!r}"
            raise UsageError(f"{self.prefix}[[{singular}]]: name {found}; expected a string")
        where = f"{self.prefix}[[{singular}]] {name}"
        self._check_reserved(table, kind, where)
        component = self.registry.load(kind, name, f"{self.prefix}[[{singular}]]")
        given = {k: _data(v, self.registry) for k, v in table.items() if k not in RESERVED}
        known = parameters(component) if isinstance(component, type) else {}
        axes: list[list[tuple[str, Any]]] = []
        for key, value in given.items():
            grid = isinstance(value, list) and key in known
            if grid and is_sequence(known[key].annotation):
                grid = bool(value) and all(isinstance(item, list) for item in value)
            if grid and not value:
                raise UsageError(f"{where}: {key} is an empty list; expected at least one value")
            axes.append([(key, item) for item in (value if grid else [value])])
        choices: list[_Choice] = []
        mistakes: list[str] = []
        for point in itertools.product(*axes):
            try:
                choices.append(self._make(kind, table, dict(point), where))
            except UsageError as error:
                mistakes += error.mistakes
        if mistakes:
            raise UsageError(*dict.fromkeys(mistakes))
        return choices

    def _check_reserved(self, table: Mapping[str, Any], kind: str, where: str) -> None:
        for key in ("optimizers", "problems"):
            value = table.get(key)
            strings = isinstance(value, list) and all(isinstance(item, str) for item in value)
            if value is not None and not strings:
                raise UsageError(f"{where}: {key}: expected a list of names, found {value!r}")
        if "wrap" in table and kind != "optimizers":
            raise UsageError(f"{where}: wrap belongs to an [[optimizer]]")
        if not isinstance(table.get("label", ""), str):
            raise UsageError(f"{where}: label: expected a string, found {table['label']!r}")

    def _make(
        self, kind: str, table: Mapping[str, Any], given: dict[str, Any], where: str
    ) -> _Choice:
        name = table["name"]
        made = self.registry.make(kind, name, given, where)
        ready_made = not isinstance(self.registry.load(kind, name), type)
        values = {} if ready_made else resolved(made, given)
        shown: dict[str, Any] = {"name": name, **given}
        if table.get("wrap"):
            made, values["wrap"] = wrap(self.registry, made, table["wrap"], where)
            shown["wrap"] = table["wrap"]
        label = write(shown)
        if "label" in table:
            extra = [v for k, v in given.items() if isinstance(table.get(k), list)]
            label = " ".join(
                [table["label"], *(f"{v:g}" if isinstance(v, float) else str(v) for v in extra)]
            )
        return _Choice(Component(name, canonical(values), label), table, made, where)


def table_of(item: Any, kind: str, registry: Registry) -> Mapping[str, Any]:
    """Return a component as a table: from the short notation, a table, or an object."""
    if isinstance(item, str):
        return parse(item)
    if isinstance(item, Mapping):
        return item
    expected = {"optimizers": (Optimizer, Solver), "problems": (Problem,), "samplers": (Sampler,)}
    component = item if isinstance(item, type) else type(item)
    if not issubclass(component, expected[kind]):
        names = " or ".join(contract.__name__ for contract in expected[kind])
        raise UsageError(
            f"{kind}: found a {component.__name__}; expected a name, a table, or an object of "
            f"type {names}"
        )
    name = registry.name_of(kind, component)
    if name is None or isinstance(item, type):
        return {"name": name or registry.add(kind, component.__name__.lower(), item)}
    return {"name": name, **given_parameters(item, registry)}


def _data(value: Any, registry: Registry) -> Any:
    """A schedule that was made by hand, as its table; anything else as it is."""
    if not isinstance(value, Schedule):
        return value
    name = registry.name_of("schedules", type(value)) or registry.add(
        "schedules", type(value).__name__.lower(), type(value)
    )
    return {"schedule": name, **given_parameters(value, registry)}


def _none(table: Mapping[str, Any], where: str) -> Any:
    raise UsageError(f"{where}: a schedule has no place here")
