"""What can go wrong, each with its exit code.

::

    OptframeError
    ├── UsageError         2  the words are wrong: one line per mistake
    ├── PluginError        4  a plugin cannot be used
    ├── UnavailableError   4  a backend, library, device or data file is missing
    └── StoreError         4  a results folder cannot be read or written

Every message is one line: who, what was found, what was expected, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "OptframeError",
    "PluginError",
    "StoreError",
    "UnavailableError",
    "UsageError",
    "nearest",
    "one_line",
    "printable",
]


class OptframeError(Exception):
    """Anything that optframe reports in one line instead of a traceback."""

    exit_code = 4


class UsageError(OptframeError):
    """The words are wrong; ``mistakes`` holds one line for each of them."""

    exit_code = 2

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes

    def __reduce__(self) -> tuple[type[UsageError], tuple[str, ...]]:
        return type(self), self.mistakes


class PluginError(OptframeError):
    """A plugin, or a component that it registers, cannot be used."""


class UnavailableError(OptframeError):
    """A backend, library, device or data file is missing or damaged; it says how to get it."""


class StoreError(OptframeError):
    """A results folder cannot be read or written, or holds something else."""


def printable(text: str) -> str:
    """Return a text in which nothing steers a terminal: such characters as their escapes."""
    return "".join(
        mark if mark.isprintable() or mark in "\n\t" else mark.encode("unicode_escape").decode()
        for mark in text
    )


def one_line(said: object) -> str:
    """Return what somebody said, an exception say, as one line that steers no terminal."""
    return printable(" ".join(str(said).split()))


def nearest(name: str, known: Iterable[str]) -> str:
    """Say what ``name`` may have meant: ``"did you mean 'adam'?"``, else what there is."""
    known = sorted(known)
    matches = difflib.get_close_matches(name.lower().replace("_", "-"), known, n=1, cutoff=0.5)
    matches = matches or difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if matches:
        return f"did you mean {matches[0]!r}?"
    return f"there is {', '.join(known)}" if known else "there is none"
