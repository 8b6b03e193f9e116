"""What every component's description holds, as reStructuredText: from docstring and fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import optframe
from optframe.components.notation import format_value
from optframe.components.parameters import Parameter, parameters
from optframe.contracts import oracle
from optframe_sphinx.docstring import Docstring, without_substitutions

__all__ = ["arguments", "indent", "needs", "registered"]


def arguments(component: type, text: Docstring) -> str:
    """Return a definition list of the arguments: names, what is accepted, default, meaning."""
    fields = {field.attribute: field for field in parameters(component).values()}
    entries = []
    for names, meaning in text.arguments:
        known = [fields.pop(name) for name in names if name in fields]
        if known:
            entries.append(_argument(known, meaning))
    entries += [_argument([field], "") for field in fields.values()]
    return "\n\n".join(entries)


def _argument(fields: list[Parameter], meaning: str) -> str:
    names = ", ".join(f"``{field.name}``" for field in fields)
    accepted = "; ".join(dict.fromkeys(field.expected for field in fields))
    return f"{names} : {_plain(f'{accepted}; {_default(fields)}')}\n{indent(meaning or '–')}"


def _default(fields: list[Parameter]) -> str:
    """Write the defaults as ``optframe show`` does."""
    if all(field.required for field in fields):
        return "required"
    values = ["required" if f.required else format_value(f.default) for f in fields]
    return "default " + ", ".join(values)


def needs(required: Iterable[str]) -> str:
    """Return a list of the words that an optimizer asks for, each with its meaning."""
    return "\n".join(f"- ``{word}``{_meaning(word)}" for word in sorted(required))


def _meaning(word: str) -> str:
    """What a word of the oracle's vocabulary means, from where it is defined."""
    conditions = dict(re.findall(r"^- ``(\w+)``: (.+)[;.]$", oracle.__doc__ or "", re.M))
    answer: Any = getattr(optframe.Oracle, word, None)
    meaning = conditions.get(word) or (answer.__doc__ or "").strip().partition("\n")[0]
    return f": {without_substitutions(meaning.removeprefix('Return '))}" if meaning else ""


def registered(registry: optframe.Registry, kind: str, name: str) -> str:
    """Say which class it is, and which plugin registers it."""
    component = registry.load(kind, name)
    owner = registry.entry(kind, name).owner
    return f"Class ``{component.__module__}.{component.__qualname__}``, of the plugin ``{owner}``."


def indent(text: str, by: int = 4) -> str:
    """Indent all lines that are not empty."""
    return "\n".join(" " * by + line if line.strip() else "" for line in text.split("\n"))


def _plain(text: str) -> str:
    """Escape what reStructuredText would take for markup."""
    return re.sub(r"([\\*`|_])", r"\\\1", text)
