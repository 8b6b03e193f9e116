"""Shows the progress of a study: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from optframe.components.hookspecs import hookimpl

__all__ = ["ProgressObserver"]

WORDS = {"tune": "tuning", "final": "final"}
"""What the stages are called."""


class ProgressObserver:
    """Shows how many trials are done and which one ended last."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = 0
        self._total = 0
        self._stage = ""
        self._task: Any = None
        self._bar: Progress | None = None
        self.sizes: Mapping[str, int] | None = None
        """The most trials of each stage of a study that tunes."""
        self.open: frozenset[str] = frozenset()
        """The stages that may end before: a tuner that looks at results decides it."""

    @hookimpl
    def optframe_study_started(self, name: str, planned: int, missing: int) -> None:
        """Print the number of trials, and start the bar."""
        found = planned - missing
        text = f"{name}: {planned} trial{'s' if planned != 1 else ''}"
        if found:
            text += f", {found} found in the store, {missing} to run"
        self._total = missing
        if found or self.sizes is None:
            self._print(text)
        if self._console.is_terminal and missing:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("running", total=missing)
            self._bar.start()

    @hookimpl
    def optframe_round_started(self, stage: str, planned: int, missing: int) -> None:
        """Count the trials of a study that tunes by their stages."""
        if self.sizes is None:
            return
        if stage != self._stage:
            self._stage, self._total = stage, max(self.sizes.get(stage, 0), 1)
        self._done = planned - missing
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, total=self._total)

    @hookimpl
    def optframe_trial_finished(self, trial: Any, record: Any) -> None:
        """Advance the bar, or print a line for each tenth of the trials."""
        self._done += 1
        words = WORDS.get(self._stage, "")
        if self._bar is not None:
            self._bar.update(self._task, advance=1, description=f"{words} {trial.pair[:50]}")
        elif self._done * 10 // self._total != (self._done - 1) * 10 // self._total:
            of = " of at most " if self._stage in self.open else "/"
            counted = f"{words} {self._done}{of}{self._total}"
            self._print(f"  {counted.strip()} trials, last {trial.pair}: {record.status}")

    def _print(self, text: str) -> None:
        """Print a line. If it cannot be written, the study still runs, and its end reports it."""
        with contextlib.suppress(OSError):
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @hookimpl
    def optframe_study_finished(self) -> None:
        """Clear the bar."""
        self.close()

    def close(self) -> None:
        """Clear the bar, also when the study was stopped."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
