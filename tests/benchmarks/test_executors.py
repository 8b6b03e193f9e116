"""What an executor costs a trial that does nothing."""

import pytest

from optframe import Stop
from optframe_plugins.executors.processes import Processes
from optframe_plugins.executors.serial import Serial

EMPTY = 2000


@pytest.mark.benchmark(group="2,000 empty items")
@pytest.mark.parametrize("executor", [Serial(), Processes(jobs=2)], ids=["serial", "processes"])
def test_empty_items_are_handed_over(benchmark, executor):
    """From the second item to the last, so that no process starts in it."""
    with Stop() as stop:

        def ready():
            results = executor.run(len, [(1, 2)] * (EMPTY + 1), stop)
            assert next(results) == 2
            return (results,), {}

        done = benchmark.pedantic(list, setup=ready, rounds=1 if benchmark.disabled else 5)
    assert done == [2] * EMPTY
