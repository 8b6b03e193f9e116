"""That the limit on threads holds for libraries that are loaded while trials run."""

import sys
from types import ModuleType

from optframe import Study, load_plugins
from optframe.components.binder import Binder
from optframe.execution import trial_runner
from optframe.execution.trial_runner import TrialRunner

REGISTRY = load_plugins()


def test_libraries_that_a_trial_loads_are_limited_to_its_threads(monkeypatch):
    limits = []

    class Limits:
        def __init__(self, limits):
            self.threads = limits

        def __enter__(self):
            limits.append(self.threads)

        def __exit__(self, *raised):
            limits.append("restored")

    monkeypatch.setattr(trial_runner, "threadpool_limits", Limits)
    study = Study("one", optimizers=["sgd"], problems=["rosenbrock"], budget={"steps": 2})
    (trial,) = study.trials(REGISTRY)
    runner = TrialRunner(REGISTRY, Binder(REGISTRY), threads=3)
    with runner.limited():
        runner.setup(trial)
        before = len(limits)
        runner.setup(trial)
        assert len(limits) == before
        monkeypatch.setitem(sys.modules, "a_library_of_its_own", ModuleType("a_library_of_its_own"))
        runner.setup(trial)
        assert limits[before:] == [3]
    assert limits.count("restored") == limits.count(3)
