"""An observer that raises at every event."""

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_study_started(name):
    raise RuntimeError(f"I do not like {name}")


@hookimpl
def optframe_trial_finished(trial, record):
    raise KeyError(trial.seed)


@hookimpl
def optframe_study_finished():
    raise RuntimeError("it is over")
