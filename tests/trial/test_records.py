"""What is kept of a trial."""

import sys
from dataclasses import dataclass

import numpy as np

import optframe
from optframe.contracts.seeds import Seeds
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.sgd import SGD
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock


def test_a_trial_whose_objects_cannot_be_made_is_a_failed_record(record_of):
    @dataclass(frozen=True)
    class Homeless(Quadratic):
        def start(self, random):
            sys.exit("nowhere to start")

    record = record_of(Homeless(), SGD())
    assert record.status == "failed"
    assert record.reason == "SystemExit: nowhere to start"
    assert "nowhere to start" in record.traceback


def test_a_record_of_a_trial_that_cannot_be_measured_has_an_empty_curve(record_of):
    class Unmeasurable(Quadratic):
        def loss(self, theta):
            raise RuntimeError("no loss today")

    record = record_of(Unmeasurable(), SGD())
    assert (record.status, record.reason) == ("failed", "RuntimeError: no loss today")
    assert record.curve.shape == (0, len(record.columns))
    assert record.last("loss") is None


def test_a_record_says_what_was_run(record_of):
    record = record_of(Rosenbrock(), Adam(lr=0.01))
    assert record.status == "finished"
    assert record.traceback is None
    assert record.size == 2
    assert record.minimum == 0
    assert record.state_bytes == 2 * 2 * 8
    assert record.derived_seed == Seeds(0, 0).derived()
    assert record.seconds > 0
    assert record.compile_seconds > 0
    assert record.metrics == ("loss",)
    assert record.landscape is not None
    assert record_of(Quadratic(size=3), SGD()).landscape is None
    found = optframe.minimize(Rosenbrock(), Adam(lr=0.01), steps=10)
    np.testing.assert_array_equal(record.curve[:, 10:], found.rows[:, 10:])
    assert record.last("loss") == found.loss
