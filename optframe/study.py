"""A study: optimizers × problems × samplers × seeds, with a budget; and its trials."""

from __future__ import annotations

import dataclasses
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt

from optframe.errors import UsageError, nearest
from optframe.notation import Component, canonical

if TYPE_CHECKING:
    from optframe.registry import Registry

__all__ = ["NO_SAMPLER", "STARTS", "Budget", "Checkpoints", "RunSettings", "Study", "Trial"]

STARTS = ("standard", "random")
"""A problem's own start, or one drawn around it."""

AtLeastOne = Annotated[int, Ge(1)]
MoreThanNothing = Annotated[float, Gt(0)]

NO_SAMPLER = Component("none", "{}", "none")
"""The one sampler of problems without data."""


@dataclass(frozen=True)
class Budget:
    """When a run ends: its budget is spent, or it has reached an end.

    At least one of the budgets ``steps``, ``epochs``, ``gradients`` (evaluations) and ``seconds``
    is needed. The ends are ``target`` (a loss, or ``{ test_accuracy = 0.95 }``),
    ``gradient_norm`` and ``patience`` (checkpoints without a better loss). Problems without data
    are tested at every step; others every ``target_every`` steps.
    """

    steps: AtLeastOne | None = None
    epochs: MoreThanNothing | None = None
    gradients: MoreThanNothing | None = None
    seconds: MoreThanNothing | None = None
    target: float | dict[str, float] | None = None
    gradient_norm: MoreThanNothing | None = None
    patience: AtLeastOne | None = None
    target_every: AtLeastOne = 100

    def __post_init__(self) -> None:
        if all(v is None for v in (self.steps, self.epochs, self.gradients, self.seconds)):
            raise ValueError("nothing ends a run; expected steps, epochs, gradients or seconds")
        if isinstance(self.target, dict):
            if len(self.target) != 1:
                raise ValueError("target names one metric, as in { test_accuracy = 0.95 }")
            object.__setattr__(self, "target", next(iter(self.target.items())))

    @property
    def goal(self) -> tuple[str, float] | None:
        """The target as (metric, value)."""
        if self.target is None or isinstance(self.target, tuple):
            return self.target
        return ("loss", float(self.target))  # type: ignore[arg-type]

    def __str__(self) -> str:
        shown = dataclasses.asdict(self)
        every = shown.pop("target_every")
        if isinstance(self.target, tuple):
            shown["target"] = f"{self.target[0]} {self.target[1]:g}"
        parts = [f"{name} {value}" for name, value in shown.items() if value is not None]
        return ", ".join(parts) + (f", target_every {every}" if every != 100 else "")


@dataclass(frozen=True)
class Checkpoints:
    """When a run is measured: so many times, log-spaced, or at every n-th step or epoch."""

    count: AtLeastOne = 60
    every_steps: AtLeastOne | None = None
    every_epochs: MoreThanNothing | None = None


@dataclass(frozen=True)
class RunSettings:
    """How a study runs: the table ``[run]``."""

    backend: str = "auto"
    executor: str = "serial"
    threads: AtLeastOne = 1
    checkpoints: AtLeastOne | dict[str, float] = 60


@dataclass(frozen=True)
class Trial:
    """One cell of a study: plain frozen data, so that it pickles and hashes."""

    optimizer: Component
    problem: Component
    sampler: Component
    seed: int
    study_seed: int
    budget: Budget
    checkpoints: Checkpoints
    start: str
    backend: str
    dtype: str
    threads: int
    code: str
    skip: str | None = None

    @property
    def cell(self) -> str:
        """The hash of what was asked."""
        asked = {
            "optimizer": [self.optimizer.name, self.optimizer.parameters],
            "problem": [self.problem.name, self.problem.parameters],
            "sampler": [self.sampler.name, self.sampler.parameters],
            "seed": [self.study_seed, self.seed],
            "budget": dataclasses.asdict(self.budget),
            "checkpoints": dataclasses.asdict(self.checkpoints),
            "start": self.start,
        }
        return _hash(asked)

    @property
    def key(self) -> str:
        """The hash of the cell and of all that changes its outcome."""
        return _hash([self.cell, self.code, self.backend, self.dtype, self.threads])


