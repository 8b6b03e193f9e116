"""Checks for plugin authors: one set for each kind of component, and backends that show mistakes.

::

    import pytest
    from optframe.testing import check_optimizer

    @pytest.mark.parametrize("check", check_optimizer(MyOptimizer))
    def test_conformance(check):
        check()

or, without a test file, ``optframe check -P my_plugin.py my-optimizer``. The extra ``test``
installs pytest and array-api-strict.
"""

from optframe.testing.backends import check_backend
from optframe.testing.kit import KIT_VERSION, Check, Checks, ConformanceWarning, Outcome
from optframe.testing.optimizers import check_optimizer
from optframe.testing.probe_backends import (
    OverwritingBackend,
    PlainBackend,
    ReadOnlyBackend,
    StrictBackend,
)
from optframe.testing.problems import check_problem
from optframe.testing.protocols import check_protocol
from optframe.testing.samplers import check_sampler
from optframe.testing.schedules import check_schedule
from optframe.testing.tuners import check_tuner

__all__ = [
    "KIT_VERSION",
    "Check",
    "Checks",
    "ConformanceWarning",
    "Outcome",
    "OverwritingBackend",
    "PlainBackend",
    "ReadOnlyBackend",
    "StrictBackend",
    "check_backend",
    "check_optimizer",
    "check_problem",
    "check_protocol",
    "check_sampler",
    "check_schedule",
    "check_tuner",
]
