"""How a study runs: the table [run], and spans of time as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Predicate

from optframe.components.binder import resolve_backend
from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts.trial import AtLeastOne, MoreThanNothing
from optframe.errors import UsageError

__all__ = ["Duration", "RunSettings", "check_names", "seconds", "seconds_in"]


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


UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_in(text: str) -> float | None:
    """Return the seconds in a text such as "90s"; None where it is no such text."""
    found = re.fullmatch(rf"(\d+\.?\d*|\.\d+) *({'|'.join(UNITS)})", text)
    return None if found is None else float(found[1]) * UNITS[found[2]]


def _is_duration(text: str) -> bool:
    return bool(seconds_in(text))


Duration = (
    Annotated[float, Gt(0)]
    | Annotated[str, Predicate(_is_duration), 'a time such as "90s", "5min" or "2h"']
)
"""The type of a field that holds one."""


def seconds(duration: float | str | None) -> float | None:
    """Return a span in seconds; None stays None."""
    return seconds_in(duration) if isinstance(duration, str) else duration


def check_names(settings: RunSettings, registry: Registry, where: str) -> tuple[str, list[str]]:
    """Return the backend's name ("" where there is none), and what is wrong with the executor's.

    Raises
    ------
    UnavailableError
        Where the backend cannot run on this machine.
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
            f"{where} {word}: executor {name!r} runs one trial at a time, in this process, "
            f"found {found}; leave {word} out, or name another executor (processes)"
            for word, found in asked.items()
            if found is not None and word not in fields
        ]
        if settings.scheduler is not None and "scheduler" not in fields:
            mistakes.append(
                f"{where} scheduler: executor {name!r} uses none, found "
                f"{settings.scheduler!r}; leave it out, or name another executor (dask)"
            )
    try:
        return resolve_backend(registry, settings.backend, f"{where} backend"), mistakes
    except UsageError as error:
        return "", [*mistakes, *error.mistakes]