@dataclass(frozen=True)
class Study:
    """What is to be run; read from a file with `Study.from_file`, or made in Python.

    ``optimizers``, ``problems`` and ``samplers`` hold names in the short notation
    (``"adam:lr=0.05"``), tables as in a study file, or objects made by hand.
    """

    name: str
    budget: Any
    optimizers: Iterable[Any]
    problems: Iterable[Any]
    samplers: Iterable[Any] = ("shuffled",)
    seed: Annotated[int, Ge(0)] = 0
    seeds: AtLeastOne = 1
    start: Literal["standard", "random"] = "standard"
    dtype: Literal["float32", "float64"] | None = None
    run: RunSettings = field(default_factory=RunSettings)
    where: str = ""

    @classmethod
    def from_file(cls, path: str | Path, settings: Mapping[str, Any] | None = None) -> Study:
        """Read a study file; ``settings`` overrides its table ``[run]``.

        Raises
        ------
        UsageError
            With one line per mistake, naming file, table and key.
        """
        try:
            tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: not a TOML file: {error}") from error
        if settings:
            tables["run"] = {**tables.get("run", {}), **settings}
        return cls.from_tables(tables, str(path))

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], where: str) -> Study:
        """Make a study from the tables of a file; ``where`` begins each mistake's line."""
        mistakes: list[str] = []
        known = ("study", "run", "optimizer", "problem", "sampler")
        for name in tables:
            if name not in known:
                mistakes.append(f"{where}: unknown table [{name}]; {nearest(name, known)}")
        lists: dict[str, list[Any]] = {}
        for name in ("optimizer", "problem", "sampler"):
            lists[name] = tables.get(name, [])
            if not isinstance(lists[name], list):
                mistakes.append(f"{where}: [{name}] is one table; write [[{name}]]")
        for name in ("optimizer", "problem"):
            if not lists[name]:
                mistakes.append(f"{where}: the study has no [[{name}]]; add at least one")
        study, run = tables.get("study", {}), tables.get("run", {})
        for name, table in (("study", study), ("run", run)):
            if not isinstance(table, dict):
                mistakes.append(f"{where}: {name} is no table; write [{name}]")
        if mistakes:
            raise UsageError(*mistakes)
        made: dict[type, Any] = {}
        fields = {"name": Path(where).stem, "seed": 0, "seeds": 1, "start": "standard"}
        mistakes += _make(_StudyTable, {**fields, **study}, f"{where}: [study]", made)
        mistakes += _make(RunSettings, run, f"{where}: [run]", made)
        if "checkpoints" in run and RunSettings in made:
            mistakes += _checkpoint_mistakes(run["checkpoints"], f"{where}: [run]")
        if mistakes:
            raise UsageError(*mistakes)
        table = made[_StudyTable]
        shared = {f.name: getattr(table, f.name) for f in dataclasses.fields(table)}
        return cls(
            **shared,
            optimizers=tuple(lists["optimizer"]),
            problems=tuple(lists["problem"]),
            samplers=tuple(lists["sampler"]) or ("shuffled",),
            run=made[RunSettings],
            where=where,
        )

    def trials(self, registry: Registry) -> list[Trial]:
        """Return the planned trials, in a fixed order.

        Raises
        ------
        UsageError
            With one line per mistake in the whole study.
        UnavailableError
            Where the backend that it asks for is missing.
        """
        from optframe.plan import plan

        return plan(self, registry)


@dataclass(frozen=True)
class _StudyTable:
    """The table ``[study]`` of a file."""

    name: str
    seed: Annotated[int, Ge(0)]
    seeds: AtLeastOne
    start: Literal["standard", "random"]
    budget: Annotated[dict[str, Any], "a table such as { steps = 1000 }"] | None = None
    dtype: Literal["float32", "float64"] | None = None


def _hash(value: Any) -> str:
    return hashlib.sha256(canonical({"": value}).encode()).hexdigest()[:32]


def _make(shape: type, table: Mapping[str, Any], where: str, made: dict[type, Any]) -> list[str]:
    """Make one table's object, or return the mistakes in it."""
    from optframe.parameters import build

    try:
        made[shape] = build(shape, table, where)
    except UsageError as error:
        return list(error.mistakes)
    return []


def _checkpoint_mistakes(value: Any, where: str) -> list[str]:
    return _make(Checkpoints, value, f"{where} checkpoints", {}) if isinstance(value, dict) else []
