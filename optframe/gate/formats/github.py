"""GitHub's workflow commands: an annotation for each trial that needs somebody's eyes.

The job's summary, which GitHub shows as Markdown, is in the file that ``GITHUB_STEP_SUMMARY``
names; `append_summary` adds to it.
"""

from __future__ import annotations

import os
from pathlib import Path

from optframe.gate.formats.markdown import markdown
from optframe.gate.formats.words import environment, line_of, place, summary
from optframe.gate.verdicts import Comparison, Verdict

__all__ = ["append_summary", "github"]

LEVELS = {
    Verdict.REGRESSION: "error",
    Verdict.MISSING: "error",
    Verdict.INCONCLUSIVE: "warning",
    Verdict.IMPROVEMENT: "notice",
    Verdict.NEW: "notice",
}


def github(comparison: Comparison) -> str:
    """Return the annotations, the gravest first, and the lines that the job's log shows."""
    order = [*Verdict]
    graver = sorted(
        (s for s in comparison.subjects if comparison.verdict_of(s) in LEVELS),
        key=lambda subject: order.index(comparison.verdict_of(subject)),
    )
    lines = []
    for subject in graver:
        verdict = comparison.verdict_of(subject)
        title = _escaped(f"{verdict}: {subject}").replace(":", "%3A").replace(",", "%2C")
        said = f"{line_of(comparison, subject)} (environment: {place(comparison, subject)})"
        lines.append(f"::{LEVELS[verdict]} title={title}::{_escaped(said)}")
    told = [*environment(comparison.differences), *comparison.notes, summary(comparison)]
    return "\n".join([*lines, *map(_harmless, told)]) + "\n"


def append_summary(comparison: Comparison) -> None:
    """Add the Markdown to the job's summary, where there is a job."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(markdown(comparison) + "\n")


def _escaped(text: str) -> str:
    """Escape what would end a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _harmless(line: str) -> str:
    """Keep a line of text from being taken for a workflow command."""
    return " ".join(line.split()).replace("::", ": :")
