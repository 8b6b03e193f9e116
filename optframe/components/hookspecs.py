"""The hooks of plugins: those that register components, and those that watch studies.

A registering hook returns a mapping from name to class, or to ``"module:Class"``, which is imported
only when it is used. The contracts of the classes are in `optframe.contracts`. A plugin declares
``optframe_api = 1``, the version of these hooks.
"""

# mypy: disable-error-code="empty-body"

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from optframe.contracts.record import Record
    from optframe.contracts.trial import Trial

__all__ = ["API_VERSION", "hookimpl", "hookspec"]

API_VERSION = 1

hookspec = pluggy.HookspecMarker("optframe")
hookimpl = pluggy.HookimplMarker("optframe")

Registered = Mapping[str, type | str]


@hookspec
def optframe_optimizers() -> Registered:
    """Register optimizers and solvers."""


@hookspec
def optframe_searches() -> Registered:
    """Register searches (how far along a direction)."""


@hookspec
def optframe_wrappers() -> Registered:
    """Register wrappers (clipping, weight decay, averaging)."""


@hookspec
def optframe_problems() -> Registered:
    """Register problems."""


@hookspec
def optframe_transforms() -> Registered:
    """Register transforms of problems (rotation, scaling, noise)."""


@hookspec
def optframe_datasets() -> Registered:
    """Register data set loaders."""


@hookspec
def optframe_samplers() -> Registered:
    """Register minibatch samplers."""


@hookspec
def optframe_schedules() -> Registered:
    """Register schedules of hyperparameters."""


@hookspec
def optframe_backends() -> Registered:
    """Register array backends."""


@hookspec
def optframe_executors() -> Registered:
    """Register executors."""


@hookspec
def optframe_tuners() -> Registered:
    """Register tuners, which propose hyperparameters."""


@hookspec
def optframe_protocols() -> Registered:
    """Register protocols of tuning."""


@hookspec
def optframe_figures() -> Registered:
    """Register figures."""


@hookspec
def optframe_reporters() -> Registered:
    """Register reporters."""


@hookspec
def optframe_adapters() -> Registered:
    """Register adapters of other libraries, whose components are named by import paths."""


@hookspec
def optframe_studies() -> Mapping[str, str]:
    """Register study files: a mapping from name to path."""


@hookspec
def optframe_classes() -> Registered:
    """Register classes that people use from Python, as ``optframe.NAME``.

    A name begins with a capital letter. A class that is given as ``"module:Class"`` is imported
    when it is first used, so that it may be one of an optional library.
    """


@hookspec
def optframe_study_started(name: str, planned: int, missing: int) -> None:
    """Called when a study starts.

    ``planned`` is the number of its trials, and ``missing`` the number of those that will run now.
    Of a study that tunes they are the most that there can be: settings that are proposed twice run
    once, and a contender none of whose settings ends has no final trials.
    """


@hookspec
def optframe_round_started(stage: str, planned: int, missing: int) -> None:
    """Called before each round of trials of which some will run.

    ``stage`` is ``"tune"`` or ``"final"``. ``planned`` is the number of the stage's trials so far,
    those of the round included, and ``missing`` the number of the round's trials that will run now.
    A study that does not tune has one round.
    """


@hookspec
def optframe_trial_finished(trial: Trial, record: Record) -> Any:
    """Called for each trial that has ended; its record is already in the store.

    Records of short trials are stored in groups. The hook is then called for the whole group, one
    trial after another.
    """


@hookspec
def optframe_study_finished(name: str, counts: Mapping[str, int]) -> None:
    """Called when a study has ended; ``counts`` is the number of trials by status."""
