"""The hooks: what a plugin may register, and what it may watch.

A registering hook returns a mapping from name to class, or to ``"module:Class"`` for what should
be imported only when it is used. Behaviour lives in the classes, whose contracts are in
`optframe.contracts`. A plugin declares ``optframe_api = 1``, the version of this page.
"""

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
    raise NotImplementedError


@hookspec
def optframe_searches() -> Registered:
    """Register searches (how far along a direction)."""
    raise NotImplementedError


@hookspec
def optframe_wrappers() -> Registered:
    """Register wrappers (clipping, weight decay, averaging)."""
    raise NotImplementedError


@hookspec
def optframe_problems() -> Registered:
    """Register problems."""
    raise NotImplementedError


@hookspec
def optframe_transforms() -> Registered:
    """Register transforms of problems (rotation, scaling, noise)."""
    raise NotImplementedError


@hookspec
def optframe_datasets() -> Registered:
    """Register data set loaders."""
    raise NotImplementedError


@hookspec
def optframe_samplers() -> Registered:
    """Register minibatch samplers."""
    raise NotImplementedError


@hookspec
def optframe_schedules() -> Registered:
    """Register schedules of hyperparameters."""
    raise NotImplementedError


@hookspec
def optframe_backends() -> Registered:
    """Register array backends."""
    raise NotImplementedError


@hookspec
def optframe_executors() -> Registered:
    """Register executors."""
    raise NotImplementedError


@hookspec
def optframe_figures() -> Registered:
    """Register figures."""
    raise NotImplementedError


@hookspec
def optframe_reporters() -> Registered:
    """Register reporters."""
    raise NotImplementedError


@hookspec
def optframe_studies() -> Mapping[str, str]:
    """Register study files: a mapping from name to path."""
    raise NotImplementedError


@hookspec
def optframe_study_started(name: str, planned: int, missing: int) -> None:
    """Watch a study start: so many trials planned, so many still to run."""


@hookspec
def optframe_trial_finished(trial: Trial, record: Record) -> Any:
    """Watch a trial end; its record is already in the store.

    Of trials that end within a fraction of a second, all are told of after the last one.
    """


@hookspec
def optframe_study_finished(name: str, counts: Mapping[str, int]) -> None:
    """Watch a study end, with the number of trials by status."""
