"""Reads and writes the short notation of a component: ``adam:lr=0.05,beta1=0.9+clip-norm:max=1``.

The notation has a name, then after a colon its parameters, separated by commas. Values are written
as in TOML; a word without quotes is a string, and ``1e-4..1e-1`` is the space of numbers between
two ends, ``{low=1e-4,high=1e-1}``. Wrappers of an optimizer, or transforms of a problem, follow
after a plus. Tables and figures show components in this notation.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from optframe.errors import UsageError
from optframe.given_files import MOST_NESTED, parsed_toml

__all__ = ["format_value", "parse", "write"]

_OPENING, _CLOSING = "[{(", "]})"
_NUMBER = r"([+-]?(?:inf|nan|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?))"
_RANGE = re.compile(rf"{_NUMBER} *\.\. *{_NUMBER}")
"""Two numbers with dots between them; any other text with two dots, such as a path, is a string."""

_WORDS = ("true", "false", "inf", "nan")
"""Words that are not strings without quotes."""


def write(table: Mapping[str, Any]) -> str:
    """Write a table in the short notation: the inverse of `parse`."""
    given = [f"{k}={format_value(v)}" for k, v in table.items() if k not in ("name", "wrap")]
    text = table["name"] + (":" + ",".join(given) if given else "")
    return "+".join([text, *(write(wrapper) for wrapper in table.get("wrap", ()))])


def format_value(value: Any) -> str:
    """Write a value so that `parse` reads the same value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, str):
        bare = re.fullmatch(r"[A-Za-z][\w-]*", value) and value not in _WORDS
        # TOML requires an escape for DEL; JSON does not.
        return value if bare else json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(format_value(item) for item in value) + "]"
    ends = value.values() if isinstance(value, Mapping) and value.keys() == {"low", "high"} else ()
    if ends and _are_numbers(*ends):
        return f"{format_value(value['low'])}..{format_value(value['high'])}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{k}={format_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, int):
        return str(value)
    from optframe.contracts.space import Space  # with NumPy, which `--help` does not wait for

    return format_value(value.table) if isinstance(value, Space) else str(value)


def parse(text: str) -> dict[str, Any]:
    """Read the notation and return a table as in a study file: ``{"name": ..., "lr": ...}``.

    If the text is not in the notation, a `UsageError` shows the wrong part.
    """
    try:
        first, *rest = _split_wrappers(text)
        table = _parse_one(first)
        wrappers = [_parse_one(part) for part in rest]
    except ValueError as error:
        raise UsageError(f"{text!r}: {error}") from error
    if wrappers:
        table["wrap"] = wrappers
    return table


def _parse_one(part: str) -> dict[str, Any]:
    name, colon, tail = part.strip().partition(":")
    attribute, _, after = tail.partition(":")
    if re.fullmatch(r"[A-Za-z_]\w*", attribute):  # module:Class, perhaps with parameters
        name, colon, tail = f"{name}:{attribute}", after, after
    if not re.fullmatch(r"[\w.-]+(:\w+)?", name):
        raise ValueError(
            f"found {name!r}, expected a component's name; write name:parameter=value,..."
        )
    table = _parse_pairs(_split(tail, ",") if colon else (), name=name)
    if "wrap" in table:
        raise ValueError("found the parameter 'wrap'; write +wrapper:parameter=value at the end")
    return table


def _parse_pairs(items: Iterable[str], **pairs: Any) -> dict[str, Any]:
    for item in items:
        key, equals, value = (word.strip() for word in item.partition("="))
        if not equals or not key or not value:
            raise ValueError(f"found {item.strip()!r}, expected parameter=value")
        if key in pairs:
            raise ValueError(f"{key!r} is given twice; leave one out")
        pairs[key] = _parse_value(value)
    return pairs


def _parse_value(text: str) -> Any:
    """Read a value as TOML does; a word without quotes is a string, ``a..b`` a space."""
    text = text.strip()
    ends = _RANGE.fullmatch(text)
    if ends:
        low, high = (_parse_value(end) for end in ends.groups())
        return {"low": low, "high": high} if _are_numbers(low, high) else text
    if text.startswith("[") and text.endswith("]"):
        return [_parse_value(item) for item in _split(text[1:-1], ",") if item.strip()]
    if text.startswith("{") and text.endswith("}"):
        return _parse_pairs(item for item in _split(text[1:-1], ",") if item.strip())
    try:
        return parsed_toml(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values)


def _split_wrappers(text: str) -> list[str]:
    first, *pieces = _split(text, "+")
    parts = [first]
    for piece in pieces:
        if re.match(r"\s*[^\W\d]", piece):
            parts.append(piece)
        else:  # 1e+5 is a number, not a wrapper called "5".
            parts[-1] += "+" + piece
    return parts


def _split(text: str, separator: str) -> list[str]:
    """Split at the separators that are outside brackets and quotes."""
    parts, depth, quote, escaped = [""], 0, "", False
    for character in text:
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\" and quote == '"'
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in _OPENING:
            depth += 1
            if depth > MOST_NESTED:
                raise ValueError(f"found brackets more than {MOST_NESTED} deep; expected fewer")
        elif character in _CLOSING:
            depth -= 1
        elif character == separator and depth == 0:
            parts.append("")
            continue
        parts[-1] += character
    if quote or depth:
        raise ValueError("found an unbalanced quote or bracket; close each one")
    return parts
