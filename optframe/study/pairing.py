"""Lists the components of a trial, and decides whether an optimizer can run on a problem."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts import Problem, Sampler, StochasticProblem
from optframe.contracts.optimizer import all_of
from optframe.contracts.oracle import offers
from optframe.contracts.problem import layout_of
from optframe.contracts.trial import NO_SAMPLER, Component, Trial
from optframe.errors import OptframeError, PluginError, described, nearest
from optframe.study.choice import Choice

__all__ = [
    "Offers",
    "is_deterministic",
    "namesakes",
    "parts_of",
    "reason_to_skip",
    "unknown_partners",
]


def parts_of(
    registry: Registry, optimizer: Component, problem: Component, sampler: Component, backend: str
) -> list[tuple[str, str]]:
    """Return the (kind, name) of each component that a trial runs, without its data sets."""
    parts = [("backends", backend), ("problems", problem.name)]
    parts += [("transforms", transform["name"]) for transform in problem.values.get("wrap", [])]
    parts += [("samplers", sampler.name)] if sampler != NO_SAMPLER else []
    table = {"name": optimizer.name, **optimizer.values}
    return [*parts, *_parts_in(registry, "optimizers", table)]


def _parts_in(registry: Registry, kind: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the (kind, name) of a component, of its wrappers, and of what their tables contain."""
    around = [("wrappers", wrapper) for wrapper in table.get("wrap", ())]
    tables = [(kind, table), *around]
    yield from ((kind, table["name"]) for kind, table in tables)
    for kind, table in tables:
        component: Any = None
        with contextlib.suppress(OptframeError):  # it is gone, or must not be imported
            component = registry.load(kind, table["name"])
        fields = parameters(component) if isinstance(component, type) else {}
        for name, value in table.items():
            if isinstance(value, Mapping) and "schedule" in value:
                yield from _parts_in(registry, "schedules", {**value, "name": value["schedule"]})
            elif isinstance(value, Mapping) and name in fields and fields[name].search:
                yield from _parts_in(registry, "searches", value)
            elif isinstance(value, Mapping) and name in fields and fields[name].optimizer:
                yield from _parts_in(registry, "optimizers", value)


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


class Offers:
    """What the problems of a plan support, which is worked out once for all optimizers."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Problem, Sampler | None, frozenset[str]]] = {}

    def __call__(self, bound: Problem, sampler: Sampler | None) -> frozenset[str]:
        """Return the methods and conditions that a problem supports with this sampler."""
        key = id(bound), id(sampler)  # both are held, so that their identities stay theirs
        if key not in self._known:
            self._known[key] = bound, sampler, offers(bound, sampler)
        return self._known[key][-1]


def reason_to_skip(
    optimizer: Choice, problem: Choice, bound: Problem, sampler: Sampler | None, offered: Offers
) -> str | None:
    """Return why a trial is skipped: what the problem does not support; None if it can run.

    Raises
    ------
    PluginError
        If the optimizer cannot say what it needs.
    """
    name = optimizer.component.name
    try:
        missing = optimizer.made.requires() - offered(bound, sampler)
        refusal = None if missing else optimizer.made.refusal(layout_of(bound))
    except Exception as error:
        raise PluginError(f"{optimizer.where}: {described(error)}") from error
    if refusal is None and not missing:
        return None
    around = problem.component.values.get("wrap", [])
    offering = "+".join([problem.component.name, *(transform["name"] for transform in around)])
    if refusal is not None:
        return f"{name} cannot run on {offering}: {refusal}"
    reason = f"{name} needs {', '.join(sorted(missing))}, which {offering} does not support"
    if "deterministic" in missing:
        reason += " with this sampler (for problems with data, use the sampler full)"
    if "matrices" in missing:
        reason += " (not every block of its layout is a matrix)"
    return reason


def namesakes(trials: Iterable[Trial]) -> Iterator[str]:
    """Say which different trials have the same name: tables and figures would merge them."""
    keys: dict[tuple[object, ...], str] = {}
    for trial in trials:
        labels = trial.optimizer.label, trial.problem.label, trial.sampler.label
        stage = (trial.contender, trial.study) if trial.stage == "tune" else ()
        if keys.setdefault((*labels, trial.seed, *stage), trial.key) != trial.key:
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
