"""Lists the components of a trial, and decides whether an optimizer can run on a problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from optframe.components.import_paths import is_path
from optframe.components.registry import Registry
from optframe.contracts import Problem, Sampler, StochasticProblem
from optframe.contracts.optimizer import all_of
from optframe.contracts.trial import NO_SAMPLER, Component, Trial
from optframe.errors import nearest
from optframe.study.grids import Choice

__all__ = ["is_deterministic", "namesakes", "parts_of", "reason_to_skip", "unknown_partners"]


def parts_of(
    registry: Registry, optimizer: Component, problem: Component, sampler: Component, backend: str
) -> list[tuple[str, str]]:
    """Return the (kind, name) of each component that a trial runs, without its data sets."""
    parts = [("backends", backend), ("problems", problem.name)]
    parts += [("transforms", transform["name"]) for transform in problem.values.get("wrap", [])]
    parts += [("samplers", sampler.name)] if sampler != NO_SAMPLER else []
    wrappers = optimizer.values.get("wrap", [])
    parts += [("optimizers", optimizer.name)]
    parts += [("wrappers", wrapper["name"]) for wrapper in wrappers]
    for value in [*optimizer.values.values(), *(v for w in wrappers for v in w.values())]:
        inside = [value]
        name = str(value.get("name")) if isinstance(value, dict) else ""
        if name in registry.names("searches") or is_path(name):
            parts.append(("searches", name))
            inside = [*value.values()]
        for part in inside:
            if isinstance(part, dict) and "schedule" in part:
                parts.append(("schedules", part["schedule"]))
    return parts


def is_deterministic(optimizer: Any, problem: Problem, sampler: Sampler | None) -> bool:
    """Whether all seeds give the same run from a fixed start, so that one seed is enough."""
    if problem.draws_start or problem.draws_instance or _draws(optimizer):
        return False
    if not (isinstance(problem, StochasticProblem) and problem.draws_batch):
        return True
    return problem.deterministic and sampler is not None and sampler.deterministic


def _draws(optimizer: Any) -> bool:
    """Whether an optimizer, or an inner one, draws random numbers."""
    return any(one.random for one in all_of(optimizer))


def reason_to_skip(optimizer: Choice, problem: Choice, missing: frozenset[str]) -> str:
    """Return why a trial is skipped: what the optimizer needs and the problem does not support."""
    around = problem.component.values.get("wrap", [])
    offering = "+".join([problem.component.name, *(transform["name"] for transform in around)])
    reason = (
        f"{optimizer.component.name} needs {', '.join(sorted(missing))}, which "
        f"{offering} does not support"
    )
    if "deterministic" in missing:
        reason += " with this sampler (for problems with data, use the sampler full)"
    if "matrices" in missing:
        reason += " (not every block of its layout is a matrix)"
    return reason


def namesakes(trials: Iterable[Trial]) -> Iterator[str]:
    """Say which different trials have the same name: tables and figures would merge them."""
    keys: dict[tuple[str, str, str, int], str] = {}
    for trial in trials:
        labels = trial.optimizer.label, trial.problem.label, trial.sampler.label
        if keys.setdefault((*labels, trial.seed), trial.key) != trial.key:
            yield (
                f"two different trials have the name {labels[0]!r} on {labels[1]!r}; give each of "
                "their tables its own label"
            )


def unknown_partners(choices: Iterable[Choice], others: str, names: set[str]) -> Iterator[str]:
    """Say which partners that are named, for example in ``problems = [...]``, are not there."""
    for choice in choices:
        for name in choice.table.get(others) or ():
            if name not in names:
                hint = nearest(str(name), names)
                yield f"{choice.where}: {others} names {name!r}, which is not in this study; {hint}"
