"""Checks of a protocol's contract."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from optframe.components.loading import load_plugins
from optframe.components.notation import parse
from optframe.components.parameters import mistakes_in, parameters
from optframe.components.registry import Registry
from optframe.contracts import Protocol, Space, Tuner
from optframe.errors import UnavailableError, UsageError
from optframe.testing import shared
from optframe.testing.kit import CheckFailed, Checks, NotApplicable, Suite, check, require
from optframe.testing.making import made

__all__ = ["check_protocol"]

WRAPS: tuple[list[dict[str, Any]], ...] = ([], [{"name": "weight-decay"}])
"""The wrappers with which spaces are asked for."""


def check_protocol(
    protocol: Protocol | type,
    *,
    registry: Registry | None = None,
    seed: int | None = 0,
    strict: bool = False,
) -> Checks:
    """Return the checks of a protocol.

    ``registry`` has the tuners and optimizers that it names, by default those that are installed.
    Arguments, ``known_failures`` and exceptions are as for `check_optimizer`.
    """
    component = made(protocol, "protocols", "check_protocol")
    there = registry or load_plugins()
    suite = Suite((sys.modules[__name__],), least=7)
    return Checks(suite, component, lambda random: Subject(component, there, random), seed, strict)


class Asked(NamedTuple):
    """The spaces of an optimizer, and what the protocol was told."""

    optimizer: str
    given: dict[str, Any]
    space: dict[str, Space]


@dataclass(frozen=True)
class Subject:
    """The subject of a check: the protocol, the components there are, and a random generator."""

    component: Protocol
    registry: Registry
    random: np.random.Generator

    def fields(self, optimizer: str) -> tuple[str, ...]:
        """Return the names of an optimizer's fields."""
        return tuple(parameters(self.registry.load("optimizers", optimizer)))

    def asked(self) -> Iterator[Asked]:
        """Yield the spaces of each registered optimizer for which it has any."""
        found = False
        for name in self.registry.names("optimizers"):
            for wrap in WRAPS:
                given = {"wrap": copy.deepcopy(wrap)} if wrap else {}
                space = self.component.space(name, copy.deepcopy(given), self.fields(name))
                if space:
                    found = True
                    yield Asked(name, given, dict(space))
        if not found:
            raise NotApplicable("it has spaces for no registered optimizer")

    def tuner(self) -> Tuner:
        """Return its tuner."""
        table = parse(self.component.tuner)
        name = table.pop("name")
        made: Tuner = self.registry.make("tuners", name, table, f"tuner {name}")
        return made


@check(since=1)
def names_its_source(subject: Subject) -> None:
    """It says where it is from, and what is done otherwise here, in sentences."""
    source = getattr(subject.component, "source", None)
    require(isinstance(source, str) and source.strip(), f"source is {source!r}; expected a text")
    _require_texts("differs", subject.component.differs)


@check(since=1)
def numbers_are_at_least_one(subject: Subject) -> None:
    """Trials and seeds are whole numbers of at least one; the seeds may be None."""
    for name in ("trials", "tuning_seeds", "final_seeds"):
        value = getattr(subject.component, name, "missing")
        left = value is None and name != "trials"
        require(
            left or (type(value) is int and value >= 1),
            f"{name} is {value!r}; expected a whole number ≥ 1",
        )


@check(since=1)
def chooses_without_test_data(subject: Subject) -> None:
    """Its metrics are names, none of them on test data, at the end or at the best checkpoint."""
    _require_texts("metric", subject.component.metric)
    for name in subject.component.metric:
        require(not name.startswith("test"), f"metric has {name!r}, which is of test data")
    at = subject.component.at
    require(at in ("end", "best"), f"at is {at!r}; expected 'end' or 'best'")


@check(since=1)
def its_tuner_exists(subject: Subject) -> None:
    """Its tuner can be made from the short notation."""
    try:
        subject.tuner()
    except UsageError as error:
        require(False, f"{error}")


@check(since=1)
def spaces_are_of_fields_that_exist(subject: Subject) -> None:
    """Every name is a field of the optimizer or of a wrapper, which accepts the space's ends."""
    for optimizer, given, space in subject.asked():
        wrapped = {table["name"] for table in given.get("wrap", ())}
        for name, one in space.items():
            of = f"the space of {optimizer}'s {name}"
            require(isinstance(one, Space), f"{of} is a {type(one).__name__}, expected a Space")
            wrapper, dot, inner = name.rpartition(".")
            kind, owner = ("wrappers", wrapper) if dot else ("optimizers", optimizer)
            there = wrapper in wrapped if dot else name in subject.fields(optimizer)
            require(there, f"{optimizer} has no field {name!r}")
            component = subject.registry.load(kind, owner)
            field = inner if dot else name
            require(field in parameters(component), f"{owner} has no field {field!r}")
            if one.times is not None:
                require(one.times in {*subject.fields(optimizer), *space}, f"{of}: times")
                continue
            usual = mistakes_in(component, {}, of)
            for end in one.ends:
                wrong = [m for m in mistakes_in(component, {field: end}, of) if m not in usual]
                require(not wrong, "; ".join(wrong))


@check(since=1)
def leaves_given_fields_alone(subject: Subject) -> None:
    """What the study gives has no space; what an optimizer does not have has none either."""
    for optimizer, given, space in subject.asked():
        fields = subject.fields(optimizer)
        for name, one in space.items():
            if name not in fields:
                continue
            more = {**given, name: one.at(0.5)}
            left = subject.component.space(optimizer, more, fields) or {}
            require(name not in left, f"{optimizer}: {name} is given, and has a space")
    other = subject.component.space("no-such-optimizer", {}, ()) or {}
    require(not other, f"an optimizer without fields has a space for {', '.join(other)}")


@check(since=1)
def its_tuner_searches_its_spaces(subject: Subject) -> None:
    """Its tuner accepts its spaces with its trials."""
    tuner, trials = subject.tuner(), subject.component.trials
    for optimizer, _, space in subject.asked():
        try:
            asked = tuner.ask(space, [], trials, 0)
        except ValueError as error:
            raise CheckFailed(f"with {trials} trials for {optimizer}: {error}") from error
        except UnavailableError as error:
            raise NotApplicable(str(error)) from error
        require(asked, f"its tuner proposes nothing for {optimizer}")


@check(since=1)
def depends_on_its_arguments_alone(subject: Subject) -> None:
    """The same question has the same answer, also when pickled, and changes nothing."""
    again = pickle.loads(pickle.dumps(subject.component))
    for optimizer, given, space in subject.asked():
        kept: Mapping[str, Any] = copy.deepcopy(given)
        same = again.space(optimizer, given, subject.fields(optimizer))
        require(same == space, f"the space of {optimizer} differs when it is asked for again")
        require(given == kept, f"it changes what is given of {optimizer}")


pickles = shared.pickles
imports_nothing_heavy = shared.imports_nothing_heavy


def _require_texts(name: str, value: Any) -> None:
    """Raise unless a value is a tuple of texts that are not empty."""
    fit = isinstance(value, tuple) and all(isinstance(v, str) and v.strip() for v in value)
    require(fit, f"{name} is {value!r}; expected a tuple of texts")
