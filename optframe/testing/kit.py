"""Defines checks of components: how they are declared, run, and reported.

A check is a function of a subject. It raises `CheckFailed` (or any other exception) if the
component breaks its contract, and `NotApplicable` if the contract requires nothing here.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar, overload

import numpy as np

from optframe.contracts import Backend
from optframe.errors import UsageError, nearest, one_line

__all__ = [
    "KIT_VERSION",
    "Check",
    "CheckFailed",
    "Checks",
    "ConformanceWarning",
    "NotApplicable",
    "Outcome",
    "Suite",
    "available",
    "check",
    "require",
    "require_declared",
]

KIT_VERSION = 1
"""Increased by each release that adds a check. In that release the new check only warns."""

Function = TypeVar("Function", bound=Callable[[Any], None])
Status = Literal["passed", "failed", "warned", "not applicable", "expected failure"]


class CheckFailed(AssertionError):  # noqa: N818 - it names a result
    """A component has broken its contract; the message describes how."""


class NotApplicable(Exception):  # noqa: N818 - it is not an error
    """The contract requires nothing of this component here; the message gives the reason."""


class ConformanceWarning(UserWarning):
    """A check that is new in this version of the kit would have failed."""


def require(condition: Any, message: str) -> None:
    """Raise `CheckFailed` with the message if the condition is false."""
    if not condition:
        raise CheckFailed(message)


def require_declared(component: Any, name: str, differ: bool, what: str) -> None:
    """Raise `CheckFailed` unless an attribute is true exactly if something differs by seed."""
    value, words = getattr(component, name), "differ" if differ else "do not differ"
    require(differ == value, f"it declares {name} = {value}, but {what} {words} between seeds")


def available(backend: Backend) -> Backend:
    """Return a backend; if it is not available, the check does not apply."""
    missing = backend.missing()
    if missing is not None:
        raise NotApplicable(missing)
    return backend


@dataclass(frozen=True)
class Outcome:
    """The result of a check, and the reason if it did not pass."""

    check: str
    status: Status
    reason: str = ""
    error: BaseException | None = None


@dataclass(frozen=True)
class Definition:
    """A check without a subject: its name, the kit's version that added it, its function."""

    name: str
    since: int
    function: Callable[[Any], None]


def check(since: int) -> Callable[[Function], Function]:
    """Mark a function as a check that was added in this version of the kit."""

    def mark(function: Function) -> Function:
        function.since = since  # type: ignore[attr-defined]
        return function

    return mark


@dataclass(frozen=True)
class Suite:
    """The checks of one kind of component, from its modules; at least ``least`` must apply."""

    modules: tuple[ModuleType, ...]
    least: int

    def definitions(self) -> Iterator[Definition]:
        """Yield the checks, in the order in which they are written."""
        for module in self.modules:
            for name, value in vars(module).items():
                since = getattr(value, "since", None)
                if since is not None:
                    yield Definition(name.replace("_", "-"), since, value)


class Checks(Sequence["Check"]):
    """The checks of one component, for ``pytest.mark.parametrize`` or for `run`.

    The last check counts the others: it fails if too few of them apply to the component.
    """

    def __init__(
        self,
        suite: Suite,
        component: Any,
        subject: Callable[[np.random.Generator], Any],
        seed: int | None = 0,
        strict: bool = False,
    ) -> None:
        declared = getattr(component, "known_failures", {})
        if not isinstance(declared, Mapping):
            raise UsageError(
                f"{type(component).__name__}.known_failures: expected a mapping from check to "
                f"reason, found {declared!r}"
            )
        expected = dict(declared)
        self.suite = suite
        self.component = component
        self.checks = [
            Check(definition, partial(_judge, definition, subject, seed), expected, strict)
            for definition in suite.definitions()
        ]
        names = [check.__name__ for check in self.checks]
        for name in expected:
            if name not in names:
                raise UsageError(
                    f"{type(component).__name__}.known_failures: unknown check {name!r}; "
                    f"{nearest(name, names)}"
                )
        last = Definition("enough-checks-apply", 1, self._enough)
        self.checks.append(Check(last, partial(self._enough, None), {}, strict))

    def _enough(self, _: Any) -> None:
        outcomes = [check.outcome for check in self.checks[:-1]]
        spared = [o for o in outcomes if o.status == "not applicable"]
        applied = len(outcomes) - len(spared)
        reasons = "; ".join(dict.fromkeys(outcome.reason for outcome in spared))
        require(
            applied >= self.suite.least,
            f"{applied} of {len(outcomes)} checks applied, expected at least {self.suite.least}; "
            f"the others: {reasons}",
        )

    @overload
    def __getitem__(self, index: int) -> Check: ...
    @overload
    def __getitem__(self, index: slice) -> list[Check]: ...
    def __getitem__(self, index: int | slice) -> Check | list[Check]:
        return self.checks[index]

    def __len__(self) -> int:
        return len(self.checks)

    def run(self) -> list[Outcome]:
        """Run all checks and return their outcomes."""
        return [check.outcome for check in self.checks]


class Check:
    """One check of one component. Called in a pytest test, it passes, fails, skips or xfails.

    Its ``outcome`` gives the same result without pytest.
    """

    def __init__(
        self,
        definition: Definition,
        judge: Callable[[], None],
        expected: Mapping[str, str],
        strict: bool,
    ) -> None:
        self.__name__ = definition.name
        self.__doc__ = definition.function.__doc__
        self._judge = judge
        self._expected = expected.get(definition.name)
        self._warns = 1 < definition.since >= KIT_VERSION and not strict

    def __repr__(self) -> str:
        return self.__name__

    @cached_property
    def outcome(self) -> Outcome:
        """Run the check, once."""
        name, expected = self.__name__, self._expected
        try:
            self._judge()
        except NotApplicable as reason:
            return Outcome(name, "not applicable", str(reason))
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
                raise
            if expected is not None:
                return Outcome(name, "expected failure", expected, error)
            return Outcome(name, "warned" if self._warns else "failed", _message(error), error)
        if expected is not None:
            unexpected = (
                f"it passes, but known_failures expects it to fail ({expected}); remove it there"
            )
            return Outcome(name, "failed", unexpected, CheckFailed(unexpected))
        return Outcome(name, "passed")

    def __call__(self) -> None:
        """Return if the check passes; else fail, skip or xfail in pytest."""
        outcome = self.outcome
        if outcome.status == "failed":
            assert outcome.error is not None
            raise outcome.error
        if outcome.status == "warned":
            warnings.warn(
                f"{outcome.check}, new in this version: {outcome.reason}",
                ConformanceWarning,
                stacklevel=2,
            )
        if outcome.status in ("not applicable", "expected failure"):
            import pytest

            end = pytest.skip if outcome.status == "not applicable" else pytest.xfail
            end(f"{outcome.check}: {outcome.reason}")


def _judge(definition: Definition, subject: Callable[..., Any], seed: int | None) -> None:
    """Run one check with its own subject and generator."""
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1)[0])
        print(f"{definition.name}: drawn with seed={seed}")
    random = np.random.default_rng([seed, *definition.name.encode()])
    with np.errstate(all="ignore"):
        definition.function(subject(random))


def _message(error: BaseException) -> str:
    """Return an error's message in one line, with the place unless a check raised it."""
    text = one_line(error)
    if isinstance(error, CheckFailed):
        return text
    here = Path(__file__).parent
    trace = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in trace if here not in Path(frame.filename).parents]
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"raised {type(error).__name__}: {text}{place}"
