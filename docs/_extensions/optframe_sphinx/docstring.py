"""Take a component's docstring apart: the idea, the equation, the arguments and the rest."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

__all__ = ["Docstring", "read", "without_substitutions"]


@dataclass(frozen=True)
class Docstring:
    """A docstring in numpydoc's sections.

    ``idea`` is the first paragraph, ``description`` what follows (the equation is in it),
    ``arguments`` the entries of the section Parameters, each with the names that share it, and
    ``sections`` all other sections by their headings.
    """

    idea: str
    description: str
    arguments: tuple[tuple[tuple[str, ...], str], ...]
    sections: dict[str, str]


def read(component: type) -> Docstring:
    """Read the docstring of a class."""
    text = without_substitutions(inspect.cleandoc(component.__doc__ or ""))
    parts = re.split(r"^(\S.*)\n-{3,}$", text, flags=re.M)
    idea, _, description = parts[0].strip().partition("\n\n")
    sections = {
        heading: body.strip("\n") for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    arguments = _entries(sections.pop("Parameters", ""))
    return Docstring(" ".join(idea.split()), description, arguments, sections)


def _entries(text: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Read entries: a line of names, and what is said about them below it, indented."""
    parts = re.split(r"^(\S.*)$", text, flags=re.M)
    entries = zip(parts[1::2], parts[2::2], strict=True)
    return tuple(
        (tuple(names.partition(" : ")[0].split(", ")), inspect.cleandoc(body).strip())
        for names, body in entries
    )


def without_substitutions(text: str) -> str:
    """Escape the bars of |x| outside of literal blocks, where reStructuredText looks for names."""
    lines: list[str] = []
    literal_from: int | None = None
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if line.strip() and literal_from is not None and indent <= literal_from:
            literal_from = None
        if literal_from is None:
            pieces = re.split(r"(``.*?``)", line)
            pieces[::2] = [piece.replace("|", r"\|") for piece in pieces[::2]]
            line = "".join(pieces)
            if line.rstrip().endswith("::") and not line.lstrip().startswith(".."):
                literal_from = indent
        lines.append(line)
    return "\n".join(lines)
