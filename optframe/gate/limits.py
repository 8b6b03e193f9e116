"""Limits: how much each number may grow, in general or for some trials.

``steps=0`` allows no more steps, ``gradients=3`` three more gradients, ``steps=5%`` a twentieth
more, ``loss=1e-12+0.0001%`` the sum of both. ``samples=any`` is shown and not judged. The command
line sets general limits. ``pyproject.toml`` sets general limits and those of some trials::

    [tool.optframe.compare]
    max_regression = { steps = 0, gradients = "5%" }

    [[tool.optframe.compare.overrides]]          # the last one that matches wins
    optimizer = "lbfgs*"                         # patterns of the shell: *, ?, [abc]
    problem = "rosenbrock*"
    max_regression = { gradients = "10%" }
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from optframe.errors import UsageError, nearest
from optframe.gate.measured import COUNTS
from optframe.gate.tolerance import NOTHING
from optframe.gate.verdicts import Subject
from optframe.given_files import content_of, parsed_toml

__all__ = ["Limit", "Limits", "Override", "of_project", "parse"]

JUDGED = (*COUNTS, "loss", "seconds")
"""The names of the numbers that can have a limit."""

_NUMBER = r"(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_LIMIT = rf"{_NUMBER}|(?:{_NUMBER}\s*\+\s*)?{_NUMBER}\s*%"
"""A number, a percentage, or the sum of both."""


@dataclass(frozen=True)
class Limit:
    """A number may grow by ``absolute`` plus ``relative`` times the base's absolute value."""

    absolute: float = 0.0
    relative: float = 0.0

    @property
    def judges(self) -> bool:
        """Whether the number is judged; not for the limit ``any``."""
        return math.isfinite(self.absolute)

    def slack(self, base: float) -> float:
        """Return by how much the head may differ from the base."""
        return self.absolute + self.relative * abs(base)

    def __str__(self) -> str:
        if not self.judges:
            return "any"
        parts = [f"{self.absolute:g}"] if self.absolute or not self.relative else []
        parts += [f"{100 * self.relative:.12g}%"] if self.relative else []
        return "+".join(parts)


ANY = Limit(math.inf)

DEFAULTS: Mapping[str, Limit] = {
    **dict.fromkeys(COUNTS, Limit()),
    "loss": Limit(NOTHING, 1e-8),
    "seconds": ANY,
}
"""Counts may not grow. A loss may grow by 1e-12 + 1e-6 %, more than a sum in another order changes
it in float64."""


@dataclass(frozen=True)
class Override:
    """The limits of the trials whose labels match all of its patterns."""

    limits: Mapping[str, Limit]
    optimizer: str = "*"
    problem: str = "*"
    sampler: str = "*"

    def fits(self, subject: Subject) -> bool:
        """Whether a trial's labels match all patterns."""
        labels = subject.optimizer, subject.problem, subject.sampler
        return all(map(fnmatchcase, labels, (self.optimizer, self.problem, self.sampler)))


@dataclass(frozen=True)
class Limits:
    """General limits, which replace the defaults, and overrides for some trials."""

    general: Mapping[str, Limit] = field(default_factory=dict)
    overrides: Sequence[Override] = ()

    def of(self, subject: Subject) -> Mapping[str, Limit]:
        """Return a trial's limits by the name of the number."""
        found = {**DEFAULTS, **self.general}
        for override in self.overrides:
            if override.fits(subject):
                found |= override.limits
        return found

    def over(self, general: Mapping[str, Limit]) -> Limits:
        """Return these limits with some of the general ones replaced."""
        return Limits({**self.general, **general}, self.overrides)


def parse(text: str, where: str = "--max-regression") -> dict[str, Limit]:
    """Read ``"steps=0,gradients=5%"``; a `UsageError` has one line per mistake."""
    pairs: dict[str, Any] = {}
    mistakes = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (word.strip() for word in item.partition("="))
        if not equals:
            mistakes.append(f"{where}: found {item!r}, expected name=limit such as steps=5%")
        pairs[name] = value
    if mistakes:
        raise UsageError(*mistakes)
    return _limits(pairs, where)


def of_project(folder: Path) -> Limits:
    """Read the limits of the ``pyproject.toml`` in this folder, or in the nearest one above."""
    for place in (folder.resolve(), *folder.resolve().parents):
        path = place / "pyproject.toml"
        if path.is_file():
            return _of_file(path)
    return Limits()


def _of_file(path: Path) -> Limits:
    try:
        tables = parsed_toml(content_of(path).decode("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not a TOML file: {error}") from error
    where = f"{path}: [tool.optframe.compare]"
    given: Any = tables
    for name in ("tool", "optframe", "compare"):
        given = given.get(name, {}) if isinstance(given, Mapping) else given
    if not isinstance(given, Mapping):
        raise UsageError(f"{where}: expected a table, found {given!r}")
    _refuse_unknown(given, ("max_regression", "overrides"), where)
    general = _limits(given.get("max_regression", {}), f"{where} max_regression")
    overrides = given.get("overrides", [])
    if not isinstance(overrides, list):
        raise UsageError(f"{where}: write overrides as [[tool.optframe.compare.overrides]]")
    made = [_override(one, f"{where} overrides {i + 1}") for i, one in enumerate(overrides)]
    return Limits(general, tuple(made))


def _override(given: Any, where: str) -> Override:
    if not isinstance(given, Mapping):
        raise UsageError(f"{where}: expected a table, found {given!r}")
    patterns = ("optimizer", "problem", "sampler")
    _refuse_unknown(given, (*patterns, "max_regression"), where)
    chosen = {name: given[name] for name in patterns if name in given}
    for name, pattern in chosen.items():
        if not isinstance(pattern, str):
            raise UsageError(f"{where}: {name}: expected a pattern, found {pattern!r}")
    limits = _limits(given.get("max_regression", {}), f"{where} max_regression")
    return Override(limits, **chosen)


def _refuse_unknown(given: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    mistakes = [f"{where}: unknown {n!r}; {nearest(n, known)}" for n in given if n not in known]
    if mistakes:
        raise UsageError(*mistakes)


def _limits(given: Any, where: str) -> dict[str, Limit]:
    if isinstance(given, str):
        return parse(given, where)
    if not isinstance(given, Mapping):
        raise UsageError(f'{where}: expected a table such as {{ steps = "5%" }}, found {given!r}')
    _refuse_unknown(given, JUDGED, where)
    made = {name: _limit(value) for name, value in given.items()}
    mistakes = [
        f"{where}: {name}: expected a number (3), a percentage (5%), both (1e-12+5%) or any, "
        f"found {given[name]!r}"
        for name, limit in made.items()
        if limit is None
    ]
    if mistakes:
        raise UsageError(*mistakes)
    return {name: limit for name, limit in made.items() if limit is not None}


def _limit(value: Any) -> Limit | None:
    text = str(value).strip()
    if text == "any":
        return ANY
    match = re.fullmatch(_LIMIT, text)
    if match is None:
        return None
    alone, absolute, percent = match.groups()
    return Limit(float(alone or absolute or 0), float(percent or 0) / 100)
