"""The field of a race: both sides, the trials that each runs, and the resulting comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from optframe.errors import UsageError
from optframe.gate.differences import differences, flat
from optframe.gate.racing.heat import prepare
from optframe.gate.racing.sides import Side
from optframe.gate.racing.trials import Entrants, RacedTrial, entrants
from optframe.gate.racing.workers import TrialError, Worker, WorkerError
from optframe.gate.verdicts import Comparison, Difference, Row

__all__ = ["Field", "opened"]


def opened(workers: Sequence[Worker], study: Path, core: int | None) -> list[dict[str, Any]]:
    """Let all workers plan the study at the same time, and return the answer of each."""
    for one in workers:  # all requests first, so that the workers plan in parallel
        one.send("open", study=str(study), plugins=list(one.side.plugins), core=core)
    return [_received(one) for one in workers]


class Field:
    """The sides of a race, base first, and the trials of a study that they run.

    Both sides read the study's file. ``only`` is a pattern of the shell for the trials' names in
    tables (``"adam* on rosenbrock*"``).
    """

    def __init__(self, base: Side, head: Side, study: Path, only: str = "*") -> None:
        self.sides = base, head
        self.study = study.resolve()
        self.only = only
        self.entrants = Entrants([], [], 0)
        self.environments: list[dict[str, Any]] = [{}, {}]
        self._refused: list[str] = []

    def enter(self, planned: Sequence[dict[str, Any]], workers: Sequence[Worker]) -> None:
        """Find the trials of both sides, their environments, and the number of steps in a turn."""
        self._check(planned)
        found = entrants(planned[0], planned[1], self.only)
        if not (found.trials or found.alone):
            raise UsageError(
                f"{self.study}: no trial to race matches {self.only!r}; {found.skipped} that match "
                "are skipped on both sides"
            )
        self.entrants = found
        for i, one in enumerate(workers):
            one.send("describe")
            self.environments[i] = _received(one)
        prepare(found.trials, workers)

    def _check(self, planned: Sequence[dict[str, Any]]) -> None:
        """Note what only one side cannot plan; raise if neither can."""
        refused = [one["refused"] for one in planned]
        if all(refused):
            raise UsageError(refused[1])
        for side, answer, why in zip(self.sides, planned, refused, strict=True):
            if why and not answer["trials"]:
                raise WorkerError(f"{side}: {why}")
            self._refused += [f"{side}: {why}"] if why else []

    def comparison(self, row: Callable[[RacedTrial, tuple[str, ...]], Row], how: str) -> Comparison:
        """Return the comparison: a row for each trial, the differences, and a note with ``how``."""
        rows = [*self.entrants.alone]
        for one in self.entrants.trials:
            elsewhere = tuple(d.name for d in self._differences(one.backend) if d.decides)
            rows.append(row(one, elsewhere))
        base, head = self.sides
        apart = self._differences("numpy")
        return Comparison(self.study.stem, base.name, head.name, rows, apart, self._notes(how))

    def _differences(self, backend: str) -> tuple[Difference, ...]:
        base, head = (flat(one, backend, 1) if one else {} for one in self.environments)
        return differences(base, head)

    def _notes(self, how: str) -> list[str]:
        sides = zip(self.sides, self.environments, strict=True)
        notes = [*(f"{side}: {_versions(environment)}" for side, environment in sides), how]
        notes += self._refused
        if self.entrants.skipped:
            notes.append(f"{self.entrants.skipped} trials are skipped on both sides")
        if redefined := sum(one.redefined for one in self.entrants.trials):
            notes.append(
                f"{redefined} trials have different defaults on the two sides, and each side uses "
                "its own"
            )
        return notes


def _received(one: Worker) -> dict[str, Any]:
    """Return the answer to a request that is not about one trial; an error ends the race."""
    try:
        return one.receive()
    except TrialError as error:
        raise WorkerError(f"{one.side}: {error}") from error


def _versions(environment: dict[str, Any]) -> str:
    """Return the versions of a side: optframe, Python, libraries, and plugins with their origin."""
    named = {name: environment.get(name.lower()) for name in ("optframe", "Python")}
    named |= environment.get("versions") or {}
    plugins = environment.get("plugins") or {}
    own = [f"{name} ({origin})" for name, origin in plugins.items() if not _built_in(name)]
    return ", ".join([*(f"{name} {version}" for name, version in named.items() if version), *own])


def _built_in(plugin: str) -> bool:
    return plugin in ("optframe_plugins", "optframe_problems", "optframe_reports")
