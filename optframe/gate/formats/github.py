"""GitHub's workflow commands: an annotation for each trial that does not pass.

GitHub shows the job's summary as Markdown. It is the file that ``GITHUB_STEP_SUMMARY`` names, to
which `append_summary` adds the comparison.
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
"""The kind of annotation for each verdict, the most severe first."""


def github(comparison: Comparison) -> str:
    """Return the annotations, sorted by severity, and the lines that the job's log shows."""
    lines = []
    for verdict, level in LEVELS.items():
        for subject in (s for s in comparison.subjects if comparison.verdict_of(s) is verdict):
            title = _escaped(f"{verdict}: {subject}").replace(":", "%3A").replace(",", "%2C")
            message = f"{line_of(comparison, subject)} (environment: {place(comparison, subject)})"
            lines.append(f"::{level} title={title}::{_escaped(message)}")
    log = [*environment(comparison.differences), *comparison.notes, summary(comparison)]
    return "\n".join([*lines, *map(_harmless, log)]) + "\n"


def append_summary(comparison: Comparison) -> None:
    """Add the comparison as Markdown to the job's summary, if GitHub runs this."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(markdown(comparison) + "\n")


def _escaped(text: str) -> str:
    """Escape the characters that would end a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _harmless(line: str) -> str:
    """Return a line that GitHub does not read as a workflow command."""
    return " ".join(line.split()).replace("::", ": :")
