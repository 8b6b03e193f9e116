"""The exceptions of optframe, and the exit code of each.

::

    OptframeError
    ├── UsageError         2  usage error: a wrong name, value or option
    ├── PluginError        4  a plugin cannot be used
    ├── UnavailableError   4  a backend, library, device or data file is missing
    └── StoreError         4  a results folder cannot be read or written

A message is one line: who, what was found, what was expected, and what to do. A `UsageError` has
one such line for each mistake.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import category

__all__ = [
    "OptframeError",
    "PluginError",
    "StoreError",
    "UnavailableError",
    "UsageError",
    "described",
    "encodable",
    "nearest",
    "one_line",
    "printable",
    "shortened",
    "visible",
]


class OptframeError(Exception):
    """An error that optframe reports in one line, without a traceback.

    It is the base class of all errors that optframe raises on purpose. ``exit_code`` is what the
    command line exits with.
    """

    exit_code = 4


class UsageError(OptframeError):
    """A usage error: a wrong name, value or option. ``mistakes`` has one line for each mistake."""

    exit_code = 2

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes

    def __reduce__(self) -> tuple[type[UsageError], tuple[str, ...]]:
        return type(self), self.mistakes


class PluginError(OptframeError):
    """A plugin, or a component that it registers, cannot be used."""


class UnavailableError(OptframeError):
    """A backend, library, device or data file is missing or damaged.

    The message says how to get it.
    """


class StoreError(OptframeError):
    """A results folder cannot be read or written, or contains something else than results."""


def printable(text: str, kept: str = "\n\t") -> str:
    """Return the text with escapes in place of control characters, except those that are ``kept``.

    These are all that would control a terminal or change the order of what is shown: C0 and C1,
    escape sequences, marks of direction, and half characters that no encoding has.
    """
    if text.isprintable():
        return text
    return "".join(
        mark
        if mark.isprintable() or mark in kept or category(mark) == "Zs"
        else mark.encode("unicode_escape").decode()
        for mark in text
    )


def encodable(text: str) -> str:
    """Return the text with escapes in place of lone surrogates, which UTF-8 cannot encode.

    Names of files that are not UTF-8 have them in Python, as have texts of some exceptions.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def visible(value: Any) -> Any:
    """Return a plain value with each text in it `printable`, in one line: line ends are escaped."""
    if isinstance(value, str):
        return printable(value, "")
    if isinstance(value, Mapping):
        return {visible(name): visible(inner) for name, inner in value.items()}
    return [visible(inner) for inner in value] if isinstance(value, list) else value


MOST = 2000
"""The characters of a message that is another program's text; the rest is counted."""


def one_line(message: object) -> str:
    """Return a message, for example an exception's, as one `printable` line of bounded length."""
    try:
        text = str(message)
    except Exception as error:  # an exception's own `__str__` may raise
        text = f"(its text cannot be read: {type(error).__name__})"
    return printable(" ".join(shortened(text, MOST).split()))


def described(error: BaseException) -> str:
    """Return an exception's type and text in one line."""
    return f"{type(error).__name__}: {one_line(error)}".strip()


def shortened(text: str, most: int) -> str:
    """Return a text with at most about ``most`` characters: its beginning, a note, and its end."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} ... (cut, {len(text):,} characters in all) ... {text[-half:]}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name.

    If a known name is similar, the hint is ``"did you mean 'adam'?"``; otherwise it lists all known
    names.
    """
    known = sorted(known)
    matches = difflib.get_close_matches(name.lower().replace("_", "-"), known, n=1, cutoff=0.5)
    matches = matches or difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if matches:
        return f"did you mean {matches[0]!r}?"
    return f"expected one of: {', '.join(known)}" if known else "none is known"
