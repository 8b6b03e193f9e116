"""A study: optimizers × problems × samplers × seeds, with a budget; and its trials."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt

from optframe.components.notation import Component, canonical
from optframe.errors import UsageError
from optframe.study.durations import Duration

if TYPE_CHECKING:
    from optframe.components.registry import Registry

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
    def table(self) -> dict[str, Any]:
        """What was given, as in a study file."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        if isinstance(self.target, tuple):
            given["target"] = dict([self.target])
        return given

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
        parts = [
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in shown.items()
            if value is not None
        ]
        return ", ".join(parts) + (f", target_every {every}" if every != 100 else "")


@dataclass(frozen=True)
class Checkpoints:
    """When a run is measured: so many times, log-spaced, or at every n-th step or epoch."""

    count: AtLeastOne = 60
    every_steps: AtLeastOne | None = None
    every_epochs: MoreThanNothing | None = None


@dataclass(frozen=True)
class RunSettings:
    """How a study runs: the table ``[run]``.

    ``executor`` says where trials run, so many ``jobs`` at a time: ``auto`` is ``serial``, and
    ``processes`` where something is asked that it cannot do: more than one job, a ``timeout``
    (that a trial may take) or ``retries`` of trials whose process died or took too long; with a
    ``scheduler``, the address of a Dask cluster's or its file, ``auto`` is ``dask``. A trial
    that lasts longer than ``save_every`` saves its state at such intervals, and goes on from there
    when the study is run again. Both are seconds, or texts such as ``"60s"``, ``"5min"``.

    ``together`` lets trials that differ only in seed and numeric hyperparameters advance in one
    batch, as many at once as fit into ``memory`` (MiB).

    ``measure`` names metrics that checkpoints take beside the problem's own, off the clock and
    uncounted: ``gradient_norm``, ‖∇f(θ)‖ over all the data, and ``gradient_variance``, the square
    of the next step's gradient minus ∇f(θ), one draw of the minibatch's variance (0 where nothing
    is drawn).

    ``profile`` times the parts of each step: curves get the columns ``seconds_sampling`` and
    ``seconds_oracle``, shares of ``seconds`` (the rest is the update), and trials get
    ``step_bytes``, the most memory that a step allocates. Such trials advance alone, and a little
    slower; a `Solver`, which owns its loop, has no ``step_bytes``.
    """

    backend: str = "auto"
    executor: str = "auto"
    jobs: AtLeastOne | None = None
    scheduler: str | None = None
    timeout: Duration | None = None
    retries: Annotated[int, Ge(0)] | None = None
    save_every: Duration | None = None
    threads: AtLeastOne = 1
    checkpoints: AtLeastOne | dict[str, int | float] = 60
    together: bool = False
    memory: MoreThanNothing = 1024.0
    measure: tuple[Literal["gradient_norm", "gradient_variance"], ...] = ()
    profile: bool = False

    @property
    def runs_by(self) -> str:
        """The executor's name."""
        if self.executor != "auto":
            return self.executor
        if self.scheduler is not None:
            return "dask"
        more = self.jobs not in (None, 1) or self.timeout is not None or self.retries is not None
        return "processes" if more else "serial"


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
    measure: tuple[str, ...] = ()
    profile: bool = False

    @cached_property
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

    @cached_property
    def key(self) -> str:
        """The hash of the cell, of all that changes its outcome, and of what is measured of it."""
        where = [self.code, self.backend, self.dtype, self.threads]
        measured = [*self.measure, *(["profile"] if self.profile else [])]
        return _hash([self.cell, *where, *([measured] if measured else [])])


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
    mistakes: tuple[str, ...] = ()

    @classmethod
    def from_file(cls, path: str | Path, settings: Mapping[str, Any] | None = None) -> Study:
        """Read a study file; ``settings`` overrides its table ``[run]``.

        Raises
        ------
        UsageError
            Where there is no such file, or it is not TOML.
        """
        try:
            tables = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: not a TOML file: {error}") from error
        run = tables.get("run", {})
        if settings and isinstance(run, dict):
            tables["run"] = {**run, **settings}
        return cls.from_tables(tables, str(path))

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], where: str) -> Study:
        """Make a study from the tables of a file; ``where`` begins each mistake's line.

        What is wrong is kept in ``mistakes`` and said together with what is wrong in the
        components, when the study is planned.
        """
        from optframe.study.tables import read

        return cls(**read(tables, where))

    @property
    def folder(self) -> Path:
        """Where its results go unless something else is said: ``results/<name>``."""
        return Path("results") / (re.sub(r"[^\w-]+", "-", self.name).strip("-") or "study")

    def trials(self, registry: Registry) -> list[Trial]:
        """Return the planned trials, in a fixed order.

        Raises
        ------
        UsageError
            With one line per mistake in the whole study.
        UnavailableError
            Where the backend that it asks for is missing.
        """
        from optframe.study.planning import plan

        return plan(self, registry)


def _hash(value: Any) -> str:
    return hashlib.sha256(canonical({"": value}).encode()).hexdigest()[:32]
