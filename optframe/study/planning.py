"""Plans the trials of a study, and collects all its mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from optframe.components.binder import Binder
from optframe.components.code import identity_of
from optframe.components.notation import format_value
from optframe.components.registry import Registry
from optframe.contracts import Problem, Sampler, StochasticProblem
from optframe.contracts.columns import MEASURES
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import MOST_TRIALS, NO_SAMPLER, Trial, canonical
from optframe.errors import OptframeError, UsageError, described, encodable, one_line
from optframe.study.budgets import Budgets
from optframe.study.choice import Choice
from optframe.study.grids import Choices
from optframe.study.mistakes import mistakes_of
from optframe.study.pairing import (
    Offers,
    is_deterministic,
    namesakes,
    parts_of,
    reason_to_skip,
    unknown_partners,
)
from optframe.study.parts import Part, twice
from optframe.study.schedules import mistakes_of_schedules
from optframe.study.settings import check_names
from optframe.study.tunable import Tunables, at_setting
from optframe.study.tune import combined, search_of
from optframe.version import __version__

__all__ = ["Planner"]


class Planner:
    """Plans the trials of one study, and collects all mistakes on the way.

    ``study`` is a `optframe.Study`, whose module imports this one.
    """

    def __init__(self, study: Any, registry: Registry, binder: Binder, keyed: bool) -> None:
        self.study = study
        self.registry = registry
        self.binder = binder
        self.keyed = keyed
        self.mistakes: list[str] = []
        self.raised: Exception | None = None
        """What the first problem raised that cannot be bound."""
        self.backend = ""
        self.tune = study.tuning
        self._code = cache(registry.code)  # files are read once per plan
        self._offers = Offers()
        self._identity = cache(partial(identity_of, follow=False))
        self.prefix = f"{study.where}: " if study.where else ""
        self.budgets = Budgets(study.budget, study.seed, self.prefix, self.mistakes)
        self._tunables = Tunables(registry, self.tune, self.prefix)
        self._choices = Choices(registry, self.prefix, self._tunables)
        self._owners: dict[str, list[tuple[str, str, str]]] = {}

    def check(self) -> None:
        """Raise a `UsageError` with all mistakes, if there are any."""
        if self.mistakes:
            raise UsageError(*dict.fromkeys(self.mistakes)) from self.raised

    def trials(self) -> list[Trial]:
        """Return the trials; what is tuned is a mistake, since its trials are not known yet."""
        parts = self.parts()
        tuned = list(dict.fromkeys(part.names[0] for part in parts if part.search is not None))
        if tuned:
            self.mistakes.append(
                f"{self.prefix}[tune]: found no trials of {', '.join(tuned)} before the study has "
                "run, since tuning chooses their settings; run it, and use the study that "
                "`optframe export DIR --tuned FILE` writes"
            )
        fixed = [part for part in parts if part.search is None]
        trials = [trial for part in fixed for trial in self.trials_of(part)]
        if self.keyed:
            self.mistakes += [self.prefix + line for line in namesakes(trials)]
        return trials

    def parts(self) -> list[Part]:
        """Return what is run or tuned; an empty list if [study] or [run] has mistakes."""
        wrong = mistakes_of(self.study)
        self.mistakes += wrong
        backend, wrong_run = check_names(self.study.run, self.registry, f"{self.prefix}[run]")
        self.mistakes += wrong_run
        self.backend, chosen = backend, self._choices
        optimizers = chosen.of("optimizers", self.study.optimizers)
        problems = chosen.of("problems", self.study.problems)
        samplers = chosen.of("samplers", self.study.samplers)
        self.mistakes += [*chosen.mistakes, *self._tunables.unknown()]
        for kind, choices in (("problems", problems), ("optimizers", optimizers)):
            known = chosen.names[kind].union(*(choice.names for choice in choices))
            for others in (optimizers, problems, samplers):
                self.mistakes += unknown_partners(others, kind, known)
        # Mistakes in components do not stop here: one call reports all mistakes. But no data set is
        # loaded for it, which takes seconds, or a download.
        self.binder.loads = not self.mistakes
        if wrong or not backend:
            return []
        parts: list[Part] = []
        for problem in problems:
            bound = self._bind(problem, backend)
            if bound is None:
                continue
            own = self.study.metric, f"{self.prefix}[study] metric"
            self.budgets.check_metric(*own, problem, bound, self.study.run.measure)
            for sampler in self._samplers_of(problem, bound, samplers):
                for optimizer in optimizers:
                    if (
                        optimizer.pairs_with("problems", problem)
                        and problem.pairs_with("optimizers", optimizer)
                        and (sampler is None or sampler.pairs_with("optimizers", optimizer))
                    ):
                        part = self._part(optimizer, problem, bound, sampler)
                        parts.append(self._tuned(part) if part.spaces else self._usual(part))
        planned = sum(part.runs for part in parts)
        if planned > MOST_TRIALS:
            self.mistakes.append(
                f"{self.prefix}found {planned:,} trials (optimizers × problems × samplers × "
                f"seeds), expected at most {MOST_TRIALS:,}; use several studies"
            )
            return []
        if not (parts or self.mistakes):
            self.mistakes.append(
                f"{self.study.where or self.study.name}: found no optimizer and problem that are "
                "paired; check the lists of partners (`problems = [...]`, `optimizers = [...]`)"
            )
        self.mistakes += [self.prefix + line for line in twice(parts)]
        return parts

    def _usual(self, part: Part) -> Part:
        """Return a part that is not tuned, with as many seeds as the winners of the study's."""
        if self.tune is None or part.once:
            return part
        try:
            search = search_of(self.tune, self.registry, f"{self.prefix}[tune]")
        except UsageError as error:
            self.mistakes += error.mistakes
            return part
        return replace(part, seeds=search.final_seeds(self.study.seeds))

    def _tuned(self, part: Part) -> Part:
        """Return a part with its search, without it if the optimizer cannot run on the problem."""
        kinds = ((part.problem, "problems"), (part.optimizer, "optimizers"))
        tables = {f"{c.where}: tune": (k, c.table["tune"]) for c, k in kinds if "tune" in c.table}
        assert self.tune is not None
        settings = combined(self.tune, tables, self.mistakes)
        try:
            search = search_of(settings, self.registry, f"{self.prefix}[tune]")
        except UsageError as error:
            self.mistakes += error.mistakes
            return part
        ends = part.optimizer.ends or (part.optimizer,)
        trials = [t for end in ends for t in self.trials_of(replace(part, optimizer=end, seeds=1))]
        if not trials or trials[0].skip is not None:
            label = part.optimizer.contender or ""
            component = replace(part.optimizer.component, label=label)
            return self._usual(
                replace(part, optimizer=replace(part.optimizer, component=component))
            )
        where = f"{self.prefix}[tune] metric"
        measured = self.budgets.measured(part.bound)
        also = self.study.run.measure
        self.budgets.check_metric(settings.metric, where, part.problem, part.bound, also)
        goal, named = trials[0].budget.goal, search.metric(measured)
        return replace(
            part,
            search=search,
            seeds=1 if part.once else search.final_seeds(self.study.seeds),
            tuning_seeds=1 if part.once else search.seeds(part.drawn),
            metric=named or self._chooses,
            target=goal[0] if goal is not None and named is None else None,
        )

    @property
    def _chooses(self) -> str | None:
        """The study's metric, if it may choose: what is of test data judges only."""
        own = self.study.metric
        return None if own is None or own.startswith("test_") else str(own)

    def _part(
        self, optimizer: Choice, problem: Choice, bound: Problem, sampler: Choice | None
    ) -> Part:
        """Return a part; it has one seed if nothing is random."""
        scheme = sampler.made if sampler else None
        fixed = problem.table.get("start", self.study.start) == "standard"
        once = fixed and is_deterministic(optimizer.made, bound, scheme)
        drawn = not fixed or bound.draws_start or bound.draws_instance
        seeds = 1 if once else self.study.seeds
        return Part(optimizer, problem, bound, sampler, seeds, once, drawn)

    def at_setting(self, part: Part, setting: Mapping[str, Any]) -> Trial:
        """Return the first judged trial of a setting; it is skipped if its component refuses it."""
        try:
            return self._at(part, setting)
        except UsageError as error:
            wheres = (one.where for one in (part.optimizer, part.sampler) if one is not None)
            reason = error.mistakes[0]
            for where in wheres:
                reason = reason.removeprefix(f"{where}: ")
        one = self._at(part, {name: space.at(0.5) for name, space in part.spaces.items()})
        written = ",".join(f"{name}={format_value(value)}" for name, value in setting.items())
        values = canonical({**one.optimizer.values, **setting})
        label = encodable(f"{part.names[0]} at {written}")
        component = replace(one.optimizer, parameters=values, label=label)
        return replace(one, optimizer=component, skip=f"refused: {reason}")

    def _at(self, part: Part, setting: Mapping[str, Any]) -> Trial:
        """Return the first judged trial of a setting; raise `UsageError` if it cannot be made."""
        optimizer, sampler = part.optimizer, part.sampler
        if optimizer.spaces:
            optimizer = at_setting(self._choices.make, "optimizers", optimizer, setting)
        if sampler is not None and sampler.spaces:
            names = [
                f"{name.partition('.')[2]}={format_value(setting[name])}" for name in sampler.spaces
            ]
            label = f"{optimizer.component.label} with {','.join(names)}"
            optimizer = replace(optimizer, component=replace(optimizer.component, label=label))
            sampler = at_setting(self._choices.make, "samplers", sampler, setting)
        optimizer = replace(optimizer, contender=part.names[0])
        one = replace(part, optimizer=optimizer, sampler=sampler, seeds=1, search=None)
        return next(self.trials_of(one, check=False))

    def trials_of(self, part: Part, check: bool = True) -> Iterator[Trial]:
        """Yield the judged trials of a part; ``check`` is whether its schedules are checked."""
        optimizer, problem, bound, sampler = part.optimizer, part.problem, part.bound, part.sampler
        backend = self.backend
        budget = self.budgets.of(optimizer, problem, bound)
        if budget is None:
            return
        scheme: Sampler | None = sampler.made if sampler else None
        skip = reason_to_skip(optimizer, problem, bound, scheme, self._offers)
        if skip is None and check:
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
        for seed in range(part.seeds):
            yield Trial(
                optimizer=optimizer.component,
                contender=optimizer.contender,
                problem=problem.component,
                sampler=chosen,
                seed=seed,
                study_seed=self.study.seed,
                budget=budget,
                checkpoints=self.study.run.marks,
                start=str(problem.table.get("start", self.study.start)),
                backend=backend,
                dtype=self.study.dtype or bound.dtype,
                threads=self.study.run.threads,
                code=" ".join(dict.fromkeys(filter(None, code))),
                skip=skip,
                measure=tuple(name for name in MEASURES if name in self.study.run.measure),
                profile=self.study.run.profile,
            )

    def own(self, trial: Trial) -> Trial:
        """Return the trial as its contender's own, where another contender asks for the same one.

        A row of the store has one contender, so that a shared one would leave the other without
        runs. The keys of the first that asks stay as they are.
        """
        if not self.keyed:
            return trial
        owners = self._owners.setdefault(trial.key, [])
        name = trial.contender or trial.optimizer.label, trial.problem.label, trial.sampler.label
        if name not in owners:
            owners.append(name)
        place = owners.index(name)
        return trial.but(twin=place) if place else trial

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
            tuned = (one.made.bind(bound.groups) for one in sampler.ends or (sampler,))
            mistake = next(filter(None, (one.mistake(records) for one in tuned)), None)
            if mistake:
                self.mistakes.append(
                    f"{sampler.where}: {problem.component.label} has {records} training records; "
                    f"{mistake}"
                )
            else:
                chosen.append(sampler)
        return chosen
