"""The table [run] of a study file: its settings, and durations such as "5min"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Annotated, Literal

from annotated_types import Gt, Predicate

from optframe.components.binder import resolve_backend
from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts.trial import (
    CheckpointCount,
    Checkpoints,
    MoreThanNothing,
    Parallel,
    Retries,
)
from optframe.errors import UsageError

__all__ = ["Duration", "RunSettings", "check_names", "seconds", "seconds_in"]


@dataclass(frozen=True)
class RunSettings:
    """How a study runs: the table ``[run]``.

    ``executor`` is where trials run, and ``jobs`` is the number of trials at a time. ``timeout`` is
    the longest time of a trial, and ``retries`` is the number of further tries after a crash or a
    timeout. ``scheduler`` is the address of a Dask cluster's scheduler, or its file. The executor
    ``auto`` is ``dask`` if ``scheduler`` is set, ``processes`` if ``jobs`` is above 1 or
    ``timeout`` or ``retries`` is set, and ``serial`` otherwise.

    A trial that lasts longer than ``save_every`` saves its state at such intervals. If it is
    killed, it continues from there when the study is run again. ``timeout`` and ``save_every`` are
    seconds, or texts such as ``"60s"`` and ``"5min"``.

    With ``together``, trials that differ only in seed and numeric hyperparameters advance in one
    batch. A batch has as many trials as fit into ``memory`` (MiB).

    ``measure`` names further metrics for checkpoints. They are neither timed nor counted.
    ``gradient_norm`` is ‖∇f(θ)‖ over all the data. ``gradient_variance`` is the squared distance
    of the next step's gradient from ∇f(θ), one draw of the minibatch's variance. It is 0 if nothing
    is drawn.

    ``profile`` measures the parts of each step. Curves get the columns ``seconds_sampling`` and
    ``seconds_oracle``, which are parts of ``seconds``; the rest is the update. Trials get
    ``step_bytes``, the most memory that a step allocates, except those of a `Solver`. Profiled
    trials advance alone and a little slower.
    """

    backend: str = "auto"
    executor: str = "auto"
    jobs: Parallel | None = None
    scheduler: str | None = None
    timeout: Duration | None = None
    retries: Retries | None = None
    save_every: Duration | None = None
    threads: Parallel = 1
    checkpoints: CheckpointCount | dict[str, int | float] = 60
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

    @cached_property
    def marks(self) -> Checkpoints:
        """When the study's runs are measured; one object, which its trials share."""
        given = self.checkpoints
        return Checkpoints(count=given) if isinstance(given, int) else Checkpoints(**given)  # type: ignore[arg-type]


UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_in(text: str) -> float | None:
    """Return the seconds in a text such as "90s"; None where it is no such text."""
    found = re.fullmatch(rf"(\d+\.?\d*|\.\d+) *({'|'.join(UNITS)})", text)
    return None if found is None else float(found[1]) * UNITS[found[2]]


def _is_duration(text: str) -> bool:
    return 0 < (seconds_in(text) or 0) < inf


Duration = (
    Annotated[float, Gt(0)]
    | Annotated[str, Predicate(_is_duration), 'a time such as "90s", "5min" or "2h"']
)
"""The type of a field that is a duration: seconds, or a text with a unit."""


def seconds(duration: float | str | None) -> float | None:
    """Return a duration in seconds; None if it is None."""
    return seconds_in(duration) if isinstance(duration, str) else duration


def check_names(settings: RunSettings, registry: Registry, where: str) -> tuple[str, list[str]]:
    """Return the backend's name and the mistakes in the settings of executor and backend.

    The name is "" if no backend has the name in the settings. An `UnavailableError` is raised if
    the backend cannot run on this machine.
    """
    mistakes: list[str] = []
    name = settings.runs_by
    try:
        fields = parameters(registry.load("executors", name, f"{where} executor"))
    except UsageError as error:
        mistakes += error.mistakes
    else:
        asked = {"timeout": settings.timeout, "retries": settings.retries}
        asked["jobs"] = None if settings.jobs == 1 else settings.jobs
        mistakes += [
            f"{where} {word}: found {found}, but executor {name!r} runs one trial at a time, in "
            f"this process; leave {word} out, or use another executor (processes)"
            for word, found in asked.items()
            if found is not None and word not in fields
        ]
        if settings.scheduler is not None and "scheduler" not in fields:
            mistakes.append(
                f"{where} scheduler: found {settings.scheduler!r}, but executor {name!r} uses no "
                "scheduler; leave it out, or use another executor (dask)"
            )
    try:
        return resolve_backend(registry, settings.backend, f"{where} backend"), mistakes
    except UsageError as error:
        return "", [*mistakes, *error.mistakes]
