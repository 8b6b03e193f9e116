"""An observer that keeps what it was told."""

from optframe import hookimpl

optframe_api = 1

TOLD = []


@hookimpl
def optframe_study_started(name, planned, missing):
    TOLD.append(("started", name, planned, missing))


@hookimpl
def optframe_trial_finished(trial, record):
    TOLD.append(("finished", trial.optimizer.label, trial.seed, record.status))


@hookimpl
def optframe_study_finished(name, counts):
    TOLD.append(("ended", name, dict(counts)))
