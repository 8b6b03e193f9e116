"""Runs a solver, an algorithm with its own loop, and measures it between its reports.

A budget of gradients, work or seconds ends it inside its step: the oracle raises `SpentError`.
"""

from __future__ import annotations

import contextlib
from typing import Any

from optframe.contracts import Array
from optframe.trial.checks import check_theta
from optframe.trial.limited import SpentError

__all__ = ["solve"]


def solve(run: Any) -> None:
    """Run the solver of a `optframe.trial.run.Run`; a step is the time between two reports."""
    loop, watch, upcoming = run.loop, run.watch(), run.marks()
    kind = (loop.theta.shape, loop.theta.dtype)
    loop.mark = next(upcoming)
    first, last = (watch, 0) if run.path is None else run.path.first(watch)

    def report(theta: Array) -> bool:
        # The solver calls this inside `minimize`, so the clock runs here. It stops only while
        # the run is measured.
        if run.status is not None:
            return False
        check_theta(run.optimizer, theta, *kind, "minimize reported")
        loop.k += 1
        loop.theta = theta = run.setup.backend.xp.asarray(theta, copy=True)
        test = first if loop.k <= last else watch
        left = test is not None and test(loop.k, theta, None)
        if left or run.oracle.stopped is not None or loop.k >= loop.mark:
            run.clock.stop()
            run.measure()
            loop.mark = next(upcoming)
            run.clock.start()
        if run.status is None:  # the minibatch of the step that begins now
            run.counts.samples += loop.show(loop.k)
        return run.status is None

    run.clock.start()
    run.counts.samples += loop.show(0)
    theta = None
    try:
        with contextlib.suppress(StopIteration):
            theta = run.optimizer.minimize(loop.theta, run.oracle, report)
    except SpentError:
        # The step that has begun ends here. It has cost what it has asked, and θ stays where the
        # last report was.
        report(loop.theta)
    run.clock.stop()
    # If a report has ended the run, its status is set and its last row is measured. If not, the
    # solver ended by itself, and its result is measured here.
    if run.status is None:
        if theta is not None:
            check_theta(run.optimizer, theta, *kind, "minimize returned")
            loop.theta = run.setup.backend.xp.asarray(theta, copy=True)
        if loop.k and run.rows[-1][0] == loop.k:
            run.rows.pop()  # a row of the same step; the solver's result replaces it
        if loop.k and run.path is not None:
            run.path.cut(loop.k)
        run.oracle.stop(run.oracle.stopped or "the solver ended by itself")
        run.measure()
