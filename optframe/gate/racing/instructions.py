"""Tier 2: compares instructions per step of base and head, counted by valgrind's cachegrind.

A worker process runs a turn of n steps under ``valgrind --tool=cachegrind --cache-sim=no``. Another
one runs a turn of ⌊n/2⌋ steps. Start, imports, planning and set-up are the same in both. Let I(n)
and I(⌊n/2⌋) be the instructions of the two processes, and r the runs in a turn. Then

    (I(n) − I(⌊n/2⌋)) / (r (n − ⌊n/2⌋))

are the instructions of one step in the second half of a run. With one thread and fixed hashes of
strings (``PYTHONHASHSEED=0``), only the results of system calls and the memory addresses are
random. Measured: none of 16 pairs of the same code differed by more than 10⁻⁴, and by 10⁻³ if an
environment variable was longer. So one look decides, with a threshold far above that. BLAS chooses
its kernel by the CPU, which is the same for both sides.

Instructions are not seconds: a cache miss or a division costs more than another instruction, and
code that runs on a GPU is not counted. N. Nethercote and J. Seward, "Valgrind: a framework for
heavyweight dynamic binary instrumentation", PLDI 2007.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from optframe.errors import UnavailableError
from optframe.gate.racing.field import Field, opened
from optframe.gate.racing.rows import failed, unequal
from optframe.gate.racing.sides import Side
from optframe.gate.racing.trials import RacedTrial
from optframe.gate.racing.workers import TrialError, Worker, WorkerError, core, worker
from optframe.gate.verdicts import Comparison, Row, Subject, Verdict

__all__ = ["LEAST", "NAME", "THRESHOLD", "InstructionRace", "find_valgrind", "judged"]

NAME = "instructions per step"

THRESHOLD = 0.05
"""The default of the relative increase that is a regression."""

LEAST = 2_000_000
"""The least difference I(n) − I(⌊n/2⌋) that is used; an error of 10⁴ does not matter then."""


def find_valgrind() -> str:
    """Return the path of valgrind, or raise `UnavailableError` if it is not installed."""
    found = shutil.which("valgrind")
    if found is None:
        raise UnavailableError(
            "--instructions: found no valgrind, which runs on Linux; install it (apt install "
            "valgrind)"
        )
    return found


class InstructionRace:
    """Counts instructions of both sides, trial by trial.

    ``threshold`` is the relative increase that is a regression. A worker has failed after
    ``patience`` seconds without an answer. Under valgrind, code takes about 50 times as long.
    """

    def __init__(
        self, field: Field, threshold: float = THRESHOLD, *, patience: float = 600.0
    ) -> None:
        self.field = field
        self.threshold = threshold
        self.heats = 0
        self.seconds = 0.0
        self._patience = patience
        self._valgrind = find_valgrind()
        self._running: set[Worker] = set()
        self._counts: dict[Subject, tuple[float, float] | str] = {}

    def run(self, budget: float, tell: Callable[[str], None] = lambda line: None) -> None:
        """Count until all trials are counted or the budget (s) is spent; raises as `Race.run` does.

        The first trial is counted whatever the budget is.
        """
        began = monotonic()
        base, head = self.field.sides
        with worker(base, self._patience) as ours, worker(head, self._patience) as theirs:
            self.field.enter(opened((ours, theirs), self.field.study, core()), (ours, theirs))
        trials = self.field.entrants.trials
        for i, trial in enumerate(trials):
            usual = self.seconds / max(1, self.heats)
            if self.heats and monotonic() - began + usual > budget:
                tell(f"the budget of {budget:g} s ends after {i} of {len(trials)} trials")
                return
            if not any(trial.failures):
                self._count(trial)
                self.heats += 1
                self.seconds = monotonic() - began
                tell(f"{i + 1} of {len(trials)} trials, {self.seconds:.0f} s: {trial.subject}")

    def _count(self, trial: RacedTrial) -> None:
        """Count both turns of both sides, in parallel as far as there are cores."""
        if trial.steps < 2:
            self._counts[trial.subject] = "a run takes one step, expected at least two"
            return
        jobs = [(side, steps) for side in (0, 1) for steps in (trial.steps // 2, trial.steps)]
        pool = ThreadPoolExecutor(min(len(jobs), os.cpu_count() or 1))
        try:
            turns = [pool.submit(self._turn, trial, side, steps) for side, steps in jobs]
            counts: list[float] = []
            for side in (0, 1):
                try:
                    (few, taken_few), (many, taken) = (t.result() for t in turns[2 * side :][:2])
                except TrialError as error:
                    trial.failures[side] = str(error)
                    continue
                trial.taken[side] = taken
                steps = trial.runs * (taken - taken_few)
                if many - few < LEAST or not steps:
                    self._counts[trial.subject] = (
                        f"{steps} steps have {many - few} instructions, expected at least {LEAST}, "
                        "since the start is counted, too"
                    )
                    return
                counts.append((many - few) / steps)
            if len(counts) == 2:
                self._counts[trial.subject] = counts[0], counts[1]
        except BaseException:
            # Also on Ctrl-C. A thread of the pool waits for its worker's answer, which may take
            # minutes under valgrind. Closing the workers ends these waits, and with them the pool.
            pool.shutdown(wait=False, cancel_futures=True)
            for running in [*self._running]:
                running.close()
            raise
        finally:
            pool.shutdown()

    def _turn(self, trial: RacedTrial, side: int, steps: int) -> tuple[int, int]:
        """Return the instructions of a process that runs one turn, and the steps of each run."""
        with tempfile.TemporaryDirectory(prefix="optframe-") as folder:
            file = Path(folder) / "cachegrind"
            under = ["env", "PYTHONHASHSEED=0", self._valgrind, "--quiet", "--vgdb=no"]
            under += ["--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={file}"]
            with worker(self.field.sides[side], self._patience, under) as one:
                self._running.add(one)
                opened((one,), self.field.study, None)
                work = {"trial": trial.numbers[side], "steps": steps, "runs": trial.runs}
                done = one.ask("measure", **work)
                one.finish()
                self._running.remove(one)
            return _summary(file, self.field.sides[side]), done["steps"]

    def comparison(self) -> Comparison:
        """Return the comparison of all trials counted so far."""
        return self.field.comparison(
            lambda trial, elsewhere: judged(
                trial,
                self._counts.get(trial.subject, "the budget was spent before it"),
                self.threshold,
                elsewhere,
            ),
            f"instructions counted by valgrind in {self.seconds:.0f} s on {platform.node()}, with "
            "1 thread; they do not measure time",
        )


def judged(
    trial: RacedTrial,
    counts: tuple[float, float] | str,
    threshold: float,
    elsewhere: tuple[str, ...],
) -> Row:
    """Return the row of a trial from the counts of both sides, or from why there are none."""
    blank = Row(trial.subject, NAME, Verdict.INCONCLUSIVE, elsewhere=elsewhere)
    if any(trial.failures):
        return failed(trial, blank)
    if isinstance(counts, str):
        return dataclasses.replace(blank, reason=counts)
    base, head = counts
    verdict = Verdict.PASS
    if head > (1 + threshold) * base:
        verdict = Verdict.REGRESSION
    elif (1 + threshold) * head < base:
        verdict = Verdict.IMPROVEMENT
    reason = f"{trial.runs} runs of {trial.taken[0]} steps{unequal(trial)}"
    limit = f"{100 * threshold:g} %"
    return Row(trial.subject, NAME, verdict, base, head, limit, reason, elsewhere)


def _summary(file: Path, side: Side) -> int:
    """Return the number of instructions in the file that cachegrind wrote."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    found = [line for line in lines if line.startswith("summary:")]
    if not found:
        raise WorkerError(f"{side}: found no summary in cachegrind's output; check valgrind here")
    return int(found[0].split()[1])
