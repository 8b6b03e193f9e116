"""Matches plain values with the types of fields, and converts them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

__all__ = ["match", "validator"]


def match(by: Any, value: Any) -> tuple[bool, Any]:
    """Return whether a `validator` accepts a plain value, and the value as the type's."""
    from pydantic import ValidationError

    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()  # a NumPy number
    try:
        return True, by.validate_python(_tuples(value))
    except ValidationError:
        return False, value


@lru_cache(maxsize=1024)
def validator(annotation: Any) -> Any:
    """Return what validates values of a type; to make one takes 100 times as long as to use it."""
    from pydantic import ConfigDict, TypeAdapter

    config = ConfigDict(strict=True, arbitrary_types_allowed=True, allow_inf_nan=False)
    return TypeAdapter(annotation, config=config)


def _tuples(value: Any) -> Any:
    """Turn the lists of TOML into the tuples of frozen dataclasses."""
    return tuple(_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value
