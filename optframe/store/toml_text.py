"""Writes plain data as TOML, in one line a value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["lines_of", "toml"]


def toml(value: Any) -> str:
    """Return a text, number, truth value, list or table in TOML; a table is written inline.

    Floats have the shortest digits that stand for them and no other. What is None in a table is
    left out, since TOML has no such value.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inner = ", ".join(lines_of(value))
        return f"{{ {inner} }}" if inner else "{}"
    return f"[{', '.join(map(toml, value))}]"


def lines_of(table: Mapping[str, Any]) -> list[str]:
    """Return ``name = value`` for each entry of a table that is not None."""
    return [f"{_key(name)} = {toml(value)}" for name, value in table.items() if value is not None]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)
