"""What a study is going to run, and about how long that will take: it runs a few steps only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from optframe.components.binder import Binder
from optframe.components.importing import staying
from optframe.components.registry import Registry
from optframe.execution.estimate import Load, estimated
from optframe.execution.trial_runner import TrialRunner
from optframe.study.study import Study
from optframe.tuning.extent import Extent
from optframe.tuning.stages import Stages

__all__ = ["Preview", "preview", "previewed"]


@dataclass(frozen=True)
class Preview:
    """The size of a study, and an estimate of its time.

    ``missing`` is the number of trials that the store does not have, and ``seconds`` is the time
    that they will take, with ``jobs`` at a time; None if no trial could be measured. A cluster has
    as many workers as it has: there, ``jobs`` is None and ``seconds`` is for one of them.
    """

    name: str
    extent: Extent
    missing: int
    seconds: float | None
    jobs: int | None


def preview(study: Study, registry: Registry) -> Preview:
    """Return what a study would run. Nothing is written, and a store is not read.

    Raises
    ------
    UsageError
        If the study has mistakes; the message has one line for each.
    """
    registry.check_named()
    with registry.importing(study.imports), staying():
        binder = Binder(registry)
        stages = Stages(study, registry, binder, keyed=False)
        backend = stages.planner.backend
        return previewed(study, stages, TrialRunner(registry, binder, backend, study.run.threads))


def previewed(
    study: Study, stages: Stages, runner: TrialRunner, missing: int | None = None
) -> Preview:
    """Return the preview of a planned study of which ``missing`` trials are left; None is all."""
    extent = stages.extent
    jobs = study.run.jobs or (None if study.run.runs_by == "dask" else 1)
    left = extent.trials if missing is None else missing
    seconds = None
    if left:
        with runner.limited():
            seconds = estimated(_loads(stages), runner, jobs or 1, study.run.together)
    if seconds is not None:
        seconds *= left / max(extent.trials, 1)
    return Preview(study.name, extent, left, seconds, jobs)


def _loads(stages: Stages) -> Iterator[Load]:
    for part, trials in stages.samples():
        rounds = 1
        if part.search is not None and part.search.tuner.adaptive:
            rounds = ceil(part.search.trials / part.search.settings.round)
        runnable = [trial for trial in trials if trial.skip is None]
        yield Load(runnable, (part.searching, part.confirming, part.judged), rounds)
