"""Records the path of a run with at most two parameters: θ and the gradient, step by step.

A row is (step, θ, gradient), as `optframe.contracts.columns.PATH` lists its columns. Rows are
recorded at the start, after each of the first `STEPS` steps, and then at checkpoints. The gradient
is the one that plain SGD would use there: on the minibatch and noise of the next step. It is
neither counted nor timed.

In the first steps the clock runs on, since stopping it in each of them would take longer than some
steps do. A copy of θ is kept there, and the gradients are computed when the clock is stopped next.
The time of keeping the copies is then measured on as many further copies, and taken off the clock.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts import Array, Optimizer
from optframe.contracts.columns import COUNT_COLUMNS, PATH_COLUMNS
from optframe.trial.loop import Watch
from optframe.trial.metrics import next_gradient
from optframe.trial.stacking import NotTogether

__all__ = ["MOST_RUNS", "STEPS", "Path", "Paths", "path_of"]

STEPS = 200
"""The number of first steps after each of which a row is recorded."""

_SECONDS = COUNT_COLUMNS.index("seconds")

MOST_RUNS = 100
"""The largest batch whose runs record each of the first steps; larger ones have checkpoints only.

The paths of ten thousand runs would be larger than all else that a store holds of them.
"""


def path_of(run: Any) -> Path | None:
    """Return a new path of a `optframe.trial.run.Run`; None if it is not asked for, or P > 2."""
    wanted = run.setup.path and run.problem.size <= len(PATH_COLUMNS)
    return Path(run) if wanted else None


class Path:
    """The path of one run; ``rows`` are its rows so far."""

    def __init__(self, run: Any) -> None:
        self.rows: list[tuple[float, ...]] = []
        self._run = run
        self._kept: list[tuple[int, Any]] = []
        """The first steps that have no row yet, with a copy of the solution, or a list of it."""
        self._keep: Watch | None = None
        """Keeps the solution of a step; None before the first steps."""
        self._answers = callable(getattr(run.problem, "gradient", None))

    @property
    def width(self) -> int:
        """The number of columns: step, θ and gradient."""
        return 1 + 2 * int(self._run.problem.size)

    @property
    def table(self) -> NDArray[np.float64]:
        """The rows so far, shape (rows, columns)."""
        self.complete()
        return np.array(self.rows, np.float64).reshape(len(self.rows), self.width)

    def add(self, k: int, solution: Array) -> None:
        """Add a row after k steps, unless the last row is of this step; the clock is stopped."""
        self._discount()
        self.complete()
        if not (k and self.rows and self.rows[-1][0] == k):
            self._add(k, solution)

    def _discount(self) -> None:
        """Take off the clock what keeping the copies took: the time of as many others."""
        run, kept, keep = self._run, self._kept[:], self._keep
        if not kept or keep is None:
            return
        theta, state = run.loop.theta, run.loop.state

        def work() -> None:
            for k in range(run.loop.k, run.loop.k + len(kept)):
                keep(k + 1, theta, state)

        # The median, since an interruption makes one of them longer.
        spent = sorted(run.clock.took(work) for _ in range(3))[1]
        self._kept[:] = kept
        last = run.rows[-1][_SECONDS] if run.rows else 0.0
        run.clock.seconds = max(last, run.clock.seconds - spent)

    def complete(self) -> None:
        """Add the rows of the steps that were kept; the clock is stopped."""
        kept, self._kept[:] = self._kept[:], []
        for k, solution in kept:
            if isinstance(solution, list):
                solution = np.array(solution, self._run.theta.dtype)
            self._add(k, solution)

    def _add(self, k: int, solution: Array) -> None:
        theta = self._run.setup.backend.to_numpy(solution).tolist()
        self.rows.append((float(k), *theta, *self._gradient(k, solution)))

    def cut(self, k: int) -> None:
        """Remove the rows from step k on."""
        while self._kept and self._kept[-1][0] >= k:
            self._kept.pop()
        while self.rows and self.rows[-1][0] >= k:
            self.rows.pop()

    def first(self, watch: Watch | None) -> tuple[Watch, int]:
        """Return a test for the first steps, which also keeps θ, and the last of these steps.

        ``watch`` is the run's own test. Later steps use that one alone, so that the path costs them
        nothing.
        """
        run, keep = self._run, self._kept.append
        xp, solution = run.setup.backend.xp, None if run.solves else run.optimizer.solution
        copied = partial(xp.asarray, copy=True)

        def copying(k: int, theta: Array, state: Any) -> bool:
            keep((k, copied(theta if solution is None else solution(theta, state))))
            return False

        # The clock runs here. The usual case, θ itself as a NumPy array and no tests, has the
        # fewest calls: a list of two numbers is made in half of the time of an array's copy.
        def listing(k: int, theta: Array, state: Any) -> bool:
            keep((k, theta.tolist()))
            return False

        itself = not run.solves and type(run.optimizer).solution is Optimizer.solution
        keeping = listing if itself and xp is np else copying
        self._keep = keeping
        if watch is None:
            return keeping, STEPS

        def both(k: int, theta: Array, state: Any) -> bool:
            return keeping(k, theta, state) or watch(k, theta, state)

        return both, STEPS

    def _gradient(self, k: int, solution: Array) -> list[float]:
        """Return the gradient on the host; NaN if the problem cannot compute it.

        Optimizers that ask for losses alone run on such problems, too.
        """
        run, backend = self._run, self._run.setup.backend
        if self._answers:
            # A copy: the optimizer may overwrite θ, and the problem may keep what it is given.
            theta = backend.xp.asarray(solution, copy=True)
            try:
                gradient = np.asarray(
                    backend.to_numpy(next_gradient(run.problem, run.ahead, k, theta)), np.float64
                )
            except Exception:  # the run goes on: its own steps may not need the gradient
                self._answers = False
            else:
                if gradient.shape == theta.shape:
                    return list(gradient.tolist())
                self._answers = False
        return [np.nan] * int(run.problem.size)


class Paths:
    """The paths of the runs in a `optframe.trial.vectorized.VectorizedRuns`."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch
        self._recorded = batch.runs[0].path is not None
        self._steps = STEPS if self._recorded and len(batch.runs) <= MOST_RUNS else 0
        self._kept: list[tuple[int, Array]] = []
        """As in `Path`, of all runs that are in the batch."""

    def add(self, k: int, solution: Array, which: Any) -> None:
        """Add a row after k steps to some runs, unless the test of the first steps has kept it.

        The rows of the first steps that were kept are added before, to all runs in the batch.

        ``which`` are the rows of these runs in ``solution``. The clock is stopped.
        """
        kept, self._kept[:] = self._kept[:], []
        for step, points in kept:
            self._add(step, points, np.arange(len(self._batch.alive)))
        if self._recorded and not 0 < k <= self._steps:
            self._add(k, solution, which)

    def end(self, run: Any, k: int, solution: Array) -> None:
        """End the path of a run at step k, at which it has reached its target."""
        if self._recorded:
            run.path.cut(k + 1)
            run.path.add(k, solution)

    def first(self, watch: Watch | None) -> tuple[Watch | None, int]:
        """Return a test for the first steps, which also keeps θ, and the last of these steps."""
        batch, copied = self._batch, partial(self._batch.xp.asarray, copy=True)

        def both(k: int, theta: Array, state: Any) -> bool:
            solution = batch.loop.optimizer.solution(theta, state)
            self._kept.append((k, copied(solution)))
            return watch is not None and watch(k, theta, state)

        return both, self._steps

    def _add(self, k: int, solution: Array, which: Any) -> None:
        batch = self._batch
        theta = batch.xp.asarray(solution, copy=True)  # as in `Path`
        gradient = next_gradient(batch.problem, batch.ahead, k, theta)
        if gradient.shape != theta.shape:
            raise NotTogether(f"its gradient has shape {gradient.shape} for {len(theta)} runs")
        table = np.concatenate([*map(batch.backend.to_numpy, (solution, gradient))], axis=-1)
        for i, row in zip(batch.alive[which], table[which].tolist(), strict=True):
            batch.runs[i].path.rows.append((float(k), *row))
